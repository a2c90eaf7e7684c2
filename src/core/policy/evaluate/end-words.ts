// An end and a port of a flow in the words of explanations.
import { protocolName } from "../write/parts.ts";
import { hasPorts, type End } from "./question.ts";

export function portWords(port: number, protocol: number): string {
  return hasPorts(protocol) ? `${port}/${protocolName(protocol)}` : protocolName(protocol);
}

export function endWords(end: End): string {
  const row = end.sole ?? end.rows[0];
  if (row?.endpoint === undefined) return end.text === "" ? "this end" : end.text;
  const { namespace, workload, name } = row.endpoint;
  return namespace === "" ? name : `${namespace}/${workload === "" ? name : workload}`;
}
