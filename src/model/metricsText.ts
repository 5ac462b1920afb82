const DECIMAL_UNITS: readonly string[] = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB'];
const BINARY_UNITS: readonly string[] = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB', 'ZiB', 'YiB'];

/** A percentage with two decimals and without a sign, digit for digit that of `docker stats`. */
export function percentDigits(percent: number): string {
  return fixed(percent, 2);
}

/** Memory as `docker stats` shows it: powers of 1024, four digits, `1.062MiB`. */
export function binarySize(bytes: number): string {
  return size(bytes, 1024, BINARY_UNITS, 4);
}

/**
 * Network and block I/O as `docker stats` shows them: powers of 1000, three digits, `12.3kB`. Just below the next unit
 * the docker CLI writes `1e+03kB`, where this writes `1000kB`.
 */
export function decimalSize(bytes: number): string {
  return size(bytes, 1000, DECIMAL_UNITS, 3);
}

function size(bytes: number, base: number, units: readonly string[], digits: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= base && unit < units.length - 1) {
    value /= base;
    unit++;
  }
  const wholeDigits = Math.floor(value).toString().length;
  const text = fixed(value, Math.max(0, digits - wholeDigits));
  return `${text.includes('.') ? text.replace(/\.?0+$/, '') : text}${units[unit] ?? ''}`;
}

/**
 * Like `toFixed`, but what lies exactly between two results goes to the even one, as Go has it. That is no rare case:
 * memory comes in pages, whose number of MiB has few binary digits.
 */
function fixed(value: number, decimals: number): string {
  const rounded = value.toFixed(decimals);
  if (!isTie(value, decimals)) return rounded;
  const scale = 10 ** decimals;
  return (evenNeighbour(value * scale) / scale).toFixed(decimals);
}

/** A number between two decimals has at most one binary digit more than they, so all steps here are exact. */
function isTie(value: number, decimals: number): boolean {
  const doubled = value * 2 * 10 ** decimals;
  return Number.isInteger(value * 2 ** (decimals + 1)) && Number.isSafeInteger(doubled) && doubled % 2 === 1;
}

function evenNeighbour(scaled: number): number {
  const below = Math.floor(scaled);
  return below % 2 === 0 ? below : below + 1;
}
