// Which rules must be judged in full for an event? Every rule leaves a shadow on the process alone, on the path alone and on the kind of event alone:
// what it could be at most. The shadows are judged once per program, path and kind, kept as bits, and an event's rules are their intersection.
import type { DetectEvent, Predicate } from "../event.ts";
import type { FieldScope } from "../fields/field.ts";
import { isOpen } from "../fields/event-fields.ts";
import { approximate, checksOf, hasType, typesOf, valueOfType, withKnown, type TypeSet } from "./approximate.ts";
import { alwaysFalse, alwaysTrue, createCompiler, type Compiler } from "./closures.ts";
import { forPlainPath, withEndsOfGlobs } from "./path-conditions.ts";
import { buildPathTree, type PathTree } from "./path-tree.ts";
import { createNameMemo, type NameMemo } from "./name-memo.ts";
import { createPathMemo, noPlace, type PathMemo } from "./path-memo.ts";
import type { Check, Interner, Node } from "./resolve.ts";

/** One condition of a rule: the whole of it, or a step of a sequence. */
export interface Entry {
  readonly node: Node;
  /** The rule's part that is told. */
  readonly hit: (event: DetectEvent) => void;
}

interface TypedEntry extends Entry {
  readonly types: TypeSet;
}

/** What is left of an entry's condition on events of one type. */
interface Planned extends Entry {
  readonly predicate: Predicate;
}

/** Up to 30 entries of one event type: their judgements are the bits of one small integer. */
interface Chunk {
  readonly id: number;
  readonly entries: readonly Planned[];
  /** A bit for each entry. */
  readonly all: number;
  readonly process: readonly Predicate[];
  /** By the program's short name alone: most rules on programs say which, and of a new process nothing else is known yet. */
  readonly name: readonly Predicate[];
  /** Of a path of which nothing else is told, and of one that was asked for otherwise (relative, through a link) or lies in a folder of the host. */
  readonly path: PathShadows;
  readonly otherPath: PathShadows;
  readonly shape: readonly Predicate[];
  /** By the number of the shape; `unjudged`: not judged yet. */
  readonly shapes: Int32Array;
}

interface PathShadows {
  readonly predicates: readonly Predicate[];
  /** By the number of a check in the trees of paths: who asks it. */
  readonly askers: Int32Array;
  /** The same for a path on which none of the trees' checks that it asks holds: nearly all paths, and then most rules need no look. */
  readonly plain: readonly Predicate[];
  readonly plainNever: number;
  readonly plainAlways: number;
}

/** The entries of one event type. Its number, and whether the path is a plain one, is the kind in the memo of paths; a chunk has two words there: who was asked, and who is not ruled out. */
interface Plan {
  readonly kind: number;
  readonly chunks: readonly Chunk[];
}

/** More bits than these make a number that is no small integer to V8. */
const chunkEntriesMax = 30;
const unjudged = -2;

export interface RuleIndex {
  /** Judges the event by every rule that may fire on it. Process and subject are filled in by `prepare`, once it is clear that they are needed. */
  judge(event: DetectEvent): void;
  /** No rule asks for this type: the event need not be filled in. */
  isIdle(type: string): boolean;
  readonly pathsEvicted: number;
}

export interface RuleIndexOptions {
  readonly interner: Interner;
  readonly compiler: Compiler;
  readonly entries: readonly Entry[];
  readonly pathsMax: number;
  /** Fills in process and subject; at most once an event. */
  readonly prepare: (event: DetectEvent) => void;
  /** Different for each set of rules: judgements remembered for another set are void. */
  readonly epoch: number;
}

export function createRuleIndex(options: RuleIndexOptions): RuleIndex {
  return new Index(options);
}

/** Kinds of events that are remembered; of others every rule is asked. */
const shapesMax = 1024;
const kinds = ["", "file", "directory", "ipv4", "ipv6", "unix", "netlink", "packet", "pipe", "memfd", "other"];

class Index implements RuleIndex {
  readonly #entries: readonly TypedEntry[];
  readonly #interner: Interner;
  readonly #tree: PathTree;
  readonly #pathCompiler: Compiler;
  readonly #plainCompiler: Compiler;
  readonly #prepare: (event: DetectEvent) => void;
  readonly #plans = new Map<string, Plan>();
  #chunkCount = 0;
  /** How many of the trees' checks hold for this event's path? `unjudged`: not looked yet. */
  #fitting = unjudged;
  #lastType: string | undefined;
  #lastPlan: Plan = { kind: 0, chunks: [] };
  readonly #epoch: number;
  readonly #paths: PathMemo;
  readonly #names: NameMemo = createNameMemo();

  constructor({ interner, compiler, entries, pathsMax, prepare, epoch }: RuleIndexOptions) {
    this.#interner = interner;
    this.#plainCompiler = compiler;
    this.#entries = entries.map((entry) => ({ ...entry, types: typesOf(entry.node) }));
    const onPaths = this.#entries.flatMap(({ node }) => [node, forPlainPath(interner, node)]);
    this.#tree = buildPathTree(onPaths.flatMap((node) => [...checksOf(withEndsOfGlobs(interner, node))]));
    this.#pathCompiler = createCompiler(undefined, (check) => this.#tree.closureOf(check));
    this.#paths = createPathMemo(pathsMax, 2 * chunksOf(mostOfOneType(this.#entries)));
    this.#prepare = prepare;
    this.#epoch = epoch;
  }

