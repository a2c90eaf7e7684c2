// The advisory database of the server: opened from its folder, looked at again from time to time, changed whole. Without one nothing is known, and that is said.
import { toFault } from "../../../base/fault.ts";
import type { Logger } from "../../../base/logger.ts";
import type { AdvisoryDatabase } from "../../../core/vuln/advisory.ts";
import { advisoryPlace, openConfiguredDatabase } from "../../../edge/advisories/open-configured.ts";
import type { OpenDatabase } from "../../../edge/advisories/open-database.ts";
import { deskLimits } from "./limits.ts";

export interface Advisories extends AsyncDisposable {
  /** Undefined: there is none, `because`. */
  readonly database: AdvisoryDatabase | undefined;
  readonly because: string;
  /** Looks whether another one is there; resolves when it is in use. */
  look(): Promise<void>;
}

export interface AdvisoriesParts {
  readonly config: {
    readonly data: string;
    readonly images: { readonly advisories: string; readonly advisoriesKey: string };
  };
  readonly logger: Logger;
  /** Called with each new database, the first one too. */
  readonly onChange: (database: AdvisoryDatabase) => void;
}

export const noDatabaseHint = "make one with `garrison db build`, or copy one with `garrison db import`";

/** Where it is, and whose signature it must have; read anew at each look, since a key may come later. */
function placeOf({ data, images: { advisories, advisoriesKey } }: AdvisoriesParts["config"]) {
  return advisoryPlace(data, {
    folder: advisories,
    ...(advisoriesKey === "" ? {} : { publicKey: advisoriesKey }),
  });
}

export function startAdvisories({ config, logger, onChange }: AdvisoriesParts): Advisories {
  let opened: OpenDatabase | undefined;
  /** A rematch that reads one ends within its slice; screens read within a breath. */
  const retired = new Set<OpenDatabase>();
  let because = `there is no advisory database yet: ${noDatabaseHint}`;
  let looking: Promise<void> | undefined;

  async function lookOnce(): Promise<void> {
    try {
      const next = openConfiguredDatabase(placeOf(config));
      because = "";
      if (next.digest === opened?.digest && next.builtAt === opened.builtAt) {
        next[Symbol.dispose]();
        return;
      }
      const before = opened;
      opened = next;
      if (before !== undefined) retire(before);
      // The same records, imported anew: nothing is matched differently.
      if (before?.digest !== next.digest) onChange(next);
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

  function retire(before: OpenDatabase): void {
    retired.add(before);
    setTimeout(() => {
      if (retired.delete(before)) before[Symbol.dispose]();
    }, deskLimits.databaseRetiredMs).unref();
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
      for (const before of retired) before[Symbol.dispose]();
      retired.clear();
      opened?.[Symbol.dispose]();
    },
  };
}
