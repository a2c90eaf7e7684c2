// A detection as plain text for a ticket or a chat: who, what, evidence in order, tree, proof, and the command that shows it again. Pure.
import { missingOf } from "../../kit/timeline-data.ts";
import {
  depthsOf,
  evidenceKind,
  processEnd,
  treeOrder,
  actionText,
  severityWords,
  type OneDetection,
} from "./detection-words.ts";

/** A parent may have been started with kilobytes of words. */
const commandLengthMax = 300;

function cutText(text: string): string {
  return text.length <= commandLengthMax ? text : `${text.slice(0, commandLengthMax)}… (${text.length} characters)`;
}

/** Times are UTC: the reader may sit elsewhere. Values were redacted before they were stored. */
export function ticketText(found: OneDetection): string {
  const { detection: card, evidence, techniques, tree } = found;
  const where = [card.namespace, card.workload].filter((part) => part !== "").join("/") || "no known workload";
  const times = card.count === 1 ? card.firstAt : `${card.count} times, ${card.firstAt} to ${card.lastAt}`;
  const rows = treeOrder(tree);
  const depths = depthsOf(rows);
  const lines = [
    `${severityWords[card.severity]}: ${card.title || card.rule} (${actionText(card)})`,
    `${where} on ${card.cluster}, node ${card.node || "not known"}${card.pod === "" ? "" : `, pod ${card.pod}`}`,
    times,
    card.message,
    ...(card.receipt === "" ? [] : [`Receipt: ${card.receipt}`]),
    ...(techniques.length === 0
      ? []
      : [`ATT&CK: ${techniques.map(({ id, name }) => `${id} ${name}`.trim()).join(", ")}`]),
    "",
    "Evidence",
    ...(evidence.length === 0 ? ["  none beside the message"] : []),
    ...evidence.map((each, index) =>
      [`  ${index + 1}.`, each.at ?? "", evidenceKind(each), each.text].filter((part) => part !== "").join(" "),
    ),
    ...(found.evidenceOmitted > 0 ? [`  and ${found.evidenceOmitted} later entries`] : []),
    "",
    "Process tree",
    ...(rows.length === 0 ? [`  not known: ${found.treeBecause || "nothing of it is kept"}`] : []),
    ...rows.map((row, index) => {
      const { pid, name, arguments: words, executable } = row.process;
      const mark = row.generation === 0 ? "> " : "  ";
      const command = cutText(words.length === 0 ? executable : words.join(" "));
      return `${mark}${"  ".repeat(depths[index] ?? 0)}${name} ${pid} ${command} (${processEnd(row).text})`;
    }),
    ...(missingOf(found.window.gaps).length === 0
      ? []
      : ["", "Data is missing around this time: tree and evidence may not be whole."]),
    "",
    `npx garrison detections show ${card.id}`,
  ];
  return lines.join("\n");
}