  get pathsEvicted(): number {
    return this.#paths.evicted;
  }

  isIdle(type: string): boolean {
    return this.#planOf(type).chunks.length === 0;
  }

  /** What the event itself tells comes first, its path then, and the process last: that lies anywhere in memory, and few events come so far. */
  judge(event: DetectEvent): void {
    const { kind, chunks } = this.#planOf(event.type);
    const shape = chunks.length === 0 ? 0 : shapeOf(event);
    const hasPath = event.path !== "" && event.tuple === undefined;
    const isOther = hasPath && !isPlainPath(event);
    let place = unjudged;
    let isPrepared = false;
    this.#fitting = unjudged;
    for (let index = 0; index < chunks.length; index += 1) {
      const chunk = chunks[index] as Chunk;
      let bits = shape < shapesMax ? shapeBits(chunk, shape, event) : chunk.all;
      if (bits !== 0 && hasPath) {
        if (place === unjudged) place = this.#paths.placeOf(event.path, isOther ? kind + 1 : kind);
        const shadows = isOther ? chunk.otherPath : chunk.path;
        bits =
          place === noPlace
            ? this.#judgePath(shadows, event, bits)
            : this.#pathBits(shadows, event, { at: place + 2 * index, alive: bits });
      }
      if (bits === 0) continue;
      if (!isPrepared) {
        isPrepared = true;
        this.#prepare(event);
      }
      bits &= this.#processBits(chunk, event);
      while (bits !== 0) {
        const bit = 31 - Math.clz32(bits);
        bits ^= 1 << bit;
        const entry = chunk.entries[bit] as Planned;
        if (entry.predicate(event)) entry.hit(event);
      }
    }
  }

  #planOf(type: string): Plan {
    // Each event asks twice, and events of a kind come in rows.
    if (type === this.#lastType) return this.#lastPlan;
    const found = this.#plans.get(type) ?? this.#makePlan(type);
    this.#lastType = type;
    this.#lastPlan = found;
    return found;
  }

  #makePlan(type: string): Plan {
    const entries = this.#entries.flatMap((entry) => this.#planned(entry, type));
    const chunks = Array.from({ length: chunksOf(entries.length) }, (_, index) =>
      this.#chunkOf(entries.slice(index * chunkEntriesMax, (index + 1) * chunkEntriesMax)),
    );
    const made = { kind: 2 * this.#plans.size, chunks };
    this.#plans.set(type, made);
    return made;
  }

  /** Of a condition that asks for several types only the part for this one is left: other parts must not keep its shadows alive. */
  #planned({ node, types, hit }: TypedEntry, type: string): readonly Planned[] {
    if (!hasType(types, type)) return [];
    const left = withKnown(this.#interner, node, (check) => valueOfType(check, type));
    const predicate = this.#plainCompiler.compile(left);
    return predicate === alwaysFalse ? [] : [{ node: left, predicate, hit }];
  }

