// Which rules must be judged in full for an event? Every rule leaves a shadow on the process alone, on the path alone and on the kind of event alone:
// what it could be at most. The shadows are judged once per program, path and kind, kept as bits, and an event's rules are their intersection.
import type { DetectEvent, Predicate } from "../event.ts";
import type { FieldScope } from "../fields/field.ts";
import { isOpen, isOpenRead, isOpenWrite } from "../fields/event-fields.ts";
import { approximate, checksOf, typesOf, type TypeSet } from "./approximate.ts";
import { alwaysTrue, createCompiler, type Compiler } from "./closures.ts";
import { buildPathTree, type PathTree } from "./path-tree.ts";
import type { Interner, Node } from "./resolve.ts";

/** One condition of a rule: the whole of it, or a step of a sequence. */
export interface Entry {
  readonly node: Node;
  readonly types: TypeSet;
  readonly predicate: Predicate;
  /** The rule's part that is told. */
  readonly hit: (event: DetectEvent) => void;
}

interface EventClass {
  readonly id: number;
  readonly entries: readonly Entry[];
  readonly words: number;
  readonly process: readonly Predicate[];
  readonly path: readonly Predicate[];
  readonly shape: readonly Predicate[];
  readonly shapes: (Uint32Array | undefined)[];
}

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

const shapesMax = 4096;
const kinds = ["", "file", "directory", "ipv4", "ipv6", "unix", "netlink", "packet", "pipe", "memfd", "other"];

class Index implements RuleIndex {
  readonly #entries: readonly Entry[];
  readonly #interner: Interner;
  readonly #tree: PathTree;
  readonly #pathCompiler: Compiler;
  readonly #plainCompiler: Compiler;
  readonly #classes = new Map<string, EventClass>();
  readonly #pathsMax: number;
  readonly #epoch: number;
  /** Two generations: what is used moves to the new one; the old one is dropped when the new one is full. */
  #paths = new Map<string, (Uint32Array | undefined)[]>();
  #olderPaths = new Map<string, (Uint32Array | undefined)[]>();
  pathsEvicted = 0;

  constructor({ interner, compiler, entries, pathsMax, epoch }: RuleIndexOptions) {
    this.#interner = interner;
    this.#plainCompiler = compiler;
    this.#entries = entries.map((entry) => compileEntry(compiler, entry));
    this.#tree = buildPathTree(this.#entries.flatMap(({ node }) => [...checksOf(node)]));
    this.#pathCompiler = createCompiler(undefined, (check) => this.#tree.closureOf(check));
    this.#pathsMax = Math.max(2, pathsMax >> 1);
    this.#epoch = epoch;
  }

  isIdle(type: string): boolean {
    return this.#classOf(type).entries.length === 0;
  }

  judge(event: DetectEvent): void {
    const found = this.#classOf(event.type);
    const { entries, words } = found;
    if (entries.length === 0) return;
    const process = this.#processBits(found, event);
    const shape = shapeBits(found, event);
    let isAny = 0;
    for (let word = 0; word < words; word += 1)
      isAny |= (process[word] as number) & (shape === undefined ? -1 : (shape[word] as number));
    if (isAny === 0) return;
    const path = event.path === "" || event.tuple !== undefined ? undefined : this.#pathBits(found, event);
    for (let word = 0; word < words; word += 1) {
      let bits = process[word] as number;
      if (shape !== undefined) bits &= shape[word] as number;
      if (path !== undefined) bits &= path[word] as number;
      while (bits !== 0) {
        const bit = 31 - Math.clz32(bits);
        bits ^= 1 << bit;
        const entry = entries[word * 32 + bit] as Entry;
        if (entry.predicate(event)) entry.hit(event);
      }
    }
  }

  #classOf(type: string): EventClass {
    const known = this.#classes.get(type);
    if (known !== undefined) return known;
    const entries = this.#entries.filter((entry) => mayFire(entry, type));
    const shadows = (scope: FieldScope, compiler: Compiler): readonly Predicate[] =>
      entries.map(({ node }) => compiler.compile(this.#shadow(node, scope)));
    const made: EventClass = {
      id: this.#classes.size,
      entries,
      words: Math.ceil(entries.length / 32),
      process: shadows("process", this.#plainCompiler),
      path: shadows("path", this.#pathCompiler),
      shape: shadows("shape", this.#plainCompiler),
      shapes: [],
    };
    this.#classes.set(type, made);
    return made;
  }

  #shadow(node: Node, scope: FieldScope): Node {
    return approximate(this.#interner, node, { bound: "over", isKnown: (check) => check.scope === scope });
  }

  #processBits(found: EventClass, event: DetectEvent): Uint32Array {
    const { process } = event;
    if (process.memoOf !== this.#epoch) {
      process.memoOf = this.#epoch;
      process.memo = [];
    }
    return (process.memo[found.id] ??= bitsOf(found, found.process, event));
  }

  #pathBits(found: EventClass, event: DetectEvent): Uint32Array {
    const { path } = event;
    let known = this.#paths.get(path);
    if (known === undefined) {
      known = this.#olderPaths.get(path) ?? [];
      if (this.#paths.size >= this.#pathsMax) {
        this.pathsEvicted += this.#olderPaths.size;
        this.#olderPaths = this.#paths;
        this.#paths = new Map();
      }
      this.#paths.set(path, known);
    }
    const bits = known[found.id];
    if (bits !== undefined) return bits;
    this.#tree.walk(path);
    const made = bitsOf(found, found.path, event);
    known[found.id] = made;
    return made;
  }
}

function bitsOf({ words }: EventClass, predicates: readonly Predicate[], event: DetectEvent): Uint32Array {
  const bits = new Uint32Array(words);
  for (const [index, predicate] of predicates.entries())
    if (predicate === alwaysTrue || predicate(event))
      bits[index >> 5] = (bits[index >> 5] as number) | (1 << (index & 31));
  return bits;
}

/** Undefined: a kind that is not remembered, every rule may fire. */
function shapeBits(found: EventClass, event: DetectEvent): Uint32Array | undefined {
  const key = shapeOf(event);
  if (key >= shapesMax) return undefined;
  return (found.shapes[key] ??= bitsOf(found, found.shape, event));
}

/** Everything that fields of scope "shape" read, but the type, as one number. */
function shapeOf(event: DetectEvent): number {
  const access = isOpen(event.type) ? (isOpenRead(event) ? 1 : 0) | (isOpenWrite(event) ? 2 : 0) : 0;
  const kind = kinds.indexOf(event.descriptorKind);
  const isAudit = event.source === "k8s_audit" ? 1 : 0;
  return access | (event.result < 0 ? 4 : 0) | (isAudit << 3) | (kind << 4) | ((event.descriptorNumber + 1) << 8);
}
