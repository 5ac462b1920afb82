/**
 * A container's description with the names of its environment variables but without their values: `NAME=`. What is not
 * shaped as the Engine API says is left out as a whole.
 */
export function withoutEnvironment(description: unknown): unknown {
  if (!isRecord(description)) return undefined;
  const { Config: config, ...others } = description;
  if (config === undefined) return others;
  if (!isRecord(config)) return { ...others, Config: {} };
  const { Env: environment, ...settings } = config;
  if (environment === undefined) return { ...others, Config: settings };
  return { ...others, Config: { ...settings, Env: namesOf(environment) } };
}

function namesOf(environment: unknown): readonly string[] {
  if (!Array.isArray(environment)) return [];
  return environment
    .filter((entry): entry is string => typeof entry === 'string')
    .map((entry) => `${entry.split('=', 1)[0] ?? ''}=`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
