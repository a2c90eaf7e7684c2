// Lists of names written as text: a table of words is read more easily without quotes.

/** The words between white space. */
export function namesOf(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
