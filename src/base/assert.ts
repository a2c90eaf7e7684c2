// A broken promise inside our own code: throws, the process crashes and is restarted. Never for bad input (see fault.ts).

export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/** Throws an AssertionError with `message` unless `condition` holds; narrows the type. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** For the default of an exhaustive switch: does not compile while a case is missing. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable value: ${JSON.stringify(value)}`);
}
