/** Rows in columns, under the names of their members in capitals. All rows have the same members. */
export function formatTable(rows: readonly Readonly<Record<string, string>>[]): readonly string[] {
  const [first = {}] = rows;
  const names = Object.keys(first);
  const lines = [names.map(headingOf), ...rows.map((row) => names.map((name) => row[name] ?? ''))];
  const widths = names.map((_name, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  return lines.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function headingOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter}`).toUpperCase();
}
