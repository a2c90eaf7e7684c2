// The demo: a simulated cluster behind the same two doors as real ones. Its inventory is an API server, its nodes are real agents with
// simulated sensors. What goes wrong in it is the DemoStory resource. Wiring, clock and shutdown live here.
import path from "node:path";
import { toFault } from "../../base/fault.ts";
import type { Logger } from "../../base/logger.ts";
import type { ContainerDirectory } from "../../core/process/container-directory.ts";
import type { Sensor, SensorEvent } from "../../core/sense/sensor.ts";
import { startKubeServer } from "../../edge/kube-server/server.ts";
import { offerAdvisories, offerImages, usedFiles } from "./images.ts";
import type { Row } from "../../model/table.ts";
import type { GatewayReport } from "../../model/node.ts";
import { readMachine } from "../../edge/proc/machine.ts";
import { demoLimits, type DemoConfig } from "./config.ts";
import { createControl, type Control, type ServerAccess } from "./control.ts";
import { createDemoGateway, type DemoGateway, type WafRow } from "./gateway.ts";
import { writeKubeconfig } from "./kubeconfig-file.ts";
import { createNodeSensor, type NodeSensor } from "./node-sensor.ts";
import { dropPrivileges } from "./privileges.ts";
import type { SimNode } from "./world/state.ts";
import { createSimulation, type Simulation } from "./world/world.ts";

export const simulatedVersion = "v1.36.3+garrison.simulated";

/** How the agent app is started; handed in, since apps do not know each other. */
export type RunAgent = (
  config: {
    readonly data: string;
    readonly server: { readonly address: string };
    readonly cluster: string;
    readonly node: string;
    readonly join: { readonly token: string };
    readonly flow: { readonly windowSeconds: number };
    readonly spool: { readonly bytesMax: number };
  },
  parts: {
    readonly logger: Logger;
    readonly signal: AbortSignal;
    ready(ready: { readonly type: "ready"; readonly notices: readonly string[] }): void;
    notice?(line: string): void;
    readonly sensor: Sensor;
    readonly containers: ContainerDirectory;
    rows?(push: PushRow): void;
    readonly gateway?: () => GatewayReport;
  },
) => Promise<void>;

interface PushRow {
  (table: "waf_events", row: WafRow): void;
  (table: "file_events", row: Row<"file_events">): void;
}

export interface DemoParts {
  readonly logger: Logger;
  readonly signal: AbortSignal;
  ready(ready: { readonly type: "ready"; readonly notices: readonly string[] }): void;
  notice(line: string): void;
  readonly server: () => Promise<ServerAccess>;
  readonly runAgent: RunAgent;
}

/** Seconds of a flow window: shorter than an agent's default, so that the picture lives. */
const windowSeconds = 10;

/** Runs until the signal aborts. Rejects with a Fault when it cannot start or an agent cannot go on. */
export async function runDemo(config: DemoConfig, parts: DemoParts): Promise<void> {
  const { logger, signal } = parts;
  const { cluster } = config;
  await dropPrivileges(config.data, process);
  const control = createControl(cluster, parts.server);
  const server = await control.waitForServer(signal);
  const clock = { nowMs: Date.now };
  const api = await startKubeServer({ clock, logger, gitVersion: simulatedVersion });
  const simulation = createSimulation({
    seed: config.seed,
    startMs: clock.nowMs(),
    bootMs: readMachine("/proc").bootTimeMs,
    visitsPerSecond: config.visitsPerSecond,
    objects: {
      put: (kind, object) => void api.store.put(kind, object),
      remove: (kind, namespace, name) => api.store.removeKind(kind, namespace, name),
    },
  });
  const kubeconfig = await writeKubeconfig(config.data, cluster, api.kubeconfig(cluster));
  const stop = new AbortController();
  try {
    await control.askForFirstBytes();
    const token = await control.joinToken(simulation.world.nodes.length);
    const sensors = simulation.world.nodes.map((node) => createNodeSensor(simulation, node, clock.nowMs));
    const nodes = simulation.world.nodes.map((node, index) => ({ node, sensor: sensors[index] as NodeSensor }));
    const gateway = createDemoGateway(simulation.world, clock.nowMs());
    let pushRow: PushRow = () => undefined;
    const agents = nodes.map(({ node, sensor }) =>
      startAgent(config, parts, {
        node,
        sensor,
        token,
        server,
        stop,
        ...(node === simulation.world.nodes[0]
          ? {
              gateway,
              onPush: (push: PushRow) => void (pushRow = push),
            }
          : {}),
      }),
    );
    const offered = offerThings(config, { control, server, logger, nowMs: clock.nowMs() });
    const following = followStory(control, simulation, { clock, logger, stop: stop.signal });
    await Promise.race([Promise.all(agents.map(({ ready }) => ready)), ...agents.map(({ ended }) => ended)]);
    parts.ready({
      type: "ready",
      notices: [
        `demo     cluster ${cluster}: a simulated shop, ${sensors.length} nodes; nothing in it is real (--no-demo leaves it out)`,
      ],
    });
    // What happens from the start on is told once both know who is who: nothing of it needs to be unknown.
    const moving = control
      .waitForInventory(stop.signal)
      .then(() => pause(demoLimits.identitiesMs, stop.signal))
      .then(() =>
        moveOn(simulation, nodes, { clock, stop: stop.signal, visits: telling(simulation, gateway, () => pushRow) }),
      );
    await Promise.race([aborted(signal), moving, following, ...agents.map(({ ended }) => ended)]);
    stop.abort();
    await Promise.all([moving, following, offered, ...agents.map(({ ended }) => ended)]);
  } finally {
    stop.abort();
    await kubeconfig.remove();
    await api.close();
  }
}

