// Profiles of a workload's container, written from what all of its replicas were seen to do. Nothing is stored: the same rows give the same text.
import { Fault } from "../../../base/fault.ts";
import { formatInstant } from "../../../base/instant.ts";
import { confidenceOf, mergeUsage, type Learnt } from "../../../core/profile/learnt.ts";
import type { Runtime } from "../../../core/profile/data/runtime-base.ts";
import { writeAppArmor, type FileFacts } from "../../../core/profile/write/apparmor.ts";
import { writeCapabilities } from "../../../core/profile/write/capabilities.ts";
import { writeSeccomp } from "../../../core/profile/write/seccomp.ts";
import { writeSysctls } from "../../../core/profile/write/sysctls.ts";
import type { ProfileRequest } from "../../../core/profile/write/target.ts";
import type { TouchSums, UsageRows } from "../../../edge/store/queries/profiles-nouns.ts";
import type { WindowRequest, WorkloadParams } from "../../../edge/store/queries/queries.ts";
import type { ProfileKind, ProfileMode, WrittenProfile } from "../../../model/posture.ts";
import { profileLimits } from "../contract/profiles.ts";
import { factsOfUsage, readFacts, type ProfileParts } from "./posture-desk.ts";

interface ProfileQuery extends WindowRequest {
  readonly mode: ProfileMode;
  readonly container: string;
  readonly imageDigest: string;
  readonly runtime: Runtime;
}

