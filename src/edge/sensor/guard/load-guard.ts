// Loads the guard's objects and attaches them: what this kernel refuses is found out by trying. Used by open-guard.ts, which keeps their maps true.
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { toFault } from "../../../base/fault.ts";
import type { GuardPlanes } from "../../../core/runtime-policy/guard-port.ts";
import { loadBpfObject, loadBpfObjectAside, type BpfObject, type BpfObjectOptions } from "../bpf-object.ts";
import { openLibbpf, type Libbpf } from "../libbpf.ts";
import { cgroupMount } from "../proc.ts";
import { openRing, type Ring } from "../ring.ts";
import { whyNotCalled } from "../lsm-runs.ts";
import { openTracepoints } from "../tracepoints.ts";
import { entriesAbility, guardPrograms, lsmPrograms } from "./guard-programs.ts";
import { layout as guardLayout } from "./guard-layout.gen.ts";

export interface GuardOptions {
  /** The v2 cgroup below which cgroup hooks are attached: the hierarchy's root on a node, a private child in tests. Undefined: none of them. */
  readonly cgroupPath: string | undefined;
  /** Never stopped, whatever a scope says: the agent. */
  readonly agentPid: number;
  /** "never": LSM is not tried. */
  readonly lsm?: "try" | "never";
  readonly objectsFolder?: string;
  readonly procPath?: string;
}

export const guardLimits = { ringBytes: 1024 * 1024, eventsPerDrainMax: 4096 } as const;

const objectsDefault = fileURLToPath(new URL("../../../../bpf/objects/", import.meta.url));
const sharedMaps = [
  "scopes",
  "kinds",
  "files",
  "paths",
  "addresses",
  "points",
  "guarded",
  "counters",
  "scratches",
  "spared",
] as const;

export interface LoadedGuard {
  readonly libbpf: Libbpf;
  readonly base: BpfObject;
  readonly lsm: BpfObject | undefined;
  readonly ring: Ring;
  readonly planes: GuardPlanes;
}

/** Rejects with a Fault ("sensor/no-library", "sensor/load") when not even the base object can run. */
export async function loadGuard(options: GuardOptions): Promise<LoadedGuard> {
  const libbpf = openLibbpf();
  const folder = options.objectsFolder ?? objectsDefault;
  const fillSettings = (view: DataView): void => {
    view.setUint32(guardLayout.guardSettings.agentTgid, options.agentPid, true);
    view.setUint32(guardLayout.guardSettings.hostMountNamespace, hostMountNamespace(options.procPath ?? "/proc"), true);
  };
  const lsmWorks = options.lsm === "never" ? "not wanted" : await tryProgramAside(libbpf, folder, countedProgram);
  const hasLsm = lsmWorks === "";
  const hasEntries = hasLsm && (await tryProgramAside(libbpf, folder, "lsm_unshared")) === "";
  const base = await loadBpfObjectAside(libbpf, {
    objectPath: `${folder}guard.bpf.o`,
    programs: guardPrograms({ hasLsm, hasEntries }),
    required: new Set(["scopes"]),
    cgroupPath: options.cgroupPath,
    mapEntries: { guarded: guardLimits.ringBytes },
    fillSettings,
  });
  let lsm: BpfObject | undefined;
  try {
    if (hasLsm) {
      lsm = await loadBpfObjectAside(libbpf, {
        objectPath: `${folder}lsm.bpf.o`,
        programs: lsmPrograms,
        required: new Set(["exec"]),
        cgroupPath: undefined,
        sharedMaps: Object.fromEntries(sharedMaps.map((name) => [name, base.descriptorOf(name)])),
        fillSettings,
        leftOut: hasEntries ? new Map() : entriesLeftOut,
      });
      lsm.attach();
    }
    base.attach();
    const ring = openRing(libbpf, base.descriptorOf("guarded"), guardLimits.ringBytes);
    return { libbpf, base, lsm, ring, planes: planesOf(base, lsm, lsmWorks) };
  } catch (error) {
    lsm?.close();
    base.close();
    throw error;
  }
}