  #chunkOf(entries: readonly Planned[]): Chunk {
    const shadows = (...scopes: readonly FieldScope[]): readonly Node[] =>
      entries.map(({ node }) => this.#shadow(node, scopes));
    const compiled = (nodes: readonly Node[]) => nodes.map((node) => this.#plainCompiler.compile(node));
    this.#chunkCount += 1;
    return {
      id: this.#chunkCount - 1,
      entries,
      all: 2 ** entries.length - 1,
      process: compiled(shadows("process", "name")),
      name: compiled(shadows("name")),
      path: this.#pathShadows(entries.map(({ node }) => this.#shadow(forPlainPath(this.#interner, node), ["path"]))),
      otherPath: this.#pathShadows(shadows("path")),
      shape: compiled(shadows("shape")),
      shapes: new Int32Array(shapesMax).fill(unjudged),
    };
  }

  #pathShadows(shadows: readonly Node[]): PathShadows {
    const nodes = shadows.map((node) => withEndsOfGlobs(this.#interner, node));
    const isOfTree = (check: Check) => (this.#tree.numberOf(check) === undefined ? undefined : false);
    const plain = nodes.map((node) => this.#plainCompiler.compile(withKnown(this.#interner, node, isOfTree)));
    return {
      predicates: nodes.map((node) => this.#pathCompiler.compile(node)),
      askers: this.#askersOf(nodes),
      plain,
      plainNever: bitsWhere(plain, alwaysFalse),
      plainAlways: bitsWhere(plain, alwaysTrue),
    };
  }

  #askersOf(nodes: readonly Node[]): Int32Array {
    const askers = new Int32Array(this.#tree.fitting.length);
    for (const [bit, node] of nodes.entries())
      for (const check of checksOf(node)) {
        const number = this.#tree.numberOf(check);
        if (number !== undefined) askers[number] = (askers[number] as number) | (1 << bit);
      }
    return askers;
  }

  #shadow(node: Node, scopes: readonly FieldScope[]): Node {
    return approximate(this.#interner, node, { bound: "over", isKnown: ({ scope }) => scopes.includes(scope) });
  }

  #processBits(chunk: Chunk, event: DetectEvent): number {
    const { process } = event;
    if (process.memoOf !== this.#epoch) {
      process.memoOf = this.#epoch;
      process.memo = [];
    }
    const known = numberAt(process.memo, chunk.id);
    if (known !== unjudged) return known;
    const made = bitsOf(chunk.process, event, this.#nameBits(chunk, event));
    process.memo[chunk.id] = made;
    return made;
  }

  #nameBits(chunk: Chunk, event: DetectEvent): number {
    const memo = this.#names.of(event.process.comm);
    const known = numberAt(memo, chunk.id);
    if (known !== unjudged) return known;
    const made = bitsOf(chunk.name, event, chunk.all);
    memo[chunk.id] = made;
    return made;
  }

  /** Of the rules in `alive`, those that the path does not rule out. What was never asked about a path is not judged: many rules fall by the kind of event. */
  #pathBits(
    shadows: PathShadows,
    event: DetectEvent,
    { at, alive }: { readonly at: number; readonly alive: number },
  ): number {
    const { words } = this.#paths;
    const asked = words[at] as number;
    let bits = words[at + 1] as number;
    const open = alive & ~asked;
    if (open !== 0) {
      bits |= this.#judgePath(shadows, event, open);
      words[at] = asked | open;
      words[at + 1] = bits;
    }
    return alive & bits;
  }

  /** Of these rules, those that the path does not rule out, by looking at it. */
  #judgePath({ predicates, askers, plain, plainNever, plainAlways }: PathShadows, event: DetectEvent, asked: number) {
    const { fitting } = this.#tree;
    if (this.#fitting === unjudged) this.#fitting = this.#tree.walk(event.path);
    let answered = 0;
    for (let at = 0; at < this.#fitting; at += 1) answered |= askers[fitting[at] as number] as number;
    answered &= asked;
    const others = asked & ~answered;
    const open = others & ~(plainAlways | plainNever);
    return (others & plainAlways) | bitsOf(predicates, event, answered) | bitsOf(plain, event, open);
  }
}

/** Then fields of scope "plain-path" depend on the path alone. */
function isPlainPath({ path, requestedPath, raw }: DetectEvent): boolean {
  return (requestedPath === path || requestedPath === "") && (raw?.type !== "file" || raw.hostPath === undefined);
}

function chunksOf(entries: number): number {
  return Math.ceil(entries / chunkEntriesMax);
}

/** A type that no rule names is asked for by those alone that leave types out. */
function mostOfOneType(entries: readonly TypedEntry[]): number {
  const named = new Set(entries.flatMap(({ types }) => [...types.types]));
  return [...named, ""].reduce(
    (most, type) => Math.max(most, entries.filter(({ types }) => hasType(types, type)).length),
    0,
  );
}

function bitsWhere(predicates: readonly Predicate[], wanted: Predicate): number {
  return predicates.reduce((bits, predicate, index) => (predicate === wanted ? bits | (1 << index) : bits), 0);
}

/** Fills up to the place, so that the list has no holes. */
function numberAt(list: number[], at: number): number {
  while (list.length <= at) list.push(unjudged);
  return list[at] as number;
}

/** Of these bits, those whose predicates hold. */
function bitsOf(predicates: readonly Predicate[], event: DetectEvent, asked: number): number {
  let bits = 0;
  for (let open = asked; open !== 0;) {
    const bit = 31 - Math.clz32(open);
    open ^= 1 << bit;
    const predicate = predicates[bit] as Predicate;
    if (predicate === alwaysTrue || predicate(event)) bits |= 1 << bit;
  }
  return bits;
}

function shapeBits(chunk: Chunk, shape: number, event: DetectEvent): number {
  const known = chunk.shapes[shape] as number;
  if (known !== unjudged) return known;
  const made = bitsOf(chunk.shape, event, chunk.all);
  chunk.shapes[shape] = made;
  return made;
}

/** Everything that fields of scope "shape" read, but the type, as one number. */
function shapeOf(event: DetectEvent): number {
  const access = isOpen(event.type) ? event.flags & 3 : 0;
  return access | (event.result < 0 ? 4 : 0) | (kindOf(event) << 3) | ((event.descriptorNumber + 1) << 7);
}

/** Deeds on files say of the file whether it is of the image; audit events have no descriptor. Sixteen kinds at most. */
function kindOf({ descriptorKind, raw, source }: DetectEvent): number {
  if (source === "k8s_audit") return kinds.length;
  const isDirectory = descriptorKind === "directory";
  if (raw?.type !== "file" || (descriptorKind !== "file" && !isDirectory)) return kinds.indexOf(descriptorKind);
  return kinds.length + 1 + (isDirectory ? 2 : 0) + (raw.isUpper ? 1 : 0);
}
