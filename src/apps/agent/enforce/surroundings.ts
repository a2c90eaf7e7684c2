// What policies are judged in on this node: identities, namespaces, routes, guards; and from them worlds, engines, settings for the compiler, judgements.
import type { AddressBook } from "../../../core/directory/address-book.ts";
import type { Dataplane } from "../../../core/policy/compile/dataplane.ts";
import type { CompileSettings } from "../../../core/policy/compile/settings.ts";
import { createPolicyEngine } from "../../../core/policy/evaluate/create-engine.ts";
import type { PolicyEngine } from "../../../core/policy/evaluate/engine.ts";
import type { PolicySet } from "../../../core/policy/model.ts";
import { askersOf } from "./askers.ts";
import type { ProbeEnd } from "./choose-probes.ts";
import { createGuardBook } from "./guards.ts";
import type { Intent } from "./intent.ts";
import type { LiveLook } from "./judge-live.ts";
import { judgeChange, type ChangeJudgement } from "./judge-change.ts";
import { enforceLimits } from "./limits.ts";
import { createLocals, type Locals, type NamespaceLook } from "./locals.ts";
import type { WorldBook, WorldChange } from "./world-book.ts";

/** How the machine is asked; edge/dataplane/local and the resolver, or a test's. */
export interface MachineLook extends NamespaceLook {
  /** Of the node's namespace: which link leads to exactly this address. */
  interfaces(): ReadonlyMap<string, string>;
  nodeAddresses(): readonly string[];
  nameservers(): readonly string[];
  /** Addresses of the server's agents' door. */
  server(): { readonly addresses: readonly string[]; readonly port: number };
}

export interface SurroundingsOptions {
  readonly node: string;
  readonly dataplane: Pick<Dataplane, "connections">;
  readonly world: WorldBook;
  readonly book: Pick<AddressBook, "living" | "changedSince" | "revision" | "state" | "because" | "incomplete">;
  readonly look: MachineLook;
  readonly dnsSettings: (intent: Intent) => CompileSettings["dns"];
  /** Names that an endpoint had looked up to an address; absent: nobody looks. */
  readonly namesOf?: (endpoint: string, address: string) => readonly string[];
}

export interface Surroundings {
  readonly locals: Locals;
  /** none: nobody keeps an inventory here, so what resources say is all. */
  readonly inventory: "not-heard" | "kept" | "none";
  /** What of it is old ("the server is not connected"); "" when nothing is. */
  readonly stale: string;
  /** Looks anew when something changed or the last look is old. */
  look(intent: Intent, nowMs: number): WorldChange;
  /** The next look is a whole one. */
  forget(): void;
  isOld(nowMs: number): boolean;
  engineOf(intent: Intent): PolicyEngine;
  /** Would the change from `before` (undefined: nothing enforced) cut too much? */
  judge(asked: Intent, before: PolicyEngine | undefined, after: PolicyEngine): ChangeJudgement;
  /** How connections are looked at: which ends are this node's or one of its endpoints', and what is known of names. */
  live(): LiveLook;
  settingsOf(intent: Intent): CompileSettings;
  /** Ends that probes may be made between. */
  ends(): readonly ProbeEnd[];
}

/** First packets of connections that the kernel tells of. The bench of what packets cost measures this. */
export const reportedPackets: CompileSettings["log"] = "all";

const nothing: WorldChange = { put: [], remove: [], rest: {}, services: [], addresses: [], isNothing: true };
const emptySet: PolicySet = { tiers: [], policies: [], networkSets: [], hostEndpoints: [], profiles: [] };

export function createSurroundings(options: SurroundingsOptions): Surroundings {
  const { node, dataplane, world, book, look, dnsSettings } = options;
  const lookLocals = createLocals(look);
  let locals: Locals = { found: [], files: new Map(), refused: new Map(), sharedLinks: undefined };
  let lookedMs = 0;
  let seenRevision = -1;
  const isOld = (nowMs: number) => nowMs - lookedMs >= enforceLimits.lookEveryMs;
  const guards = createGuardBook(() => book.living(), look);
  const live = () => liveLook(options);
  return {
    get locals() {
      return locals;
    },
    get inventory() {
      return book.state === "kept" || book.state === "none" ? book.state : "not-heard";
    },
    get stale() {
      return book.state === "kept" && book.because !== book.incomplete ? book.because : "";
    },
    look(intent, nowMs) {
      if (!isOld(nowMs) && seenRevision === book.revision) return nothing;
      lookedMs = nowMs;
      const changed = seenRevision < 0 ? undefined : book.changedSince(seenRevision);
      seenRevision = book.revision;
      for (const [key, entry] of changed ?? []) guards.touch(key, entry);
      if (changed === undefined) guards.forget();
      locals = lookLocals(intent.locals);
      // A server that is away takes nothing from what it told: rules in force do not change by that.
      const incomplete = book.state === "kept" ? book.incomplete : "";
      const interfaces = look.interfaces();
      return world.update({ entries: book.living(), changed, locals: locals.found, interfaces, incomplete });
    },
    forget() {
      lookedMs = 0;
    },
    isOld,
    engineOf: ({ set, settings }) => createPolicyEngine({ set, world: world.world, failsafe: settings.failsafe }),
    judge(asked, before, after) {
      const own = [...look.nodeAddresses(), ...locals.found.flatMap(({ addresses }) => addresses)];
      return judgeChange({
        before,
        after,
        dataplane,
        open: createPolicyEngine({ set: emptySet, world: world.world }),
        guards: guards.now(),
        askers: askersOf(own.slice(0, enforceLimits.probeEndsMax), world.world.endpoints),
        live: live(),
        cutShareMax: asked.settings.cutShareMax,
      });
    },
    live,
    settingsOf(intent) {
      const { failsafe, workloadToHost, workloadInterfaces } = intent.settings;
      const dns = dnsSettings(intent);
      return {
        node,
        local: world.local,
        nodeAddresses: look.nodeAddresses(),
        failsafe,
        workloadToHost,
        alwaysAllowed: guards.now().map(({ address, protocol, port }) => ({ address, protocol, port })),
        ...(dns === undefined ? {} : { dns }),
        ...(locals.sharedLinks === undefined ? {} : { sharedLinks: locals.sharedLinks }),
        log: reportedPackets,
        workloadInterfacePrefixes: workloadInterfaces.map((pattern) => pattern.slice(0, -1)),
      };
    },
    ends: () => endsOf(locals),
  };
}

function endsOf({ found, files }: Locals): readonly ProbeEnd[] {
  return found.flatMap(({ endpoint, addresses }) => {
    const file = files.get(endpoint);
    return file === undefined ? [] : [{ endpoint, addresses, file }];
  });
}

function liveLook({ node, world, look, namesOf }: SurroundingsOptions): LiveLook {
  const own = new Set(look.nodeAddresses());
  return {
    isOurs: (address) => own.has(address) || world.at(address)?.node === node,
    namesOf: (client, address) => {
      const endpoint = world.at(client)?.id;
      return endpoint === undefined ? [] : (namesOf?.(endpoint, address) ?? []);
    },
  };
}
