// Asks the server, or looks at /proc itself, and prints.
import { Fault } from "../../../../base/fault.ts";
import { confidenceOf, mergeUsage } from "../../../../core/profile/learnt.ts";
import { advisedFor, placeOf } from "../../../../core/profile/posture/unit-advice.ts";
import { postureOf } from "../../../../core/profile/posture/container-layers.ts";
import { readCgroupFile } from "../../../../edge/proc/cgroup-file.ts";
import { readSysctls } from "../../../../edge/proc/posture/namespace-sysctls.ts";
import { liveRoots, readPosture } from "../../../../edge/proc/posture/read-posture.ts";
import type { Api } from "../../../server/contract/api.ts";
import type { ResponseOf } from "../../../server/contract/endpoint.ts";
import { ask, type Context } from "../../context.ts";
import { fold } from "../../output/fold.ts";
import { render, type Sheet } from "../../output/format.ts";
import { age } from "../../output/units.ts";
import { findWorkload, fullName, isNoContainer, pidWords } from "../find-workload.ts";
import type { PostureFlags } from "../posture.ts";
import { sayWindow } from "../rows.ts";
import { layerText } from "./words.ts";

const differsCode = 3;

export async function runPosture(
  context: Context,
  workload: string | undefined,
  flags: PostureFlags,
): Promise<number | void> {
  if (flags.pid !== undefined) return ofProcess(context, flags.pid);
  if (workload === undefined) return ofAll(context, flags);
  return ofWorkload(context, workload, flags);
}

function ofProcess(context: Context, text: string): Promise<number> {
  const pid = Number(text);
  if (!Number.isSafeInteger(pid) || pid < 1)
    throw new Fault(`--pid ${text} is no process number`, {
      code: "cli/usage",
      kind: "usage",
      hint: "a whole number from 1, as ps prints it",
    });
  const facts = readPosture({ ...liveRoots, sysctls: readSysctls }, pid);
  if (facts === undefined)
    throw new Fault(`there is no process ${pid}`, {
      code: "cli/no-process",
      kind: "not-found",
      hint: "a container's first process is named by its runtime: crictl inspect, docker inspect, runc list",
    });
  const learnt = mergeUsage([]);
  const answer = postureOf({
    declared: "a process declares nothing: ask for its workload with a server",
    facts,
    learnt: "use is learnt by the agent: ask for its workload with a server",
    confidence: confidenceOf(learnt, context.nowMs()),
  });
  const cgroups = readCgroupFile("/proc", pid);
  const layers = advisedFor(answer.layers, placeOf("text" in cgroups ? cgroups.text : ""));
  const advised = { ...answer, layers };
  return print(context, {
    heading: `process ${pid} ${facts.name}`,
    answer: advised,
    whole: { facts, ...advised },
  });
}

interface Printed {
  readonly heading: string;
  readonly answer: Parameters<typeof layerText>[0];
  readonly whole: object;
}

async function print(context: Context, { heading, answer, whole }: Printed): Promise<number> {
  const format = context.flags.output ?? "table";
  if (format === "table" || format === "wide") {
    const text = layerText(answer, { paint: context.paint, width: context.width, format });
    await context.print(`${context.paint.bold(fold(heading, { width: context.width }))}\n${text}`);
  } else {
    await context.print(render([whole], { columns: [], name: () => heading }, { format, width: context.width }));
  }
  return answer.differences.length > 0 ? differsCode : 0;
}

async function ofWorkload(context: Context, text: string, flags: PostureFlags): Promise<number | void> {
  const found = await findWorkload(context, text);
  const params = { cluster: found.cluster, namespace: found.namespace, kind: found.kind, name: found.name };
  const answer = await ask(context, "workloadPosture", { params, query: { since: flags.since } });
  if (answer.containers.length === 0 && isNoContainer(found))
    throw new Fault(`agents tell the layers of containers only, and ${text} is none`, {
      code: "cli/no-posture",
      kind: "not-found",
      hint: `on its node: garrison posture --pid ${pidWords(found)}`,
    });
  if (answer.containers.length === 0)
    throw new Fault(`nothing is known of the containers of ${text}`, {
      code: "cli/no-posture",
      kind: "not-found",
      hint: "an agent on its node tells them some seconds after they start",
    });
  let code = 0;
  for (const container of answer.containers) {
    const when =
      container.at === undefined
        ? container.because
        : `${age(Date.parse(container.at), context.nowMs())} ago on ${container.node}`;
    const heading = `${fullName(found)}  container ${container.container || "-"}  ${container.replicas} replicas, ${when}`;
    code = Math.max(code, await print(context, { heading, answer: container, whole: container }));
    for (const other of container.replicasOther) context.say(`${other} has other rights than the one that is shown`);
  }
  if (answer.omitted > 0) context.say(`${answer.omitted} more containers are not shown`);
  return sayWindow(context, answer.window) ?? code;
}

type PostureRow = ResponseOf<Api["listPostures"]>["rows"][number];

function rowsSheet(nowMs: number): Sheet<PostureRow> {
  return {
    name: ({ cluster, namespace, workloadKind: kind, workload: name }) => fullName({ cluster, namespace, kind, name }),
    columns: [
      { title: "cluster", value: (row) => row.cluster },
      { title: "namespace", value: (row) => row.namespace || "-" },
      { title: "workload", value: (row) => row.workload || "-" },
      { title: "container", value: (row) => row.container },
      { title: "declared", value: (row) => row.levelDeclared },
      { title: "live", value: (row) => row.levelEffective },
      { title: "uid", value: (row) => String(row.uid), align: "right" },
      { title: "seccomp", value: (row) => row.seccomp, squeeze: "first" },
      { title: "capabilities", value: (row) => String(row.capabilities.length), align: "right", squeeze: "first" },
      { title: "looked", value: (row) => age(Date.parse(row.at), nowMs), align: "right" },
      { title: "differences", value: (row) => row.differences.map(({ rule }) => rule).join(", ") || "-" },
    ],
  };
}

async function ofAll(context: Context, { since }: PostureFlags): Promise<number | void> {
  const found = await ask(context, "listPostures", { query: { q: "", since } });
  const format = context.flags.output ?? "table";
  await context.print(render(found.rows, rowsSheet(context.nowMs()), { format, width: context.width }));
  if (found.omitted > 0) context.say(`${found.omitted} more are not shown`);
  const code = found.rows.some(({ differences }) => differences.length > 0) ? differsCode : 0;
  return sayWindow(context, found.window) ?? code;
}
