// What transparent mode tells: connections that were not inspected, and times in which the gateway was not there. Plain data; who ships events makes rows of it.
import type { Row } from "../../../model/table.ts";
import type { PortFigures } from "../../../core/waf/transparent/compile-table.ts";
import type { NotInspected } from "./not-inspected.ts";

/** A gateway was not there for the ports of a workload. A security event. */
export interface GatewayDown {
  readonly timeMs: number;
  /** "gone": its process ended without a word. "hung": it lived and did not answer. */
  readonly how: "gone" | "hung";
  readonly label: string;
  readonly ports: readonly { readonly port: number; readonly onDown: "open" | "closed" }[];
  /** What the kernel counted while it was away; empty when that is not known (yet). */
  readonly figures: readonly PortFigures[];
}

export type TransparentNotice =
  | ({ readonly what: "not-inspected" } & NotInspected)
  | ({ readonly what: "down" } & GatewayDown);

export interface SecurityWords {
  readonly severity: "high" | "medium" | "low";
  readonly rule: string;
  readonly title: string;
  readonly message: string;
}

/** A row of `security_events`. */
export function securityRow(notice: TransparentNotice): Row<"security_events"> {
  const { severity, rule, title, message } = securityWords(notice);
  const [namespace = "", pod = ""] = /^([^/ ]+)\/([^/ ]+)$/.exec(notice.label)?.slice(1) ?? [];
  const isPod = pod !== "";
  return {
    time: notice.timeMs,
    severity,
    source: "garrison",
    rule,
    title,
    message,
    tags: ["waf"],
    techniques: [],
    evidence:
      notice.what === "down"
        ? notice.ports.map(({ port, onDown }) => `port ${port}: ${onDown}`)
        : [`port ${notice.port}`],
    action: "detected",
    policy: "",
    receipt: "",
    ancestors: [],
    outputFields: [],
    count: notice.what === "down" ? 1 : notice.connections,
    processId: "",
    pid: 0,
    process: "",
    executable: "",
    namespace,
    workload: isPod ? pod : notice.label,
    workloadKind: isPod ? "Pod" : "Unknown",
    service: "",
    pod,
    container: "",
    containerId: "",
    image: "",
    imageDigest: "",
    identityReason: isPod ? "" : "a network namespace that was named, not a pod",
    fidelity: "proxy",
  };
}

/** The words of a security event. */
export function securityWords(notice: TransparentNotice): SecurityWords {
  if (notice.what === "not-inspected") {
    const { label, port, because, connections, clientAddress } = notice;
    return {
      severity: "low",
      rule: "waf-not-inspected",
      title: `Port ${port} of ${label} is not inspected: ${because}`,
      message: `${connections} connections passed to the application without inspection, the last from ${clientAddress}: ${because}.`,
    };
  }
  const open = notice.ports.filter(({ onDown }) => onDown === "open").map(({ port }) => port);
  const closed = notice.ports.filter(({ onDown }) => onDown === "closed").map(({ port }) => port);
  const sum = (pick: (one: PortFigures) => number): number => notice.figures.reduce((all, one) => all + pick(one), 0);
  const parts = [
    ...(open.length > 0 ? [`open and not inspected: ${open.join(", ")}`] : []),
    ...(closed.length > 0 ? [`closed: ${closed.join(", ")}`] : []),
    ...(notice.figures.length > 0
      ? [
          `${sum((one) => one.passedWhileDown)} connections passed and ${sum((one) => one.droppedWhileDown)} openings were dropped meanwhile`,
        ]
      : []),
  ];
  return {
    severity: open.length > 0 ? "high" : "medium",
    rule: "waf-gateway-down",
    title: `The WAF gateway before ${notice.label} ${notice.how === "gone" ? "is gone" : "did not answer"}`,
    message: `Ports ${parts.join("; ")}.`,
  };
}
