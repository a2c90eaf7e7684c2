// Stages of a Dockerfile: who builds on whom, who copies from whom, which image stands behind a FROM when ARG's defaults are put in.
// Triggers (ONBUILD) are stages of their own, beside the file's: they run in another build.
import { expandWord, referencesOf } from "./expand.ts";
import { bare, flagOf, type Dockerfile, type Instruction } from "./model.ts";

export interface ImageName {
  /** As written. */
  readonly written: string;
  /** Variables put in where ARGs before the first FROM give them; else as written. */
  readonly name: string;
  /** There are variables without a known value. */
  readonly isOpen: boolean;
  /** Host of the registry, "docker.io" when none is written. */
  readonly registry: string;
  /** Without registry, tag and digest: "library/debian" stays "debian". */
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

export interface Stage {
  readonly index: number;
  /** Undefined for what stands before any FROM, and for triggers. */
  readonly from: Instruction | undefined;
  readonly image: ImageName | undefined;
  /** As written; "" for none. */
  readonly name: string;
  readonly parent: Stage | undefined;
  readonly instructions: Instruction[];
  /** Stages that build on it, copy or mount from it. */
  readonly consumers: Stage[];
  /** Instructions that copy from a name or number that no stage has. */
  readonly unresolved: Set<Instruction>;
  readonly isTrigger: boolean;
}

export interface Stages {
  readonly stages: readonly Stage[];
  /** The stages of ONBUILD triggers. */
  readonly triggers: readonly Stage[];
  /** ARGs before the first FROM, with their defaults. */
  readonly globals: ReadonlyMap<string, string | undefined>;
}

/** Puts instructions into stages. */
export function stagesOf(file: Dockerfile): Stages {
  const globals = new Map<string, string | undefined>();
  const triggers: Instruction[] = [];
  for (const instruction of file.instructions)
    if (instruction.trigger !== undefined) triggers.push(instruction.trigger);
  return {
    stages: group(file.instructions, { escape: file.escape, globals, isTrigger: false }),
    triggers:
      triggers.length === 0 ? [] : group(triggers, { escape: file.escape, globals: new Map(), isTrigger: true }),
    globals,
  };
}

interface Grouping {
  readonly escape: string;
  readonly globals: Map<string, string | undefined>;
  readonly isTrigger: boolean;
}

function group(instructions: readonly Instruction[], grouping: Grouping): readonly Stage[] {
  const stages: Stage[] = [];
  const numbered: Stage[] = [];
  const byName = new Map<string, Stage>();
  let current: Stage | undefined;
  for (const instruction of instructions) {
    if (instruction.keyword === "FROM") {
      current = stageOf(instruction, { ...grouping, numbered, byName });
      stages.push(current);
      numbered.push(current);
      const lower = current.name.toLowerCase();
      if (lower !== "" && !byName.has(lower)) byName.set(lower, current);
      continue;
    }
    const isGlobal = current === undefined || current.from === undefined;
    if (isGlobal && instruction.keyword === "ARG" && !grouping.isTrigger) rememberGlobals(instruction, grouping);
    if (current === undefined) {
      current = { ...nobody, instructions: [], consumers: [], unresolved: new Set(), isTrigger: grouping.isTrigger };
      stages.push(current);
    }
    current.instructions.push(instruction);
    connect(instruction, current, { numbered, byName });
  }
  return stages;
}

const nobody = { index: -1, from: undefined, image: undefined, name: "", parent: undefined } as const;

function rememberGlobals(instruction: Instruction, { globals, escape }: Grouping): void {
  for (const { name, raw, hasValue } of instruction.pairs) {
    globals.set(name, hasValue ? expandWord(raw, escape, (one) => globals.get(one)).text : undefined);
  }
}

interface Known {
  /** Those with a FROM. */
  readonly numbered: readonly Stage[];
  readonly byName: ReadonlyMap<string, Stage>;
}

function stageOf(from: Instruction, given: Grouping & Known): Stage {
  const [first, as, name] = from.words;
  const image = imageOf(bare(first?.text ?? ""), given.escape, given.globals);
  const hasName = as?.text.toUpperCase() === "AS" && name !== undefined;
  const parent = given.byName.get(image.name.toLowerCase());
  const index = given.numbered.length;
  const stage: Stage = {
    index,
    from,
    image,
    name: hasName ? name.text : "",
    parent,
    instructions: [],
    consumers: [],
    unresolved: new Set(),
    isTrigger: given.isTrigger,
  };
  parent?.consumers.push(stage);
  return stage;
}

/** COPY --from and RUN --mount from=: by name or by number. */
function connect(instruction: Instruction, current: Stage, known: Known): void {
  const names: string[] = instruction.mounts.filter(({ from }) => from !== "").map(({ from }) => from);
  if (instruction.keyword === "COPY") names.push(flagOf(instruction, "from")?.value ?? "");
  for (const name of names) {
    const source = name === "" ? undefined : findStage(bare(name), known, current);
    if (source === undefined && name !== "") current.unresolved.add(instruction);
    if (source !== undefined && source !== current && source.consumers.at(-1) !== current)
      source.consumers.push(current);
  }
}

/** The stage of a name (among those so far) or of a number (before `current`). */
function findStage(name: string, { numbered, byName }: Known, current: Stage): Stage | undefined {
  const named = byName.get(name.toLowerCase());
  if (named !== undefined) return named;
  const number = /^\d{1,6}$/.test(name) ? Number(name) : -1;
  return number >= 0 && number < current.index ? numbered[number] : undefined;
}

/** A FROM's word, with the defaults of the ARGs before it. */
export function imageOf(written: string, escape: string, globals: ReadonlyMap<string, string | undefined>): ImageName {
  const hasVariables = written.includes("$") && referencesOf(written, escape).length > 0;
  const expanded = hasVariables ? expandWord(written, escape, (name) => globals.get(name)) : undefined;
  const isOpen = expanded !== undefined && (expanded.missing.length > 0 || expanded.text === "");
  const name = expanded === undefined || isOpen ? written : expanded.text;
  return { written, name, isOpen, ...partsOf(name) };
}

function partsOf(name: string): Pick<ImageName, "registry" | "repository" | "tag" | "digest"> {
  const at = name.indexOf("@");
  const digest = at < 0 ? "" : name.slice(at + 1);
  const named = at < 0 ? name : name.slice(0, at);
  const slash = named.lastIndexOf("/");
  // A colon inside "${x:-y}" is no tag's.
  const colon = colonAfter(named, slash + 1);
  const tag = colon < 0 ? "" : named.slice(colon + 1);
  const path = colon < 0 ? named : named.slice(0, colon);
  const first = path.indexOf("/");
  const host = first < 0 ? "" : path.slice(0, first);
  const isHost = /[.:]/.test(host) || host === "localhost";
  return { registry: isHost ? host : "docker.io", repository: isHost ? path.slice(first + 1) : path, tag, digest };
}

function colonAfter(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 123) depth++;
    else if (code === 125) depth--;
    else if (code === 58 && depth === 0) return at;
  }
  return -1;
}
