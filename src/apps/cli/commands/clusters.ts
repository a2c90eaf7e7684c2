// garrison clusters: which clusters are known, how current that is and how much agents see of them; with a name the nodes of one.
import type { Cluster, ClusterMachine } from "../../../model/cluster.ts";
import { Fault } from "../../../base/fault.ts";
import { nearest } from "../../../base/nearest.ts";
import { ask, type Context } from "../context.ts";
import { render, type Sheet } from "../output/format.ts";
import { age, bytes } from "../output/units.ts";
import type { CommandUnit } from "./command.ts";

export const clusters: CommandUnit = {
  name: "clusters",
  add(program, run) {
    program
      .command("clusters")
      .summary("clusters: how current their inventory is, what is missing; with a name its nodes")
      .argument("[name]", "a cluster, to see its nodes")
      .addHelpText("after", "\nExamples:\n  garrison clusters\n  garrison clusters demo -o wide")
      .action(
        run(async (context, { args }) => {
          const { clusters: found } = await ask(context, "listClusters", {});
          const [name] = args;
          return name === undefined ? await printClusters(context, found) : await printNodes(context, found, name);
        }),
      );
  },
};

async function printClusters(context: Context, found: readonly Cluster[]): Promise<void> {
  await context.print(
    render(found, clusterSheet(context.nowMs()), { format: formatOf(context), width: context.width }),
  );
  for (const cluster of found) sayMissing(context, cluster);
}

async function printNodes(context: Context, found: readonly Cluster[], name: string): Promise<void> {
  const cluster = found.find((one) => one.name === name);
  if (cluster === undefined) {
    const meant = nearest(
      name.slice(0, 64),
      found.map((one) => one.name),
    );
    throw new Fault(`there is no cluster "${name.slice(0, 100)}"`, {
      code: "clusters/no-such-cluster",
      kind: "not-found",
      hint: meant === undefined ? "`garrison clusters` lists them" : `did you mean "${meant}"?`,
    });
  }
  const { nodes } = await ask(context, "clusterMachines", { params: { cluster: name } });
  await context.print(render(nodes, nodeSheet, { format: formatOf(context), width: context.width }));
  sayMissing(context, cluster);
}

function formatOf(context: Context) {
  return context.flags.output ?? "table";
}

/** Why something may not be there, on standard error. */
function sayMissing(context: Context, { name, state, because, gaps, objectsRefused, simulated }: Cluster): void {
  if (simulated) context.say(`${name}: a demonstration, nothing in it is real`);
  if (because !== "") context.say(`${name} is ${state}: ${because}`);
  for (const gap of gaps) context.say(`gap: ${name} ${gap.resource} ${gap.state} since ${gap.since}: ${gap.because}`);
  for (const [kind, count] of Object.entries(objectsRefused))
    context.say(`${name}: ${count} objects of kind ${kind} could not be read`);
}

function clusterSheet(nowMs: number): Sheet<Cluster> {
  const counted = (pick: (counts: NonNullable<Cluster["counts"]>) => number) => (row: Cluster) =>
    row.counts === undefined ? "?" : String(pick(row.counts));
  return {
    name: ({ name }) => name,
    columns: [
      { title: "name", value: (row) => row.name },
      { title: "state", value: (row) => (row.simulated ? `${row.state} (demo)` : row.state) },
      { title: "version", value: (row) => row.version || "-" },
      { title: "agents", value: agentsOf, align: "right" },
      { title: "workloads", value: counted(({ workloads }) => workloads), align: "right" },
      { title: "services", value: counted(({ services }) => services), align: "right" },
      { title: "pods", value: counted(({ pods }) => pods), align: "right" },
      { title: "not ready", value: counted(({ podsNotReady }) => podsNotReady), align: "right" },
      { title: "gaps", value: (row) => String(row.gaps.length), align: "right" },
      {
        title: "current",
        value: (row) => (row.currentAt === undefined ? "-" : age(Date.parse(row.currentAt), nowMs)),
        align: "right",
      },
      {
        title: "clock ahead",
        value: (row) => (row.clockAheadMs === undefined ? "?" : `${row.clockAheadMs}ms`),
        isWide: true,
      },
      { title: "kept since", value: (row) => row.inventorySince ?? "-", isWide: true },
      { title: "source", value: (row) => row.source || "-", isWide: true },
    ],
  };
}

/** Agents that see what the kernel shows, of the nodes that there are. */
function agentsOf({ coverage, counts }: Cluster): string {
  return counts === undefined ? String(coverage.nodesSeeing) : `${coverage.nodesSeeing}/${counts.nodes}`;
}

const nodeSheet: Sheet<ClusterMachine> = {
  name: ({ cluster, name }) => `${cluster}/${name}`,
  columns: [
    { title: "node", value: (row) => row.name },
    { title: "ready", value: ({ kubernetes }) => (kubernetes === undefined ? "?" : kubernetes.ready) },
    { title: "agent", value: ({ agent }) => agent?.state ?? "none" },
    { title: "fidelity", value: ({ agent }) => agent?.fidelity ?? "-" },
    { title: "pods", value: ({ pods }) => (pods === undefined ? "?" : String(pods)), align: "right" },
    {
      title: "not ready",
      value: ({ podsNotReady }) => (podsNotReady === undefined ? "?" : String(podsNotReady)),
      align: "right",
    },
    { title: "kubelet", value: ({ kubernetes }) => kubernetes?.kubeletVersion || "-" },
    {
      title: "cpu",
      value: ({ kubernetes }) => (kubernetes === undefined ? "?" : String(kubernetes.cpuMillis / 1000)),
      isWide: true,
      align: "right",
    },
    {
      title: "memory",
      value: ({ kubernetes }) => (kubernetes === undefined ? "?" : bytes(kubernetes.memoryBytes)),
      isWide: true,
      align: "right",
    },
    { title: "addresses", value: ({ kubernetes }) => kubernetes?.addresses.join(",") || "-", isWide: true },
    { title: "agent version", value: ({ agent }) => agent?.version || "-", isWide: true },
    { title: "because", value: ({ agent }) => agent?.fidelityBecause || "-", isWide: true },
  ],
};
