// Light or dark: what the reader chose, else what the system says. Pure; use-scheme.ts keeps and shows it.

export type SchemeChoice = "auto" | "light" | "dark";
export type Scheme = "light" | "dark";

/** The next choice of the button in the head, round and round. */
export const nextChoice = { auto: "light", light: "dark", dark: "auto" } as const satisfies Record<
  SchemeChoice,
  SchemeChoice
>;

/** What was saved in the browser; nothing, or anything else, follows the system. */
export function readChoice(saved: string | null): SchemeChoice {
  return saved === "light" || saved === "dark" ? saved : "auto";
}

export function schemeOf(choice: SchemeChoice, systemIsDark: boolean): Scheme {
  if (choice !== "auto") return choice;
  return systemIsDark ? "dark" : "light";
}
