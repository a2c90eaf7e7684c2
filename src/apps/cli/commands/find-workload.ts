// A workload as people write it on the command line: "web", "shop/web", "shop/Deployment/web", "CLUSTER/shop/Deployment/web".
import { Fault } from "../../../base/fault.ts";
import { nearest } from "../../../base/nearest.ts";
import type { Workload } from "../../../model/workload.ts";
import { ask, type Context } from "../context.ts";

export type FoundWorkload = Pick<Workload, "cluster" | "namespace" | "kind" | "name">;

const candidatesShown = 5;
const namesMax = 1000;

interface Wanted {
  readonly cluster: string;
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
}

/** Throws a usage Fault for a text of no such form. */
export function readWorkload(text: string): Wanted {
  const parts = text.split("/");
  if (parts.length > 4 || parts.some((part) => part === ""))
    throw new Fault(`${JSON.stringify(text.slice(0, 200))} names no workload`, {
      code: "cli/usage",
      kind: "usage",
      hint: "write NAME, NAMESPACE/NAME, NAMESPACE/KIND/NAME or CLUSTER/NAMESPACE/KIND/NAME",
    });
  const name = parts.at(-1) ?? "";
  const kind = parts.length >= 3 ? (parts.at(-2) ?? "") : "";
  const namespace = parts.length === 1 ? "" : parts.length === 2 ? (parts[0] ?? "") : (parts.at(-3) ?? "");
  return { cluster: parts.length === 4 ? (parts[0] ?? "") : "", namespace, kind, name };
}

/** The one that was seen within a day. Throws Faults: not found (exit 5), or several (usage) with their whole names. */
export async function findWorkload(context: Context, text: string): Promise<FoundWorkload> {
  const wanted = readWorkload(text);
  const quoted = (word: string) => (/^[\w.-]+$/.test(word) ? word : JSON.stringify(word));
  const q = [
    wanted.namespace === "" ? "" : `ns:${quoted(wanted.namespace)}`,
    wanted.kind === "" ? "" : `kind:${quoted(wanted.kind)}`,
    `workload:${quoted(wanted.name)}`,
  ]
    .filter((term) => term !== "")
    .join(" ");
  const { rows } = await ask(context, "listWorkloads", { query: { q, since: "24h", limit: 100 } });
  const found = rows.filter(
    ({ cluster, name }) => name === wanted.name && (wanted.cluster === "" || cluster === wanted.cluster),
  );
  const [first, ...others] = found;
  if (first === undefined) {
    const all = await ask(context, "listWorkloads", { query: { q: "", since: "24h", limit: namesMax } });
    const meant = nearestWorkload(wanted, all.rows);
    throw new Fault(`no workload ${text} was seen within a day`, {
      code: "cli/no-workload",
      kind: "not-found",
      hint: meant === undefined ? "`garrison workloads --since 24h` lists them" : `did you mean ${meant}?`,
    });
  }
  if (others.length === 0) return first;
  const names = found.slice(0, candidatesShown).map(fullName);
  throw new Fault(`${found.length} workloads are called ${text}`, {
    code: "cli/usage",
    kind: "usage",
    hint: `say which one: ${names.join(", ")}${found.length > candidatesShown ? ", ..." : ""}`,
  });
}

/** "namespace/name" of the one that was meant: the same name in another namespace first, then the nearest. */
export function nearestWorkload(
  { namespace, name }: Pick<FoundWorkload, "namespace" | "name">,
  rows: readonly Pick<FoundWorkload, "namespace" | "name">[],
): string | undefined {
  const known = rows.filter((row) => row.namespace !== "");
  const whole = ({ namespace: place, name: own }: (typeof known)[number]): string => `${place}/${own}`;
  const same = known.find((row) => row.name === name);
  if (same !== undefined) return whole(same);
  if (namespace !== "") return nearest(`${namespace}/${name}`.slice(0, 320), known.map(whole));
  const close = nearest(
    name.slice(0, 253),
    known.map((row) => row.name),
  );
  const meant = known.find((row) => row.name === close);
  return meant === undefined ? undefined : whole(meant);
}

export function fullName({ cluster, namespace, kind, name }: FoundWorkload): string {
  return [cluster, namespace, kind, name].join("/");
}

/** Units, sessions and plain groups of the machine: no runtime started them as a container. */
export function isNoContainer({ kind }: Pick<FoundWorkload, "kind">): boolean {
  return noContainers.has(kind);
}

const noContainers: ReadonlySet<string> = new Set(["SystemdUnit", "Session", "Host"]);

/** For a shell on its node: the number of one of its processes, from its control group. */
export function pidWords({ kind, name }: Pick<FoundWorkload, "kind" | "name">): string {
  const folder =
    kind === "SystemdUnit" && /^[\w.@-]+$/.test(name) ? `$(find /sys/fs/cgroup -name ${name})` : "/sys/fs/cgroup/PATH";
  return `$(head -1 ${folder}/cgroup.procs)`;
}
