// One detection for tests of its words: a reverse shell in a pod, its tree and its evidence.
import type { DetectionCard, OneDetection, TreeProcess } from "./detection-words.ts";

function processOf(generation: number, pid: number, name: string, words: readonly string[]): TreeProcess {
  const process = {
    processId: `id-${pid}`,
    parentProcessId: `id-${pid - 1}`,
    startTime: `2026-11-26T15:00:0${generation + 1}.000Z`,
    pid,
    name,
    executable: `/bin/${name}`,
    arguments: words,
  } as unknown as TreeProcess["process"];
  return { process, generation, files: [], connections: [], names: [], deedsOmitted: 0 };
}

export function detectionFixture(over: Partial<DetectionCard> = {}, more: Partial<OneDetection> = {}): OneDetection {
  const own = processOf(0, 41, "sh", ["sh", "-i"]);
  const connections = [
    { what: "192.0.2.77:4444", count: 1 },
    { what: "[2001:db8::1]:443 tcp", count: 1 },
    { what: "unix /run/x.sock", count: 1 },
  ];
  const detection = {
    id: "16rik-a1f00c41d3b2e001",
    firstAt: "2026-11-26T15:00:00.000Z",
    lastAt: "2026-11-26T15:02:00.000Z",
    count: 2,
    severity: "critical",
    rule: "Reverse shell",
    title: "A shell obeys somebody",
    message: "standard input is a connection",
    action: "detected",
    receipt: "",
    cluster: "local",
    node: "worker-1",
    namespace: "shop",
    workload: "frontend",
    workloadKind: "Deployment",
    pod: "frontend-1",
    ...over,
  } as DetectionCard;
  const found = {
    detection,
    evidence: [
      { at: "2026-11-26T15:00:00.000Z", kind: "1 connect", text: "to 192.0.2.77:4444" },
      { kind: "", text: "descriptor 0 becomes it" },
    ],
    evidenceOmitted: 0,
    techniques: [{ id: "T1059.004", name: "Unix Shell", tactics: ["Execution"] }],
    tree: [{ ...own, connections }, processOf(-1, 40, "node", ["node", "server.js"])],
    treeBecause: "",
    window: { gaps: [] },
    ...more,
  };
  return found as unknown as OneDetection;
}
