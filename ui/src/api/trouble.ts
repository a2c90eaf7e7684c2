// Why an answer did not come, as the screens show it: what happened, what to do, and where in the filter when it is the filter.

export type TroubleKind =
  | "unauthenticated"
  | "forbidden"
  | "not-found"
  | "bad-input"
  | "limited"
  | "unavailable"
  | "unreachable"
  | "unexpected";

export interface Trouble {
  readonly kind: TroubleKind;
  readonly message: string;
  readonly hint: string;
  readonly code: string;
  /** Character of the sent filter text at which it stops making sense. */
  readonly filterPosition?: number;
}

const kindByFault: Readonly<Record<string, TroubleKind>> = {
  usage: "bad-input",
  "too-large": "bad-input",
  unauthenticated: "unauthenticated",
  forbidden: "forbidden",
  "not-found": "not-found",
  limited: "limited",
  unavailable: "unavailable",
};

/** Reads a Fault of the typed client, or whatever else was thrown. `fetch` throws a TypeError when no server answers. */
export function troubleOf(error: unknown): Trouble {
  if (error instanceof TypeError)
    return {
      kind: "unreachable",
      message: "The Garrison server does not answer.",
      hint: "Is it running? Start it with npm start; this page goes on by itself once it is back.",
      code: "console/unreachable",
    };
  const fault = (typeof error === "object" && error !== null ? error : {}) as Readonly<Record<string, unknown>>;
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  const position = /^q:(\d+)/.exec(text(fault["where"]))?.[1];
  return {
    kind: kindByFault[text(fault["kind"])] ?? "unexpected",
    message: text(fault["message"]) || text(fault["detail"]) || String(error),
    hint: text(fault["hint"]),
    code: text(fault["code"]) || "console/unexpected",
    ...(position === undefined ? {} : { filterPosition: Number(position) }),
  };
}
