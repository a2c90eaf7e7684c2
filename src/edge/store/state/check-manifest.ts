// A manifest at the store's door: its kind is known, its size bounded, its spec valid by the kind's schema (defaults filled in).
import { Fault } from "../../../base/fault.ts";
import { nearest } from "../../../base/nearest.ts";
import { parseInput } from "../../../core/state/validate-input.ts";
import { ResourceManifest } from "../../../model/resource.ts";
import type { ResourceKind } from "../../../model/resource-kinds.ts";
import { stateLimits } from "./schema.ts";

/**
 * The manifest with its parsed spec. Throws `resource/unknown-kind`, `resource/singleton`, `resource/invalid` (with `where`) or
 * `resource/too-large`.
 */
export function checkManifest(given: unknown, kinds: Readonly<Record<string, ResourceKind>>): ResourceManifest {
  const manifest = parseInput(ResourceManifest, given, { root: "", code: "resource/invalid" });
  const kind = kinds[manifest.kind];
  if (kind === undefined || !Object.hasOwn(kinds, manifest.kind)) {
    const meant = nearest(manifest.kind.slice(0, 64), Object.keys(kinds));
    throw new Fault(`there is no kind ${JSON.stringify(manifest.kind)}`, {
      code: "resource/unknown-kind",
      kind: "usage",
      where: "kind",
      hint: meant === undefined ? `known kinds: ${Object.keys(kinds).join(", ")}` : `did you mean ${meant}?`,
    });
  }
  if (kind.isSingleton === true && (manifest.name !== "default" || manifest.scope !== "global")) {
    throw new Fault(`there is one ${manifest.kind}: "default" in the global scope`, {
      code: "resource/singleton",
      kind: "usage",
      where: manifest.name === "default" ? "scope" : "name",
      hint: 'use name "default" and scope "global"',
    });
  }
  const bytes = Buffer.byteLength(JSON.stringify(manifest.spec));
  if (bytes > stateLimits.specBytesMax) {
    throw new Fault(`the spec has ${bytes} bytes, more than ${stateLimits.specBytesMax}`, {
      code: "resource/too-large",
      kind: "too-large",
      where: "spec",
    });
  }
  const spec = parseInput(kind.spec, manifest.spec, { root: "spec", code: "resource/invalid" });
  return { ...manifest, spec: spec as Record<string, unknown> };
}
