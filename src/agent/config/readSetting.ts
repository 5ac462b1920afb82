import { SETTING_RULES, type SettingKey, type SettingRule, type SettingValue } from './settings';

/** Something in flags, environment or file is wrong. The message names it and says what would be right. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** The value of a setting from a flag's or variable's text. Throws a {@link ConfigError} that names `source`. */
export function settingFromText(key: SettingKey, text: string, source: string): SettingValue {
  const rule = SETTING_RULES[key];
  switch (rule.kind) {
    case 'integer':
      return checked(key, /^\d{1,9}$/.test(text) ? Number(text) : text, source);
    case 'switch':
      return checked(key, SWITCH_WORDS.get(text.toLowerCase()) ?? text, source);
    case 'list':
      return text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '');
    case 'text':
    case 'choice':
      return checked(key, text, source);
  }
}

const SWITCH_WORDS: ReadonlyMap<string, boolean> = new Map([
  ...['true', '1', 'yes', 'on'].map((word) => [word, true] as const),
  ...['false', '0', 'no', 'off'].map((word) => [word, false] as const),
]);

/** The value of a setting as a file has it. Throws a {@link ConfigError} that names `source`. */
export function checked(key: SettingKey, value: unknown, source: string): SettingValue {
  const rule = SETTING_RULES[key];
  if (isAllowed(rule, value)) return value;
  throw new ConfigError(`${source}: ${expectation(rule)}, not ${shown(value)}`);
}

function isAllowed(rule: SettingRule, value: unknown): value is SettingValue {
  switch (rule.kind) {
    case 'text':
      return typeof value === 'string';
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value) && value >= rule.min && value <= rule.max;
    case 'switch':
      return typeof value === 'boolean';
    case 'list':
      return Array.isArray(value) && value.every((part) => typeof part === 'string');
    case 'choice':
      return typeof value === 'string' && rule.choices.includes(value);
  }
}

function expectation(rule: SettingRule): string {
  switch (rule.kind) {
    case 'text':
      return 'must be a text';
    case 'integer':
      return `must be a whole number from ${rule.min} to ${rule.max}`;
    case 'switch':
      return 'must be true or false';
    case 'list':
      return 'must be a list of texts';
    case 'choice':
      return `must be one of ${rule.choices.join(', ')}`;
  }
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
