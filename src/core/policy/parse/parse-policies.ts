// The way in: files or manifests to the canonical set, the world that stood beside it, and all that was wrong. Never throws for bad input;
// a broken document or object is refused by itself; the order of inputs does not change what counts (of two equal ids the first is taken).
import { assembleSet } from "./assemble.ts";
import { joinWorld } from "./world/join.ts";
import { kinds } from "./kinds.ts";
import { manifestLimits, type Manifest, type Path, type PolicyFile, type ReadYaml } from "./manifest.ts";
import { headOf, type Output } from "./object.ts";
import type { ParsedObject, ParsedPolicies, ParsedWorld } from "./parsed.ts";
import type { PolicyProblem } from "../model.ts";
import { child, guessOf, refuse, shown, type At, type Sink } from "./reader.ts";

export type Parsed = ParsedPolicies & ParsedWorld;

/** Files of YAML (several documents) or JSON, read by `readYaml`; `kind: List` is opened. */
export function parsePolicies(files: readonly PolicyFile[], readYaml: ReadYaml): Parsed {
  const manifests: Manifest[] = [];
  const problems: PolicyProblem[] = [];
  for (const { file, text } of files) {
    for (const [document, read] of readYaml(text).entries()) {
      const place = { file, document, line: read.line };
      for (const { code, message, line } of read.errors) {
        const told = { severity: "error", hint: "", object: "", path: "" } as const;
        problems.push({ ...told, code: `policy/${code}`, message, place: { ...place, line } });
      }
      if (read.errors.length === 0)
        manifests.push({ manifest: read.value, place, lineOf: (path) => read.lineOf(path) });
    }
  }
  return parsed(manifests, problems);
}

/** The same for values that are already plain, such as the objects of the store. */
export function parseManifests(list: readonly Manifest[]): Parsed {
  return parsed(list, []);
}

/** One object on its way: read, and taken unless its sink says otherwise. */
export interface ReadObject {
  readonly at: At;
  readonly output: Output;
  readonly isIgnored: boolean;
}

function parsed(manifests: readonly Manifest[], before: readonly PolicyProblem[]): Parsed {
  const opened = manifests.flatMap((manifest) => openLists(manifest, [], 0));
  const counted = opened.slice(0, manifestLimits.objectsMax);
  const seen = new Map<string, At>();
  const objects = counted.map((at) => readObject(at, seen));
  const first = opened[counted.length];
  if (first !== undefined) {
    refuse(first, {
      code: "object-limit",
      message: `${opened.length} objects, more than objectsMax = ${manifestLimits.objectsMax}: this and later ones are not read`,
    });
  }
  const set = assembleSet(objects);
  const { world, isGiven } = joinWorld(objects);
  const problems = [...before, ...opened.slice(0, counted.length + 1).flatMap(({ sink }) => sink.problems)];
  return { set, world, isGiven, objects: objects.map(described), problems: bounded(inOrder(problems)) };
}

function described({ at, isIgnored }: ReadObject): ParsedObject {
  const { sink } = at;
  const place = { ...sink.place, line: sink.lineOf(at.path) };
  return {
    id: sink.object,
    manifest: at.value,
    place,
    state: isIgnored ? "ignored" : sink.isRefused ? "refused" : "taken",
  };
}

/** The objects of a manifest: itself, or what its list holds. */
function openLists(manifest: Manifest, path: Path, depth: number): readonly At[] {
  const { place, lineOf } = manifest;
  const value = path.reduce<unknown>(
    (holder, step) => (holder as Record<string | number, unknown>)[step],
    manifest.manifest,
  );
  // Paths in problems begin at the object; lines are looked up from the document's top.
  const sink: Sink = {
    object: "",
    isRefused: false,
    place,
    lineOf: (below) => (lineOf === undefined ? place.line : lineOf([...path, ...below])),
    problems: [],
  };
  const at: At = { value, path: [], sink };
  const listed = child(at, "items").value;
  const kind = child(at, "kind").value;
  if (typeof kind !== "string" || !kind.endsWith("List") || !Array.isArray(listed)) return [at];
  if (depth >= manifestLimits.listDepthMax) {
    refuse(at, {
      code: "depth-limit",
      message: `lists in lists deeper than listDepthMax = ${manifestLimits.listDepthMax}`,
    });
    return [at];
  }
  return listed.flatMap((_, index) => openLists(manifest, [...path, "items", index], depth + 1));
}

