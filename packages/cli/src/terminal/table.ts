/** Columns aligned for people: numbers to the right, all else to the left. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows];
  const columns = header.map((_, i) => {
    const width = Math.max(...lines.map((line) => (line[i] ?? '').length));
    const cells = rows.map((line) => line[i] ?? '').filter((cell) => cell !== '');
    const isNumeric = i > 0 && cells.every((cell) => /^[-+\d]/.test(cell));
    return { width, isNumeric };
  });
  const format = (line: readonly string[]) =>
    line
      .map((cell, i) => (columns[i]!.isNumeric ? cell.padStart(columns[i]!.width) : cell.padEnd(columns[i]!.width)))
      .join('  ');
  return `${lines.map((line) => format(line).trimEnd()).join('\n')}\n`;
}
