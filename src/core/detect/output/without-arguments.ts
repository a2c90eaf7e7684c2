// Which fields hold a process's arguments: where a workload's arguments are not kept, their values leave no detection.

/** Stands in their place. */
export const argumentsNotKept = "‹arguments not kept›";

/** Command lines and environments; of calls: all arguments together, those of an execution, and any that is asked for by its number. */
const pattern =
  /(?:^|\()(?:proc\.(?:cmdline|args|pcmdline|acmdline|aargs|cmdnargs|exeline|aexe|env|aenv)|garrison\.argument|evt\.(?:args|info|(?:raw)?arg[.[](?:args|cmdline|env|\d+)\b))(?![A-Za-z0-9_])/;

/** `name` as a rule's output writes it: "proc.cmdline", "toupper(proc.args)", "evt.arg[args]". */
export function holdsArguments(name: string): boolean {
  return pattern.test(name);
}
