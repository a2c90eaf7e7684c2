// What `garrison policy verify` does: reads truth tables, counts, explains disagreements.
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { Fault, toFault } from "../../../../base/fault.ts";
import { verifyCases, type Disagreement } from "../../../../core/policy/verify/verify-cases.ts";
import { usage } from "./ask-flow.ts";
import { filesUnder } from "./input.ts";
import { decidedWords, formatOf, printDocument } from "./words.ts";
import type { Context } from "../../context.ts";
import { readInput } from "../../input-file.ts";

const tableBytesMax = 512 * 1024 * 1024;
const endings = [".json", ".json.gz"] as const;
const unzip = promisify(gunzip);

/** A file that is no truth table is said and left out (exit 7); when no file is one, that is the failure. */
export async function runVerify(
  context: Context,
  { args }: { readonly args: readonly string[] },
): Promise<number | void> {
  let [agreed, disagreed] = [0, 0];
  const first: Disagreement[] = [];
  const refused: Fault[] = [];
  const files = await filesOf(args);
  for (const file of files) {
    try {
      const found = verifyCases(await readTables(file));
      agreed += found.agreed;
      disagreed += found.disagreed;
      first.push(...found.first);
    } catch (error) {
      refused.push(named(file, toFault(error)));
    }
  }
  const [only, ...others] = refused;
  if (only !== undefined && refused.length === files.length) {
    for (const fault of others) context.say(fault.message);
    throw only;
  }
  for (const fault of refused) context.say(fault.message);
  const format = formatOf(context);
  if (format === "table") {
    await context.print(`${agreed} agreed, ${disagreed} disagreed\n`);
    for (const one of first) context.say(disagreementText(one));
    if (disagreed > first.length) context.say(`${disagreed - first.length} more are not explained`);
  } else await printDocument(context, format, { agreed, disagreed, first });
  if (disagreed > 0) return 3;
  return refused.length > 0 ? 7 : 0;
}

/** Each once, in the order given. */
async function filesOf(names: readonly string[]): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const name of names) for (const file of name === "-" ? ["-"] : await filesUnder(name, endings)) found.add(file);
  if (found.size > 0) return [...found];
  throw usage(`no truth tables in ${names.join(", ")}`, `a folder's ${endings.join(" and ")} files are read`);
}

/** The fault with the file's name in front; bugs stay as they are. */
function named(file: string, fault: Fault): Fault {
  if (fault.kind === "internal") throw fault;
  const name = nameOf(file);
  if (fault.message.startsWith(name)) return fault;
  const { code, kind, hint, where } = fault;
  return new Fault(`${name}: ${where === undefined || where === "" ? "" : `${where}: `}${fault.message}`, {
    code,
    kind,
    ...(hint === undefined ? {} : { hint }),
  });
}

function nameOf(file: string): string {
  return file === "-" ? "(standard input)" : file;
}

async function readTables(file: string): Promise<unknown> {
  const name = nameOf(file);
  const bytes = await readBytes(file);
  const isZipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
  let text: string;
  try {
    text = (isZipped ? await unzip(bytes, { maxOutputLength: tableBytesMax }) : bytes).toString("utf8");
  } catch (cause) {
    throw bad(name, "cannot be unpacked", cause);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw bad(name, "is not JSON", cause);
  }
}

async function readBytes(file: string): Promise<Buffer> {
  return file === "-" ? standardInput() : readInput(file, { hint: "a .json or .json.gz file of cases" });
}

async function standardInput(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > tableBytesMax)
      throw new Fault(`(standard input) is larger than ${tableBytesMax} bytes`, {
        code: "cli/too-large",
        kind: "too-large",
      });
  }
  return Buffer.concat(chunks);
}

function bad(file: string, what: string, cause: unknown): Fault {
  return new Fault(`${file} ${what}`, {
    code: "policy/bad-truth-table",
    kind: "usage",
    hint: "a .json or .json.gz file of cases",
    cause,
  });
}

/** One disagreement in three lines: where, what was expected, what the engine says and why. */
function disagreementText({ description, step, probe, said }: Disagreement): string {
  const { from, to, port, protocol, ingress, egress, allowed } = probe;
  const words = (one: boolean): string => (one ? "allow" : "deny");
  return [
    `${description}, step ${step + 1}: ${from} -> ${to} ${port}/${protocol}`,
    `  expected: ${words(allowed)} (egress ${words(egress)}, ingress ${words(ingress)})`,
    `  engine:   ${said.verdict} (egress ${said.egress.verdict}: ${decidedWords(said.egress.decidedBy)}, ingress ${said.ingress.verdict}: ${decidedWords(said.ingress.decidedBy)})`,
  ].join("\n");
}
