// What `garrison waf exclude` does: find the event, ask for the narrowest exclusion, prove it on the attack corpus, print the policy.
import { readFile } from "node:fs/promises";
import { text as readText } from "node:stream/consumers";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { Fault } from "../../../../base/fault.ts";
import { attacks } from "../../../../core/waf/corpus/attacks.ts";
import { proveChange, type Tally } from "../../../../core/waf/corpus/prove-change.ts";
import type { TransactionPolicy } from "../../../../core/waf/engine/engine.ts";
import { withExclusions } from "../../../../core/waf/policy/compile-policies.ts";
import { narrowestExclusions } from "../../../../core/waf/policy/narrowest-exclusions.ts";
import { WafPolicy, type WafExclusion } from "../../../../model/waf-policy.ts";
import type { Context } from "../../context.ts";
import { harmless, harmlessLines } from "../../output/harmless.ts";
import type { WafExcludeFlags } from "./exclude.ts";
import { numberOf, paranoiaOf, settingsOf, usage } from "./flags.ts";
import { engineOf, loadRules, systemRules, type LoadedRules } from "./load-rules.ts";

export const eventLinesMax = 1_000_000;

/** What of a row is asked; rows of the server's API have more. */
const Event = z.looseObject({
  transactionId: z.string(),
  verdict: z.string(),
  method: z.string(),
  path: z.string(),
  decidingRule: z.coerce.number(),
  ruleIds: z.array(z.coerce.number()),
  variables: z.array(z.string()),
  scores: z.array(z.coerce.number()),
});
type Event = z.infer<typeof Event>;

const Raw = z.looseObject({
  scope: z.string().optional(),
  spec: z.looseObject({ exclusions: z.array(z.unknown()).optional() }),
});
const Manifest = z.looseObject({ kind: z.literal("WafPolicy"), name: z.string(), spec: WafPolicy });

export async function runExclude(
  context: Context,
  { args: [file = "-"], options }: { readonly args: readonly string[]; readonly options: WafExcludeFlags },
): Promise<number | void> {
  const event = await eventOf(file, options.transaction);
  const ruleIds = (options.rule ?? []).map((one) => numberOf(one, "--rule", { min: 1, max: 999_999_999 }));
  const [narrowest] = narrowestExclusions(event, { ruleIds, reason: options.reason });
  if (narrowest === undefined)
    throw usage("no rule of this request counted to its score", "name the rules that fired wrongly with --rule");
  const manifest = await manifestOf(options);
  const known = manifest.spec.exclusions.map(({ id }) => id);
  const added = narrowest.exclusions.filter(({ id }) => !known.includes(id));
  const spec = { ...manifest.written, exclusions: [...manifest.writtenExclusions, ...added.map(withoutEmpty)] };
  const { name } = manifest;
  await context.print(
    harmlessLines(stringify({ apiVersion: "garrison/v1", kind: "WafPolicy", ...manifest.scope, name, spec })),
  );
  context.say(harmless(`exclusion: ${narrowest.says}`));
  prove(context, event, { manifest, added, options });
}

async function eventOf(file: string, transaction: string | undefined): Promise<Event> {
  const lines = (await textOf(file)).split("\n").slice(0, eventLinesMax);
  const events = lines.flatMap((line) => {
    const parsed = Event.safeParse(jsonOf(line));
    return parsed.success ? [parsed.data] : [];
  });
  const wanted =
    transaction === undefined
      ? events.findLast(({ verdict }) => verdict === "blocked" || verdict === "detected")
      : events.find(({ transactionId }) => transactionId === transaction);
  if (wanted !== undefined) return wanted;
  const what =
    transaction === undefined ? "no request that was, or would have been, blocked" : `no request ${transaction}`;
  throw new Fault(`${file} has ${what}`, {
    code: "cli/no-event",
    kind: "not-found",
    hint: "events are lines of JSON: `garrison waf serve --events FILE`, or `garrison events --kinds waf -o jsonl`",
  });
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // No event: the file may hold other lines; without any event the caller says so.
    return undefined;
  }
}

