// garrison apply, get, diff, delete, history, restore: the versioned resources from files, as in kubectl.
import { applyNote, meantWords } from "./apply-notes.ts";
import { type Document, parseAllDocuments, stringify } from "yaml";
import { exitCodeOf, Fault, toFault } from "../../../base/fault.ts";
import { ResourceManifest, type Resource } from "../../../model/resource.ts";
import { ask, type Context } from "../context.ts";
import { readInputText } from "../input-file.ts";
import { render, type Sheet } from "../output/format.ts";
import { age } from "../output/units.ts";
import type { CommandUnit, Run } from "./command.ts";
import { isNative, objectsOf, tiersFirst, wrapped } from "./native-policies.ts";
import { policyColumns } from "./policy-columns.ts";
import type { Command } from "commander";

const inputBytesMax = 16 * 1024 * 1024;
const documentsMax = 10_000;
const usageCode = 2;
const partialCode = 7;
/** Everything was refused, for reasons of different codes: each line says its own. */
const differentCode = 1;

interface FileOptions {
  readonly filename: readonly string[];
  readonly dryRun?: true;
  readonly scope: string;
  readonly generation?: string;
}

export const resources: CommandUnit = {
  name: "resources",
  add(program, run) {
    program
      .command("apply")
      .summary("create or change resources from files")
      .requiredOption("-f, --filename <file...>", "YAML or JSON, several documents allowed; - for standard input")
      .option(
        "--scope <scope>",
        "where policies of Kubernetes, Calico and Cilium apply; resources name theirs",
        "global",
      )
      .option("--dry-run", "only show what would change")
      .addHelpText(
        "after",
        "\nExamples:\n  garrison apply -f visibility.yaml\n  garrison get Visibility -o yaml | garrison apply --dry-run -f -\n" +
          "  kubectl get networkpolicies -A -o yaml | garrison apply --scope cluster/shop -f -\n\n" +
          "Exit code 7: a part was refused. All refused: the code of their reason, 1 when the reasons have different ones.",
      )
      .action(run<FileOptions>((context, { options }) => apply(context, options, options.dryRun === true)));
    program
      .command("diff")
      .summary("what `apply` would change; exit code 3 when something would")
      .requiredOption("-f, --filename <file...>", "as for apply")
      .option("--scope <scope>", "as for apply", "global")
      .action(run<FileOptions>((context, { options }) => apply(context, options, true)));
    addGet(program, run);
    addDelete(program, run);
    addHistory(program, run);
  },
};

function addGet(program: Command, run: Run): void {
  program
    .command("get")
    .summary("show resources, or the kinds there are")
    .argument("[kind]", "Visibility, Retention, ...")
    .argument("[name]")
    .option("--scope <scope>", "global, cluster/<cluster> or node/<cluster>/<node>", "global")
    .option("--generation <n>", "an older generation")
    .addHelpText("after", "\nExamples:\n  garrison get\n  garrison get Visibility web -o yaml")
    .action(
      run<FileOptions>(async (context, { args, options }) => {
        const [kind, name] = args;
        const format = context.flags.output ?? "table";
        if (kind === undefined) {
          const { kinds } = await ask(context, "listKinds", {});
          const columns = [
            { title: "kind", value: (row: (typeof kinds)[number]) => row.kind },
            { title: "goes to", value: (row: (typeof kinds)[number]) => row.distribution },
            { title: "what", value: (row: (typeof kinds)[number]) => row.summary },
          ];
          await context.print(render(kinds, { columns, name: (row) => row.kind }, { format, width: context.width }));
          return;
        }
        const generation = options.generation === undefined ? {} : { generation: Number(options.generation) };
        const rows =
          name === undefined
            ? (await ask(context, "listResources", { params: { kind } })).resources
            : [
                await ask(context, "getResource", {
                  params: { kind, name },
                  query: { scope: options.scope, ...generation },
                }),
              ];
        if (format === "yaml") await context.print(rows.map((row) => `---\n${stringify(manifestOf(row))}`).join(""));
        else {
          const shown =
            kind === "Policy"
              ? { ...sheet(context.nowMs()), columns: policyColumns(context.nowMs()) }
              : sheet(context.nowMs());
          await context.print(render(rows, shown, { format, width: context.width }));
        }
        for (const row of rows) {
          for (const item of row.status) {
            if (item.state === "refused")
              context.say(`refused by ${item.cluster}/${item.node}: ${row.kind}/${row.name}: ${item.because}`);
          }
        }
      }),
    );
}

