// Layers of who a process is and what the kernel lets it do: users, groups, capabilities, no_new_privs.
import { dangerousCapabilities, kubernetesCapability } from "../capabilities.ts";
import { usedCapabilities } from "../write/capabilities.ts";
import {
  asksNoNewPrivileges,
  grantedCapabilities,
  runAsGroup,
  runAsNonRoot,
  runAsUser,
} from "./effective-declaration.ts";
import {
  declaredOf,
  declaredValue,
  effectiveValue,
  factsOf,
  known,
  learntSource,
  usedValue,
  verdictOf,
  type LayerMaker,
} from "./layer-input.ts";

/** The user inside of the container's own user namespace; the host's number where it is not mapped. */
export function insideId(id: number, map: readonly { inside: number; outside: number; count: number }[]): number {
  const range = map.find(({ outside, count }) => id >= outside && id < outside + count);
  return range === undefined ? id : range.inside + (id - range.outside);
}

/** In a user namespace of its own root is an ordinary user of the host. */
export function hasOwnUsers(map: readonly { inside: number; outside: number }[]): boolean {
  return map.length > 0 && !map.some(({ inside, outside }) => inside === 0 && outside === 0);
}

const user: LayerMaker = {
  layer: "user",
  title: "User",
  make: (input) => {
    const declared = declaredOf(input);
    const facts = factsOf(input, "status");
    const uid = facts === undefined ? undefined : insideId(facts.uid.effective, facts.uidMap);
    const wanted = declared === undefined ? undefined : runAsUser(declared);
    const mustNotBeRoot = declared !== undefined && runAsNonRoot(declared) === true;
    const isRoot = facts !== undefined && facts.uid.effective === 0;
    const differs = uid !== undefined && ((wanted !== undefined && wanted !== uid) || (mustNotBeRoot && uid === 0));
    return {
      declared: declaredValue(input, () =>
        known(
          wanted === undefined ? (mustNotBeRoot ? "not root" : "not set (the image's)") : `user ${wanted}`,
          "pod spec",
        ),
      ),
      effective: effectiveValue(input, "status", (of) =>
        known(
          uid === of.uid.effective
            ? `user ${uid}${isRoot ? " (root)" : ""}`
            : `user ${uid}, ${of.uid.effective} on the host`,
          `/proc/${of.pid}/status`,
        ),
      ),
      verdict: verdictOf({ differs, excess: isRoot, isKnown: facts !== undefined }),
      note: differs ? "it runs as another user than is declared" : isRoot ? "root of the node's users" : "",
      advice: isRoot && !differs ? "runAsNonRoot: true and runAsUser with a number above 0" : "",
    };
  },
};

const groups: LayerMaker = {
  layer: "groups",
  title: "Groups",
  make: (input) => {
    const declared = declaredOf(input);
    const facts = factsOf(input, "status");
    const wanted = declared === undefined ? undefined : runAsGroup(declared);
    const fsGroup = declared?.pod.fsGroup;
    const have = facts === undefined ? [] : [facts.gid.effective, ...facts.groups].map(String);
    const missing = [wanted, fsGroup].filter((one) => one !== undefined && !have.includes(String(one)));
    // With ids of its own the numbers in /proc are the host's: nothing can be compared.
    const differs = facts !== undefined && missing.length > 0 && !hasOwnUsers(facts.uidMap);
    const extra = [...new Set(facts?.groups ?? [])].filter((one) => one === 0 && facts?.gid.effective !== 0);
    return {
      declared: declaredValue(input, () =>
        known(
          [wanted === undefined ? "" : `group ${wanted}`, fsGroup === undefined ? "" : `fsGroup ${fsGroup}`]
            .filter((text) => text !== "")
            .join(", ") || "not set",
          "pod spec",
        ),
      ),
      effective: effectiveValue(input, "status", (of) =>
        known(`group ${of.gid.effective}`, `/proc/${of.pid}/status`, of.groups.map(String)),
      ),
      verdict: verdictOf({ differs, excess: extra.length > 0, isKnown: facts !== undefined }),
      note: differs ? `not a member of ${missing.join(", ")}` : extra.length > 0 ? "a member of root's group" : "",
    };
  },
};

