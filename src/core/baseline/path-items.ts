// Paths as items of a baseline: changing parts become `*`, files become the folder they stand in where that says enough and hides nothing.
// The same rule folds what is learnt and what is judged, so what was learnt is never drift.

/** Where a single file decides: a folder as a whole would cover what nobody learnt. Their sub-folders fold as others do. */
export const guardedFolders: readonly string[] = [
  "/",
  "/bin",
  "/boot",
  "/dev",
  "/etc",
  "/etc/cron.d",
  "/etc/cron.daily",
  "/etc/cron.hourly",
  "/etc/init.d",
  "/etc/ld.so.conf.d",
  "/etc/pam.d",
  "/etc/profile.d",
  "/etc/ssh",
  "/etc/sudoers.d",
  "/etc/systemd/system",
  "/home",
  "/lib",
  "/lib64",
  "/opt",
  "/root",
  "/sbin",
  "/usr",
  "/usr/bin",
  "/usr/lib",
  "/usr/lib64",
  "/usr/local",
  "/usr/local/bin",
  "/usr/local/lib",
  "/usr/local/sbin",
  "/usr/sbin",
  "/var",
  "/var/spool/cron",
  "/var/spool/cron/crontabs",
];

/** Code that is mapped from here was put there by somebody: each file counts. */
export const guardedLoadFolders: readonly string[] = ["/", "/dev/shm", "/home", "/root", "/run", "/tmp", "/var/tmp"];

export const pathItemLimits = {
  /** Folders side by side that are told one by one; more become their parent. */
  siblingsMax: 32,
  segmentsMax: 64,
  lengthMax: 1024,
} as const;

/**
 * A segment that changes from run to run: a number, a long hexadecimal word or UUID, a name of mktemp(3) and its kin, a dated folder of a mounted volume.
 * Plain alternatives without look-around: the store folds by the same text (RE2).
 */
export const volatileSegment =
  "^([0-9]+|[.][.][0-9][0-9_.]*|tmp[._-][A-Za-z0-9_]{5,}|tmp[a-z0-9_]{8}|[0-9a-f]{4,}-[0-9a-f-]{8,}|[0-9a-f]{16,})$";
const volatilePattern = new RegExp(volatileSegment, "i");

/** Numbers and the like become a star: "/proc/412/stat" and "/proc/9/stat" are one. Longer paths than lengthMax and deeper ones than segmentsMax are cut, with `*` at the end. */
export function foldPath(path: string): string {
  const segments = path.slice(0, pathItemLimits.lengthMax).split("/");
  const isCut = path.length > pathItemLimits.lengthMax || segments.length > pathItemLimits.segmentsMax;
  const kept = segments
    .slice(0, pathItemLimits.segmentsMax)
    .map((segment) => (volatilePattern.test(segment) ? "*" : segment));
  if (isCut) kept[kept.length - 1] = "*";
  return kept.join("/");
}

/** The folder that stands for a file ("/var/lib/mysql/"), or the file itself where folders are guarded. "" for what is no absolute path. */
export function fileItem(path: string, kind: "reads" | "writes" | "loads"): string {
  if (!path.startsWith("/")) return "";
  const folded = foldPath(path);
  const end = folded.lastIndexOf("/");
  const folder = folded.slice(0, end) || "/";
  if (end === folded.length - 1 && end > 0) return folded;
  return isGuarded(folder, kind) ? folded : `${folder}/`;
}

export function isGuarded(folder: string, kind: "reads" | "writes" | "loads"): boolean {
  if (folder.endsWith("/.ssh")) return true;
  if (kind === "loads") return guardedLoadFolders.includes(folder);
  // Of processes and devices each file is something else.
  return guardedFolders.includes(folder) || folder === "/proc" || folder.startsWith("/proc/");
}

/** Many folders side by side become their parent: /var/cache/x/{a..z}/ -> /var/cache/x/. Depends on the set alone, not on its order. */
export function foldSiblings(
  items: readonly string[],
  kind: "reads" | "writes" | "loads",
): ReadonlyMap<string, string> {
  const target = new Map(items.map((item) => [item, item]));
  for (let depth = pathItemLimits.segmentsMax; depth >= 3; depth -= 1) {
    const children = new Map<string, Set<string>>();
    for (const item of target.values()) {
      const segments = item.split("/");
      if (!item.endsWith("/") || segments.length - 1 !== depth) continue;
      const parent = segments.slice(0, depth - 1).join("/");
      if (isGuarded(parent, kind)) continue;
      const known = children.get(parent) ?? new Set();
      known.add(item);
      children.set(parent, known);
    }
    for (const [item, now] of target) {
      const parent = now.split("/").slice(0, -2).join("/");
      if ((children.get(parent)?.size ?? 0) > pathItemLimits.siblingsMax && children.get(parent)?.has(now) === true)
        target.set(item, `${parent}/`);
    }
  }
  return target;
}
