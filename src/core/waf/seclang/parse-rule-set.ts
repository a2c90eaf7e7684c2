// The one door of the SecLang reader: rule texts in, a rule set and everything that is wrong with the texts out. Never throws, whatever the texts.
import type { SourcePosition, WafProblem } from "../position.ts";
import { createDigest } from "./digest.ts";
import type { ItemDraft } from "./draft.ts";
import { ruleOf } from "./draft.ts";
import { floorFactsOf } from "./floor-facts.ts";
import type { FloorFacts } from "./floor-facts.ts";
import type { Layer, Shared } from "./layer.ts";
import { lint, markersOf, resolveSkipAfter } from "./lint.ts";
import { overlayRefusals } from "./overlay.ts";
import type { ParsedRuleSet, RuleSetInput } from "./parsed.ts";
import { createProblems } from "./problems.ts";
import { readFiles } from "./read-files.ts";
import type { Marker, Rule } from "./rule-set.ts";
import { defaultSettings } from "./settings.ts";
import { applyUpdates } from "./updates.ts";

type Overlay = NonNullable<RuleSetInput["overlays"]>[number];

/** Reads everything; what is refused is told with its place and leaves the rest as it is. */
export function parseRuleSet(input: RuleSetInput): ParsedRuleSet {
  const shared: Shared = {
    problems: createProblems(),
    digest: createDigest(),
    settings: defaultSettings(),
    updates: [],
    files: [],
    defaults: new Map(),
    totalBytes: 0,
    rules: 0,
    refused: 0,
  };
  const floor = readLayer(shared, { name: "", ...input }, { facts: undefined, taken: new Map() });
  for (const [phase, set] of floor.defaults) shared.defaults.set(phase, set);
  const overlays = input.overlays ?? [];
  const layers = overlays
    .filter(({ trust }) => trust === "floor")
    .reduce<readonly Layer[]>(
      (before, overlay) => [
        ...before,
        readLayer(shared, overlay, { facts: undefined, taken: idsOf([floor, ...before]) }),
      ],
      [],
    );
  const protectedItems = [floor, ...layers].flatMap(({ items }) => items);
  const facts = floorFactsOf(protectedItems, new Set(idsOf([floor, ...layers]).keys()));
  const teams = overlays
    .filter(({ trust }) => trust !== "floor")
    .map((overlay) => readLayer(shared, overlay, { facts, taken: new Map() }));
  const added = [...layers, ...teams].flatMap(({ items }) => items);
  const updated = applyUpdates(assemble(floor.items, added), shared.updates, shared.problems);
  return finish(shared, keepAllowed(shared, updated, { facts, teams: new Set(teams.map(({ name }) => name)) }));
}

function idsOf(layers: readonly Layer[]): Map<number, SourcePosition> {
  return new Map(layers.flatMap(({ ids }) => [...ids]));
}

function readLayer(
  shared: Shared,
  overlay: Pick<Overlay, "name" | "files" | "reader">,
  of: { readonly facts: FloorFacts | undefined; readonly taken: ReadonlyMap<number, SourcePosition> },
): Layer {
  const layer: Layer = {
    name: overlay.name,
    restrictedBy: of.facts,
    reader: overlay.reader,
    items: [],
    ids: new Map(),
    taken: of.taken,
    defaults: new Map(shared.defaults),
    ownDefaults: new Set(),
    wordLists: new Map(),
    words: 0,
    open: undefined,
  };
  shared.digest.add(`layer ${overlay.name} ${of.facts === undefined ? "floor" : "overlay"}`);
  readFiles(shared, layer, overlay.files);
  return layer;
}

/** Layers stand before the floor's blocking evaluation, so that what they add to scores counts; without one, last. */
function assemble(floor: readonly ItemDraft[], added: readonly ItemDraft[]): readonly ItemDraft[] {
  if (added.length === 0) return floor;
  const at = floor.findIndex((item) => item.kind === "rule" && item.id >= 949_000 && item.id <= 949_999);
  const cut = at < 0 ? floor.length : at;
  return [...floor.slice(0, cut), ...added, ...floor.slice(cut)];
}

/** Restrictions are looked at when updates are applied: an update could put into a rule what the rule itself may not say. */
function keepAllowed(
  shared: Shared,
  items: readonly ItemDraft[],
  { facts, teams }: { readonly facts: FloorFacts; readonly teams: ReadonlySet<string> },
): readonly ItemDraft[] {
  const kept: ItemDraft[] = [];
  const markersAfter = new Set<string>();
  const told: (readonly WafProblem[])[] = [];
  for (const item of items.toReversed()) {
    if (item.kind === "marker") markersAfter.add(item.name);
    const isTeams = item.kind === "rule" && teams.has(item.layer);
    const because = isTeams ? overlayRefusals(item, facts, markersAfter) : [];
    if (because.length === 0) kept.push(item);
    else told.push(because);
  }
  for (const problem of told.toReversed().flat()) shared.problems.add(problem);
  shared.refused += told.length;
  return kept.reverse();
}

function finish(shared: Shared, items: readonly ItemDraft[]): ParsedRuleSet {
  lint(items, shared.problems);
  const markers = markersOf(items);
  const finished = items.map((item): Rule | Marker =>
    item.kind === "marker"
      ? { kind: "marker", name: item.name, position: item.position }
      : ruleOf(item, resolveSkipAfter(item, markers)),
  );
  const rules = finished.filter(({ kind }) => kind === "rule").length;
  return {
    ruleSet: {
      settings: shared.settings.values,
      items: finished,
      digest: shared.digest.hex,
      files: shared.files,
    },
    problems: shared.problems.list(),
    counts: { rules, refused: shared.refused, markers: finished.length - rules },
  };
}
