// A file that somebody named and that cannot be read: one wording and one kind, whichever command or setting named it. It is bad input
// (exit code 2), never "not found": that is said of what was asked about, so a script can tell a wrong path from a thing that is gone.
import { Fault } from "./fault.ts";

export interface UnreadableFile {
  /** "the kubeconfig": what kind of file it should have been. */
  readonly what?: string;
  /** How to fix it, for this command. */
  readonly hint?: string;
  readonly code?: string;
}

/** By the system's error code. Errors without words here are told as the system tells them. */
const wordsByCode: Readonly<Record<string, string | undefined>> = {
  ENOENT: "it is not there",
  ENOTDIR: "a part of its path is no folder",
  EISDIR: "it is a folder",
  EACCES: "you may not read it",
  EPERM: "you may not read it",
  ENAMETOOLONG: "its name is too long",
  ELOOP: "its links lead in a circle",
};

/** "cannot read the kubeconfig /x: it is not there", code "cli/unreadable" unless another is named. */
export function unreadableFile(file: string, cause: unknown, options: UnreadableFile = {}): Fault {
  const { what, hint = "check the path", code = "cli/unreadable" } = options;
  const words = wordsByCode[codeOf(cause)];
  const because = words === undefined ? "" : `: ${words}`;
  return new Fault(`cannot read ${what === undefined ? "" : `${what} `}${file}${because}`, {
    code,
    kind: "usage",
    hint,
    ...(words === undefined ? { cause } : {}),
  });
}

function codeOf(cause: unknown): string {
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined;
  return typeof code === "string" ? code : "";
}
