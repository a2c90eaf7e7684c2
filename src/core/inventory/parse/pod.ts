// Pod objects without literal environment values, arguments or annotations. The workload is filled in by who knows the owners.
import type { Pod } from "../../../model/inventory.ts";
import { inventoryLimits } from "../limits.ts";
import { containersOf } from "./container.ts";
import { isWhole } from "./namespace.ts";
import { addressesOf } from "./node.ts";
import { commonOf, list, type ParseContext, plain, type Raw, record } from "./raw.ts";
import { podSecurityOf } from "./security.ts";

export function parsePod(context: ParseContext, raw: Raw): Pod | string {
  const metadata = record(raw["metadata"]);
  const { because, ...common } = commonOf(context, metadata);
  if (!isWhole(common)) return because;
  const [spec, status] = [record(raw["spec"]), record(raw["status"])];
  const startedAt = context.time(status["startTime"]);
  const deletingAt = context.time(metadata["deletionTimestamp"]);
  const several = list(status["podIPs"], inventoryLimits.addressesMax).map((item) => record(item)["ip"]);
  return {
    kind: "Pod",
    ...common,
    workload: common.name,
    workloadKind: "Pod",
    workloadReason: "",
    node: context.text(spec["nodeName"]),
    phase: context.text(status["phase"]),
    reason: context.text(status["reason"]),
    ready: isReady(status["conditions"]),
    addresses: addressesOf(context, [status["podIP"], ...several]),
    hostNetwork: spec["hostNetwork"] === true,
    serviceAccount: context.text(spec["serviceAccountName"] ?? spec["serviceAccount"]),
    containers: containersOf(context, spec, status, record(metadata["annotations"])),
    volumes: context.share(volumesOf(context, spec["volumes"])),
    security: podSecurityOf(context, spec),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(deletingAt === undefined ? {} : { deletingAt }),
  };
}

function isReady(conditions: unknown): boolean {
  return list(conditions, inventoryLimits.conditionsMax).some((item) => {
    const { type, status } = record(item);
    return type === "Ready" && status === "True";
  });
}

const namedSources: Readonly<Record<string, readonly [word: string, field: string]>> = {
  secret: ["secret", "secretName"],
  configMap: ["config-map", "name"],
  hostPath: ["host-path", "path"],
  persistentVolumeClaim: ["claim", "claimName"],
  csi: ["csi", "driver"],
};

function volumesOf(context: ParseContext, value: unknown): string[] {
  const cut = (count: number) => context.cut("volumes", count);
  const names = list(value, inventoryLimits.volumesMax, cut).flatMap((item) => {
    const volume = record(item);
    const projected = list(record(volume["projected"])["sources"], 32).flatMap((source) => namesOf(record(source)));
    return [...namesOf(volume), ...projected];
  });
  return [...new Set(names)].slice(0, inventoryLimits.volumesMax);
}

/** "host-path/var/log", "secret/db"; sources without a name ("empty-dir") say nothing and are left out. */
function namesOf(volume: Raw): string[] {
  return Object.entries(namedSources).flatMap(([key, [word, field]]) => {
    if (volume[key] === undefined) return [];
    const source = record(volume[key]);
    const name = plain(source[field] ?? source["name"]);
    return [plain(`${word}/${name.replace(/^\//, "")}`)];
  });
}
