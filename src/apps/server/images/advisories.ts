// The advisory database of the server: opened from its folder, looked at again from time to time, changed whole. Without one nothing is known, and that is said.
import path from "node:path";
import { toFault } from "../../../base/fault.ts";
import type { Logger } from "../../../base/logger.ts";
import type { AdvisoryDatabase } from "../../../core/vuln/advisory.ts";
import { openAdvisoryDatabase } from "../../../edge/advisories/open-database.ts";
import { deskLimits } from "./limits.ts";

export interface Advisories extends AsyncDisposable {
  /** Undefined: there is none, `because`. */
  readonly database: AdvisoryDatabase | undefined;
  readonly because: string;
  /** Looks whether another one is there; resolves when it is in use. */
  look(): Promise<void>;
}

export interface AdvisoriesParts {
  readonly folder: string;
  readonly logger: Logger;
  /** Called with each new database, the first one too. */
  readonly onChange: (database: AdvisoryDatabase) => void;
}

export const noDatabaseHint = "make one with `garrison db build`, or copy one with `garrison db import`";

export function advisoriesFolder(config: {
  readonly data: string;
  readonly images: { readonly advisories: string };
}): string {
  return config.images.advisories === "" ? path.join(config.data, "advisories") : config.images.advisories;
}

export function startAdvisories({ folder, logger, onChange }: AdvisoriesParts): Advisories {
  let opened: (AdvisoryDatabase & Disposable) | undefined;
  let because = `there is no advisory database yet: ${noDatabaseHint}`;
  let looking: Promise<void> | undefined;

  async function lookOnce(): Promise<void> {
    try {
      const next = await Promise.resolve(openAdvisoryDatabase(folder));
      if (next.digest === opened?.digest) {
        next[Symbol.dispose]();
        return;
      }
      const before = opened;
      opened = next;
      because = "";
      onChange(next);
      // Readers of the one before end within a breath: reads are synchronous.
      setImmediate(() => before?.[Symbol.dispose]());
    } catch (thrown) {
      const fault = toFault(thrown);
      // The one in use goes on: a half-copied folder is looked at again.
      const reason =
        fault.kind === "not-found" ? `there is no advisory database yet: ${noDatabaseHint}` : fault.message;
      if (reason !== because && fault.kind !== "not-found")
        logger.warn({ error: fault.message }, "the advisory database cannot be opened");
      because = reason;
    }
  }

  const look = (): Promise<void> => (looking ??= lookOnce().finally(() => (looking = undefined)));
  const timer = setInterval(() => void look(), deskLimits.databaseLookMs);
  timer.unref();
  return {
    get database() {
      return opened;
    },
    get because() {
      return because;
    },
    look,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await looking;
      opened?.[Symbol.dispose]();
    },
  };
}
