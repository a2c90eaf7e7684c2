// garrison baseline import: baselines from YAML or JSON files, as `export` wrote them or as somebody edited them. Other kinds are refused by place.
import { text as readText } from "node:stream/consumers";
import { Fault } from "../../../../base/fault.ts";
import { readYaml } from "../../../../edge/manifests/read-yaml.ts";
import { Baseline } from "../../../../model/baseline.ts";
import { ResourceManifest } from "../../../../model/resource.ts";
import { ask } from "../../context.ts";
import { readInputText } from "../../input-file.ts";
import { harmless } from "../../output/harmless.ts";
import type { CommandUnit } from "../command.ts";

export interface BaselineImportFlags {
  readonly filename: string;
  readonly dryRun?: boolean;
}

const changesShown = 50;

export const baselineImport: CommandUnit = {
  name: "import",
  add(group, run) {
    group
      .command("import")
      .summary("put baselines from a file: each a new version")
      .requiredOption("-f, --filename <file>", "YAML or JSON, several documents allowed; - for standard input")
      .option("--dry-run", "only show what would change")
      .addHelpText("after", "\nExample:\n  garrison baseline import -f checkout.yaml --dry-run")
      .action(
        run<BaselineImportFlags>(async (context, { options }) => {
          const dryRun = options.dryRun === true ? "true" : "false";
          for (const manifest of manifestsOf(options.filename, await contentOf(options.filename))) {
            const { kind, name } = manifest;
            const done = await ask(context, "applyResource", {
              params: { kind, name },
              query: { dryRun },
              body: manifest,
            });
            await context.print(
              `Baseline/${name} version ${done.resource.generation} ${done.outcome}${dryRun === "true" ? " (dry run)" : ""}\n`,
            );
            for (const change of done.changes.slice(0, changesShown))
              await context.print(
                harmless(
                  `  ${change.path}: ${JSON.stringify(change.before)} -> ${JSON.stringify(change.after)}`,
                ).concat("\n"),
              );
            if (done.changes.length > changesShown)
              await context.print(`  and ${done.changes.length - changesShown} more changes\n`);
          }
        }),
      );
  },
};

async function contentOf(file: string): Promise<string> {
  return file === "-" ? readText(process.stdin) : readInputText(file);
}

/** All documents, or none: a file with one broken baseline changes nothing. */
function manifestsOf(file: string, content: string): readonly ResourceManifest[] {
  const documents = readYaml(content);
  const wrong = (at: number, message: string): Fault =>
    new Fault(`${file}, document ${at + 1}: ${message}`, {
      code: "baseline/bad-file",
      kind: "usage",
      hint: "`garrison baseline export` writes what this takes",
    });
  const manifests = documents.map((document, at) => {
    const [error] = document.errors;
    if (error !== undefined) throw wrong(at, error.message);
    const manifest = ResourceManifest.safeParse(document.value);
    if (!manifest.success) throw wrong(at, issueText(manifest.error.issues[0]));
    if (manifest.data.kind !== "Baseline") throw wrong(at, `its kind is ${manifest.data.kind}, not Baseline`);
    const spec = Baseline.safeParse(manifest.data.spec);
    if (!spec.success) throw wrong(at, `spec.${issueText(spec.error.issues[0])}`);
    return manifest.data;
  });
  if (manifests.length === 0) throw wrong(0, "it is empty");
  return manifests;
}

function issueText(issue: { readonly path: readonly PropertyKey[]; readonly message: string } | undefined): string {
  return `${issue?.path.map(String).join(".") ?? ""}: ${issue?.message ?? "it cannot be read"}`;
}