function readObject(at: At, seen: Map<string, At>): ReadObject {
  const nothing: ReadObject = { at, output: {}, isIgnored: false };
  if (at.sink.isRefused) return nothing;
  if (typeof at.value !== "object" || at.value === null || Array.isArray(at.value)) {
    refuse(at, { code: "bad-type", message: `the document is ${shown(at.value)}; expected a manifest` });
    return nothing;
  }
  const apiVersion = child(at, "apiVersion").value;
  const kind = child(at, "kind").value;
  if (typeof apiVersion !== "string" || typeof kind !== "string") {
    refuse(at, { code: "missing-field", message: "a manifest needs apiVersion and kind, both texts" });
    return nothing;
  }
  const key = `${apiVersion} ${kind}`;
  const parser = Object.hasOwn(kinds, key) ? kinds[key] : undefined;
  if (parser === undefined) return unknownKind(at, apiVersion, kind);
  const head = headOf(at, kind, parser);
  if (head === undefined) return nothing;
  const output = parser.parse(head);
  const other = seen.get(head.id);
  if (other !== undefined) {
    const { file, line } = other.sink.place;
    const where = file === "" ? "" : `, first in ${file}, line ${other.sink.lineOf([]) || line}`;
    refuse(at, {
      code: "duplicate",
      message: `${head.id} stands more than once${where}`,
      hint: "The first one counts.",
    });
  }
  if (at.sink.isRefused) return nothing;
  seen.set(head.id, at);
  return { at, output, isIgnored: false };
}

/** Objects of our own groups must be known; others (a ConfigMap among the policies) are not our business. */
function unknownKind(at: At, apiVersion: string, kind: string): ReadObject {
  const name = child(child(at, "metadata"), "name").value;
  at.sink.object = `${kind}/-/${typeof name === "string" ? name : ""}`.slice(0, 400);
  const known = Object.keys(kinds);
  const group = apiVersion.split("/")[0] ?? "";
  const isOurs = known.some((key) => key.includes("/") && key.startsWith(`${group}/`)) && !worldGroups.includes(group);
  if (!isOurs) return { at, output: {}, isIgnored: true };
  const guess = guessOf(`${apiVersion} ${kind}`, known);
  refuse(at, {
    code: "unknown-kind",
    message: `${apiVersion.slice(0, 100)} has no kind ${kind.slice(0, 100)} that is known here`,
    ...(guess === undefined ? {} : { hint: `Did you mean ${guess.replace(" ", ", kind ")}?` }),
  });
  return { at, output: {}, isIgnored: false };
}

/** Groups with many kinds that policies do not ask about. */
const worldGroups: readonly string[] = ["apps", "discovery.k8s.io", "networking.k8s.io"];

function inOrder(problems: readonly PolicyProblem[]): readonly PolicyProblem[] {
  const key = ({ place: { file, document, line }, code, message }: PolicyProblem) =>
    [file, document, line, code, message] as const;
  const compare = (a: string | number, b: string | number) => (a < b ? -1 : a > b ? 1 : 0);
  return [...problems].sort((a, b) => {
    const left = key(a);
    const right = key(b);
    return left.map((value, index) => compare(value, right[index] ?? "")).find((order) => order !== 0) ?? 0;
  });
}

function bounded(problems: readonly PolicyProblem[]): readonly PolicyProblem[] {
  const over = problems.length - manifestLimits.problemsMax;
  const [last] = problems.slice(-1);
  if (over <= 0 || last === undefined) return problems;
  const message = `${over} more problems are not listed (problemsMax = ${manifestLimits.problemsMax})`;
  return [
    ...problems.slice(0, manifestLimits.problemsMax),
    { ...last, code: "policy/problem-limit", message, hint: "", path: "" },
  ];
}
