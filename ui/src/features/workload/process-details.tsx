// Every field of one process.
import { Arguments } from "../../kit/arguments.tsx";
import { field, FieldList } from "../../kit/field-list.tsx";
import { formatDateTime, formatDuration } from "../../kit/format.ts";
import { capabilityNames } from "./capabilities.ts";
import { processState, type ProcessNode } from "./process-tree.ts";

export function ProcessDetails({ node }: { readonly node: ProcessNode }) {
  const { process } = node;
  return (
    <FieldList
      groups={[
        {
          title: "Process",
          fields: [
            field("Name", process.name, "data"),
            field("Executable", process.executable, "data"),
            field("Arguments", <Arguments words={process.arguments} cut={process.argumentsCut} />, "data"),
            field("Redacted", process.redacted.join(", ")),
            field("Working directory", process.workingDirectory, "data"),
            field("Process id", process.pid, "data"),
            field("Parent", process.parentPid, "data"),
            field("Ancestors", process.ancestors.join(" ← "), "data"),
          ],
        },
        {
          title: "Life",
          fields: [
            field("State", processState(node).text),
            field("Started", formatDateTime(process.startTime), "data"),
            field("Ended", node.endedAt === undefined ? "" : formatDateTime(node.endedAt), "data"),
            field("Ran for", process.durationMs === 0 ? "" : formatDuration(process.durationMs), "data"),
          ],
        },
        {
          title: "Rights",
          fields: [
            field("User, group", `${process.uid}, ${process.gid}`, "data"),
            field("Capabilities", capabilityNames(process.capabilities), "data"),
          ],
        },
        {
          title: "Where",
          fields: [
            field("Node", process.node),
            field("Pod", process.pod, "data"),
            field("Container", process.container),
            field("Image", process.image, "data"),
            field("Not known, because", process.identityReason),
            field("Fidelity", process.fidelity),
          ],
        },
      ]}
    />
  );
}
