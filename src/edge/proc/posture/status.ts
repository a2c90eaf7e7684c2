// /proc/PID/status (proc(5)): who a process is and what the kernel lets it do.
import { capabilitiesOfMask } from "../../../core/profile/capabilities.ts";
import type { PostureFacts } from "../../../model/container-posture.ts";

export type StatusFacts = Pick<
  PostureFacts,
  "name" | "uid" | "gid" | "groups" | "capabilities" | "noNewPrivileges" | "seccompMode" | "seccompFilters"
>;

/** Undefined for a text that is no status file: a line that decides is missing. */
export function parseStatus(text: string): StatusFacts | undefined {
  const lines = new Map(
    text.split("\n").map((line): [string, string] => {
      const at = line.indexOf(":");
      return [line.slice(0, at), line.slice(at + 1).trim()];
    }),
  );
  const uid = idsOf(lines.get("Uid"));
  const gid = idsOf(lines.get("Gid"));
  const masks = ["CapEff", "CapPrm", "CapBnd", "CapInh"].map((key) => lines.get(key) ?? "");
  if (uid === undefined || gid === undefined || masks.some((mask) => !/^[0-9a-f]{1,16}$/.test(mask))) return undefined;
  const [effective = [], permitted = [], bounding = [], inheritable = []] = masks.map((mask) => [
    ...capabilitiesOfMask(mask),
  ]);
  const filters = lines.get("Seccomp_filters");
  return {
    name: lines.get("Name") ?? "",
    uid,
    gid,
    groups: numbersOf(lines.get("Groups")),
    capabilities: {
      effective,
      permitted,
      bounding,
      inheritable,
      // Since Linux 4.3.
      ambient: [...capabilitiesOfMask(lines.get("CapAmb") ?? "0")],
    },
    noNewPrivileges: lines.get("NoNewPrivs") === "1",
    seccompMode: Number(lines.get("Seccomp") ?? 0),
    ...(filters === undefined ? {} : { seccompFilters: Number(filters) }),
  };
}

/** Groups of a process; the kernel allows 65,536. */
const groupsMax = 1024;

function numbersOf(text: string | undefined): number[] {
  return (text ?? "")
    .split(/\s+/)
    .filter((word) => /^\d+$/.test(word))
    .map(Number)
    .slice(0, groupsMax);
}

function idsOf(text: string | undefined): StatusFacts["uid"] | undefined {
  const [real, effective, saved, filesystem] = numbersOf(text);
  if (real === undefined || effective === undefined || saved === undefined || filesystem === undefined)
    return undefined;
  return { real, effective, saved, filesystem };
}

/** /proc/PID/uid_map (user_namespaces(7)): rows of inside, outside, count. */
export function parseIdMap(text: string): PostureFacts["uidMap"] {
  return text
    .split("\n")
    .map((line) => numbersOf(line.trim()))
    .flatMap(([inside, outside, count]) =>
      inside === undefined || outside === undefined || count === undefined ? [] : [{ inside, outside, count }],
    );
}
