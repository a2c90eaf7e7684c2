// Which rules must be judged in full for an event? Every rule leaves a shadow on the process alone, on the path alone and on the kind of event alone:
// what it could be at most. The shadows are judged once per program, path and kind, kept as bits, and an event's rules are their intersection.
import type { DetectEvent, Predicate } from "../event.ts";
import type { FieldScope } from "../fields/field.ts";
import { isOpen } from "../fields/event-fields.ts";
import { approximate, checksOf, typesOf, type TypeSet } from "./approximate.ts";
import { alwaysTrue, createCompiler, type Compiler } from "./closures.ts";
import { buildPathTree, type PathTree } from "./path-tree.ts";
import { createPathMemo, type PathMemo } from "./path-memo.ts";
import type { Interner, Node } from "./resolve.ts";

/** One condition of a rule: the whole of it, or a step of a sequence. */
export interface Entry {
  readonly node: Node;
  readonly types: TypeSet;
  readonly predicate: Predicate;
  /** The rule's part that is told. */
  readonly hit: (event: DetectEvent) => void;
}

/** Up to 30 entries of one event type: their judgements are the bits of one small integer. */
interface Chunk {
  readonly id: number;
  readonly entries: readonly Entry[];
  readonly process: readonly Predicate[];
  readonly path: readonly Predicate[];
  readonly shape: readonly Predicate[];
  /** By the number of the shape; -1: not judged yet. */
  readonly shapes: Int32Array;
  /** By a path's place in the memo: the entries that were asked about it, and those of them that it does not rule out. */
  readonly asked: Int32Array;
  readonly passed: Int32Array;
}

/** More bits than these make a number that is no small integer to V8. */
const chunkEntriesMax = 30;
const unjudged = -1;

export interface RuleIndex {
  /** Judges the event by every rule that may fire on it. Filled in: process and subject. */
  judge(event: DetectEvent): void;
  /** No rule asks for this type: the event need not be filled in. */
  isIdle(type: string): boolean;
  readonly pathsEvicted: number;
}

export interface RuleIndexOptions {
  readonly interner: Interner;
  readonly compiler: Compiler;
  readonly entries: readonly Omit<Entry, "predicate" | "types">[];
  readonly pathsMax: number;
  /** Different for each set of rules: judgements remembered for another set are void. */
  readonly epoch: number;
}

export function createRuleIndex(options: RuleIndexOptions): RuleIndex {
  return new Index(options);
}

export function compileEntry(compiler: Compiler, entry: Omit<Entry, "predicate" | "types">): Entry {
  return { ...entry, types: typesOf(entry.node), predicate: compiler.compile(entry.node), hit: entry.hit };
}

export function mayFire({ types }: Pick<Entry, "types">, type: string): boolean {
  return types.types.has(type) !== types.isComplement;
}

/** Kinds of events that are remembered; of others every rule is asked. */
const shapesMax = 2048;
const kinds = ["", "file", "directory", "ipv4", "ipv6", "unix", "netlink", "packet", "pipe", "memfd", "other"];

class Index implements RuleIndex {
  readonly #entries: readonly Entry[];
  readonly #interner: Interner;
  readonly #tree: PathTree;
  readonly #pathCompiler: Compiler;
  readonly #plainCompiler: Compiler;
  readonly #chunks = new Map<string, readonly Chunk[]>();
  #chunkCount = 0;
  #lastType = "";
  #lastChunks: readonly Chunk[] = [];
  readonly #epoch: number;
  readonly #paths: PathMemo;

  constructor({ interner, compiler, entries, pathsMax, epoch }: RuleIndexOptions) {
    this.#interner = interner;
    this.#plainCompiler = compiler;
    this.#entries = entries.map((entry) => compileEntry(compiler, entry));
    this.#tree = buildPathTree(this.#entries.flatMap(({ node }) => [...checksOf(node)]));
    this.#pathCompiler = createCompiler(undefined, (check) => this.#tree.closureOf(check));
    this.#paths = createPathMemo(pathsMax);
    this.#epoch = epoch;
  }

  get pathsEvicted(): number {
    return this.#paths.evicted;
  }

  isIdle(type: string): boolean {
    return this.#chunksOf(type).length === 0;
  }

