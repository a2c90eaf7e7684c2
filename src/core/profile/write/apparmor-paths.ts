// Paths as AppArmor writes them: few patterns instead of thousands of names, and nothing in a name that would mean a pattern.

export const pathLimits = {
  /** Files of one folder with the same access before the folder stands for them. */
  filesPerFolderMax: 12,
  /** Of one section; what is beyond is left out, and the profile says so. */
  rulesMax: 2000,
} as const;

/** Folders whose names are made up as the program runs. */
const temporary = ["/tmp", "/var/tmp", "/run", "/var/run", "/dev/shm", "/var/cache", "/var/log"];

/** A pattern of ours inside of a path that is otherwise literal: made of the one character that no file's name can have. */
const anyName = "\u0000*";
const anyPath = "\u0000+";

/** Numbers of processes, temporary files and crowded folders become patterns; the rest stays. Sorted, each once. Input: absolute paths. */
export function generalize(paths: readonly string[]): readonly string[] {
  const single = new Set(paths.filter((path) => path.startsWith("/") && !path.includes("\u0000")).map(generalizeOne));
  const byFolder = new Map<string, string[]>();
  for (const path of single) {
    const folder = path.slice(0, path.lastIndexOf("/"));
    byFolder.set(folder, [...(byFolder.get(folder) ?? []), path]);
  }
  const rules = new Set<string>();
  for (const [folder, files] of byFolder) {
    if (files.length > pathLimits.filesPerFolderMax && folder !== "") rules.add(`${folder}/${anyName}`);
    else for (const file of files) rules.add(file);
  }
  return [...rules].toSorted();
}

function generalizeOne(path: string): string {
  const process = path.replace(/^\/proc\/\d+(\/task\/\d+)?/, `/proc/${anyName}`);
  if (process !== path) return process;
  const folder = temporary.find((one) => path.startsWith(`${one}/`));
  if (folder === undefined) return path;
  return `${folder}/${anyPath}`;
}

/** The path with its own special characters taken literally and our patterns as patterns; quoted when it has more than the parser takes bare. */
export function quotePath(path: string): string {
  const safe = path
    .split(/(\p{Cc}[*+])/u)
    .map((part) => (part === anyName ? "*" : part === anyPath ? "**" : literal(part)))
    .join("");
  return /^[\w/.*?+-]+$/.test(safe) ? safe : `"${safe}"`;
}

function literal(text: string): string {
  return (
    text
      // A backslash in a class: at the end of a name it would take the quotation mark for its own.
      .replaceAll(/[\\*?[\]{}^"]/g, (character) => (character === "\\" ? String.raw`[\\]` : `\\${character}`))
      // A line's end and its like cannot be written in a profile: any character stands for it.
      .replaceAll(/(?![\u0080-\u009f])\p{Cc}/gu, "?")
      // Bytes that are no text were replaced before we saw them: some bytes stand there.
      .replaceAll("\ufffd", "*")
  );
}