async function textOf(file: string): Promise<string> {
  if (file === "-") return readText(process.stdin);
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new Fault(`cannot read ${file}`, {
      code: "cli/no-file",
      kind: "not-found",
      hint: "name a file of events",
      cause,
    });
  }
}

interface PolicyManifest {
  readonly name: string;
  readonly scope: { readonly scope?: string };
  readonly spec: WafPolicy;
  /** The spec as it was written: what was left out stays left out. */
  readonly written: Readonly<Record<string, unknown>>;
  readonly writtenExclusions: readonly unknown[];
}

async function manifestOf({ into, name }: WafExcludeFlags): Promise<PolicyManifest> {
  const written = { mode: "block" } as const;
  if (into === undefined) return { name, scope: {}, spec: WafPolicy.parse(written), written, writtenExclusions: [] };
  const document: unknown = parse(await textOf(into));
  const parsed = Manifest.safeParse(document);
  const raw = Raw.safeParse(document);
  if (!parsed.success || !raw.success) {
    const issue = parsed.error?.issues[0];
    throw usage(`${into} is no WafPolicy manifest`, `${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`);
  }
  const { scope } = raw.data;
  return {
    name: parsed.data.name,
    scope: scope === undefined ? {} : { scope },
    spec: parsed.data.spec,
    written: raw.data.spec,
    writtenExclusions: raw.data.spec.exclusions ?? [],
  };
}

/** Fields that say nothing are left out of what a person reads. */
function withoutEmpty(exclusion: WafExclusion): object {
  return Object.fromEntries(Object.entries(exclusion).filter(([, value]) => value !== undefined && value.length > 0));
}

interface Proving {
  readonly manifest: PolicyManifest;
  readonly added: readonly WafExclusion[];
  readonly options: WafExcludeFlags;
}

function prove(context: Context, event: Event, { manifest, added, options }: Proving): void {
  const loaded = loadRules(options.rules ?? [systemRules()]);
  const before = policyOf(manifest, options, loaded);
  const { ruleSet } = loaded;
  const { policy: after, problems } = withExclusions(before, added, { ruleSet, nowMs: context.nowMs() });
  for (const { message } of problems) context.say(harmless(message));
  const place = { method: event.method, path: event.path, variable: heaviest(event, added) };
  const proof = proveChange(engineOf(loaded), { attacks, before, after, places: [place] });
  context.say(`attacks elsewhere: ${caughtWords(proof.whole)}`);
  for (const tally of proof.atPlaces)
    context.say(harmless(`attacks in ${place.variable} of ${place.path}: ${caughtWords(tally)}`));
}

/** The variable whose rule gave most points, of the rules that are excluded. */
function heaviest({ ruleIds, variables, scores }: Event, added: readonly WafExclusion[]): string {
  const excluded = new Set(added.flatMap(({ rules }) => rules));
  const order = ruleIds.map((_, index) => index).filter((index) => excluded.has(String(ruleIds[index])));
  const [first = 0] = order.toSorted((one, other) => (scores[other] ?? 0) - (scores[one] ?? 0));
  return variables[first] ?? "";
}

function caughtWords({ attacks: all, caughtBefore, caughtAfter }: Tally): string {
  return `${caughtBefore} of ${all} caught before, ${caughtAfter} after`;
}

function policyOf({ name, spec }: PolicyManifest, flags: WafExcludeFlags, loaded: LoadedRules): TransactionPolicy {
  const paranoia = paranoiaOf(flags.paranoia ?? "1");
  return {
    name,
    mode: "block",
    paranoia,
    detectionParanoia: paranoia,
    inboundThreshold: numberOf(flags.inboundThreshold ?? "5", "--inbound-threshold", { min: 1, max: 1_000_000 }),
    outboundThreshold: spec.thresholds.outbound,
    responseBodies: false,
    settings: settingsOf(flags.setting),
    exclusions: [],
    layers: loaded.layers,
  };
}
