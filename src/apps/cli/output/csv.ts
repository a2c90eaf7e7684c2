// Comma-separated values as in RFC 4180. Cells that a spreadsheet would run as a formula are defused with a leading apostrophe.

/** All keys of the first row as columns; nested values as JSON. */
export function csv(rows: readonly Readonly<Record<string, unknown>>[], header: boolean): string {
  const first = rows[0];
  if (first === undefined) return "";
  const keys = Object.keys(first);
  const lines = rows.map((row) => keys.map((key) => cell(row[key])).join(","));
  return `${(header ? [keys.map(cell).join(","), ...lines] : lines).join("\r\n")}\r\n`;
}

function cell(value: unknown): string {
  const text = typeof value === "string" ? value : value === undefined || value === null ? "" : JSON.stringify(value);
  const plain = text.replace(/(?![\t\r\n])\p{Cc}/gu, "\ufffd");
  const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(plain) ? `'${plain}` : plain;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
