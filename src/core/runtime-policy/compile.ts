// Rules to the entries of the kernel's tables. One set of rules at a time: what is enforced, or what is only tried. The kernel takes the longest path and of it the
// first choice that fits, so every entry carries what shorter ones say as well: nothing is lost to a longer match whose conditions do not hold.
import type {
  CompiledAddress,
  CompiledChoice,
  CompiledFile,
  CompiledPath,
  CompiledPoint,
  CompiledPolicy,
} from "./guard-port.ts";
import { runtimeLimits } from "./limits.ts";
import type { NetworkRule, ParsedRuntimePolicy, RuntimeRule } from "./model.ts";
import { parsePrefix } from "../../base/ip.ts";
import { capabilityNames } from "../../model/capability-names.ts";
import { bytesOf, startOfPattern } from "./rules-of.ts";

/** A file of the workload, found through its own root; undefined: not there. */
export interface FoundFile {
  /** With symbolic links of its folders resolved, as the kernel writes it. */
  readonly path: string;
  /** As stat(2) writes them; 0 for a folder. */
  readonly device: number;
  readonly inode: number;
}

export interface CompileNeeds {
  /** A number for each rule, above 0, the same for the same rule. */
  numberOf(policy: ParsedRuntimePolicy, rule: RuntimeRule): number;
  find(path: string, use: "block" | "allow"): FoundFile | undefined;
}

/** What could not be compiled; the rest holds. */
export interface CompileProblem {
  readonly policy: string;
  readonly place: string;
  readonly message: string;
}

export interface Compiled {
  readonly compiled: CompiledPolicy;
  readonly problems: readonly CompileProblem[];
}

interface Draft<Key> {
  readonly key: Key;
  readonly choice: CompiledChoice;
}

interface PathKey {
  readonly class: "exec" | "file";
  readonly text: string;
  readonly isExact: boolean;
}

type AddressKey = Pick<NetworkRule, "operation" | "protocol" | "port" | "address" | "prefixBits">;

/** Compiles the policies' rules for one container. `action` "dry" for those that are only tried. */
export function compileRules(
  policies: readonly ParsedRuntimePolicy[],
  blocked: "dry" | "block",
  needs: CompileNeeds,
): Compiled {
  return new Compiler(blocked, needs).run(policies);
}

class Compiler {
  readonly #blocked: "dry" | "block";
  readonly #needs: CompileNeeds;
  readonly #problems: CompileProblem[] = [];
  readonly #sources: string[] = [];
  readonly #paths: Draft<PathKey>[] = [];
  readonly #inodes = new Map<string, { readonly device: number; readonly inode: number; readonly of: PathKey }>();
  readonly #addresses: Draft<AddressKey>[] = [];
  readonly #points = new Map<string, { readonly point: CompiledPoint; readonly choices: CompiledChoice[] }>();

  constructor(blocked: "dry" | "block", needs: CompileNeeds) {
    this.#blocked = blocked;
    this.#needs = needs;
  }