const userNamespace: LayerMaker = {
  layer: "user-namespace",
  title: "User namespace",
  make: (input) => {
    const declared = declaredOf(input);
    const facts = factsOf(input, "uid_map");
    const isOwn = facts !== undefined && hasOwnUsers(facts.uidMap);
    const differs = declared?.pod.hostUsers === false && facts !== undefined && !isOwn;
    return {
      declared: declaredValue(input, ({ pod }) =>
        known(pod.hostUsers === false ? "own (hostUsers: false)" : "the node's", "pod spec"),
      ),
      effective: effectiveValue(input, "uid_map", (of) =>
        known(
          isOwn ? "own" : "the node's",
          `/proc/${of.pid}/uid_map`,
          of.uidMap.map(({ inside, outside, count }) => `${inside} is ${outside} on the host, ${count} ids`),
        ),
      ),
      verdict: verdictOf({ differs, excess: !isOwn, isKnown: facts !== undefined }),
      note: differs ? "a user namespace is declared, and it runs with the node's users" : "",
      advice: !isOwn && !differs ? "hostUsers: false makes root of the container an ordinary user of the node" : "",
    };
  },
};

const capabilities: LayerMaker = {
  layer: "capabilities",
  title: "Capabilities",
  make: (input) => {
    const declared = declaredOf(input);
    const facts = factsOf(input, "status");
    const held = facts?.capabilities.bounding ?? [];
    const granted = declared === undefined ? held : grantedCapabilities(declared);
    const more = held.filter((name) => !granted.includes(name));
    const used =
      typeof input.learnt === "string" || input.learnt.lastMs === undefined
        ? undefined
        : usedCapabilities(input.learnt);
    const droppable = used === undefined ? [] : held.filter((name) => !used.includes(name));
    const dangerous = held.filter((name) => dangerousCapabilities.has(name));
    return {
      declared: declaredValue(input, (of) =>
        known(
          of.container.privileged ? "privileged: all" : `${granted.length} granted`,
          "pod spec and the runtime's default set",
          granted,
        ),
      ),
      effective: effectiveValue(input, "status", (of) =>
        known(
          `${of.capabilities.effective.length} in effect, ${held.length} within reach`,
          `/proc/${of.pid}/status`,
          of.capabilities.effective,
        ),
      ),
      used: usedValue(input, (of) =>
        known(
          `${used?.length ?? 0} used`,
          of.capabilities.length > 0 ? learntSource(input) : `${learntSource(input)}, concluded from calls`,
          used,
        ),
      ),
      verdict: verdictOf({
        differs: more.length > 0,
        excess: droppable.length > 0 || dangerous.length > 0,
        isKnown: facts !== undefined,
      }),
      note:
        more.length > 0
          ? `held without being declared: ${more.join(", ")}`
          : dangerous.length > 0
            ? `enough to take over the node: ${dangerous.join(", ")}`
            : "",
      advice:
        used !== undefined && droppable.length > 0
          ? `drop ALL${used.length === 0 ? "" : `, add ${used.map(kubernetesCapability).join(", ")}`}`
          : "",
    };
  },
};

const noNewPrivileges: LayerMaker = {
  layer: "no-new-privileges",
  title: "No new privileges",
  make: (input) => {
    const declared = declaredOf(input);
    const facts = factsOf(input, "status");
    const isSet = facts?.noNewPrivileges === true;
    const differs = declared !== undefined && asksNoNewPrivileges(declared) && facts !== undefined && !isSet;
    return {
      declared: declaredValue(input, (of) =>
        known(asksNoNewPrivileges(of) ? "set (allowPrivilegeEscalation: false)" : "not set", "pod spec"),
      ),
      effective: effectiveValue(input, "status", (of) => known(isSet ? "set" : "not set", `/proc/${of.pid}/status`)),
      verdict: verdictOf({ differs, excess: !isSet, isKnown: facts !== undefined }),
      note: differs ? "privilege escalation is forbidden in the spec, and the process may still gain privileges" : "",
      advice: !isSet && !differs ? "allowPrivilegeEscalation: false" : "",
    };
  },
};

export const identityLayers: readonly LayerMaker[] = [user, groups, userNamespace, capabilities, noNewPrivileges];
