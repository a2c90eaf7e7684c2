// The rules that this server shows texts from and proves exclusions with. Texts are read in a thread when first asked for, and again when a file changed. No
// folder, no proof: said, never guessed.
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { Worker } from "node:worker_threads";
import type { Clock } from "../../../base/clock.ts";
import type { Logger } from "../../../base/logger.ts";
import { findSystemRules } from "../../../edge/rules/system-rules.ts";
import type { RuleText } from "./rule-texts.ts";

/** How long what was found is believed before files are looked at again. */
const keptMs = 10_000;
const filesMax = 2000;

export interface RulesDesk {
  /** Those of the ids that are known here. Never throws: what cannot be read is logged, and known by nobody. */
  rulesOf(ids: readonly number[]): Promise<readonly RuleText[]>;
  /** Undefined: there are none here, `without` says how to change that. */
  folder(): string | undefined;
  readonly without: string;
}

const without = "this server has no WAF rules: start it with --waf-rules FOLDER, the gateways' own";

export interface RulesDeskParts {
  /** "": the system's packaged rules, when there are any. */
  readonly folder: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export function createRulesDesk({ folder, clock, logger }: RulesDeskParts): RulesDesk {
  let found: { readonly atMs: number; readonly place: string | undefined } | undefined;
  let read: { readonly signature: string; readonly texts: Promise<ReadonlyMap<number, RuleText>> } | undefined;
  let signedAtMs = -Infinity;

  function place(): string | undefined {
    if (folder !== "") return folder;
    const nowMs = clock.nowMs();
    if (found === undefined || nowMs - found.atMs >= keptMs) found = { atMs: nowMs, place: findSystemRules()[0] };
    return found.place;
  }

  async function texts(): Promise<ReadonlyMap<number, RuleText>> {
    const at = place();
    if (at === undefined) return new Map();
    const nowMs = clock.nowMs();
    if (read !== undefined && nowMs - signedAtMs < keptMs) return read.texts;
    signedAtMs = nowMs;
    const signature = await signatureOf(at);
    if (read?.signature !== signature) read = { signature, texts: readApart(at, logger) };
    return read.texts;
  }

  return {
    without,
    folder: place,
    async rulesOf(ids) {
      const known = await texts();
      return [...new Set(ids)].flatMap((id) => known.get(id) ?? []);
    },
  };
}

/** Changes when a file comes, goes or is written. */
async function signatureOf(folder: string): Promise<string> {
  const parts: string[] = [folder];
  for (const each of [folder, path.join(folder, "rules")]) {
    const names = (await readdir(each).catch(() => [])).slice(0, filesMax);
    for (const name of names) {
      const facts = await stat(path.join(each, name)).catch(() => undefined);
      parts.push(`${name} ${facts?.mtimeMs ?? 0} ${facts?.size ?? 0}`);
    }
  }
  return parts.join("\n");
}

async function readApart(folder: string, logger: Logger): Promise<ReadonlyMap<number, RuleText>> {
  const worker = new Worker(new URL("rules.worker.ts", import.meta.url), { workerData: folder });
  try {
    const all = await new Promise<readonly RuleText[]>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
      worker.once("exit", () => reject(new Error("the thread ended without an answer")));
    });
    return new Map(all.map((text) => [text.ruleId, text]));
  } catch (error) {
    logger.warn({ folder, error: String(error) }, "texts of WAF rules could not be read");
    return new Map();
  } finally {
    await worker.terminate();
  }
}
