// What `garrison policy prove` does: reads invariants, proves, prints counter-examples.
import { Fault } from "../../../../base/fault.ts";
import { PolicyInvariants, type Invariant } from "../../../../model/policy-invariants.ts";
import { prove, type ProofResult, type Proofs } from "../../../../core/policy/prove/prove.ts";
import { readYaml } from "../../../../edge/manifests/read-yaml.ts";
import { harmless } from "../../output/harmless.ts";
import type { Context } from "../../context.ts";
import { explainedText } from "./run-explain.ts";
import { loadPolicies, readFiles } from "./input.ts";
import { counted, formatOf, printDocument } from "./words.ts";
import type { ProveFlags } from "./prove.ts";
import { needFiles } from "./flags.ts";

export async function runProve(
  context: Context,
  { args, options }: { readonly args: readonly string[]; readonly options: ProveFlags },
): Promise<number | void> {
  const invariants = await readInvariants(options.invariants);
  const loaded = await loadPolicies(context, needFiles(args), options);
  const lane = options.staged === true ? "staged" : "enforced";
  const proofs = prove(loaded.engine, loaded.world, invariants, lane);
  const format = formatOf(context);
  if (format === "table") await context.print(proofText(context, proofs));
  else await printDocument(context, format, { ...proofs });
  return proofs.results.every(({ outcome }) => outcome === "proved") ? loaded.code : 3;
}

/** Invariants of all files together; Faults name file and line. */
async function readInvariants(names: readonly string[]): Promise<readonly Invariant[]> {
  const found: Invariant[] = [];
  for (const { file, text } of await readFiles(names)) {
    for (const document of readYaml(text)) {
      const [error] = document.errors;
      if (error !== undefined) throw bad(`${file}:${error.line}: ${error.message}`);
      const parsed = PolicyInvariants.safeParse(document.value);
      if (parsed.success) {
        found.push(...parsed.data.invariants);
        continue;
      }
      const [issue] = parsed.error.issues;
      const path = (issue?.path ?? []).filter((step) => typeof step !== "symbol");
      throw bad(`${file}:${document.lineOf(path)}: ${path.join(".")}: ${issue?.message ?? "not invariants"}`);
    }
  }
  if (found.length === 0) throw bad(`no invariant in ${names.join(", ")}`);
  return found;
}

function bad(message: string): Fault {
  return new Fault(message, {
    code: "policy/bad-invariants",
    kind: "usage",
    hint: "docs/guides/policy.md shows the format",
  });
}

function proofText(context: Context, { results, classes, assumptions }: Proofs): string {
  const { paint } = context;
  const paragraphs = results.map((result) => resultText(context, result));
  const { endpoints, endpointClasses, addressClasses } = classes;
  const space = `${endpoints} endpoints in ${endpointClasses} classes, every other address in ${addressClasses}`;
  const granted = assumptions.map((line) => `\n  ${line}`).join("");
  return `${paragraphs.join("")}\n${paint.dim(`${space}. Taken for granted:${granted}`)}\n`;
}

function resultText(context: Context, { name, outcome, because, questions, counterExample }: ProofResult): string {
  const { paint } = context;
  const words = { proved: paint.good("proved"), failed: paint.bad("failed"), unknown: paint.odd("unknown") };
  const asked = paint.dim(counted(questions, "question"));
  const head = `${words[outcome]}${" ".repeat(8 - outcome.length)} ${paint.bold(harmless(name))}  ${asked}\n`;
  if (counterExample === undefined) return because === "" ? head : `${head}         ${harmless(because)}\n`;
  const trace = explainedText(context, counterExample.flow, { ...counterExample.explanation, nearest: [] });
  return `${head}         counter-example:\n${trace
    .split("\n")
    .map((line) => (line === "" ? "\n" : `         ${line}\n`))
    .join("")
    .replace(/\n+$/, "\n")}`;
}
