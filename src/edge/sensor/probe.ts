// What this kernel can do for the sensor and the guard, by trying: one trivial program per family is loaded and attached for a moment, one call
// per fallback is made. A list of modules or a config file is never believed: hardened nodes name means that they refuse.
import { readFileSync } from "node:fs";
import { release } from "node:os";
import { fileURLToPath } from "node:url";
import { toFault } from "../../base/fault.ts";
import { loadBpfObject, type KernelProgram } from "./bpf-object.ts";
import { openLibbpf } from "./libbpf.ts";
import { whyNotCalled } from "./lsm-runs.ts";
import type { CallProbes } from "./probe-calls.ts";
import { probeFamilies, type ProbeFamily } from "./probe-families.ts";

export interface ProbedFamily {
  readonly family: ProbeFamily;
  /** unknown: this process may not even try, or the means of trying are not installed. */
  readonly state: "yes" | "no" | "unknown";
  /** Why not, or why it is not known; "" for yes. */
  readonly because: string;
}

export interface ProbeReport {
  readonly kernel: string;
  readonly families: readonly ProbedFamily[];
}

export interface ProbeOptions {
  readonly objectPath?: string;
  readonly procPath?: string;
}

const objectPathDefault = fileURLToPath(new URL("../../../bpf/objects/probe.bpf.o", import.meta.url));

/** Takes about a second and changes nothing. Never throws: what cannot be tried is unknown, with the reason. */
export async function probeKernel(options: ProbeOptions = {}): Promise<ProbeReport> {
  const lacking = capabilitiesLacking(options.procPath ?? "/proc");
  const byProgram = probePrograms(options.objectPath ?? objectPathDefault, lacking);
  const calls = await openCalls();
  const families = probeFamilies.map(({ family, call }): ProbedFamily => {
    const answer = call === undefined ? byProgram.get(family) : probeCall(calls, call, lacking);
    return { family, ...(answer ?? unknown("it was not tried")) };
  });
  return { kernel: release(), families };
}

/** Whether one family is there, of a report. */
export function canUse(report: ProbeReport, family: ProbeFamily): boolean {
  return report.families.some((probed) => probed.family === family && probed.state === "yes");
}

/** The one family whose programs may attach and never be called. */
const lsmFamily: ProbeFamily = "lsm";

type Answer = Omit<ProbedFamily, "family">;

function unknown(because: string): Answer {
  return { state: "unknown", because };
}

/** linux/capability.h */
const capabilityNumbers = { CAP_NET_ADMIN: 12, CAP_SYS_ADMIN: 21, CAP_PERFMON: 38, CAP_BPF: 39 } as const;

/** Names of what this process has not of the capabilities that BPF programs need; CAP_SYS_ADMIN stands for all. */
export function capabilitiesLacking(procPath: string): readonly string[] {
  let text: string;
  try {
    text = readFileSync(`${procPath}/self/status`, "utf8");
  } catch {
    // Without /proc the kernel's own answers are all there is to go by.
    return [];
  }
  const hex = /^CapEff:\s*([0-9a-f]+)$/m.exec(text)?.[1];
  if (hex === undefined) return [];
  const effective = BigInt(`0x${hex}`);
  const has = (name: keyof typeof capabilityNumbers): boolean =>
    (effective & (1n << BigInt(capabilityNumbers[name]))) !== 0n;
  if (has("CAP_SYS_ADMIN") && has("CAP_NET_ADMIN")) return [];
  const names = ["CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN"] as const;
  return names.filter((name) => !has(name) && !(has("CAP_SYS_ADMIN") && name !== "CAP_NET_ADMIN"));
}

function probePrograms(objectPath: string, lacking: readonly string[]): ReadonlyMap<string, Answer> {
  const programs = probeFamilies.flatMap(({ family, program, kind = "tracing", points = [] }): KernelProgram[] =>
    program === undefined ? [] : [{ name: program, kind, points, ability: family }],
  );
  const all = (answer: Answer): ReadonlyMap<string, Answer> =>
    new Map(programs.map(({ ability }) => [ability, answer]));
  if (lacking.length > 0) return all(unknown(`this process may not load programs: it lacks ${lacking.join(", ")}`));
  try {
    const libbpf = openLibbpf();
    const object = loadBpfObject(libbpf, { objectPath, programs, required: new Set(), cgroupPath: undefined });
    try {
      object.attach();
      const uncalled = whyNotCalled(libbpf, object);
      return new Map(
        object.capabilities.map(({ name, because: refused }) => {
          const because = refused === "" && name === lsmFamily ? uncalled : refused;
          return [name, { state: because === "" ? "yes" : "no", because } as const];
        }),
      );
    } finally {
      object.close();
    }
  } catch (error) {
    const fault = toFault(error);
    const isNotTried = fault.code === "sensor/no-library" || fault.message.startsWith("cannot open");
    return all(isNotTried ? unknown(fault.message) : { state: "no", because: fault.message });
  }
}

async function openCalls(): Promise<CallProbes | string> {
  try {
    const { openCallProbes } = await import("./probe-calls.ts");
    return openCallProbes();
  } catch (error) {
    return toFault(error).message;
  }
}

function probeCall(calls: CallProbes | string, call: keyof CallProbes, lacking: readonly string[]): Answer {
  if (typeof calls === "string") return unknown(calls);
  const errno = calls[call]();
  if (errno === "") return { state: "yes", because: "" };
  if ((errno === "EPERM" || errno === "EACCES") && lacking.length > 0)
    return unknown(`this process may not try: ${errno}`);
  return { state: "no", because: `the kernel says ${errno}` };
}
