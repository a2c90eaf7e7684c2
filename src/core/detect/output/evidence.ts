// What a detection stands on, in one line each: what was done, to what, by whom.
import { redactText } from "../../redact/redact.ts";
import { scalarsAt } from "../audit/json.ts";
import type { Evidence } from "../contract.ts";
import type { DetectEvent } from "../event.ts";
import { argumentsText, tupleText } from "../fields/arguments.ts";
import { argumentsNotKept, holdsArguments } from "./without-arguments.ts";
import { oneLine, redactedCommand } from "./template.ts";

/** `step` stands before the kind: "2 chmod: fchmodat". */
export function evidenceOf(event: DetectEvent, charactersMax: number, step = ""): Evidence {
  return {
    timeMs: event.timeMs,
    kind: step === "" ? event.type : `${step}: ${event.type}`,
    text: oneLine(deedText(event)).slice(0, charactersMax),
    process: event.process.key,
  };
}

/** The text of the event's evidence with the program alone where its arguments would stand. */
export function textWithoutArguments(event: DetectEvent, charactersMax: number): string {
  return oneLine(deedText(event, false)).slice(0, charactersMax);
}

function deedText(event: DetectEvent, keepsArguments = true): string {
  if (event.flat !== undefined) return flatText(event.flat, keepsArguments);
  if (event.source === "k8s_audit") return auditText(event.audit);
  const { process } = event;
  const who = process.key.pid === 0 ? "" : ` by ${process.comm}[${process.key.pid}]`;
  if (event.type === "execve")
    return `${process.executable || process.comm}: ${keepsArguments ? redactedCommand(process) : argumentsNotKept}${parentText(event)}`;
  const what = tupleText(event) ?? pathText(event);
  const about = what === "" ? argumentsText(event) : what;
  return `${redactText(about).text}${event.result < 0 ? ` (${event.result})` : ""}${who}`;
}

function parentText({ process: { parent } }: DetectEvent): string {
  return parent === undefined ? "" : `, started by ${parent.comm}[${parent.key.pid}]`;
}

/** Everything but what the line says already. */
function flatText(flat: Readonly<Record<string, unknown>>, keepsArguments: boolean): string {
  const pairs = Object.entries(flat).filter(
    ([name]) => (!name.startsWith("evt.") || name.startsWith("evt.arg")) && (keepsArguments || !holdsArguments(name)),
  );
  return redactText(
    pairs.map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`).join(" "),
  ).text;
}

function pathText({ path, requestedPath, targetPath }: DetectEvent): string {
  const asked = requestedPath !== "" && requestedPath !== path ? ` (asked for as ${requestedPath})` : "";
  return `${path}${asked}${targetPath === "" ? "" : ` -> ${targetPath}`}`;
}

function auditText(audit: unknown): string {
  const at = (path: string): string => String(scalarsAt(audit, path)[0] ?? "");
  const object = [
    at("/objectRef/namespace"),
    at("/objectRef/resource"),
    at("/objectRef/name"),
    at("/objectRef/subresource"),
  ];
  return `${at("/verb")} ${object.filter((part) => part !== "").join("/")} by ${at("/user/username")}, answered ${at("/responseStatus/code")}`;
}
