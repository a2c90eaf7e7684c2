// One way to a configuration: defaults < YAML file < environment < flags. Unknown keys are refused with the nearest known one.
import { readFile } from "node:fs/promises";
import { parseDocument } from "yaml";
import type { z } from "zod";
import { Fault } from "../../base/fault.ts";
import { nearest } from "../../base/nearest.ts";
import { unreadableFile } from "../../base/unreadable-file.ts";
import { fieldsOf, type ConfigField } from "./fields.ts";

export interface ConfigSources {
  readonly file?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** By file key ("flow.windowSeconds"), values as given on the command line. */
  readonly flags: Readonly<Record<string, string | boolean | undefined>>;
  /** By file key, for settings that the schema leaves open: below the file, told as "default". */
  readonly defaults?: Readonly<Record<string, string>>;
  /** Whose settings they are, for what the hints name: `garrison config explain --app APP`. Without it all of `garrison up`. */
  readonly app?: string | undefined;
}

export interface Loaded<T> {
  readonly config: T;
  /** Where each setting came from, for `garrison config explain`. */
  readonly origins: ReadonlyMap<string, "default" | "file" | "environment" | "flag">;
}

const fileBytesMax = 1024 * 1024;

/** Reads and validates. Throws a Fault (kind "usage") that names the source, the key, what was expected and how to fix it. */
export async function loadConfig<S extends z.ZodType>(schema: S, sources: ConfigSources): Promise<Loaded<z.infer<S>>> {
  const fields = fieldsOf(schema);
  const origins = new Map<string, "default" | "file" | "environment" | "flag">(
    fields.map(({ key }) => [key, "default"]),
  );
  const tree: Record<string, unknown> = {};
  const { app } = sources;
  for (const [key, value] of Object.entries(sources.defaults ?? {})) place(tree, key, value);
  if (sources.file !== undefined) {
    const given = await readTree(sources.file, app);
    for (const [key, value] of leaves(given, fields, { where: sources.file, app })) {
      place(tree, key, value);
      origins.set(key, "file");
    }
  }
  for (const field of fields) {
    const flag = sources.flags[field.key];
    const variable = sources.environment[field.variable];
    if (variable !== undefined && flag === undefined) {
      place(tree, field.key, convert(field, variable, { where: field.variable, app }));
      origins.set(field.key, "environment");
    }
    if (flag !== undefined) {
      place(tree, field.key, typeof flag === "boolean" ? flag : convert(field, flag, { where: field.flag, app }));
      origins.set(field.key, "flag");
    }
  }
  const parsed = schema.safeParse(tree);
  if (parsed.success) return { config: parsed.data, origins };
  const issue = parsed.error.issues[0];
  const key = issue?.path.join(".") ?? "";
  throw bad(
    `${key || "configuration"}: ${issue?.message ?? "invalid"} (set by ${originName(key, origins, fields, sources)})`,
    key,
    app,
  );
}

/** Where a value was written, and the app it is for. */
interface Source {
  readonly where: string;
  readonly app: string | undefined;
}

async function readTree(file: string, app: string | undefined): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw unreadableFile(file, cause, {
      what: "the configuration file",
      code: "config/unreadable",
      hint: "check the path given with --config",
    });
  }
  if (text.length > fileBytesMax) throw bad(`${file} is larger than ${fileBytesMax} bytes`, "", app);
  const document = parseDocument(text, { maxAliasCount: 0 } as never);
  const error = document.errors[0];
  if (error !== undefined) {
    const line = error.linePos?.[0].line ?? 0;
    throw bad(`${file}:${line}: ${error.message.split("\n")[0] ?? "not YAML"}`, "", app);
  }
  const tree: unknown = document.toJS({ maxAliasCount: 0 }) ?? {};
  if (typeof tree !== "object" || Array.isArray(tree))
    throw bad(`${file}: expected keys with values at the top level`, "", app);
  return tree as Record<string, unknown>;
}

/** The leaves of a file's tree as [key, value]; a key that no field has is refused. */
function leaves(
  tree: Record<string, unknown>,
  fields: readonly ConfigField[],
  source: Source,
): readonly (readonly [string, unknown])[] {
  const known = new Set(fields.map(({ key }) => key));
  const found: (readonly [string, unknown])[] = [];
  const visit = (value: unknown, path: readonly string[]): void => {
    const key = path.join(".");
    if (known.has(key)) found.push([key, value]);
    else if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      for (const [name, child] of Object.entries(value)) visit(child, [...path, name]);
    } else throw unknownKey(key, fields, source);
  };
  visit(tree, []);
  return found;
}

function unknownKey(key: string, fields: readonly ConfigField[], { where, app }: Source): Fault {
  const known = fields.map((field) => field.key);
  const last = key.slice(key.lastIndexOf(".") + 1);
  const close = nearest(key, known) ?? known.find((candidate) => candidate.endsWith(`.${last}`));
  return bad(`${where}: unknown key "${key}"${close === undefined ? "" : `, did you mean "${close}"?`}`, "", app);
}

function place(tree: Record<string, unknown>, key: string, value: unknown): void {
  const path = key.split(".");
  const last = path.pop() ?? "";
  let at = tree;
  for (const part of path) at = (at[part] ??= {}) as Record<string, unknown>;
  at[last] = value;
}

function convert(field: ConfigField, text: string, { where, app }: Source): unknown {
  switch (field.type) {
    case "string":
      return text;
    case "list":
      return text === "" ? [] : text.split(",").map((item) => item.trim());
    case "number": {
      const value = Number(text);
      if (text.trim() === "" || !Number.isFinite(value))
        throw bad(`${where}: expected a number, got "${text}"`, field.key, app);
      return value;
    }
    case "boolean":
      if (["true", "1", "yes"].includes(text)) return true;
      if (["false", "0", "no"].includes(text)) return false;
      throw bad(`${where}: expected true or false, got "${text}"`, field.key, app);
  }
}

function originName(
  key: string,
  origins: ReadonlyMap<string, string>,
  fields: readonly ConfigField[],
  sources: ConfigSources,
): string {
  const field = fields.find((candidate) => candidate.key === key);
  switch (origins.get(key)) {
    case "file":
      return sources.file ?? "the file";
    case "environment":
      return field?.variable ?? "the environment";
    case "flag":
      return field?.flag ?? "a flag";
    default:
      return "nobody: it has no default";
  }
}

function bad(message: string, key: string, app: string | undefined): Fault {
  const explain = `garrison config explain${app === undefined ? "" : ` --app ${app}`}`;
  return new Fault(message, {
    code: "config/invalid",
    kind: "usage",
    hint: key === "" ? `\`${explain}\` lists every key with its meaning` : `\`${explain} ${key}\` says what it takes`,
  });
}
