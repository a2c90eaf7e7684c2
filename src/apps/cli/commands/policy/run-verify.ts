// What `garrison policy verify` does: reads truth tables, counts, explains disagreements.
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { readFile } from "node:fs/promises";
import { Fault } from "../../../../base/fault.ts";
import { verifyCases, type Disagreement } from "../../../../core/policy/verify/verify-cases.ts";
import { decidedWords, formatOf, printDocument } from "./words.ts";
import type { Context } from "../../context.ts";

const tableBytesMax = 512 * 1024 * 1024;
const unzip = promisify(gunzip);

export async function runVerify(
  context: Context,
  { args }: { readonly args: readonly string[] },
): Promise<number | void> {
  let [agreed, disagreed] = [0, 0];
  const first: Disagreement[] = [];
  for (const file of args) {
    const found = verifyCases(await readTables(file));
    agreed += found.agreed;
    disagreed += found.disagreed;
    first.push(...found.first);
  }
  const format = formatOf(context);
  if (format === "table") {
    await context.print(`${agreed} agreed, ${disagreed} disagreed\n`);
    for (const one of first) context.say(disagreementText(one));
    if (disagreed > first.length) context.say(`${disagreed - first.length} more are not explained`);
  } else await printDocument(context, format, { agreed, disagreed, first });
  return disagreed > 0 ? 3 : 0;
}

async function readTables(file: string): Promise<unknown> {
  const bytes = await readBytes(file);
  const isZipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
  let text: string;
  try {
    text = (isZipped ? await unzip(bytes, { maxOutputLength: tableBytesMax }) : bytes).toString("utf8");
  } catch (cause) {
    throw bad(file, "cannot be unpacked", cause);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw bad(file, "is not JSON", cause);
  }
}

async function readBytes(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw bad(file, "cannot be read", cause);
  }
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
