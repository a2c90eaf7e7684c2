// Everything of a node: conditions and capacity by Kubernetes, and what its agent can and cannot see.
import { Link } from "@tanstack/react-router";
import type { ClusterMachine } from "../../../../src/model/cluster.ts";
import { quoteValue } from "../../app/url-state.ts";
import { carried } from "../../app/use-url-state.ts";
import { Age } from "../../kit/age.tsx";
import { field, FieldList, type FieldGroup } from "../../kit/field-list.tsx";
import { formatBytes, formatCount, formatDuration } from "../../kit/format.ts";

export function NodeDetails({ node }: { readonly node: ClusterMachine }) {
  const { cluster, name } = node;
  return (
    <>
      <FieldList groups={[...agentGroups(node), ...kubernetesGroups(node)]} />
      <section className="fields">
        <h3>Related</h3>
        <ul className="related">
          {(["/flows", "/events", "/workloads"] as const).map((to) => (
            <li key={to}>
              <Link to={to} search={(before) => ({ ...carried(before), cluster, q: `node:${quoteValue(name)}` })}>
                {{ "/flows": "Traffic", "/events": "Events", "/workloads": "Workloads" }[to]} of {name}
              </Link>
            </li>
          ))}
        </ul>
      </section>
    </>
  );
}

function agentGroups({ agent }: ClusterMachine): readonly FieldGroup[] {
  if (agent === undefined)
    return [
      {
        title: "Agent",
        fields: [field("State", "There is none: nothing that happens on this node is seen. Health shows how to join.")],
      },
    ];
  const lost = agent.counters.queueDrops + agent.counters.spoolDrops;
  const ring = Object.values(agent.counters.ringDropsByType).reduce((sum, count) => sum + count, 0);
  return [
    {
      title: "Agent",
      fields: [
        field("State", agent.state),
        field("Fidelity", [agent.fidelity, agent.fidelityBecause].filter((text) => text !== "").join(": ")),
        field("Version", agent.version, "data"),
        field("Last seen", <Age time={agent.lastSeenAt} />),
        field("Lag", formatDuration(agent.lagMs)),
        field("Lost", lost + ring === 0 ? "nothing" : `${formatCount(lost + ring)} rows or events`),
        field("Rows sent", formatCount(agent.counters.rowsAcknowledged), "data"),
        field("Memory", formatBytes(agent.counters.residentBytes), "data"),
        field("CPU time", formatDuration(agent.counters.cpuMs), "data"),
      ],
    },
    {
      title: "Does not see",
      fields: agent.notSeen.map((each) => field(each.name, each.because || "no reason was given")),
    },
  ];
}

function kubernetesGroups({ kubernetes, pods, podsNotReady }: ClusterMachine): readonly FieldGroup[] {
  if (kubernetes === undefined)
    return [
      {
        title: "Kubernetes",
        fields: [field("State", "Kubernetes does not know this node, or nobody asks Kubernetes.")],
      },
    ];
  return [
    {
      title: "Kubernetes",
      fields: [
        field("Ready", kubernetes.ready),
        field("Takes new pods", kubernetes.unschedulable ? "no (cordoned)" : "yes"),
        field(
          "Pods",
          pods === undefined ? "" : `${pods} of at most ${kubernetes.podsMax}, ${podsNotReady ?? 0} not ready`,
        ),
        field("Kubelet", kubernetes.kubeletVersion, "data"),
        field("Runtime", kubernetes.containerRuntime, "data"),
        field("System", kubernetes.osImage),
        field("Kernel", kubernetes.kernelVersion, "data"),
        field("Architecture", kubernetes.architecture),
        field("CPU", `${kubernetes.cpuMillis / 1000}`, "data"),
        field("Memory", formatBytes(kubernetes.memoryBytes), "data"),
        field("Zone", kubernetes.zone),
        field("Addresses", kubernetes.addresses.join(", "), "data"),
        field("Pod networks", kubernetes.podCidrs.join(", "), "data"),
      ],
    },
    {
      title: "Conditions",
      fields: kubernetes.conditions.map(({ type, status, reason, message }) =>
        field(type, [status, reason, message].filter((text) => text !== "").join(" · ")),
      ),
    },
  ];
}