  judge(event: DetectEvent): void {
    const chunks = this.#chunksOf(event.type);
    const shape = chunks.length === 0 ? 0 : shapeOf(event);
    for (const chunk of chunks) {
      let bits = this.#processBits(chunk, event);
      if (shape < shapesMax) bits &= shapeBits(chunk, shape, event);
      if (bits !== 0 && event.path !== "" && event.tuple === undefined) bits = this.#pathBits(chunk, event, bits);
      while (bits !== 0) {
        const bit = 31 - Math.clz32(bits);
        bits ^= 1 << bit;
        const entry = chunk.entries[bit] as Entry;
        if (entry.predicate(event)) entry.hit(event);
      }
    }
  }

  #chunksOf(type: string): readonly Chunk[] {
    // Each event asks twice, and events of a kind come in rows.
    if (type === this.#lastType) return this.#lastChunks;
    const found = this.#chunks.get(type) ?? this.#makeChunks(type);
    this.#lastType = type;
    this.#lastChunks = found;
    return found;
  }

  #makeChunks(type: string): readonly Chunk[] {
    const entries = this.#entries.filter((entry) => mayFire(entry, type));
    const made = Array.from({ length: Math.ceil(entries.length / chunkEntriesMax) }, (_, index) =>
      this.#chunkOf(entries.slice(index * chunkEntriesMax, (index + 1) * chunkEntriesMax)),
    );
    this.#chunks.set(type, made);
    return made;
  }

  #chunkOf(entries: readonly Entry[]): Chunk {
    const shadows = (scope: FieldScope, compiler: Compiler): readonly Predicate[] =>
      entries.map(({ node }) => compiler.compile(this.#shadow(node, scope)));
    this.#chunkCount += 1;
    const [asked, passed] = [this.#paths.column(), this.#paths.column()];
    return {
      id: this.#chunkCount - 1,
      entries,
      process: shadows("process", this.#plainCompiler),
      path: shadows("path", this.#pathCompiler),
      shape: shadows("shape", this.#plainCompiler),
      shapes: new Int32Array(shapesMax).fill(unjudged),
      asked,
      passed,
    };
  }

  #shadow(node: Node, scope: FieldScope): Node {
    return approximate(this.#interner, node, { bound: "over", isKnown: (check) => check.scope === scope });
  }

  #processBits(chunk: Chunk, event: DetectEvent): number {
    const { process } = event;
    if (process.memoOf !== this.#epoch) {
      process.memoOf = this.#epoch;
      process.memo = [];
    }
    const known = numberAt(process.memo, chunk.id);
    if (known !== unjudged) return known;
    const made = bitsOf(chunk.process, event);
    process.memo[chunk.id] = made;
    return made;
  }

  /** Of the rules in `alive`, those that the path does not rule out. What was never asked about a path is not judged: most rules fall by program or kind. */
  #pathBits(chunk: Chunk, event: DetectEvent, alive: number): number {
    const place = this.#paths.placeOf(event.path);
    const asked = chunk.asked[place] as number;
    let bits = chunk.passed[place] as number;
    let open = alive & ~asked;
    if (open === 0) return alive & bits;
    this.#tree.walk(event.path);
    chunk.asked[place] = asked | open;
    while (open !== 0) {
      const bit = 31 - Math.clz32(open);
      open ^= 1 << bit;
      const predicate = chunk.path[bit] as Predicate;
      if (predicate === alwaysTrue || predicate(event)) bits |= 1 << bit;
    }
    chunk.passed[place] = bits;
    return alive & bits;
  }
}

/** Fills up to the place, so that the list has no holes. */
function numberAt(list: number[], at: number): number {
  while (list.length <= at) list.push(unjudged);
  return list[at] as number;
}

function bitsOf(predicates: readonly Predicate[], event: DetectEvent): number {
  let bits = 0;
  for (let index = 0; index < predicates.length; index += 1) {
    const predicate = predicates[index] as Predicate;
    if (predicate === alwaysTrue || predicate(event)) bits |= 1 << index;
  }
  return bits;
}

function shapeBits(chunk: Chunk, shape: number, event: DetectEvent): number {
  const known = chunk.shapes[shape] as number;
  if (known !== unjudged) return known;
  const made = bitsOf(chunk.shape, event);
  chunk.shapes[shape] = made;
  return made;
}

/** Everything that fields of scope "shape" read, but the type, as one number. */
function shapeOf(event: DetectEvent): number {
  const access = isOpen(event.type) ? event.flags & 3 : 0;
  const kind = kinds.indexOf(event.descriptorKind);
  const isAudit = event.source === "k8s_audit" ? 1 : 0;
  return access | (event.result < 0 ? 4 : 0) | (isAudit << 3) | (kind << 4) | ((event.descriptorNumber + 1) << 8);
}
