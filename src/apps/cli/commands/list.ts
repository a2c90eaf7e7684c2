// The commands, in the order in which help shows them. A new command is a file and one entry here. A command's file is read when it is
// that command that was asked for: the whole table takes a second of CPU, and the program's help needs these words only.
import type { CommandUnit } from "./command.ts";

/** How the program's help shows a command: its name, what follows it, what it is for. Tested against the command itself. */
export interface CommandShown {
  readonly name: string;
  readonly shape: string;
  readonly summary: string;
}

/** One file, which adds one command or several. */
export interface CommandEntry {
  readonly shown: readonly CommandShown[];
  load(): Promise<CommandUnit>;
}

function shown(name: string, shape: string, summary: string): CommandShown {
  return { name, shape, summary };
}

export const commandEntries: readonly CommandEntry[] = [
  {
    shown: [shown("up", "[options] [flags...]", "everything on this machine: server, store, console, agent, demo")],
    load: async () => (await import("./up.ts")).up,
  },
  {
    shown: [shown("status", "[options]", "is Garrison itself well")],
    load: async () => (await import("./status.ts")).status,
  },
  {
    shown: [shown("console", "[options]", "print an address for the browser that works once")],
    load: async () => (await import("./console.ts")).console_,
  },
  {
    shown: [shown("flows", "[options] [filter...]", "traffic, newest last")],
    load: async () => (await import("./flows.ts")).flows,
  },
  {
    shown: [shown("events", "[options] [filter...]", "what happened, on one timeline")],
    load: async () => (await import("./events.ts")).events,
  },
  {
    shown: [shown("detections", "[options] [filter...]", "what was called hostile: list, show one, rules, noise")],
    load: async () => (await import("./detections.ts")).detections,
  },
  {
    shown: [shown("graph", "[options] [terms...]", "who talks to whom, and is it well")],
    load: async () => (await import("./graph.ts")).graph,
  },
  {
    shown: [shown("workloads", "[options] [filter...]", "what runs, busiest first")],
    load: async () => (await import("./workloads.ts")).workloads,
  },
  {
    shown: [
      shown(
        "clusters",
        "[options] [name]",
        "clusters: how current their inventory is, what is missing; with a name its nodes",
      ),
    ],
    load: async () => (await import("./clusters.ts")).clusters,
  },
  {
    shown: [shown("policy", "", "network policies: lint, ask why, preview, recommend, prove; enforce on this node")],
    load: async () => (await import("./policy.ts")).policy,
  },
  {
    shown: [
      shown(
        "posture",
        "[options] [workload]",
        "rights of a workload's containers, or of a process: declared, effective, used",
      ),
    ],
    load: async () => (await import("./posture.ts")).posture,
  },
  {
    shown: [shown("sensor", "", "the sensor on this machine: what its kernel can do")],
    load: async () => (await import("./sensor.ts")).sensor,
  },
  {
    shown: [
      shown(
        "profile",
        "[options] <kind> <workload...>",
        "seccomp, AppArmor, capability and sysctl profiles from what was seen used",
      ),
    ],
    load: async () => (await import("./profile.ts")).profile,
  },
  {
    shown: [shown("waf", "", "web application firewall: try requests, lint rules, run test suites, measure; serve")],
    load: async () => (await import("./waf.ts")).waf,
  },
  {
    shown: [
      shown(
        "runtime",
        "",
        "runtime policies: what this node can promise for each rule, what is in force; freeze, isolate, release",
      ),
    ],
    load: async () => (await import("./runtime.ts")).runtime,
  },
  {
    shown: [shown("detect", "", "detection rules: try them on events, lint them")],
    load: async () => (await import("./detect.ts")).detect,
  },
  {
    shown: [shown("image", "", "images: scan for vulnerabilities and secrets, write an SBOM, get build advice")],
    load: async () => (await import("./image.ts")).image,
  },
  {
    shown: [shown("vuln", "", "one vulnerability: why it holds for an image or does not, where it is")],
    load: async () => (await import("./vuln.ts")).vuln,
  },
  {
    shown: [shown("db", "", "the advisory database: build it from feeds, update, look at it, carry it to an air gap")],
    load: async () => (await import("./db.ts")).db,
  },
  {
    shown: [
      shown(
        "baseline",
        "",
        "learnt baselines: what workloads do, what drifts from it, and the ladder up to protecting",
      ),
    ],
    load: async () => (await import("./baseline.ts")).baseline,
  },
  {
    shown: [shown("sink", "", "outputs: where security events are sent, their health, dead letters and replay")],
    load: async () => (await import("./sink.ts")).sink,
  },
  {
    shown: [
      shown("apply", "[options]", "create or change resources from files"),
      shown("diff", "[options]", "what `apply` would change; exit code 3 when something would"),
      shown("get", "[options] [kind] [name]", "show resources, or the kinds there are"),
      shown("delete", "[options] [kind] [name]", "delete resources; their history is kept"),
      shown("history", "[options] <kind> <name>", "all generations of a resource, newest first"),
      shown("restore", "[options] <kind> <name>", "make an older generation the newest one"),
    ],
    load: async () => (await import("./resources.ts")).resources,
  },
  {
    shown: [shown("agent", "", "nodes, join tokens, revocation")],
    load: async () => (await import("./agent.ts")).agent,
  },
  {
    shown: [shown("demo", "", "the simulated shop: run it, break it, attack it")],
    load: async () => (await import("./demo.ts")).demo,
  },
  {
    shown: [shown("install", "[options]", "print the manifests that put Garrison into a cluster")],
    load: async () => (await import("./install.ts")).install,
  },
  {
    shown: [shown("run", "[options] <app> [flags...]", "one process by itself: server, agent, store or demo")],
    load: async () => (await import("./run.ts")).run,
  },
  {
    shown: [shown("config", "", "what can be set, and whether a file is right")],
    load: async () => (await import("./config.ts")).config,
  },
  {
    shown: [shown("completion", "[options] <shell>", "a completion script for your shell")],
    load: async () => (await import("./completion.ts")).completion,
  },
  {
    shown: [shown("exit-codes", "[options]", "what the exit codes mean")],
    load: async () => (await import("./exit-codes.ts")).exitCodesCommand,
  },
];

/** Every command, read whole: for shell completion and for tests. */
export async function allCommands(): Promise<readonly CommandUnit[]> {
  return await Promise.all(commandEntries.map((entry) => entry.load()));
}