/** By container and image digest. */
export async function workloadLearnt(parts: ProfileParts, params: WorkloadParams, query: WindowRequest) {
  const usage = await parts.queries.usageRows(params, query);
  const groups = new Map<string, UsageRows["rows"][number][]>();
  for (const row of usage.rows) {
    const key = `${row.container}\u0000${row.imageDigest}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  const all = [...groups.values()].toSorted((one, other) => lastTime(other) - lastTime(one));
  const kept = all.slice(0, profileLimits.containersMax);
  return {
    containers: kept.map((rows) => learntContainer(rows, parts.clock.nowMs())),
    omitted: all.length - kept.length,
    window: usage.window,
  };
}

function lastTime(rows: UsageRows["rows"]): number {
  return Date.parse(rows.at(-1)?.time ?? "");
}

function learntContainer(rows: UsageRows["rows"], nowMs: number) {
  const learnt = mergeUsage(factsOfUsage(rows));
  const [first] = rows;
  return {
    container: first?.container ?? "",
    image: rows.at(-1)?.image ?? "",
    imageDigest: first?.imageDigest ?? "",
    architectures: [...learnt.architectures],
    systemCalls: [...learnt.systemCalls],
    systemCallsUnnamed: [...learnt.systemCallsUnnamed],
    capabilities: [...learnt.capabilities],
    capabilitiesInferred: [...learnt.capabilitiesInferred],
    executables: [...learnt.executables],
    firstAt: formatInstant(learnt.firstMs ?? nowMs),
    lastAt: formatInstant(learnt.lastMs ?? nowMs),
    confidence: confidenceOf(learnt, nowMs),
  };
}

/** Throws Fault "profiles/nothing-learnt" (not-found) and "profiles/no-such-container". */
export async function workloadProfile(
  parts: ProfileParts,
  params: WorkloadParams & { readonly profile: ProfileKind },
  query: ProfileQuery,
) {
  const usage = await parts.queries.usageRows(params, query);
  const containers = [...new Set(usage.rows.map(({ container }) => container))].toSorted();
  const container = chooseContainer(containers, query.container, params);
  const rows = usage.rows.filter(
    (row) => row.container === container && (query.imageDigest === "" || row.imageDigest === query.imageDigest),
  );
  if (rows.length === 0) throw nothingLearnt(params, `of the image ${query.imageDigest}`);
  const nowMs = parts.clock.nowMs();
  const learnt = mergeUsage(factsOfUsage(rows));
  const confidence = confidenceOf(learnt, nowMs);
  const request: ProfileRequest = {
    target: { namespace: params.namespace, workload: params.name, workloadKind: params.kind, container },
    mode: query.mode,
    learnt,
    confidence,
    nowMs,
  };
  const profile = await written(parts, params, { request, runtime: query.runtime, query });
  return { container, imageDigest: query.imageDigest, containers, profile, confidence, window: usage.window };
}

function chooseContainer(containers: readonly string[], wanted: string, params: WorkloadParams): string {
  const [first] = containers;
  if (first === undefined) throw nothingLearnt(params, "");
  if (wanted === "") return first;
  if (containers.includes(wanted)) return wanted;
  throw new Fault(`nothing was learnt of a container ${JSON.stringify(wanted.slice(0, 100))}`, {
    code: "profiles/no-such-container",
    kind: "not-found",
    where: "container",
    hint: `learnt are: ${containers.join(", ")}`,
  });
}

const noContainers: ReadonlySet<string> = new Set(["SystemdUnit", "Session", "Host"]);

function nothingLearnt({ namespace, name, kind }: WorkloadParams, what: string): Fault {
  if (noContainers.has(kind))
    return new Fault(`agents learn containers only, and ${namespace}/${name} is none`, {
      code: "profiles/nothing-learnt",
      kind: "not-found",
      hint: "On its machine: `garrison profile seccomp --command -- PROGRAM ...` runs its program and learns it.",
    });
  return new Fault(`nothing was learnt of ${namespace}/${name} ${what}`.trim(), {
    code: "profiles/nothing-learnt",
    kind: "not-found",
    hint: "Put a LearningWindow for it and restart one replica: its first seconds are learnt then too (docs/guides/profiles.md).",
  });
}

async function written(
  { queries }: ProfileParts,
  params: WorkloadParams & { readonly profile: ProfileKind },
  given: { readonly request: ProfileRequest; readonly runtime: Runtime; readonly query: WindowRequest },
): Promise<WrittenProfile> {
  const { request, runtime, query } = given;
  switch (params.profile) {
    case "seccomp":
      return writeSeccomp({ ...request, runtime });
    case "capabilities":
      return writeCapabilities(request);
    case "apparmor":
      return writeAppArmor({
        ...request,
        files: filesOf(await queries.touched(params, query), request.target.container, request.learnt),
      });
    case "sysctls": {
      const [touched, postures] = await Promise.all([
        queries.touched(params, query),
        queries.workloadPostures(params, {}),
      ]);
      const row = postures.rows.find(({ container }) => container === request.target.container);
      const facts = row === undefined ? "" : readFacts(row);
      const paths = ofContainer(touched, request.target.container, "written");
      return writeSysctls({
        ...request,
        sysctls: { written: paths, values: typeof facts === "string" ? {} : facts.sysctls },
      });
    }
  }
}

function ofContainer(
  { paths }: TouchSums,
  container: string,
  use: TouchSums["paths"][number]["use"],
): readonly string[] {
  return paths.filter((one) => one.container === container && one.use === use).map(({ path }) => path);
}

/** Protocols of flows and sockets of calls, as AppArmor names families and kinds. */
const networksOf: Readonly<Record<string, readonly string[]>> = {
  tcp: ["inet stream", "inet6 stream"],
  udp: ["inet dgram", "inet6 dgram"],
  icmp: ["inet raw", "inet6 raw"],
};

function filesOf(touched: TouchSums, container: string, learnt: Learnt): FileFacts {
  const uses = (use: TouchSums["paths"][number]["use"]) => ofContainer(touched, container, use);
  const mapped = uses("mapped");
  const isLibrary = (path: string) => /\.so(\.[0-9.]+)?$|\/ld-[^/]*$/.test(path);
  const talks = learnt.systemCalls.includes("socket");
  return {
    executables: uses("executed"),
    libraries: mapped.filter(isLibrary),
    reads: [...uses("read"), ...mapped.filter((path) => !isLibrary(path))],
    writes: uses("written"),
    networks: [
      ...touched.protocols.flatMap(({ protocol }) => networksOf[protocol] ?? []),
      ...(talks ? ["unix stream", "unix dgram"] : []),
    ],
    because: [
      ...(touched.partialBecause === "" ? [] : [`not all files were looked at: ${touched.partialBecause}`]),
      ...(touched.omitted > 0 ? [`${touched.omitted} more paths than are read`] : []),
      ...(touched.paths.some(({ use }) => use === "read" || use === "written")
        ? []
        : ["no file events of it are kept: what it reads and writes is not in the profile, only what it maps"]),
    ],
  };
}