function addDelete(program: Command, run: Run): void {
  program
    .command("delete")
    .summary("delete resources; their history is kept")
    .argument("[kind]")
    .argument("[name]")
    .option("--scope <scope>", "global, cluster/<cluster> or node/<cluster>/<node>", "global")
    .option("-f, --filename <file...>", "delete what the files name")
    .action(
      run<Partial<FileOptions> & { scope: string }>(async (context, { args, options }) => {
        const [kind, name] = args;
        const keys =
          options.filename === undefined
            ? []
            : (await manifests(options.filename, options.scope)).found.toReversed().map((one) => one.manifest);
        if (kind !== undefined && name !== undefined)
          keys.push({ apiVersion: "garrison/v1", kind, name, scope: options.scope, spec: {} });
        if (keys.length === 0)
          throw new Fault("nothing to delete", {
            code: "cli/usage",
            kind: "usage",
            hint: "garrison delete KIND NAME, or -f FILE",
          });
        for (const key of keys) {
          await deleteOne(context, key);
          await context.print(`${key.kind}/${key.name} deleted\n`);
        }
      }),
    );
}

async function deleteOne(context: Context, { kind, name, scope }: ResourceManifest): Promise<void> {
  try {
    await ask(context, "deleteResource", { params: { kind, name }, query: { scope } });
  } catch (error) {
    const fault = toFault(error);
    if (fault.code !== "resource/not-found") throw fault;
    throw new Fault(fault.message, {
      code: fault.code,
      kind: fault.kind,
      hint: `\`garrison get ${kind} -o name\` lists the names that it takes, \`garrison get ${kind}\` their scopes (--scope)`,
    });
  }
}

function addHistory(program: Command, run: Run): void {
  program
    .command("history")
    .summary("all generations of a resource, newest first")
    .argument("<kind>")
    .argument("<name>")
    .option("--scope <scope>", "global, cluster/<cluster> or node/<cluster>/<node>", "global")
    .action(
      run<FileOptions>(async (context, { args, options }) => {
        const [kind = "", name = ""] = args;
        const { generations } = await ask(context, "resourceHistory", {
          params: { kind, name },
          query: { scope: options.scope },
        });
        await context.print(
          render(generations, sheet(context.nowMs()), {
            format: context.flags.output ?? "table",
            width: context.width,
          }),
        );
      }),
    );
  program
    .command("restore")
    .summary("make an older generation the newest one")
    .argument("<kind>")
    .argument("<name>")
    .requiredOption("--generation <n>", "which one")
    .option("--scope <scope>", "global, cluster/<cluster> or node/<cluster>/<node>", "global")
    .action(
      run<FileOptions>(async (context, { args, options }) => {
        const [kind = "", name = ""] = args;
        const query = { scope: options.scope, generation: Number(options.generation) };
        const { resource } = await ask(context, "restoreResource", { params: { kind, name }, query });
        await context.print(`${kind}/${name} restored as generation ${resource.generation}\n`);
      }),
    );
}

/**
 * Applies each document by itself: a bad one is refused and named, the rest goes on; then exit code 7. When none is taken, nothing is partial: the exit code is
 * what each refusal alone would give, 2 for a bad document; 1 when they would give different ones, whatever their order.
 */
async function apply(context: Context, options: FileOptions, isDryRun: boolean): Promise<number> {
  const { found, unreadable } = await manifests(options.filename, options.scope, context);
  const refusals: number[] = unreadable > 0 ? [usageCode] : [];
  let taken = 0;
  let changed = 0;
  if (await tellsOfRuntimePolicies(found, context)) refusals.push(usageCode);
  for (const { manifest, where } of found) {
    try {
      const done = await ask(context, "applyResource", {
        params: { kind: manifest.kind, name: manifest.name },
        query: { dryRun: isDryRun ? "true" : "false" },
        body: manifest,
      });
      await context.print(`${manifest.kind}/${manifest.name} ${done.outcome}${isDryRun ? " (dry run)" : ""}\n`);
      for (const change of done.changes) {
        await context.print(`  ${change.path}: ${JSON.stringify(change.before)} -> ${JSON.stringify(change.after)}\n`);
      }
      const note = applyNote(manifest);
      if (note !== "") context.say(`note: ${note}`);
      taken += 1;
      changed += done.outcome === "unchanged" ? 0 : 1;
    } catch (error) {
      const fault = toFault(error);
      if (fault.kind === "unavailable" || fault.kind === "unauthenticated") throw fault;
      refusals.push(exitCodeOf(fault));
      context.say(`${where}: ${fault.message}${fault.hint === undefined ? "" : ` (${fault.hint})`}`);
    }
  }
  const [refusal] = refusals;
  if (refusal !== undefined && taken > 0) return partialCode;
  if (refusal !== undefined) return refusals.every((one) => one === refusal) ? refusal : differentCode;
  return isDryRun && changed > 0 && options.dryRun !== true ? 3 : 0;
}