  run(policies: readonly ParsedRuntimePolicy[]): Compiled {
    for (const policy of policies) for (const rule of policy.rules) this.#rule(policy, rule);
    for (const policy of policies) this.#socketsBesideAddresses(policy, policies);
    const paths = this.#pathEntries();
    return {
      compiled: {
        paths,
        files: this.#fileEntries(paths),
        addresses: this.#addressEntries(),
        points: [...this.#points.values()].map(({ point, choices }) => ({
          ...point,
          choices: this.#kept(inOrder(choices)),
        })),
        sources: this.#sources,
      },
      problems: this.#problems,
    };
  }

  #rule(policy: ParsedRuntimePolicy, rule: RuntimeRule): void {
    const tell = (message: string): void =>
      void this.#problems.push({ policy: policy.name, place: rule.place, message });
    const sources = this.#sourceBits(rule, tell);
    if (sources === undefined) return;
    const choice: CompiledChoice = {
      rule: this.#needs.numberOf(policy, rule),
      action: rule.action === "Allow" ? "allow" : rule.action === "Audit" ? "audit" : this.#blocked,
      isWriteOnly: rule.kind === "file" && rule.isWriteOnly,
      isOwnerExempt: (rule.kind === "file" || rule.kind === "exec") && rule.isOwnerExempt,
      directBytes: 0,
      sources,
    };
    switch (rule.kind) {
      case "exec":
      case "file":
        return this.#pathRule(rule, choice, tell);
      case "network":
        if (sources === 0) this.#addresses.push({ key: rule, choice });
        return;
      case "socket":
        return this.#point({ class: "socket", socket: rule.socket, choices: [] }, choice);
      case "capability":
        return this.#point(
          { class: "capability", number: capabilityNames.findIndex((name) => name === rule.capability), choices: [] },
          choice,
        );
      case "call":
        return this.#point({ class: "call", call: rule.call, choices: [] }, choice);
      case "only":
        return this.#point({ class: "only", of: rule.of, choices: [] }, choice);
    }
  }

  /** Sockets that send without asking an address hook must not lead around a rule about addresses. A rule of its own about such a socket decides before it. */
  #socketsBesideAddresses(policy: ParsedRuntimePolicy, policies: readonly ParsedRuntimePolicy[]): void {
    const rule = policy.rules.find(isAboutAddresses);
    if (rule === undefined) return;
    const own = new Set(
      policies.flatMap(({ rules }) => rules.map((each) => (each.kind === "socket" ? each.socket : ""))),
    );
    for (const socket of ["raw", "packet", "other"] as const)
      if (!own.has(socket))
        this.#rule(policy, { kind: "socket", socket, action: "Block", fromSource: [], place: rule.place });
  }

  #sourceBits(rule: RuntimeRule, tell: (message: string) => void): number | undefined {
    let bits = 0;
    for (const source of rule.fromSource) {
      const text = this.#needs.find(source, "allow")?.path ?? source;
      let index = this.#sources.indexOf(text);
      if (index < 0 && this.#sources.length >= runtimeLimits.sourcesMax) {
        tell(`more than sourcesMax = ${runtimeLimits.sourcesMax} source programs for one workload`);
        return undefined;
      }
      if (index < 0) index = this.#sources.push(text) - 1;
      bits |= 1 << index;
    }
    return bits >>> 0;
  }

  #pathRule(
    rule: Extract<RuntimeRule, { kind: "exec" | "file" }>,
    choice: CompiledChoice,
    tell: (message: string) => void,
  ): void {
    const { subject, kind } = rule;
    const add = (text: string, isExact: boolean, directBytes: number): void => {
      if (bytesOf(text) > runtimeLimits.pathBytesMax)
        return tell(`the resolved path is longer than pathBytesMax = ${runtimeLimits.pathBytesMax}`);
      this.#paths.push({ key: { class: kind, text, isExact }, choice: { ...choice, directBytes } });
    };
    if (subject.kind === "pattern") {
      const start = startOfPattern(subject.pattern);
      if (start !== undefined) add(start.start, false, start.isDeep ? 0 : bytesOf(start.start));
      return;
    }
    const found = this.#needs.find(subject.path, rule.action === "Allow" ? "allow" : "block");
    if (subject.kind === "directory") {
      for (const text of new Set([subject.path, asFolder(found?.path ?? subject.path)]))
        add(text, false, subject.isRecursive ? 0 : bytesOf(text));
      return;
    }
    for (const text of new Set([subject.path, found?.path ?? subject.path])) add(text, true, 0);
    if (found !== undefined && found.inode !== 0) {
      const { device, inode } = found;
      this.#inodes.set(`${kind} ${device} ${inode}`, {
        device,
        inode,
        of: { class: kind, text: found.path, isExact: true },
      });
    }
  }

  #point(point: CompiledPoint, choice: CompiledChoice): void {
    const { choices: _, ...key } = point;
    const name = JSON.stringify(key);
    const known = this.#points.get(name);
    if (known === undefined) this.#points.set(name, { point, choices: [choice] });
    else known.choices.push(choice);
  }

  #pathEntries(): readonly CompiledPath[] {
    const entries = new Map(this.#paths.map(({ key }) => [`${key.class} ${String(key.isExact)} ${key.text}`, key]));
    return [...entries.values()].map((key) => ({ ...key, choices: this.#pathChoices(key) }));
  }

  /** Of an entry: its own choices, then those of ever shorter ones that hold for it too. */
  #pathChoices(key: PathKey): readonly CompiledChoice[] {
    const holds = this.#paths.filter(({ key: other }) => {
      if (other.class !== key.class) return false;
      return other.isExact ? key.isExact && other.text === key.text : key.text.startsWith(other.text);
    });
    const length = ({ key: { text, isExact } }: Draft<PathKey>): number => bytesOf(text) + (isExact ? 1 : 0);
    const lengths = [...new Set(holds.map(length))].sort((left, right) => right - left);
    return this.#kept(
      lengths.flatMap((each) => inOrder(holds.filter((draft) => length(draft) === each).map(({ choice }) => choice))),
    );
  }

  #fileEntries(paths: readonly CompiledPath[]): readonly CompiledFile[] {
    return [...this.#inodes.values()].flatMap(({ device, inode, of }) => {
      const path = paths.find(({ class: class_, text, isExact }) => isExact && class_ === of.class && text === of.text);
      return path === undefined ? [] : [{ class: of.class, device, inode, choices: path.choices }];
    });
  }

  #addressEntries(): readonly CompiledAddress[] {
    const nameOf = ({ operation, protocol, port, address, prefixBits }: AddressKey): string =>
      `${operation} ${protocol} ${port} ${address}/${prefixBits}`;
    const entries = new Map(this.#addresses.map(({ key }) => [nameOf(key), key]));
    return [...entries.values()].map(({ operation, protocol, port, address, prefixBits }) => {
      const key = { operation, protocol, port, address, prefixBits };
      const own = this.#addresses.filter((draft) => nameOf(draft.key) === nameOf(key)).map(({ choice }) => choice);
      const wider = this.#addresses
        .filter((draft) => nameOf(draft.key) !== nameOf(key) && isWithin(key, draft.key))
        .sort((left, right) => right.key.prefixBits - left.key.prefixBits)
        .map(({ choice }) => choice);
      return { ...key, choices: this.#kept([...inOrder(own), ...wider]) };
    });
  }

  /** Without what can never be reached, and within the kernel's room. */
  #kept(choices: readonly CompiledChoice[]): readonly CompiledChoice[] {
    const kept: CompiledChoice[] = [];
    for (const choice of choices) {
      if (
        kept.some(
          (each) =>
            each.rule === choice.rule && each.sources === choice.sources && each.directBytes === choice.directBytes,
        )
      )
        continue;
      kept.push(choice);
      if (isUnconditional(choice)) break;
    }
    if (kept.length > runtimeLimits.choicesMax) {
      this.#problems.push({
        policy: "",
        place: `rule ${kept[0]?.rule ?? 0}`,
        message: `more than choicesMax = ${runtimeLimits.choicesMax} rules about one path or address: the last ones do not count`,
      });
    }
    return kept.slice(0, runtimeLimits.choicesMax);
  }
}

