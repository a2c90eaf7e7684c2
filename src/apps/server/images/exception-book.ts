// Exceptions as resources, kept read: which are in force, which end soon. A change is seen at once.
import type { Resources } from "../../../core/state/ports.ts";
import { Exception } from "../../../model/exception.ts";
import type { NamedException } from "./judge.ts";

export interface KeptException extends NamedException {
  readonly author: string;
  readonly changedAt: string;
}

export interface ExceptionBook extends Disposable {
  all(): Promise<readonly KeptException[]>;
  /** Rises with each change. */
  readonly generation: number;
}

export function createExceptionBook(resources: Pick<Resources, "list" | "onChange">): ExceptionBook {
  let kept: Promise<readonly KeptException[]> | undefined;
  let generation = 0;
  const stop = resources.onChange(({ kind }) => {
    if (kind !== "Exception") return;
    kept = undefined;
    generation += 1;
  });

  async function read(): Promise<readonly KeptException[]> {
    const listed = await resources.list("Exception");
    return listed.map(({ scope, name, spec, author, time }) => ({
      scope,
      name,
      spec: Exception.parse(spec),
      author,
      changedAt: time,
    }));
  }

  return {
    all() {
      kept ??= read();
      kept.catch(() => (kept = undefined));
      return kept;
    },
    get generation() {
      return generation;
    },
    [Symbol.dispose]: stop,
  };
}
