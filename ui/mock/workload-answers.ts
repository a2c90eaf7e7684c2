// The mock's answers about one workload: summary, peers, processes, DNS.
import type { Api } from "../../src/apps/server/contract/api.ts";
import type { ResponseOf } from "../../src/apps/server/contract/endpoint.ts";
import { ProcessEvent } from "../../src/model/process-event.ts";
import type { Workload } from "../../src/model/workload.ts";
import { rttMedianUs } from "../src/kit/format.ts";
import type { Asked } from "./asked.ts";
import { pick, seeded } from "./random.ts";
import { Refusal } from "./refusal.ts";
import { actors, flowNumbered, type Actor } from "./world.ts";

const iso = (ms: number): string => new Date(ms).toISOString();
type Peer = ResponseOf<Api["workloadPeers"]>["peers"][number];

function flowsOf(actor: Actor, nowMs: number) {
  return Array.from({ length: 700 }, (_, number) => flowNumbered(number, nowMs - number * 4100)).filter(
    (flow) => flow.sourceWorkload === actor.name || flow.destinationWorkload === actor.name,
  );
}

/** The actor that the path names. */
export function actorOf({ params }: Asked): Actor {
  const actor = actors.find(
    ({ cluster, name, namespace, kind }) =>
      cluster === params["cluster"] &&
      name === params["name"] &&
      namespace === params["namespace"] &&
      kind === params["kind"],
  );
  if (actor === undefined)
    throw new Refusal(
      `no workload ${params["kind"]} ${params["namespace"]}/${params["name"]} was seen in this window`,
      {
        code: "workloads/unknown",
        kind: "not-found",
        hint: "Choose a longer time range, or look for it in the list of workloads.",
      },
    );
  return actor;
}

export function workloadOf(actor: Actor, nowMs: number): Workload {
  const flows = flowsOf(actor, nowMs);
  const sum = (value: (flow: (typeof flows)[number]) => number): number =>
    flows.reduce((total, flow) => total + value(flow), 0);
  return {
    cluster: actor.cluster,
    namespace: actor.namespace,
    name: actor.name,
    kind: actor.kind,
    service: actor.namespace === "host" ? "" : actor.name,
    nodes: actor.kind === "Deployment" ? ["worker-1", "worker-2", "worker-3"] : [actor.node],
    images: actor.image === "" ? [] : [actor.image],
    firstSeen: iso(nowMs - 86_400_000 * 3),
    lastSeen: iso(nowMs - 1500),
    processes: 3 + (actor.name.length % 9),
    connections: flows.length * 7,
    connectionsFailed: sum((flow) => flow.connectionsFailed) * 3,
    dnsQuestions: actor.name.length * 40,
    bytesSent: sum((flow) => flow.bytesSent) * 40,
    bytesReceived: sum((flow) => flow.bytesReceived) * 40,
  };
}

export function peersOf(actor: Actor, nowMs: number): readonly Peer[] {
  const peers = new Map<string, Peer>();
  for (const flow of flowsOf(actor, nowMs)) {
    const outbound = flow.sourceWorkload === actor.name;
    const kind = outbound ? flow.destinationKind : flow.sourceKind;
    const workload = outbound ? flow.destinationWorkload : flow.sourceWorkload;
    const address = outbound ? flow.destinationAddress : flow.sourceAddress;
    const key = `${outbound}|${workload}|${workload === "" ? address : ""}|${flow.destinationPort}`;
    const before = peers.get(key);
    const rtt = rttMedianUs(flow.rttUs);
    peers.set(key, {
      direction: outbound ? "outbound" : "inbound",
      kind,
      namespace: outbound ? flow.destinationNamespace : flow.sourceNamespace,
      workload,
      address,
      domain: outbound ? flow.destinationDomain : "",
      port: flow.destinationPort,
      protocol: flow.protocol,
      processes: [...new Set([...(before?.processes ?? []), flow.process])],
      connections: (before?.connections ?? 0) + 7,
      connectionsFailed: (before?.connectionsFailed ?? 0) + flow.connectionsFailed,
      bytesSent: (before?.bytesSent ?? 0) + flow.bytesSent,
      bytesReceived: (before?.bytesReceived ?? 0) + flow.bytesReceived,
      ...(rtt === undefined ? {} : { rttUsMedian: Math.round(rtt) }),
      lastSeen: before?.lastSeen ?? flow.time,
    });
  }
  return [...peers.values()];
}

