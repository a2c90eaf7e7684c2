// The engine's errors as faults: what the caller can do about it, not the engine's number. A retry is offered only where it may help.
import { ClickHouseError } from "@clickhouse/client";
import { Fault } from "../../base/fault.ts";

/** Content of a block that the engine could not read or that does not fit the table: asking again will not help. */
const badBlockCodes = new Set(
  "6 8 9 10 16 20 26 27 33 36 38 41 43 44 47 50 53 62 69 70 72 79 117 128 131 190 271 321 349 354 384 432 440 463 469 561 602 635 636".split(
    " ",
  ),
);

/** The store is overloaded, closing, short of memory or has too many parts: the same request may work in a moment. */
const busyCodes = new Set("159 160 202 209 210 241 242 252 319 394 473 635 692 734 749 999".split(" "));
const diskFullCodes = new Set(["243"]);

const retryMs = { away: 500, busy: 1000, diskFull: 30_000 } as const;

/** The fault of a failed insert. */
export function insertFault(thrown: unknown, table: string): Fault {
  const isFileGone = thrown instanceof Error && "syscall" in thrown && thrown.syscall === "access";
  if (isBrokenOff(thrown)) {
    return new Fault("the store went away in the middle of an insert", {
      code: brokeOffCode,
      kind: "unavailable",
      retryAfterMs: retryMs.away,
      hint: "An embedded store is restarted by itself; a block that ends it again and again is set aside.",
      cause: thrown,
    });
  }
  const known = isFileGone ? undefined : commonFault(thrown);
  if (known !== undefined) return known;
  const { code, text } = describe(thrown);
  if (code === "107" || isFileGone) {
    return new Fault(`the block's file for ${table} is not there`, {
      code: "store/block-missing",
      kind: "not-found",
      cause: thrown,
    });
  }
  if (badBlockCodes.has(code) || isInflateError(thrown)) {
    return new Fault(`the store cannot read this block of ${table}: ${text}`, {
      code: "store/bad-block",
      kind: "usage",
      hint: "The block is refused by itself; look at the agent's version.",
      cause: thrown,
    });
  }
  return new Fault(`the store refused an insert into ${table}: ${text}`, {
    code: "store/insert-failed",
    kind: "internal",
    cause: thrown,
  });
}

/** What Node says of a body that cannot be inflated ("Z_BUF_ERROR", "ZSTD_error_corruption_detected"). */
function isInflateError(thrown: unknown): boolean {
  const code = thrown instanceof Error ? (thrown as NodeJS.ErrnoException).code : undefined;
  return code !== undefined && /^Z(STD)?_/.test(code);
}

/** The fault of a failed query; guard rails are not faults (see partial.ts). */
export function queryFault(thrown: unknown): Fault {
  const known = commonFault(thrown);
  if (known !== undefined) return known;
  const { code, text } = describe(thrown);
  if (code === "497" || code === "164" || code === "452") {
    return new Fault(`the store's reader may not do that: ${text}`, {
      code: "store/not-allowed",
      kind: "forbidden",
      cause: thrown,
    });
  }
  return new Fault(`the store cannot answer: ${text}`, { code: "store/query-failed", kind: "internal", cause: thrown });
}

/** Away, busy, full or locked out: the same for reads and writes. Undefined for everything else. */
function commonFault(thrown: unknown): Fault | undefined {
  if (thrown instanceof Fault) return thrown;
  const { code, text } = describe(thrown);
  if (diskFullCodes.has(code) || /no space left on device|errno: 28|not enough space/i.test(text)) {
    return new Fault("the store's disk is full", {
      code: "store/disk-full",
      kind: "unavailable",
      retryAfterMs: retryMs.diskFull,
      hint: "Free disk space or lower Retention; blocks wait in the spool meanwhile.",
      cause: thrown,
    });
  }
  if (code === "516" || code === "194") {
    return new Fault("the store does not take this credential", {
      code: "store/credential",
      kind: "unavailable",
      retryAfterMs: retryMs.away,
      hint: "An embedded store makes a new key at each start; for a server, check user and password.",
      cause: thrown,
    });
  }
  if (busyCodes.has(code)) {
    return new Fault(`the store is busy: ${text}`, {
      code: "store/busy",
      kind: "unavailable",
      retryAfterMs: retryMs.busy,
      cause: thrown,
    });
  }
  if (isAway(thrown)) {
    return new Fault("the store does not answer", {
      code: "store/unavailable",
      kind: "unavailable",
      retryAfterMs: retryMs.away,
      hint: "An embedded store is restarted by itself; for a server, check its address.",
      cause: thrown,
    });
  }
  return undefined;
}

/** The connection ended while the store worked on an insert: killed, or brought down by what it read. */
export const brokeOffCode = "store/broke-off";

function isBrokenOff(thrown: unknown): boolean {
  if (!(thrown instanceof Error) || thrown instanceof ClickHouseError) return false;
  const { code } = thrown as NodeJS.ErrnoException;
  return code === "ECONNRESET" || code === "EPIPE" || /socket hang up/i.test(thrown.message);
}

const networkCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOENT",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

function isAway(thrown: unknown): boolean {
  if (!(thrown instanceof Error) || thrown instanceof ClickHouseError) return false;
  const code = (thrown as NodeJS.ErrnoException).code;
  return (code !== undefined && networkCodes.has(code)) || /socket hang up|timeout error|aborted/i.test(thrown.message);
}

/** True when the reason is a credential that has been replaced. */
export function isCredentialFault(fault: Fault): boolean {
  return fault.code === "store/credential";
}

/** The engine's number (as text, "" for none) and its message without stack. */
export function describe(thrown: unknown): { code: string; text: string } {
  if (thrown instanceof ClickHouseError) return { code: thrown.code, text: thrown.message.trim() };
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  // The client takes an error apart only when it is one line and ends in its name; some of the engine's are longer.
  return { code: /^Code: (\d+)\./.exec(text)?.[1] ?? "", text };
}
