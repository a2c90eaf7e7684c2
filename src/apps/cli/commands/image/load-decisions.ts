// Files of VEX statements and of exceptions for a scan: read, checked, and told where they do not say what their writer meant.
import { Fault, toFault } from "../../../../base/fault.ts";
import { Exception } from "../../../../model/exception.ts";
import { ResourceManifest } from "../../../../model/resource.ts";
import { exceptionState, type NamedException } from "../../../../core/vuln/vex/exceptions.ts";
import { readVex } from "../../../../core/vuln/vex/read.ts";
import type { VexDocument } from "../../../../core/vuln/vex/statement.ts";
import { readPurl } from "../../../../core/sbom/purl.ts";
import { readYaml } from "../../../../edge/manifests/read-yaml.ts";
import type { Context } from "../../context.ts";
import { readBytes } from "./open-analysis.ts";

const problemsShown = 5;

/** Throws a Fault for a file that is no VEX document; parts of one that could not be used are told. */
export async function loadVex(context: Context, files: readonly string[]): Promise<readonly VexDocument[]> {
  const documents: VexDocument[] = [];
  for (const file of files) {
    const text = new TextDecoder().decode(await readBytes(file));
    let document: VexDocument;
    try {
      document = readVex(text);
    } catch (error) {
      const fault = toFault(error);
      throw new Fault(`${file}: ${fault.message}`, {
        code: fault.code,
        kind: fault.kind,
        cause: error,
        ...(fault.hint === undefined ? {} : { hint: fault.hint }),
      });
    }
    documents.push(document.id === "" ? { ...document, id: file } : document);
    for (const problem of document.problems.slice(0, problemsShown)) context.say(`${file}: ${problem}`);
  }
  return documents;
}

/** Manifests of kind Exception; others in the same files are none of ours. Throws a Fault for one that is broken. Expired and ending ones are told. */
export async function loadExceptions(context: Context, files: readonly string[]): Promise<readonly NamedException[]> {
  const found: NamedException[] = [];
  for (const file of files) {
    const documents = readYaml(new TextDecoder().decode(await readBytes(file)));
    for (const { value, line, errors } of documents) {
      const [error] = errors;
      if (error !== undefined) throw broken(file, error.line, error.message);
      const kind = (value as { readonly kind?: unknown } | undefined)?.kind;
      if (kind === "Exception") found.push(exceptionOf(value, file, line));
    }
  }
  for (const exception of found) tell(context, exception);
  return found;
}

function exceptionOf(value: unknown, file: string, line: number): NamedException {
  const manifest = ResourceManifest.safeParse(value);
  const spec = manifest.success ? Exception.safeParse(manifest.data.spec) : undefined;
  const issue = manifest.success ? spec?.error?.issues[0] : manifest.error.issues[0];
  if (!manifest.success || spec?.data === undefined)
    throw broken(
      file,
      line,
      `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "it is no Exception"}`.replace(/^: /, ""),
    );
  const { purl } = spec.data.scope;
  if (purl !== undefined) {
    try {
      readPurl(purl);
    } catch (error) {
      throw broken(file, line, `scope.purl: ${toFault(error).message}`);
    }
  }
  return { name: manifest.data.name, spec: spec.data };
}

function tell(context: Context, { name, spec }: NamedException): void {
  switch (exceptionState(spec, context.nowMs())) {
    case "in-force":
      return;
    case "ends-soon":
      context.say(`exception ${name} ends on ${spec.expires}: ${spec.owner} has to look at it again`);
      return;
    case "expired":
      context.say(`exception ${name} ended on ${spec.expires} and counts no more (owner: ${spec.owner})`);
  }
}

function broken(file: string, line: number, message: string): Fault {
  return new Fault(`${file}:${line}: ${message}`, {
    code: "cli/bad-file",
    kind: "usage",
    hint: "garrison/v1, kind Exception, name, spec with vulnerability, scope, reason, owner, expires",
  });
}