function isAboutAddresses(rule: RuntimeRule): boolean {
  if (rule.action !== "Block" || rule.fromSource.length > 0) return false;
  return rule.kind === "network" ? rule.operation !== "bind" : rule.kind === "only" && rule.of === "network";
}

function isUnconditional({ isWriteOnly, isOwnerExempt, directBytes, sources }: CompiledChoice): boolean {
  return !isWriteOnly && !isOwnerExempt && directBytes === 0 && sources === 0;
}

const rankByAction = { block: 0, dry: 0, allow: 1, audit: 2 } as const;

/** Rules about some programs before those about everybody; then Block, Allow, Audit. */
function inOrder(choices: readonly CompiledChoice[]): readonly CompiledChoice[] {
  const rank = (choice: CompiledChoice): number => (choice.sources === 0 ? 10 : 0) + rankByAction[choice.action];
  return choices.toSorted((left, right) => rank(left) - rank(right));
}

function isWithin(inner: AddressKey, outer: AddressKey): boolean {
  if (outer.operation !== inner.operation) return false;
  if (outer.protocol !== "" && outer.protocol !== inner.protocol) return false;
  if (outer.port !== 0 && outer.port !== inner.port) return false;
  if (outer.address === "") return true;
  if (inner.address === "" || inner.prefixBits < outer.prefixBits) return false;
  const bits = outer.address.includes(":") ? outer.prefixBits : outer.prefixBits - 96;
  const low = (address: string): string => JSON.stringify(parsePrefix(`${address}/${bits}`)?.low);
  return outer.address.includes(":") === inner.address.includes(":") && low(inner.address) === low(outer.address);
}

function asFolder(path: string): string {
  return path.endsWith("/") ? path : `${path}/`;
}
