// Layers of what confines a process beside its own rights: seccomp, AppArmor, SELinux.
import type { PostureFacts } from "../../../model/container-posture.ts";
import { profileOf, profileText } from "./effective-declaration.ts";
import {
  declaredOf,
  declaredValue,
  effectiveValue,
  factsOf,
  known,
  learntSource,
  notUsed,
  unknown,
  usedValue,
  verdictOf,
  type LayerMaker,
} from "./layer-input.ts";

const seccompModes = ["none", "strict", "filter"] as const;

/** "filter (2 loaded)", "none". */
export function seccompText({ seccompMode, seccompFilters }: PostureFacts): string {
  const mode = seccompModes[seccompMode] ?? `mode ${seccompMode}`;
  return seccompMode === 2 && seccompFilters !== undefined ? `${mode} (${seccompFilters} loaded)` : mode;
}

/** Declared to be confined. */
function isConfining(type: string): boolean {
  return type === "RuntimeDefault" || type === "Localhost";
}

/** The kernel counts filters and does not tell what they let through: one that allows everything looks the same. */
const contentUnknown = "a filter is loaded, and what it lets through is not known: the kernel does not tell";

const seccomp: LayerMaker = {
  layer: "seccomp",
  title: "Seccomp",
  make: (input) => {
    const declared = declaredOf(input);
    const facts = factsOf(input, "status");
    const profile = declared === undefined ? undefined : profileOf(declared, "seccomp");
    const isLoaded = facts !== undefined && facts.seccompMode !== 0;
    const wants = profile !== undefined && isConfining(profile.type);
    const differs = wants && facts !== undefined && !isLoaded;
    const isFilter = facts?.seccompMode === 2;
    // With a declaration the runtime loaded its profile, or the container would not have started; without one nobody says what the filter is.
    const isOpen = isFilter && !wants;
    return {
      declared: declaredValue(input, () => known(profile === undefined ? "" : profileText(profile), "pod spec")),
      effective: effectiveValue(input, "status", (of) => known(seccompText(of), `/proc/${of.pid}/status`)),
      used: usedValue(input, (of) =>
        known(`${of.systemCalls.length} system calls`, learntSource(input), of.systemCalls),
      ),
      verdict: verdictOf({ differs, excess: !isLoaded, isKnown: facts !== undefined && !isOpen }),
      note: seccompNote({
        differs,
        isLoaded,
        isKnown: facts !== undefined,
        isFilter,
        declared: wants ? profileText(profile) : "",
      }),
      advice:
        !isLoaded && !differs && facts !== undefined
          ? "seccompProfile: RuntimeDefault, or a profile written from what it uses"
          : "",
    };
  },
};

function seccompNote(of: {
  readonly differs: boolean;
  readonly isLoaded: boolean;
  readonly isKnown: boolean;
  readonly isFilter: boolean;
  /** "" when no profile is declared. */
  readonly declared: string;
}): string {
  if (of.differs) return "a profile is declared, and no filter is loaded";
  if (!of.isKnown) return "";
  if (!of.isLoaded) return "every system call of the kernel is open to it";
  if (!of.isFilter) return "";
  return of.declared === "" ? contentUnknown : `${contentUnknown}; taken to be the declared one, ${of.declared}`;
}

/** Why a module of the kernel cannot confine: "" when it can. */
export function inactiveBecause(facts: PostureFacts, module: "apparmor" | "selinux"): string {
  if (facts.unread["securityModules"] !== undefined) return facts.unread["securityModules"];
  return facts.securityModules.includes(module)
    ? ""
    : `${module === "apparmor" ? "AppArmor" : "SELinux"} is not active on this node (${facts.securityModules.join(", ")})`;
}

const appArmor: LayerMaker = {
  layer: "apparmor",
  title: "AppArmor",
  make: (input) => {
    const declared = declaredOf(input);
    const facts = factsOf(input, "securityModules");
    const profile = declared === undefined ? undefined : profileOf(declared, "appArmor");
    const inactive = facts === undefined ? "" : inactiveBecause(facts, "apparmor");
    const label = facts?.appArmor ?? "";
    const isFree = inactive !== "" || label === "unconfined" || label === "";
    const wants = profile !== undefined && isConfining(profile.type);
    const differs = facts !== undefined && wants && (isFree || label.includes("(complain)"));
    return {
      declared: declaredValue(input, () => known(profile === undefined ? "" : profileText(profile), "pod spec")),
      effective: effectiveValue(input, "securityModules", (of) => {
        if (inactive !== "") return known("none", "/sys/kernel/security/lsm");
        return of.unread["label"] === undefined ? known(label, `/proc/${of.pid}/attr`) : unknown(of.unread["label"]);
      }),
      used: notUsed,
      verdict: verdictOf({ differs, excess: isFree && inactive === "", isKnown: facts !== undefined }),
      note: differs
        ? inactive === ""
          ? `a profile is declared, and the process is ${label}`
          : `a profile is declared, but ${inactive}`
        : inactive,
    };
  },
};

const seLinux: LayerMaker = {
  layer: "selinux",
  title: "SELinux",
  make: (input) => {
    const declared = declaredOf(input);
    const facts = factsOf(input, "securityModules");
    const options = declared?.container.seLinux ?? declared?.pod.seLinux;
    const inactive = facts === undefined ? "" : inactiveBecause(facts, "selinux");
    const wantedType = options?.type ?? "";
    const liveType = facts?.seLinux.split(":")[2] ?? "";
    const isOther = inactive === "" && wantedType !== "" && liveType !== wantedType;
    const differs = facts !== undefined && options !== undefined && (inactive !== "" || isOther);
    return {
      declared: declaredValue(input, () =>
        known(
          options === undefined ? "not set" : [options.user, options.role, options.type, options.level].join(":"),
          "pod spec",
        ),
      ),
      effective: effectiveValue(input, "securityModules", (of) =>
        inactive === "" ? known(of.seLinux, `/proc/${of.pid}/attr/current`) : known("none", "/sys/kernel/security/lsm"),
      ),
      verdict: verdictOf({ differs, excess: false, isKnown: facts !== undefined }),
      note: differs
        ? inactive === ""
          ? `declared ${wantedType}, live ${liveType}`
          : `options are declared, but ${inactive}`
        : inactive,
    };
  },
};

export const confinementLayers: readonly LayerMaker[] = [seccomp, appArmor, seLinux];
