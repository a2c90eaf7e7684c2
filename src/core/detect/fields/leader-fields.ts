// The leaders of a process's session and group: of proc.sname, proc.sid.*, proc.pgid.* and proc.vpgid.*.
import type { Value } from "../event.ts";
import type { ProcessFacts } from "../process/facts.ts";
import { plain, type Field } from "./field.ts";

type Group = "session" | "processGroup";
type Read = (process: ProcessFacts) => Value;

/** The one whose number the group has, else the eldest ancestor that is still in it; undefined: the process's own group is not known. */
function leaderOf(process: ProcessFacts, group: Group): ProcessFacts | undefined {
  const number = process.facts?.[group];
  if (number === undefined) return undefined;
  let eldest: ProcessFacts | undefined;
  for (let each: ProcessFacts | undefined = process; each !== undefined; each = each.parent) {
    if (each.key.pid === number) return each;
    if (each.facts?.[group] === number) eldest = each;
  }
  return eldest;
}

const names: Read = ({ comm }) => (comm === "" ? undefined : comm);
const parts: readonly (readonly [suffix: string, what: string, read: Read])[] = [
  ["name", "short name", names],
  ["exe", "first argument", (process) => process.arguments[0]],
  ["exepath", "path of the program", ({ executable }) => (executable === "" ? undefined : executable)],
];

function leaderField(name: string, group: Group, [description, read]: readonly [string, Read]): Field {
  return plain(name, { type: "text", scope: "process", group: "exec-facts", description }, ({ process }) => {
    const leader = leaderOf(process, group);
    return leader === undefined ? undefined : read(leader);
  });
}

export const leaderFields: readonly Field[] = [
  leaderField("proc.sname", "session", ["short name of the session's leader", names]),
  ...parts.flatMap(([suffix, what, read]): readonly Field[] => [
    ...(suffix === "name"
      ? []
      : [leaderField(`proc.sid.${suffix}`, "session", [`${what} of the session's leader`, read])]),
    leaderField(`proc.pgid.${suffix}`, "processGroup", [`${what} of the process group's leader`, read]),
    leaderField(`proc.vpgid.${suffix}`, "processGroup", [`${what} of the process group's leader`, read]),
  ]),
];
