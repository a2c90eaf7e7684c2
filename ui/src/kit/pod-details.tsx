// Everything of a pod: who owns it, where it runs, its containers with images and ends, variables by name only.
import type { Container, Pod } from "../../../src/model/inventory.ts";
import { field, FieldList, type FieldGroup } from "./field-list.tsx";
import { formatAgo, formatDateTime } from "./format.ts";
import { containerStateText, environmentSources, labelsText, podStateText } from "./pod-text.ts";
import { WorkloadName } from "./workload-name.tsx";

export function PodDetails({ pod, endedAt }: { readonly pod: Pod; readonly endedAt?: string | undefined }) {
  const time = (value: string | undefined) => (value === undefined ? "" : formatDateTime(value));
  return (
    <FieldList
      groups={[
        {
          title: "Pod",
          fields: [
            field("State", endedAt === undefined ? podStateText(pod) : "gone"),
            field(
              "Workload",
              <WorkloadName
                cluster={pod.cluster}
                namespace={pod.namespace}
                kind={pod.workloadKind}
                name={pod.workload}
                reason={pod.workloadReason}
              />,
            ),
            field("Owner not certain, because", pod.workloadReason),
            field("Node", pod.node || "not placed yet"),
            field("Addresses", `${pod.addresses.join(", ")}${pod.hostNetwork ? " (the node's own)" : ""}`, "data"),
            field("Service account", pod.serviceAccount, "data"),
            field("Started", time(pod.startedAt), "data"),
            field("Asked to end", time(pod.deletingAt), "data"),
            field("Ended", time(endedAt), "data"),
            field("Volumes", pod.volumes.join(", "), "data"),
            field("Labels", labelsText(pod.labels), "data"),
          ],
        },
        ...pod.containers.flatMap(containerGroups),
      ]}
    />
  );
}

function containerGroups(container: Container): readonly FieldGroup[] {
  const { name, isInit, image, imageDigest, containerId, restarts, lastEndReason, lastEndAt, ports } = container;
  const lastEnd =
    lastEndAt === undefined ? lastEndReason : `${lastEndReason} ${formatAgo(Date.parse(lastEndAt), Date.now())}`;
  return [
    {
      title: `${isInit ? "Init container" : "Container"} ${name}`,
      fields: [
        field("State", containerStateText(container)),
        field("Restarts", restarts === 0 ? "" : restarts, "data"),
        field("Ended last by", lastEnd),
        field("Image", image, "data"),
        field("Digest", imageDigest || "the runtime did not say", "data"),
        field("Container id", containerId.slice(0, 12), "data"),
        field("Ports", ports.map(({ port, protocol }) => `${port}/${protocol.toLowerCase()}`).join(", "), "data"),
        field("Requests", labelsText(container.requests), "data"),
        field("Limits", labelsText(container.limits), "data"),
      ],
    },
    {
      title: `Environment of ${name} (names only, values are never read)`,
      fields: environmentSources(container).map((source) => field(source.name, source.text, "data")),
    },
  ];
}