/** True when parts of runtime policies cannot be enforced: the rest is applied, and nothing is left out in silence. */
async function tellsOfRuntimePolicies(found: readonly Read[], context: Context): Promise<boolean> {
  const policies = found.filter(({ manifest }) => manifest.kind === "RuntimePolicy");
  if (policies.length === 0) return false;
  const { isError, problemWords, problemsOfSpec, problemsOfText } = await import("./runtime/problem-words.ts");
  const texts = new Map(policies.flatMap(({ file, text, isOfList }) => (isOfList ? [] : [[file, text]])));
  const problems = [
    ...[...texts].flatMap(([file, text]) => problemsOfText(file, text)),
    ...policies.flatMap(({ manifest: { name, spec }, where, isOfList }) =>
      isOfList ? problemsOfSpec(name, spec, where) : [],
    ),
  ];
  for (const problem of problems) context.say(problemWords(problem));
  return problems.some(isError);
}

interface Read {
  readonly manifest: ResourceManifest;
  /** "file:line" of the document. */
  readonly where: string;
  readonly file: string;
  readonly text: string;
  /** One of several in its document. */
  readonly isOfList: boolean;
}

interface ReadFiles {
  readonly found: readonly Read[];
  /** Documents that were said and left out. */
  readonly unreadable: number;
}

/** All documents of the files; tiers of policies first. With `context`, a bad one is said and left out; without, it is thrown. */
async function manifests(files: readonly string[], scope: string, context?: Context): Promise<ReadFiles> {
  const found: Read[] = [];
  let unreadable = 0;
  for (const file of files) {
    const text = await readText(file);
    const documents = parseAllDocuments(text, { prettyErrors: true });
    if (!Array.isArray(documents)) continue;
    for (const document of documents) {
      const line = text.slice(0, document.contents?.range?.[0] ?? document.range[0]).split("\n").length;
      const where = `${file}:${document.errors[0]?.linePos?.[0].line ?? line}`;
      const read = readManifests(document, scope);
      const isOfList = read.length > 1;
      for (const manifest of read) {
        if (typeof manifest !== "string") found.push({ manifest, where, file, text, isOfList });
        else {
          if (context === undefined) throw new Fault(`${where}: ${manifest}`, { code: "cli/bad-file", kind: "usage" });
          context.say(`${where}: ${manifest}`);
          unreadable += 1;
        }
      }
      if (found.length > documentsMax)
        throw new Fault(`more than ${documentsMax} documents`, { code: "cli/too-many", kind: "too-large" });
    }
  }
  if (found.length === 0 && unreadable > 0)
    throw new Fault("no document could be read", { code: "cli/bad-file", kind: "usage", hint: "see the lines above" });
  if (found.length === 0)
    throw new Fault(`there is no document in ${files.join(", ")}`, {
      code: "cli/bad-file",
      kind: "usage",
      hint: "garrison/v1 resources, or policies of Kubernetes, Calico, Cilium, KubeArmor, Tetragon, as YAML or JSON",
    });
  return { found: tiersFirst(found), unreadable };
}

/** The document's manifests, or why there is none: broken YAML, aliases that would multiply into very much, a field. */
function readManifests(document: Document.Parsed, scope: string): readonly (ResourceManifest | string)[] {
  const [error] = document.errors;
  if (error !== undefined) return [error.message];
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    return [(cause as Error).message];
  }
  if (isNative(value)) return objectsOf(value).map((object) => wrapped(object, scope));
  const parsed = ResourceManifest.safeParse(value);
  if (parsed.success) return [parsed.data];
  const meant = meantWords(value);
  if (meant !== "") return [meant];
  return [parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`)[0] ?? "not a resource"];
}

async function readText(file: string): Promise<string> {
  if (file !== "-") return readInputText(file);
  let text = "";
  for await (const chunk of process.stdin.setEncoding("utf8")) {
    text += chunk as string;
    if (text.length > inputBytesMax)
      throw new Fault(`standard input is larger than ${inputBytesMax} bytes`, {
        code: "cli/too-large",
        kind: "too-large",
      });
  }
  return text;
}

function manifestOf(row: Resource): ResourceManifest {
  const { apiVersion, kind, scope, name, spec } = row;
  return { apiVersion, kind, scope, name, spec };
}

function sheet(nowMs: number): Sheet<Resource & { status?: readonly { state: string }[] }> {
  return {
    name: (row) => `${row.kind}/${row.name}`,
    columns: [
      { title: "kind", value: (row) => row.kind },
      { title: "scope", value: (row) => row.scope },
      { title: "name", value: (row) => row.name },
      { title: "generation", value: (row) => String(row.generation), align: "right" },
      { title: "applied", value: (row) => applied(row.status) },
      { title: "by", value: (row) => row.author },
      { title: "age", value: (row) => age(Date.parse(row.time), nowMs), align: "right" },
      { title: "spec", value: (row) => (row.deleted ? "(deleted)" : JSON.stringify(row.spec)), isWide: true },
    ],
  };
}

function applied(status: readonly { state: string }[] | undefined): string {
  if (status === undefined || status.length === 0) return "-";
  return `${status.filter(({ state }) => state === "applied").length}/${status.length}`;
}