/** What this kernel would let the guard do, found by loading; nothing stays attached. Never throws: what cannot be has its reason. */
export function probeGuard(folder = objectsDefault): GuardPlanes {
  const failed = (because: string): GuardPlanes => ({
    kill: because,
    killAtCall: because,
    killAtOpen: because,
    cgroup: because,
    lsm: because,
    lsmMissing: {},
  });
  try {
    const libbpf = openLibbpf();
    const programs = guardPrograms({ hasLsm: false, hasEntries: false }).map((program) => ({
      ...program,
      kind: "on-demand" as const,
    }));
    const base = loadBpfObject(libbpf, {
      objectPath: `${folder}guard.bpf.o`,
      programs,
      required: new Set(["scopes"]),
      cgroupPath: undefined,
    });
    const planes = planesOf(base, undefined, tryProgram(libbpf, folder, countedProgram));
    base.close();
    using tracepoints = openTracepoints();
    const cgroup = cgroupMount("/proc") === undefined ? "no cgroup v2 hierarchy is mounted" : planes.cgroup;
    const [killAtCall, killAtOpen] = [
      planes.killAtCall || tracepoints.because,
      planes.killAtOpen || tracepoints.because,
    ];
    return { ...planes, cgroup, killAtCall, killAtOpen };
  } catch (error) {
    const because = toFault(error).message;
    return failed(process.geteuid?.() === 0 ? because : `not root: ${because}`);
  }
}

/**
 * "" when this program of lsm.bpf.o can be loaded and, of LSM, is called once it is attached: only trying tells (a list of active modules does not). One is enough
 * to know, and quick to refuse.
 */
function tryProgram(libbpf: Libbpf, folder: string, tried: LsmProgram): string {
  try {
    return tryCall(libbpf, loadBpfObject(libbpf, trial(folder, tried)), tried);
  } catch (error) {
    return toFault(error).message;
  }
}

async function tryProgramAside(libbpf: Libbpf, folder: string, tried: LsmProgram): Promise<string> {
  try {
    return tryCall(libbpf, await loadBpfObjectAside(libbpf, trial(folder, tried)), tried);
  } catch (error) {
    return toFault(error).message;
  }
}

/** The trial has maps of its own without a scope in them: attached, it stops nothing. */
function tryCall(libbpf: Libbpf, object: BpfObject, tried: LsmProgram): string {
  try {
    if (tried !== countedProgram) return "";
    object.attachOne(tried);
    return whyNotCalled(libbpf, object);
  } finally {
    object.close();
  }
}

/** It counts its calls. */
const countedProgram = "lsm_bpf";

type LsmProgram = (typeof lsmPrograms)[number]["name"];

function trial(folder: string, tried: LsmProgram): BpfObjectOptions {
  const others = lsmPrograms.filter(({ name }) => name !== tried).map(({ name }) => [name, "not tried"] as const);
  return {
    objectPath: `${folder}lsm.bpf.o`,
    programs: lsmPrograms.map((program) => ({ ...program, kind: "on-demand" as const })),
    required: new Set(lsmPrograms.filter(({ name }) => name === tried).map(({ ability }) => ability)),
    cgroupPath: undefined,
    leftOut: new Map(others),
  };
}

const doneByTracepoints = "tracepoints of the calls do it here";
const entriesLeftOut: ReadonlyMap<string, string> = new Map(
  lsmPrograms.filter(({ ability }) => ability === entriesAbility).map(({ name }) => [name, doneByTracepoints]),
);

/** Why the calls are not seen where their entries were to do it. */
function entries(lsm: BpfObject | undefined): string {
  const found = lsm?.capabilities.find(({ name }) => name === entriesAbility);
  return found === undefined || found.because === doneByTracepoints ? "" : found.because;
}

function planesOf(base: BpfObject, lsm: BpfObject | undefined, lsmBecause: string): GuardPlanes {
  const because = (name: string): string => base.capabilities.find((each) => each.name === name)?.because ?? "";
  const missing = (lsm?.capabilities ?? []).filter(({ available, name }) => !available && name !== entriesAbility);
  return {
    kill: because("kill"),
    killAtCall: because("kill-at-call") || entries(lsm),
    killAtOpen: because("kill-at-open"),
    cgroup: because("cgroup"),
    lsm: lsmBecause,
    lsmMissing: Object.fromEntries(missing.map(({ name, because: why }) => [name, why])),
  };
}

/** Where the first process may not be looked at, our own is the best guess: then nobody is taken for the runtime's who is not beside us. */
function hostMountNamespace(procPath: string): number {
  for (const path of [`${procPath}/1/ns/mnt`, "/proc/self/ns/mnt"]) {
    try {
      return statSync(path).ino;
    } catch {
      // Not to be looked at: the next one.
    }
  }
  return 0;
}
