// The proof that a plane bites: a tiny child of the agent in a cgroup of its own does what one rule forbids it, and the kernel's record of it is the receipt.
// Harmless: /bin/true that must not run, and a connection to a port of this machine where nobody listens.
import { spawn } from "node:child_process";
import { mkdirSync, realpathSync, rmdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { CompiledChoice, CompiledPolicy, Guard, GuardScope } from "../../../core/runtime-policy/guard-port.ts";
import type { GuardedEvent } from "../../../core/sense/deed-events.ts";
import { guardSideLimits } from "./limits.ts";

/** Rule numbers of drills: no book gives them out. */
export const drillRule = 0xffff_fff0;

export interface DrillReceipt {
  readonly timeMs: number;
  /** Of exec, and of connections: what the kernel's record said, or why there is none. */
  readonly exec: string;
  readonly connect: string;
  readonly isProved: boolean;
}

export interface DrillParts {
  readonly guard: Guard;
  /** A folder of the v2 hierarchy; the drill makes and removes a child of it. */
  readonly cgroupPath: string;
  /** Scopes in force: the drill's is added to them for its moment. */
  scopes(): readonly GuardScope[];
  /** Hands on what is not the drill's, and returns what is. */
  drain(): readonly GuardedEvent[];
  nowMs(): number;
}

const choice: CompiledChoice = {
  rule: drillRule,
  action: "block",
  isWriteOnly: false,
  isOwnerExempt: false,
  directBytes: 0,
  sources: 0,
};

/** What the drill forbids: the same kinds of entries that policies compile to. */
function drillPolicy(program: string): CompiledPolicy {
  return {
    paths: [{ class: "exec", text: program, isExact: true, choices: [choice] }],
    files: [],
    addresses: [
      {
        operation: "connect",
        protocol: "tcp",
        port: 9,
        address: "127.0.0.1",
        prefixBits: 128,
        choices: [{ ...choice, rule: drillRule + 1 }],
      },
    ],
    points: [],
    sources: [],
  };
}

export async function runDrill(parts: DrillParts): Promise<DrillReceipt> {
  const folder = join(parts.cgroupPath, `garrison-drill-${process.pid}`);
  const program = realpathSync("/bin/true");
  const timeMs = parts.nowMs();
  let policy = 0;
  try {
    mkdirSync(folder);
    policy = parts.guard.addPolicy(drillPolicy(program));
    const scope: GuardScope = { kind: "cgroup", id: statSync(folder).ino, policy, dryPolicy: 0, isContainer: false };
    parts.guard.setScopes([...parts.scopes(), scope]);
    await childIn(folder, program);
    const events = parts.drain();
    const [exec, connect] = [drillRule, drillRule + 1].map((rule) => events.find((event) => event.rule === rule));
    const words = (event: GuardedEvent | undefined): string =>
      event === undefined ? "no record came" : `${event.outcome} by plane ${event.plane}`;
    return { timeMs, exec: words(exec), connect: words(connect), isProved: isStopped(exec) };
  } catch (error) {
    const because = error instanceof Error ? error.message : String(error);
    return { timeMs, exec: because, connect: because, isProved: false };
  } finally {
    parts.guard.setScopes(parts.scopes());
    if (policy !== 0) parts.guard.removePolicy(policy);
    remove(folder);
  }
}

function isStopped(event: GuardedEvent | undefined): boolean {
  return event?.outcome === "killed" || event?.outcome === "denied";
}

/**
 * A shell moves itself into the cgroup, tries the connection where its shell can, then becomes the program. Where it connects to is in its
 * environment: on a command line it would be what rules take a reverse shell for, and each drill a critical detection.
 */
function childIn(folder: string, program: string): Promise<void> {
  const script = `echo $$ > "$0/cgroup.procs" && { command -v bash >/dev/null && bash -c ': < "$GARRISON_DRILL"' 2>/dev/null; exec "$1"; }`;
  const child = spawn("/bin/sh", ["-c", script, folder, program], {
    stdio: "ignore",
    timeout: guardSideLimits.drillMsMax,
    env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin", GARRISON_DRILL: "/dev/tcp/127.0.0.1/9" },
  });
  return new Promise((done, failed) => {
    child.on("error", failed);
    child.on("close", () => done());
  });
}

function remove(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Not made, or a child that is just ending: an empty group costs nothing, and the next drill makes its own.
  }
}
