import { readFile } from 'node:fs/promises';
import { systemErrorCode } from '../state/stateError';
import { checked, ConfigError } from './readSetting';
import { SETTING_KEYS, type SettingKey, type SettingValue } from './settings';

export type PartialSettings = Partial<Record<SettingKey, SettingValue>>;

/** What a YAML file sets. Rejects with a {@link ConfigError} that names the file and, where it can, the line. */
export async function readConfigFile(path: string): Promise<PartialSettings> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new ConfigError(
      `${path}: the configuration file can't be read (${systemErrorCode(error) ?? 'unknown'})`,
    );
  }
  return parseConfig(path, text);
}

/** As {@link readConfigFile}, of a file that was read. */
export async function parseConfig(path: string, text: string): Promise<PartialSettings> {
  // Most agents have no such file.
  const { isMap, isScalar, LineCounter, parseDocument } = await import('yaml');
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter });
  const placeOf = (offset: number | undefined): string =>
    offset === undefined ? path : `${path}:${lineCounter.linePos(offset).line}`;
  const [failure] = document.errors;
  if (failure) throw new ConfigError(`${placeOf(failure.pos[0])}: ${failure.message.split('\n')[0] ?? ''}`);
  const { contents } = document;
  if (contents === null) return {};
  if (!isMap(contents)) throw new ConfigError(`${path}: must hold "name: value" lines`);
  const settings: PartialSettings = {};
  for (const { key, value } of contents.items) {
    const name = isScalar(key) ? String(key.value) : '?';
    const place = placeOf(isScalar(key) ? key.range[0] : undefined);
    if (!isSettingKey(name))
      throw new ConfigError(`${place}: there is no setting "${name}"${suggestion(name)}`);
    const plain: unknown = isNode(value) ? value.toJS(document) : value;
    settings[name] = checked(name, plain, `${place}: ${name}`);
  }
  return settings;
}

function isSettingKey(name: string): name is SettingKey {
  return (SETTING_KEYS as readonly string[]).includes(name);
}

interface YamlNode {
  toJS(document: unknown): unknown;
}

function isNode(value: unknown): value is YamlNode {
  return typeof value === 'object' && value !== null && 'toJS' in value;
}

/** A setting that differs only in how it is written. */
function suggestion(name: string): string {
  const plain = name.toLowerCase().replace(/[-_]/g, '');
  const meant = SETTING_KEYS.find((key) => key.toLowerCase() === plain);
  return meant === undefined ? '' : `; "${meant}" is meant, perhaps`;
}