interface Offering {
  readonly control: Control;
  readonly server: ServerAccess;
  readonly logger: Logger;
  readonly nowMs: number;
}

/** Policies, advisories, images. Nobody waits for them: without them the shop is the same. Never rejects. */
async function offerThings(config: DemoConfig, { control, server, logger, nowMs }: Offering): Promise<void> {
  const told = (what: string) => (error: unknown) => {
    logger.warn({ error: toFault(error).message }, `the demo's ${what} could not be put`);
  };
  await Promise.all([
    control.offerPolicies().catch(told("policies")),
    offerAdvisories(config.data, nowMs)
      .then(() => offerImages(server.client))
      .catch(told("images")),
  ]);
}

interface AgentStart {
  readonly node: SimNode;
  readonly sensor: NodeSensor;
  readonly token: string;
  readonly server: ServerAccess;
  readonly stop: AbortController;
  /** Of the first node. */
  readonly gateway?: DemoGateway;
  readonly onPush?: (push: PushRow) => void;
}

function startAgent(
  config: DemoConfig,
  parts: DemoParts,
  { node, sensor, token, server, stop, gateway, onPush }: AgentStart,
) {
  const ready = Promise.withResolvers<void>();
  const ended = parts.runAgent(
    {
      data: path.join(config.data, "demo", node.name),
      // A door that listens everywhere is reached on loopback from here.
      server: { address: server.agents.replace(/^(0\.0\.0\.0|\[?::\]?)(?=:\d+$)/, "127.0.0.1") },
      cluster: config.cluster,
      node: node.name,
      join: { token },
      flow: { windowSeconds },
      spool: { bytesMax: demoLimits.spoolBytesMax },
    },
    {
      logger: parts.logger,
      signal: stop.signal,
      ready: () => ready.resolve(),
      // They all talk to one server: what one of them says of it is true of the others.
      ...(gateway === undefined || onPush === undefined
        ? {}
        : { notice: (line: string) => parts.notice(line), gateway: () => gateway.report(), rows: onPush }),
      sensor: sensor.sensor,
      containers: sensor.containers,
    },
  );
  return { ready: ready.promise, ended };
}

interface Going {
  readonly clock: { nowMs(): number };
  readonly stop: AbortSignal;
}

/** What the first node tells beside its sensor: what its gateway saw, and now and then which files its containers use. */
function telling(simulation: Simulation, gateway: DemoGateway, push: () => PushRow): (nowMs: number) => void {
  let toldMs = Number.NEGATIVE_INFINITY;
  return (nowMs) => {
    for (const row of gateway.advance(nowMs)) push()("waf_events", row);
    const [first] = simulation.world.nodes;
    if (first === undefined || nowMs - toldMs < demoLimits.usedFilesEveryMs) return;
    toldMs = nowMs;
    for (const row of usedFiles(simulation.world, first, nowMs)) push()("file_events", row);
  };
}

/** Moves the world on, a tick at a time, and hands every node what it heard. */
async function moveOn(
  simulation: Simulation,
  nodes: readonly { readonly node: SimNode; readonly sensor: NodeSensor }[],
  { clock, stop, visits }: Going & { readonly visits: (nowMs: number) => void },
): Promise<void> {
  while (!stop.aborted) {
    visits(clock.nowMs());
    const heard = new Map<SimNode, SensorEvent[]>(nodes.map(({ node }) => [node, []]));
    for (const { node, event } of simulation.advance(clock.nowMs())) heard.get(node)?.push(event);
    for (const { node, sensor } of nodes) sensor.deliver(heard.get(node) ?? []);
    await pause(demoLimits.tickMs, stop);
  }
}

/** Asks for the story and brings the world to it. A server that is away changes nothing: the story goes on as it is. */
async function followStory(
  control: Control,
  simulation: Simulation,
  { clock, stop, logger }: Going & { logger: Logger },
): Promise<void> {
  let told = "";
  while (!stop.aborted) {
    try {
      simulation.follow(await control.story(), clock.nowMs());
      told = "";
    } catch (error) {
      const { message } = toFault(error);
      if (message !== told) logger.warn({ error: message }, "the demo's story could not be read; it goes on as it is");
      told = message;
    }
    await pause(demoLimits.storyEveryMs, stop);
  }
}

function pause(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      stop.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    stop.addEventListener("abort", done, { once: true });
    if (stop.aborted) done();
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
