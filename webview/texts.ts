/** Puts values in the places `{0}`, `{1}`… of a text, as `vscode.l10n.t` does. A value is text, whatever it holds. */
export function fill(text: string, ...values: readonly (string | number)[]): string {
  return text.replace(/\{(\d+)\}/g, (place, index: string) => String(values[Number(index)] ?? place));
}
