// Rule texts of policies and of the floor as layers of the one rule set: the operator's are trusted, a team's restricted, and what has ended is left out.
import { parseInstantMs } from "../../../base/instant.ts";
import type { VirtualPatch } from "../../../model/waf-policy.ts";
import type { RuleFiles, RuleSetInput } from "../seclang/parsed.ts";
import { byteText } from "./byte-text.ts";
import type { NamedWafFloor, NamedWafPolicy, Tell } from "./named.ts";

type Overlay = NonNullable<RuleSetInput["overlays"]>[number];

export interface PolicyLayers {
  readonly overlays: readonly Overlay[];
  /** Names of the layers, for the policies that they count for. */
  readonly names: readonly string[];
  /** Instants at which patches end; all in the future. */
  readonly endsMs: readonly number[];
}

interface LayerSource {
  readonly kind: "WafPolicy" | "WafFloor";
  readonly scope: string;
  readonly name: string;
  readonly rules: string;
  readonly wordLists: Readonly<Record<string, string>>;
  readonly virtualPatches: readonly VirtualPatch[];
}

export function layersOfPolicy({ scope, name, spec }: NamedWafPolicy, nowMs: number, tell: Tell): PolicyLayers {
  return layersOf({ kind: "WafPolicy", scope, name, ...spec }, nowMs, tell);
}

export function layersOfFloor({ scope, name, spec }: NamedWafFloor, nowMs: number, tell: Tell): PolicyLayers {
  return layersOf({ kind: "WafFloor", scope, name, ...spec }, nowMs, tell);
}

/** How files of a layer begin: "WafPolicy/global/shop/". Positions of problems say which policy they are about by it. */
export function layerPrefix(kind: "WafPolicy" | "WafFloor", scope: string, name: string): string {
  return `${kind}/${scope}/${name}/`;
}

function layersOf(source: LayerSource, nowMs: number, tell: Tell): PolicyLayers {
  const prefix = layerPrefix(source.kind, source.scope, source.name);
  const overlay = (name: string, text: string): Overlay => ({
    name,
    ...(source.kind === "WafFloor" ? { trust: "floor" as const } : {}),
    files: [{ file: name, text: byteText(text) }],
    reader: readerOf(source.wordLists),
  });
  const live = source.virtualPatches.flatMap((patch) => {
    const endMs = parseInstantMs(patch.expiresAt);
    if (endMs !== undefined && endMs > nowMs) return [{ patch, endMs }];
    const message = `the virtual patch ${patch.id} (${patch.vulnerabilities.join(", ")}) ended at ${patch.expiresAt}`;
    const hint = "its rules are not in force; remove it when the fix has landed, or give it a new end";
    tell({ severity: "warning", code: "waf/expired", message, hint });
    return [];
  });
  const overlays = [
    ...(source.rules.trim() === "" ? [] : [overlay(`${prefix}rules`, source.rules)]),
    ...live.map(({ patch }) => overlay(`${prefix}virtualPatches/${patch.id}`, patch.rules)),
  ];
  return { overlays, names: overlays.map(({ name }) => name), endsMs: live.map(({ endMs }) => endMs) };
}

/** Word lists are those of the resource, by name; nothing is included. */
function readerOf(lists: Readonly<Record<string, string>>): RuleFiles {
  return {
    include: () => ({ refused: "a policy includes nothing" }),
    wordList: (name) => {
      const text = Object.hasOwn(lists, name) ? lists[name] : undefined;
      return text === undefined ? { refused: "it is none of the policy's wordLists" } : byteText(text);
    },
  };
}
