// YAML and JSON to plain values with line numbers, within limits; the reader that core/policy asks for (its port ReadYaml). See README.md.
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments, type Document } from "yaml";
import { overLimit } from "./scan-yaml.ts";
import { readJson } from "./read-json.ts";
import type { Path, ReadDocument } from "../../core/policy/parse/manifest.ts";

export const yamlLimits = {
  textBytesMax: 32 * 1024 * 1024,
  documentsMax: 20_000,
  nodesMax: 2_000_000,
  aliasNodesMax: 10_000,
  depthMax: 100,
} as const;

/** What is wrong with a document, thrown inside this file only. */
class Unreadable extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

interface Walk {
  readonly document: Document;
  readonly lines: WeakMap<object, ReadonlyMap<string | number, number>>;
  readonly counter: LineCounter;
  /** Nodes on the way down, to find what holds itself. */
  readonly open: Set<unknown>;
  /** Shared by all documents of a text. */
  readonly left: { nodes: number };
  aliasNodes: number;
  inAlias: number;
}

/** One entry per document, empty ones left out. Never throws. Texts that are JSON are read as such, which is much faster. */
export function readYaml(text: string): readonly ReadDocument[] {
  const json = readJson(text);
  return json === undefined ? readOnlyYaml(text) : [json];
}

/** The same for rule files: indentation inside brackets is not judged, because widely used files get it wrong. */
export function readRuleYaml(text: string): readonly ReadDocument[] {
  const json = readJson(text);
  return json === undefined ? readOnlyYaml(text, "lenient") : [json];
}

function readOnlyYaml(text: string, indentation: "strict" | "lenient" = "strict"): readonly ReadDocument[] {
  if (text.length > yamlLimits.textBytesMax) {
    return [
      failed(
        1,
        "text-limit",
        `the text has ${text.length} characters, more than ${yamlLimits.textBytesMax}; JSON may have more: kubectl get -o json`,
      ),
    ];
  }
  const over = overLimit(text);
  if (over !== undefined) return [failed(over.line, "bad-yaml", over.message)];
  const counter = new LineCounter();
  let parsed: readonly Document[];
  try {
    parsed = [
      parseAllDocuments(text, {
        lineCounter: counter,
        strict: indentation === "strict",
        schema: "core",
        merge: false,
        uniqueKeys: false,
        logLevel: "silent",
      }),
    ].flat();
  } catch (thrown) {
    return [failed(1, "bad-yaml", thrown instanceof Error ? firstLine(thrown.message) : "not YAML")];
  }
  const left: Walk["left"] = { nodes: yamlLimits.nodesMax };
  const read = parsed.slice(0, yamlLimits.documentsMax).flatMap((document) => readOne(document, counter, left));
  if (parsed.length <= yamlLimits.documentsMax) return read;
  return [...read, failed(1, "document-limit", `${parsed.length} documents, more than ${yamlLimits.documentsMax}`)];
}

function readOne(document: Document, counter: LineCounter, left: Walk["left"]): readonly ReadDocument[] {
  const lineAt = (offset: number) => counter.linePos(offset).line;
  const begin = document.contents?.range?.[0] ?? document.range?.[0] ?? 0;
  const line = lineAt(begin);
  if (document.errors.length > 0) {
    const errors = document.errors.slice(0, 3).map((error) => ({
      line: lineAt(error.pos[0]),
      code: "bad-yaml",
      message: firstLine(error.message),
    }));
    return [{ value: undefined, line, errors, lineOf: () => line }];
  }
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) return [];
  const walk: Walk = { document, lines: new WeakMap(), counter, open: new Set(), left, aliasNodes: 0, inAlias: 0 };
  try {
    const value = plain(document.contents, walk, 0);
    return [{ value, line, errors: [], lineOf: (path) => lineOf(walk.lines, { value, line, path }) }];
  } catch (thrown) {
    if (!(thrown instanceof Unreadable)) throw thrown;
    return [failed(lineAt(thrown.offset), "bad-yaml", thrown.message)];
  }
}

