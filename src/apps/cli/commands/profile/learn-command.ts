// Runs a command in a mount namespace of its own and learns it from its first instruction to its end: a profile on a laptop, without a server.
import { spawn } from "node:child_process";
import { arch } from "node:os";
import { accessSync, constants, statSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Fault } from "../../../../base/fault.ts";
import { capabilitiesOfMask } from "../../../../core/profile/capabilities.ts";
import { inferFromNames } from "../../../../core/profile/infer-capabilities.ts";
import { confidenceOf, mergeUsage } from "../../../../core/profile/learnt.ts";
import { systemCallsOf, type Architecture } from "../../../../core/profile/system-calls.ts";
import { writeCapabilities } from "../../../../core/profile/write/capabilities.ts";
import { onNodesWarning, writeSeccomp } from "../../../../core/profile/write/seccomp.ts";
import type { LearntScope } from "../../../../core/sense/learner.ts";
import { mountNamespaceOf } from "../../../../edge/proc/posture/namespaces.ts";
import type { ProfileKind, WrittenProfile, LearningConfidence } from "../../../../model/posture.ts";
import type { Context } from "../../context.ts";
import type { ProfileFlags } from "../profile.ts";

const learnObject = fileURLToPath(new URL("../../../../../bpf/objects/learn.bpf.o", import.meta.url));
const architectureOf: Partial<Readonly<Record<string, Architecture>>> = { x64: "x86_64", arm64: "aarch64" };

export interface LearnRequest {
  readonly kind: ProfileKind;
  readonly command: readonly string[];
  readonly flags: ProfileFlags;
}

export interface LearntCommand {
  readonly profile: WrittenProfile;
  readonly confidence: LearningConfidence;
  /** "" when it ended with 0; else how: "with 3", "by SIGKILL". */
  readonly failed: string;
}

/** Throws Faults: no command, an architecture without a table, a kernel or user that may not watch system calls. */
export async function learnCommand(context: Context, { kind, command, flags }: LearnRequest): Promise<LearntCommand> {
  const [program] = command;
  const architecture = architectureOf[arch()];
  if (program === undefined)
    throw usage("no command to run", "write it behind --: --command -- curl -s http://127.0.0.1");
  if (architecture === undefined) throw usage(`no table of system calls for ${arch()}`, "x64 and arm64 have one");
  if (kind !== "seccomp" && kind !== "capabilities")
    throw usage(`${kind} needs what the agent tells of files`, "--command learns seccomp and capabilities");
  if (!isProgram(program, context.environment["PATH"] ?? ""))
    throw new Fault(`there is no program ${program}`, {
      code: "cli/no-program",
      kind: "not-found",
      hint: "write a path, or a name that is in a folder of PATH",
    });
  const { openLearner } = await import("../../../../edge/sensor/learn/open-learner.ts");
  const own = mountNamespaceOf("/proc", process.pid);
  using learner = disposable(openLearner({ objectPath: learnObject, hostMountNamespace: own }));
  learner.setLearning(true);
  const startedMs = context.nowMs();
  const { failed, mountNamespace } = await runApart(command, {
    signal: context.signal,
    begin: (namespace) => learner.watch(namespace),
  });
  const scope = learner.read().find((one) => one.mountNamespace === mountNamespace);
  if (scope === undefined) throw new Fault("the command was not seen", { code: "cli/not-learnt", kind: "unavailable" });
  const learnt = mergeUsage([factOf(scope, { architecture, nowMs: context.nowMs(), startedMs, program })]);
  const confidence = confidenceOf(learnt, context.nowMs());
  const request = {
    target: { namespace: "host", workload: basename(program), workloadKind: "Container" as const, container: "" },
    mode: flags.mode,
    learnt,
    confidence,
    nowMs: context.nowMs(),
  };
  const written =
    kind === "seccomp" ? writeSeccomp({ ...request, runtime: flags.runtime }) : writeCapabilities(request);
  const warnings = written.warnings.filter((line) => line !== onNodesWarning);
  const profile: WrittenProfile = { ...written, path: "", warnings };
  return { profile, confidence, failed };
}

/** As the shell looks for it. Without this the shell that was to become it would be learnt in its place. */
function isProgram(program: string, folders: string): boolean {
  const places = program.includes("/") ? [program] : folders.split(":").map((folder) => join(folder || ".", program));
  return places.some((place) => {
    try {
      accessSync(place, constants.X_OK);
      return statSync(place).isFile();
    } catch {
      // Not there, or not to be run: the next folder.
      return false;
    }
  });
}

function usage(message: string, hint: string): Fault {
  return new Fault(message, { code: "cli/usage", kind: "usage", hint });
}

function disposable<T extends { close(): void }>(thing: T): T & Disposable {
  return Object.assign(thing, { [Symbol.dispose]: () => thing.close() });
}

/** What the program prints goes to standard error: standard output is the profile's. The namespace is read while it waits for its start. */
async function runApart(
  command: readonly string[],
  { signal, begin }: { readonly signal: AbortSignal; readonly begin: (mountNamespace: number) => void },
): Promise<{ readonly failed: string; readonly mountNamespace: number }> {
  // The shell waits for a line, so that the namespace is known before the command begins; then it becomes the command.
  const script = 'read -r _ && exec "$@"';
  const child = spawn("unshare", ["--mount", "--", "sh", "-c", script, "sh", ...command], {
    stdio: ["pipe", process.stderr, process.stderr],
    signal,
  });
  const ended = new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, name) => resolve(code === 0 ? "" : name === null ? `with ${code}` : `by ${name}`));
  });
  const mountNamespace = await namespaceOf(child.pid ?? 0);
  begin(mountNamespace);
  child.stdin.end("\n");
  return { failed: await ended, mountNamespace };
}

const waitMs = 20;
const waitsMax = 250;

/** Once it is another one than ours: unshare(1) has done its work. 0: it never became so. */
async function namespaceOf(pid: number): Promise<number> {
  const own = mountNamespaceOf("/proc", process.pid);
  for (let wait = 0; wait < waitsMax; wait += 1) {
    const namespace = mountNamespaceOf("/proc", pid);
    if (namespace !== 0 && namespace !== own) return namespace;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
  return 0;
}

function factOf(
  scope: LearntScope,
  about: {
    readonly architecture: Architecture;
    readonly nowMs: number;
    readonly startedMs: number;
    readonly program: string;
  },
) {
  const { names, unnamed } = systemCallsOf(about.architecture, scope.calls);
  return {
    time: about.nowMs,
    architecture: about.architecture,
    systemCalls: [...names],
    systemCallsUnnamed: [...unnamed],
    capabilities: [...capabilitiesOfMask(scope.capabilities)],
    capabilitiesInferred: [...inferFromNames(names)],
    executables: [about.program],
    // It waited for us to begin.
    startSeen: true,
    hasForeignCalls: scope.hasForeignCalls,
    learntSeconds: Math.max(1, Math.round((about.nowMs - about.startedMs) / 1000)),
    containerId: "command",
  };
}
