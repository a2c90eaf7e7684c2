// CVSS 4.0's scores of its 270 macro vectors, a table of the specification (section 8.3): data, not to be computed. Order: EQ1, EQ2, EQ3, EQ4, EQ5, EQ6 counted up,
// the last one fastest; EQ3 = 2 has EQ6 = 1 only.

/** One row for each EQ1, EQ2 and EQ3, in order: 18 values, or 9 where EQ3 is 2. */
const rows = [
  "10 9.9 9.8 9.5 9.5 9.2 10 9.6 9.3 8.7 9.1 8.1 9.3 9 8.9 8 8.1 6.8",
  "9.8 9.5 9.5 9.2 9 8.4 9.3 9.2 8.9 8.1 8.1 6.5 8.8 8 7.8 7 6.9 4.8",
  "9.2 8.2 7.2 7.9 6.9 5 6.9 5.5 2.7",
  "9.9 9.7 9.5 9.2 9.2 8.5 9.5 9.1 9 8.3 8.4 7.1 9.2 8.1 8.2 7.1 7.2 5.3",
  "9.5 9.3 9.2 8.5 8.5 7.3 9.2 8.2 8 7.2 7 5.9 8.4 7 7.1 5.2 5 3",
  "8.6 7.5 5.2 7.1 5.2 2.9 6.3 2.9 1.7",
  "9.8 9.5 9.4 8.7 9.1 8.1 9.4 8.9 8.6 7.4 7.7 6.4 8.7 7.5 7.4 6.3 6.3 4.9",
  "9.4 8.9 8.8 7.7 7.6 6.7 8.6 7.6 7.4 5.8 5.9 5 7.2 5.7 5.7 5.2 5.2 2.5",
  "8.3 7 5.4 6.5 5.8 2.6 5.3 2.1 1.3",
  "9.5 9 8.8 7.6 7.6 7 9 7.7 7.5 6.2 6.1 5.3 7.7 6.6 6.8 5.9 5.2 3",
  "8.9 7.8 7.6 6.7 6.2 5.8 7.4 5.9 5.7 5.7 4.7 2.3 6.1 5.2 5.7 2.9 2.4 1.6",
  "7.1 5.9 3 5.8 2.6 1.5 2.3 1.3 0.6",
  "9.3 8.7 8.6 7.2 7.5 5.8 8.6 7.4 7.4 6.1 5.6 3.4 7 5.4 5.2 4 4 2.2",
  "8.5 7.5 7.4 5.5 6.2 5.1 7.2 5.7 5.5 4.1 4.6 1.9 5.3 3.6 3.4 1.9 1.9 0.8",
  "6.4 5.1 2 4.7 2.1 1.1 2.4 0.9 0.4",
  "8.8 7.5 7.3 5.3 6 5 7.3 5.5 5.9 4 4.1 2 5.4 4.3 4.5 2.2 2 1.1",
  "7.5 5.5 5.8 4.5 4 2.1 6.1 5.1 4.8 1.8 2 0.9 4.6 1.8 1.7 0.7 0.8 0.2",
  "5.3 2.4 1.4 2.4 1.2 0.5 1 0.3 0.1",
].map((row) => row.split(" ").map(Number));

/** Undefined where there is no such macro vector. */
export function macroScore(levels: readonly number[]): number | undefined {
  const [one = 0, two = 0, three = 0, four = 0, five = 0, six = 0] = levels;
  if (one > 2 || two > 1 || three > 2 || four > 2 || five > 2 || six > 1) return undefined;
  const row = rows[one * 6 + two * 3 + three];
  if (three === 2) return six === 1 ? row?.[four * 3 + five] : undefined;
  return row?.[four * 6 + five * 2 + six];
}