function plain(node: unknown, walk: Walk, depth: number): unknown {
  const offset = offsetOf(node);
  walk.left.nodes -= 1;
  if (walk.inAlias > 0) walk.aliasNodes += 1;
  if (walk.left.nodes < 0) throw new Unreadable(`more than nodesMax = ${yamlLimits.nodesMax} values`, offset);
  if (walk.aliasNodes > yamlLimits.aliasNodesMax)
    throw new Unreadable(`aliases expand to more than aliasNodesMax = ${yamlLimits.aliasNodesMax} values`, offset);
  if (depth > yamlLimits.depthMax) throw new Unreadable(`deeper than depthMax = ${yamlLimits.depthMax} levels`, offset);
  if (isScalar(node)) return scalar(node.value);
  if (isAlias(node)) {
    const target = node.resolve(walk.document);
    if (target === undefined) throw new Unreadable(`there is no anchor ${node.source}`, offset);
    walk.inAlias += 1;
    const value = nested(target, walk, depth);
    walk.inAlias -= 1;
    return value;
  }
  return node === null || node === undefined ? null : nested(node, walk, depth);
}

function nested(node: unknown, walk: Walk, depth: number): unknown {
  if (walk.open.has(node)) throw new Unreadable("an alias holds itself", offsetOf(node));
  if (isScalar(node)) return scalar(node.value);
  walk.open.add(node);
  const lines = new Map<string | number, number>();
  const value = isSeq(node) ? list(node.items, walk, depth, lines) : mapping(node, walk, depth, lines);
  walk.lines.set(value, lines);
  walk.open.delete(node);
  return value;
}

function list(nodes: readonly unknown[], walk: Walk, depth: number, lines: Map<string | number, number>): unknown[] {
  return nodes.map((item, index) => {
    lines.set(index, walk.counter.linePos(offsetOf(item)).line);
    return plain(item, walk, depth + 1);
  });
}

function mapping(node: unknown, walk: Walk, depth: number, lines: Map<string | number, number>): object {
  if (!isMap(node)) throw new Unreadable("neither a mapping, a list nor a value", offsetOf(node));
  const entries = new Map<string, unknown>();
  for (const { key, value } of node.items) {
    const offset = offsetOf(key);
    if (!isScalar(key)) throw new Unreadable("a key must be a text", offset);
    const name = String(key.value);
    if (entries.has(name)) throw new Unreadable(`the key ${JSON.stringify(name)} stands twice`, offset);
    lines.set(name, walk.counter.linePos(offset).line);
    entries.set(name, plain(value, walk, depth + 1));
  }
  // fromEntries defines "__proto__" as a key like any other.
  return Object.fromEntries(entries);
}

function scalar(value: unknown): unknown {
  if (value === null || typeof value === "string" || typeof value === "boolean" || typeof value === "number")
    return value;
  return JSON.stringify(value) ?? null;
}

function offsetOf(node: unknown): number {
  const range = (node as { readonly range?: readonly number[] | null } | null | undefined)?.range;
  return range?.[0] ?? 0;
}

function lineOf(
  lines: Walk["lines"],
  { value, line, path }: { readonly value: unknown; readonly line: number; readonly path: Path },
): number {
  let found = line;
  let here: unknown = value;
  for (const step of path) {
    const known = typeof here === "object" && here !== null ? lines.get(here)?.get(step) : undefined;
    if (known === undefined) return found;
    found = known;
    here = (here as Record<string | number, unknown>)[step];
  }
  return found;
}

function failed(line: number, code: string, message: string): ReadDocument {
  return { value: undefined, line, errors: [{ line, code, message }], lineOf: () => line };
}

function firstLine(message: string): string {
  return (message.split("\n")[0] ?? message).replace(/ at line \d+, column \d+:?$/, "");
}
