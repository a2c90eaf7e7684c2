// Which arguments are Dockerfiles, and reading them: files, folders, standard input; and the linter's settings file.
import { open, readdir, stat } from "node:fs/promises";
import path from "node:path";
import { Fault } from "../../../../base/fault.ts";
import { nearest } from "../../../../base/nearest.ts";
import { unreadableFile } from "../../../../base/unreadable-file.ts";
import { readLintConfiguration, type LintConfiguration } from "../../../../core/image/dockerfile/options.ts";

export const dockerfileLimits = { filesMax: 20_000, folderDepthMax: 16, bytesMax: 4 * 1024 * 1024 } as const;

const names = /^(?:Dockerfile|Containerfile)(?:\..+)?$|\.(?:[Dd]ockerfile|[Cc]ontainerfile)$/;
const skipped = new Set(["node_modules", ".git", "vendor"]);

/** The files that the arguments name; undefined when the one argument is an image's reference. Throws usage Faults. */
export async function dockerfilesOf(args: readonly string[]): Promise<readonly string[] | undefined> {
  const files: string[] = [];
  for (const argument of args) {
    if (argument === "-") files.push("-");
    else {
      const kind = await kindOf(argument);
      if (kind === "file") files.push(argument);
      else if (kind === "folder") files.push(...(await filesUnder(argument, 0)));
      else if (args.length === 1 && !looksLikePath(argument)) return undefined;
      else throw unreadableFile(argument, { code: "ENOENT" });
    }
    if (files.length > dockerfileLimits.filesMax) throw tooMany();
  }
  if (files.length > 0) return [...new Set(files)];
  throw new Fault(`there is no Dockerfile in ${args.join(", ")}`, {
    code: "cli/usage",
    kind: "not-found",
    hint: "name the file itself; in folders Dockerfile, Dockerfile.*, *.dockerfile and Containerfile are looked for",
  });
}

/** ./Dockerfile or ./Containerfile. */
export async function defaultDockerfiles(): Promise<readonly string[]> {
  for (const name of ["Dockerfile", "Containerfile"]) if ((await kindOf(name)) === "file") return [name];
  throw new Fault("there is no Dockerfile here", {
    code: "cli/usage",
    kind: "usage",
    hint: "name a Dockerfile, a folder, - or an image",
  });
}

/** A slip in a Dockerfile's name must not be asked of a registry. */
function looksLikePath(text: string): boolean {
  const base = path.basename(text);
  const isNearly = nearest(base.toLowerCase(), ["dockerfile", "containerfile"]) !== undefined;
  return /^[./~]/.test(text) || names.test(base) || (isNearly && !/[:@]/.test(text));
}

async function kindOf(name: string): Promise<"file" | "folder" | "none"> {
  try {
    return (await stat(name)).isDirectory() ? "folder" : "file";
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "ENAMETOOLONG"].includes((error as NodeJS.ErrnoException).code ?? "")) return "none";
    throw unreadableFile(name, error);
  }
}

async function filesUnder(folder: string, depth: number): Promise<readonly string[]> {
  if (depth > dockerfileLimits.folderDepthMax) return [];
  const files: string[] = [];
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!skipped.has(entry.name)) files.push(...(await filesUnder(full, depth + 1)));
    } else if (entry.isFile() && names.test(entry.name) && !entry.name.endsWith(".dockerignore")) files.push(full);
    if (files.length > dockerfileLimits.filesMax) throw tooMany();
  }
  return files;
}

/** The text; bytes that are not UTF-8 become U+FFFD, which the linter tells. */
export async function readDockerfile(file: string): Promise<string> {
  const bytes = file === "-" ? await standardInput() : await readBytes(file);
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

async function readBytes(file: string): Promise<Uint8Array> {
  try {
    await using handle = await open(file, "r");
    const { size } = await handle.stat();
    if (size > dockerfileLimits.bytesMax) throw tooLarge(file);
    const bytes = await handle.readFile();
    if (bytes.length > dockerfileLimits.bytesMax) throw tooLarge(file);
    return bytes;
  } catch (error) {
    throw error instanceof Fault ? error : unreadableFile(file, error);
  }
}

let input: Uint8Array | undefined;

async function standardInput(): Promise<Uint8Array> {
  if (input !== undefined) return input;
  const chunks: Buffer[] = [];
  let total = 0;
  for await (const chunk of process.stdin) {
    total += (chunk as Buffer).length;
    if (total > dockerfileLimits.bytesMax) throw tooLarge("standard input");
    chunks.push(chunk as Buffer);
  }
  input = Buffer.concat(chunks);
  return input;
}

/** The settings file that was named, or the folder's; undefined when there is none. */
export async function readLintFile(given: string | undefined): Promise<LintConfiguration | undefined> {
  let file = given;
  for (const name of [".hadolint.yaml", ".hadolint.yml"]) {
    if (file === undefined && (await kindOf(name)) === "file") file = name;
  }
  if (file === undefined) return undefined;
  const text = new TextDecoder().decode(await readBytes(file));
  const { readYaml } = await import("../../../../edge/manifests/read-yaml.ts");
  const [document] = readYaml(text);
  const [error] = document?.errors ?? [];
  if (error !== undefined) {
    throw new Fault(`${file}: ${error.message}`, {
      code: "image/bad-lint-configuration",
      kind: "usage",
      where: `line ${error.line}`,
      hint: "mend the YAML",
    });
  }
  return readLintConfiguration(document?.value ?? {});
}

function tooLarge(file: string): Fault {
  return new Fault(`${file} is larger than ${dockerfileLimits.bytesMax} bytes`, {
    code: "cli/too-large",
    kind: "too-large",
    hint: "is it a Dockerfile?",
  });
}

function tooMany(): Fault {
  return new Fault(`more than ${dockerfileLimits.filesMax} files`, {
    code: "cli/too-large",
    kind: "too-large",
    hint: "name fewer folders",
  });
}
