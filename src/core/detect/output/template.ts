// Output templates: "%field[argument]" in a text, filled from an event, with secrets taken out. A missing value is "<NA>", as in Falco.
import { Fault } from "../../../base/fault.ts";
import { redactArguments, redactText } from "../../redact/redact.ts";
import type { DetectEvent, ReadValue, Value } from "../event.ts";
import { transformers, type FieldTerm, type Transformer } from "../falco/ast.ts";
import { readField, type ReadTerm } from "../engine/compile-check.ts";
import { termOf, type Term } from "../engine/resolve.ts";
import { environmentReader, isEnvironment } from "../fields/environment-fields.ts";
import { ancestorOf, type ProcessFacts } from "../process/facts.ts";
import { argumentsNotKept, holdsArguments } from "./without-arguments.ts";

export type Part = string | { readonly term: Term; readonly read: ReadValue };

export interface Template {
  readonly text: string;
  readonly parts: readonly Part[];
}

export const missingText = "<NA>";
const valueCharactersMax = 1024;

/** What older templates write for the usual facts of a container. */
const shorthands: Readonly<Record<string, string>> = {
  "%container.info": "container_id=%container.id container_name=%container.name",
  "%k8s.info": "k8s_ns_name=%k8s.ns.name k8s_pod_name=%k8s.pod.name",
};

const pattern = /%(?:([a-z0-9]+)\()?([a-z][a-z0-9]*(?:\.[A-Za-z0-9_]+(?:[/-][A-Za-z0-9_]+)*)+)(?:\[([^\]]*)\])?(\))?/g;

/** Throws a Fault for a field that there is not. */
export function parseTemplate(given: string, readTerm: ReadTerm = readField): Template {
  const text = writtenOut(given);
  const parts: Part[] = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    const [whole, call, field = "", argument, closing] = match;
    const term = termOf(writtenTerm(call, field, argument));
    if (match.index > end) parts.push(text.slice(end, match.index));
    parts.push({ term, read: readTerm(term) });
    end = match.index + whole.length;
    // A bracket that was not opened here belongs to the text.
    if (call === undefined && closing !== undefined) end -= 1;
  }
  if (end < text.length) parts.push(text.slice(end));
  return { text, parts };
}

/** Each field of a text by itself, looked up when asked: `parseTemplate` stops at the first that is not there. */
export function lookupsOf(given: string): readonly (() => Term)[] {
  return [...writtenOut(given).matchAll(pattern)].map(
    ([, call, field = "", argument]) =>
      () =>
        termOf(writtenTerm(call, field, argument)),
  );
}

/** A star in front says "also when fields are missing": that is always so here. */
function writtenOut(given: string): string {
  return Object.entries(shorthands).reduce(
    (all, [short, long]) => all.replaceAll(short, long),
    given.replace(/^\*/, ""),
  );
}

function writtenTerm(call: string | undefined, field: string, argument: string | undefined): FieldTerm {
  return { field, argument, transformers: call === undefined ? [] : [transformerOf(call)] };
}

function transformerOf(name: string): Transformer {
  const found = transformers.find((one) => one === name);
  if (found !== undefined) return found;
  throw new Fault(`${JSON.stringify(name)} is no transformer`, {
    code: "detect/bad-output",
    kind: "usage",
    hint: `known are: ${transformers.join(", ")}`,
  });
}

export interface Filled {
  readonly output: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
}

interface FillOptions {
  readonly charactersMax: number;
  readonly readTerm?: ReadTerm | undefined;
  /** false: `argumentsNotKept` stands for values that hold a process's arguments. */
  readonly keepsArguments?: boolean;
}

/** The text and its fields, each name once; cut at `charactersMax`. */
export function fillTemplate(
  { parts }: Template,
  event: DetectEvent,
  { charactersMax, readTerm, keepsArguments = true }: FillOptions,
): Filled {
  const fields = new Map<string, string>();
  let output = "";
  for (const part of parts) {
    if (typeof part === "string") output += part;
    else {
      const shown = fields.get(part.term.name) ?? shownValue(part.term, readTerm?.(part.term) ?? part.read, event);
      const isKept = keepsArguments || shown === missingText || !holdsArguments(part.term.name);
      const value = isKept ? shown : argumentsNotKept;
      fields.set(part.term.name, value);
      output += value;
    }
  }
  return { output: output.slice(0, charactersMax), fields: [...fields] };
}

/** Redacted, cut, without line breaks. */
export function shownValue(term: Term, read: ReadValue, event: DetectEvent): string {
  if (isEnvironment(term)) return shownVariables(term, read, event);
  const process = processOf(term, event);
  const text = process === undefined ? plainText(read(event)) : commandText(term, process);
  if (text === undefined) return missingText;
  const redacted = process === undefined ? redactText(text).text : text;
  return oneLine(redacted).slice(0, valueCharactersMax);
}

/** Each variable is redacted with its name in front, which says what it is; of one that is a secret no transformer shows anything. */
function shownVariables({ field, argument }: Term, read: ReadValue, event: DetectEvent): string {
  const value = plainText(read(event));
  if (value === undefined) return missingText;
  const plain = plainText(environmentReader(field.name, argument, (variables) => variables)(event));
  const redacted = plainText(environmentReader(field.name, argument, redactVariables)(event));
  return oneLine(plain === redacted ? redactText(value).text : (redacted ?? missingText)).slice(0, valueCharactersMax);
}

function redactVariables(variables: readonly string[]): readonly string[] {
  return variables.map((variable) => redactArguments(["env", variable]).arguments[1] ?? "");
}

export function oneLine(text: string): string {
  return text.replaceAll(/[\r\n]+/g, " ");
}

function plainText(value: Value): string | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) return String(value);
  const values = value as readonly (string | number)[];
  // A list of ancestors or groups is shown whole; an argument's spellings by the first.
  return values.length === 1 ? String(values[0]) : values.join(",");
}

const ofProcess: ReadonlySet<string> = new Set(["proc.cmdline", "proc.args", "proc.exeline"]);
const ofParent: ReadonlySet<string> = new Set(["proc.pcmdline"]);
const ofAncestor: ReadonlySet<string> = new Set(["proc.acmdline", "proc.aargs"]);

/** Whose arguments the field holds: those are redacted word by word, before they are joined. */
function processOf(
  { field, argument, transformers: changes }: Term,
  { process }: DetectEvent,
): ProcessFacts | undefined {
  if (changes.length > 0 || !process.isKnown) return undefined;
  if (ofProcess.has(field.name)) return process.isKnown ? process : undefined;
  const found = ofParent.has(field.name)
    ? process.parent
    : ofAncestor.has(field.name) && argument !== undefined
      ? ancestorOf(process, Number(argument))
      : undefined;
  return found?.isKnown === true ? found : undefined;
}

function commandText({ field }: Term, process: ProcessFacts): string {
  const words = redactArguments(process.arguments).arguments;
  if (field.name === "proc.exeline") return words.join(" ");
  if (field.name === "proc.args" || field.name === "proc.aargs") return words.slice(1).join(" ");
  return [process.comm, ...words.slice(1)].join(" ");
}

/** "bash -c ls", redacted: of the process itself. */
export function redactedCommand(process: ProcessFacts): string {
  return oneLine([process.comm, ...redactArguments(process.arguments).arguments.slice(1)].join(" "));
}