type ProcessNode = ResponseOf<Api["workloadProcesses"]>["processes"][number];

export function processesOf(actor: Actor, nowMs: number): readonly ProcessNode[] {
  const random = seeded(actor.name.length * 31);
  const nodes: ProcessNode[] = [];
  const add = (parent: string, name: string, words: readonly string[], ended?: Partial<ProcessNode>): string => {
    const number = nodes.length + 1;
    const processId = `${1000 + number}.${number}.0badcafe`;
    const startTime = iso(nowMs - 5_000_000 + number * 61_000);
    nodes.push({
      process: ProcessEvent.parse({
        time: startTime,
        startTime,
        cluster: actor.cluster,
        node: actor.node,
        action: "exec",
        processId,
        parentProcessId: parent,
        pid: 1000 + number,
        uid: actor.namespace === "host" ? 0 : 10_001,
        gid: 10_001,
        capabilities: actor.namespace === "host" ? 2 ** 41 - 1 : 2 ** 10,
        name,
        executable: words[0]?.startsWith("/") ? words[0] : `/usr/bin/${name}`,
        arguments: words,
        argumentsCut: name === "java",
        redacted: words.some((word) => word.includes("‹redacted")) ? ["password-flag"] : [],
        workingDirectory: "/app",
        ancestors: ["containerd-shim", "systemd"],
        namespace: actor.namespace,
        workload: actor.name,
        workloadKind: actor.kind,
        image: actor.image,
      }),
      ...ended,
    });
    return processId;
  };
  const endedAt = iso(nowMs - 20_000);
  const main = add("", actor.process, [
    actor.executable,
    "--config=/etc/app/config.yaml",
    "--token=‹redacted:token-flag›",
  ]);
  for (let worker = 0; worker < 3; worker += 1)
    add(main, actor.process, [actor.executable, "--worker", String(worker)]);
  const shell = add(
    main,
    "sh",
    ["/bin/sh", "-c", "pg_isready -h orders-db && psql postgres://shop:‹redacted:url-password›@orders-db/shop"],
    { endedAt, exitCode: 1 },
  );
  add(shell, "pg_isready", ["pg_isready", "-h", "orders-db"], { endedAt, exitCode: 0 });
  add(shell, "psql", ["psql", "postgres://shop:‹redacted:url-password›@orders-db/shop"], { endedAt, exitCode: 2 });
  for (const exitCode of [0, 0, 1, 0]) add(main, "cat", ["cat", "/etc/hostname"], { endedAt, exitCode });
  const extra = pick(random, ["curl", "java", "python3"]);
  add(main, extra, [extra, "-sS", "http://checkout:8080/healthz"], { endedAt, exitCode: -1, signal: 9 });
  return nodes;
}

export function dnsNames(actor: Actor, nowMs: number): ResponseOf<Api["workloadDns"]>["names"] {
  if (actor.kind === "StatefulSet") return [];
  return [
    ["orders-db.shop.svc.cluster.local", "A", 812, 0, "NOERROR", ["10.42.1.14"]],
    ["orders-db.shop.svc.cluster.local", "AAAA", 812, 0, "NOERROR", []],
    ["api.payments.example", "A", 96, 0, "NOERROR", ["203.0.113.20", "203.0.113.21"]],
    ["old-cart.shop.svc.cluster.local", "A", 41, 41, "NXDOMAIN", []],
    ["packages.example", "A", 3, 1, "timeout", ["198.51.100.7"]],
  ].map(([question, questionType, count, failures, code, answers]) => ({
    question: String(question),
    questionType: String(questionType),
    count: Number(count),
    failures: Number(failures),
    responseCodes: [String(code)],
    answers: answers as string[],
    latencyUsMedian: 640,
    lastSeen: iso(nowMs - 9000),
  }));
}
