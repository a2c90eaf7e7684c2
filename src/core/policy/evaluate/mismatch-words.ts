// Why a rule did not match, with what it asked for and what the flow has: "source shop/job has app=job, not app == "web"".
import type { EntityMatch, PortMatch, Rule } from "../model.ts";
import type { Selector, SelectorNode } from "../selector/selector.ts";
import { endWords, portWords } from "./end-words.ts";
import { hasPorts, type End, type Question } from "./question.ts";

const labelsSaidMax = 4;
const portsSaidMax = 6;
const lengthMax = 160;

/** One clause per field that failed, in the order given. */
export function mismatchWords(rule: Rule, failed: readonly string[], question: Question): string {
  return failed.map((field) => fieldWords(rule, field, question)).join("; ");
}

function fieldWords(rule: Rule, field: string, question: Question): string {
  const [side = "", part] = field.split(".");
  if (side !== "source" && side !== "destination") return plainWords(rule, field, question);
  const entity = rule[side];
  const end = question[side];
  switch (part) {
    case "selector":
      return entity.selector === undefined ? `${field} did not match` : selectorWords(side, end, entity.selector);
    case "notSelector":
      return `${side} ${endWords(end)} is excluded: ${shortText(entity.notSelector)}`;
    case "nets":
      return `${side} ${end.text} is not in ${netWords(entity.nets)}`;
    case "notNets":
      return `${side} ${end.text} is in the excluded ${netWords(entity.notNets)}`;
    case "ports":
      return portsWords(side, entity.ports, question);
    case "domains":
      return domainWords(entity, question);
    default:
      return `${field} did not match`;
  }
}

function plainWords({ protocol }: Rule, field: string, question: Question): string {
  if (field !== "protocol" || protocol === undefined) return `${field} did not match`;
  const asked = portWords(question.destinationPort, question.protocol).split("/").at(-1) ?? "";
  return `protocol is ${asked}, not ${portWords(0, protocol).split("/").at(-1) ?? String(protocol)}`;
}

/** The labels that the selector asks about, as the end has them. */
function selectorWords(side: string, end: End, selector: Selector): string {
  const row = end.sole ?? end.rows[0];
  if (row === undefined)
    return `${side} ${endWords(end)} is nothing that labels are known of; asked is ${shortText(selector)}`;
  const keys = [...new Set(keysOf(selector.node))].filter((key) => !key.startsWith("projectcalico.org/"));
  const said = keys.slice(0, labelsSaidMax).map((key) => {
    const value = row.labels.get(key);
    return value === undefined ? `no label ${key}` : `${key}=${value}`;
  });
  const has = said.length === 0 ? "" : ` has ${said.join(", ")};`;
  return `${side} ${endWords(end)}${has} asked is ${shortText(selector)}`;
}

function keysOf(node: SelectorNode): readonly string[] {
  switch (node.op) {
    case "all":
      return [];
    case "and":
    case "or":
      return node.nodes.flatMap(keysOf);
    case "not":
      return keysOf(node.node);
    default:
      return [node.key];
  }
}

/** Canonical text, the namespace as a person says it, cut to a readable length. */
function shortText(selector: Selector | undefined): string {
  const text = (selector?.text ?? "")
    .replace(/^\((.*)\)$/, "$1")
    .replaceAll(/projectcalico\.org\/namespace == "([^"]*)"/g, "namespace $1")
    .replaceAll("has(projectcalico.org/namespace)", "any namespace")
    .replaceAll("pcns.", "namespace label ");
  return text.length > lengthMax ? `${text.slice(0, lengthMax)}...` : text;
}

function netWords(nets: EntityMatch["nets"]): string {
  const texts = (nets ?? []).map(({ text }) => text);
  return texts.length > labelsSaidMax
    ? `${texts.slice(0, labelsSaidMax).join(", ")}, ...`
    : texts.join(", ") || "any net";
}

function portsWords(side: string, ports: readonly PortMatch[] | undefined, question: Question): string {
  const { sourcePort, destinationPort, protocol } = question;
  if (ports?.length === 0 || !hasPorts(protocol)) return `${side}.ports did not match`;
  const asked = (ports ?? []).map((port) =>
    "name" in port ? port.name : port.from === port.to ? String(port.from) : `${port.from}-${port.to}`,
  );
  const listed = asked.length > portsSaidMax ? `${asked.slice(0, portsSaidMax).join(", ")}, ...` : asked.join(", ");
  return `port ${portWords(side === "source" ? sourcePort : destinationPort, protocol)} is not ${listed}`;
}

function domainWords({ domains }: EntityMatch, { flow }: Question): string {
  const asked = (domains ?? []).slice(0, labelsSaidMax).join(", ");
  const known = flow.domains?.slice(0, labelsSaidMax).join(", ") ?? "";
  return `${known === "" ? "the address has no looked-up name" : known}, not ${asked}`;
}
