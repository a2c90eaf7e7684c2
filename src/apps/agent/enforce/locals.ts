// LocalEndpoint resources against what this machine has: each namespace is looked into, and of the addresses in it those count that are its own.
// Whoever gives itself another's address, or takes its own away, stays under its policies by the link that leads to it.
import { toFault } from "../../../base/fault.ts";
import { formatAddress, parseAddress } from "../../../base/ip.ts";
import type { CompileSettings } from "../../../core/policy/compile/settings.ts";
import type { LocalIntent } from "./intent.ts";
import type { LocalFound } from "./local-found.ts";

/** Links of the node, as they were at one moment. */
export interface LinkLook {
  /** The link that a namespace's packets come in by; "" when that is not one. */
  linkTo(file: string): { readonly name: string; readonly isShared: boolean };
  /** The link that the node sends packets for an address to; "" when only a gateway leads there, or nothing. */
  towards(address: string): string;
  readonly shared: NonNullable<CompileSettings["sharedLinks"]>;
}

/** How the machine is asked; edge/dataplane/local, or a test's. */
export interface NamespaceLook {
  /** Throws a Fault when there is no such namespace or it cannot be entered. */
  fileOf(name: string): string;
  addressesIn(file: string): readonly string[];
  /** Absent: links are not known. Throws a Fault when the kernel does not tell them. */
  links?(): LinkLook;
}

export interface Locals {
  readonly found: readonly LocalFound[];
  /** By endpoint: the file of its namespace, for probes. */
  readonly files: ReadonlyMap<string, string>;
  /** By endpoint: why it does not count, or not all of it: then its policies hold for what comes by its link. */
  readonly refused: ReadonlyMap<string, string>;
  /** Undefined when links were not looked at. The same object while nothing changed. */
  readonly sharedLinks: CompileSettings["sharedLinks"];
}

interface Looked {
  readonly intent: LocalIntent;
  readonly file: string;
  readonly addresses: readonly string[];
  /** The link that leads to it; "" when not known. */
  readonly link: string;
  readonly isShared: boolean;
}

type Before = ReadonlyMap<string, { readonly intent: LocalIntent; readonly found: LocalFound }>;

/** Looks anew at each call; what did not change is the same object as before. */
export function createLocals(look: NamespaceLook): (intents: readonly LocalIntent[]) => Locals {
  let before: Before = new Map();
  let sharedLinks: CompileSettings["sharedLinks"];
  return (intents) => {
    const links = look.links?.();
    if (JSON.stringify(links?.shared) !== JSON.stringify(sharedLinks)) sharedLinks = links?.shared;
    const refused = new Map<string, string>();
    const looked: Looked[] = [];
    for (const intent of intents) {
      const one = lookInto(look, { intent, links, before });
      if ("because" in one) refused.set(intent.endpoint, one.because);
      else looked.push(one);
    }
    const owners = ownersOf(looked, links, before);
    const now = new Map<string, { readonly intent: LocalIntent; readonly found: LocalFound }>();
    const files = new Map<string, string>();
    for (const one of looked) {
      const { endpoint, spec } = one.intent;
      const addresses = one.addresses.filter((address) => owners.get(address) === endpoint);
      const because = strangeAddress(spec.addresses, one.addresses) || othersAddress(one, owners);
      if (because !== "") refused.set(endpoint, because);
      if (because !== "" && addresses.length === 0 && one.link === "") continue;
      files.set(endpoint, one.file);
      const known = before.get(endpoint);
      const interfaceName = one.isShared ? "" : one.link;
      const isSame =
        known?.intent === one.intent &&
        known.found.interfaceName === interfaceName &&
        known.found.addresses.join() === addresses.join();
      const found = isSame ? known.found : { endpoint, spec, addresses, interfaceName };
      now.set(endpoint, { intent: one.intent, found });
    }
    before = now;
    return { found: [...now.values()].map(({ found }) => found), files, refused, sharedLinks };
  };
}

function lookInto(
  look: NamespaceLook,
  given: { readonly intent: LocalIntent; readonly links: LinkLook | undefined; readonly before: Before },
): Looked | { readonly because: string } {
  const { intent, links, before } = given;
  const { netns, addresses: named } = intent.spec;
  try {
    const file = look.fileOf(netns);
    const addresses = look.addressesIn(file);
    const { name: link, isShared } = links?.linkTo(file) ?? { name: "", isShared: false };
    const wasFound = before.get(intent.endpoint)?.intent === intent;
    // Where a link tells who it is, it stays under its policies whatever it does to its addresses; else an entry that was never right counts for nothing.
    if (link === "" && addresses.length === 0) return { because: `network namespace ${netns} has no address yet` };
    const because = link === "" && !wasFound ? strangeAddress(named, addresses) : "";
    return because === "" ? { intent, file, addresses, link, isShared } : { because };
  } catch (error) {
    return { because: toFault(error).message.slice(0, 300) };
  }
}

/** Who has each address: whom the node's route leads to, then whose entry names it, then who had it, then the first. */
function ownersOf(looked: readonly Looked[], links: LinkLook | undefined, before: Before): ReadonlyMap<string, string> {
  const best = new Map<string, { readonly endpoint: string; readonly rank: number }>();
  for (const { intent, addresses, link } of looked) {
    const { endpoint, spec } = intent;
    const named = new Set(spec.addresses.map(canonical));
    const had = new Set(before.get(endpoint)?.found.addresses);
    for (const address of addresses) {
      const route = link === "" ? "" : (links?.towards(address) ?? "");
      const isNamed = named.has(address);
      // By its own link nobody would answer it there: it is an address of somebody else.
      if (link !== "" && route !== link && !(route === "" && isNamed)) continue;
      const rank = (route !== "" ? 4 : 0) + (isNamed ? 2 : 0) + (had.has(address) ? 1 : 0);
      if (rank > (best.get(address)?.rank ?? -1)) best.set(address, { endpoint, rank });
    }
  }
  return new Map([...best].map(([address, { endpoint }]) => [address, endpoint]));
}

function canonical(address: string): string {
  const parsed = parseAddress(address);
  return parsed === undefined ? address : formatAddress(parsed);
}

/** An entry may leave addresses out that the namespace has, not name ones that it lacks: it would take another's traffic for its own. */
function strangeAddress(given: readonly string[], found: readonly string[]): string {
  const strange = given.find((address) => !found.includes(canonical(address)));
  return strange === undefined ? "" : `it names the address ${strange}, which its network namespace does not have`;
}

function othersAddress({ intent, addresses }: Looked, owners: ReadonlyMap<string, string>): string {
  const other = addresses.find((address) => owners.get(address) !== intent.endpoint);
  if (other === undefined) return "";
  const owner = owners.get(other);
  const whose = owner === undefined ? "the node does not reach it by its link" : `it is ${owner.replace("pod/", "")}'s`;
  return `its network namespace has the address ${other}, which does not count: ${whose}`;
}
