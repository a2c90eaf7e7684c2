// An answer of the mock that is not 2xx, as the server's problem+json has it.
import type { Problem } from "../../src/apps/server/contract/common.ts";

const statuses = {
  usage: 400,
  unauthenticated: 401,
  forbidden: 403,
  "not-found": 404,
  "too-large": 413,
  unavailable: 503,
  internal: 500,
} as const;

export interface RefusalOptions {
  readonly code: string;
  readonly kind: keyof typeof statuses;
  readonly hint?: string;
  readonly where?: string;
}

export class Refusal extends Error {
  readonly problem: Problem;

  constructor(message: string, { kind, ...rest }: RefusalOptions) {
    super(message);
    this.problem = { type: "about:blank", title: kind, status: statuses[kind], detail: message, ...rest };
  }
}

/** The refusal as it is; anything else thrown is a bug of the mock and says so. */
export function toRefusal(thrown: unknown): Refusal {
  if (thrown instanceof Refusal) return thrown;
  return new Refusal(`mock: ${String(thrown)}`, { code: "mock/bug", kind: "internal" });
}
