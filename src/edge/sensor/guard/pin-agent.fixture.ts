// A process as the agent is one, for pinned-links.test.ts: one guard that goes with it, one whose links are pinned. Says "ready" and waits to be killed.
// Arguments: the outer cgroup, the pinned scope's, the other one's, the folder of the pins, the forbidden program.
import { statSync } from "node:fs";
import type { CompiledPolicy, GuardScope } from "../../../core/runtime-policy/guard-port.ts";
import { choices, execRule } from "./guard.fixture.ts";
import { openGuard } from "./open-guard.ts";

const [outer = "", pinned = "", other = "", folder = "", program = ""] = process.argv.slice(2);
const scopeOf = (path: string, policy: number): GuardScope => {
  return { kind: "cgroup", id: statSync(path).ino, policy, dryPolicy: 0, isContainer: false };
};
const policy: CompiledPolicy = {
  ...execRule(program),
  addresses: [
    { operation: "connect", protocol: "tcp", port: 9, address: "127.0.0.1", prefixBits: 128, choices: choices(2) },
  ],
  points: [{ class: "call", call: "unshare", choices: choices(3) }],
};

const main = await openGuard({ cgroupPath: outer, agentPid: process.pid });
main.setScopes([scopeOf(other, main.addPolicy(policy))]);
const kept = await openGuard({ cgroupPath: outer, agentPid: 0 });
kept.setScopes([scopeOf(pinned, kept.addPolicy(policy))]);
kept.pin(folder);
process.stdout.write("ready\n");
process.stdin.once("data", () => {
  // A clean stop.
  main.close();
  kept.close();
  process.exit(0);
});
