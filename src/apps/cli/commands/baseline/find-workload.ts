// WORKLOAD of the command line -> one workload of one image. Of several images the one seen last is meant, and that is said; of several workloads none is.
import type { Command } from "commander";
import { Fault } from "../../../../base/fault.ts";
import { nearest } from "../../../../base/nearest.ts";
import { ask, type Context } from "../../context.ts";
import type { Api } from "../../../server/contract/api.ts";
import type { ResponseOf } from "../../../server/contract/endpoint.ts";
import type { Format } from "../../output/format.ts";

export type Ladder = ResponseOf<Api["listBaselines"]>["rows"][number];
export type BaselineKey = Pick<Ladder, "cluster" | "namespace" | "kind" | "workload" | "imageDigest">;

export interface WorkloadFlags {
  readonly image?: string;
  readonly cluster?: string;
  readonly since?: string;
  readonly json?: boolean;
}

/** The flags by which one workload is meant. */
export function withWorkload(command: Command): Command {
  return command
    .argument("<workload>", "NAME, NAMESPACE/NAME, or CLUSTER/NAMESPACE/KIND/NAME")
    .option("--image <digest>", "which image, by its digest's beginning (default: the one seen last)")
    .option("--cluster <name>", "in which cluster")
    .option("--since <time>", "learnt from what was seen since: 7d, 24h or RFC 3339", "7d")
    .option("--json", "as -o json");
}

export function formatOf(context: Context, { json }: { readonly json?: boolean }): Format {
  return context.flags.output ?? (json === true ? "json" : "table");
}

export function keyOf({ cluster, namespace, kind, workload, imageDigest }: BaselineKey): BaselineKey {
  return { cluster, namespace, kind, workload, imageDigest };
}

export function imageText({ image, imageDigest }: Pick<Ladder, "image" | "imageDigest">): string {
  const digest = imageDigest.replace(/^sha256:/, "").slice(0, 12);
  return [image, digest].filter((part) => part !== "").join(" ") || "-";
}

/** Throws Fault "baseline/no-such-workload" (not found), "baseline/ambiguous" (usage). */
export async function findWorkload(context: Context, name: string, flags: WorkloadFlags): Promise<Ladder> {
  const query = {
    ...(flags.since === undefined ? {} : { since: flags.since }),
    ...(flags.cluster === undefined ? {} : { cluster: flags.cluster }),
  };
  const { rows } = await ask(context, "listBaselines", { query: { ...query, ...narrowTo(name) } });
  const digest = flags.image ?? "";
  const isMeant = ({ imageDigest }: Ladder): boolean =>
    digest === "" || imageDigest.startsWith(digest) || imageDigest.startsWith(`sha256:${digest}`);
  const found = rows.filter((row) => isNamed(row, name) && isMeant(row));
  const [newest] = found.toSorted((one, other) => (one.lastSeen < other.lastSeen ? 1 : -1));
  // Only for the name that was meant all are asked for: that takes a while.
  if (newest === undefined) throw unknown(name, digest, (await ask(context, "listBaselines", { query })).rows);
  const owners = new Set(found.map((row) => ownerText(row)));
  if (owners.size > 1)
    throw new Fault(`"${name.slice(0, 100)}" is more than one workload: ${[...owners].slice(0, 8).join(", ")}`, {
      code: "baseline/ambiguous",
      kind: "usage",
      hint: "write one of these in full",
    });
  if (found.length > 1)
    context.say(`of ${found.length} images the one seen last: ${imageText(newest)} (--image chooses another)`);
  return newest;
}

function ownerText({ cluster, namespace, kind, workload }: BaselineKey): string {
  return [cluster, namespace, kind, workload].map(encodeURIComponent).join("/");
}

function partsOf(name: string): readonly string[] {
  return name.split("/").map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
}

/** What the name says already; the server looks at nothing else. */
function narrowTo(name: string): { readonly workload: string; readonly namespace?: string } {
  const parts = partsOf(name);
  const workload = (parts.at(-1) ?? "").slice(0, 253);
  const namespace = parts.length === 4 ? parts[1] : parts.length === 2 ? parts[0] : undefined;
  return { workload, ...(namespace === undefined ? {} : { namespace: namespace.slice(0, 253) }) };
}

function isNamed(row: Ladder, name: string): boolean {
  const parts = partsOf(name);
  const own = [row.cluster, row.namespace, row.kind, row.workload];
  if (parts.length === 4) return parts.every((part, index) => part === own[index]);
  if (parts.length === 2) return parts[0] === row.namespace && parts[1] === row.workload;
  return parts.length === 1 && parts[0] === row.workload;
}

function unknown(name: string, digest: string, rows: readonly Ladder[]): Fault {
  const names = rows.flatMap(({ namespace, workload }) => [`${namespace}/${workload}`, workload]);
  const meant = nearest(name.slice(0, 200), [...new Set(names)]);
  const isOther = rows.some((row) => isNamed(row, name));
  const what = isOther
    ? `no image of "${name}" begins with ${digest}`
    : `nothing was seen of a workload "${name.slice(0, 100)}"`;
  return new Fault(what, {
    code: "baseline/no-such-workload",
    kind: "not-found",
    hint:
      isOther || meant === undefined || meant === name
        ? "`garrison baseline list` shows what was seen; --since looks further back"
        : `did you mean "${meant}"?`,
  });
}
