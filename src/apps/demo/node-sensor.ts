// One simulated node's two ports to its real agent: a sensor that hears what the world tells of this node, and its container runtime.
import type { ContainerDirectory, ContainerInfo, ContainerLookup } from "../../core/process/container-directory.ts";
import { guessWorkload } from "../../core/process/workload-guess.ts";
import type { Sensor, SensorEvent } from "../../core/sense/sensor.ts";
import { demoLimits } from "./config.ts";
import { podsOn } from "./world/processes.ts";
import type { Pod, SimNode } from "./world/state.ts";
import type { Simulation } from "./world/world.ts";

export interface NodeSensor {
  readonly sensor: Sensor;
  readonly containers: ContainerDirectory;
  /** Hands over what this node heard, oldest first. */
  readonly deliver: (events: readonly SensorEvent[]) => void;
}

const because = "a simulated node of the demo: nothing of it is real";

/** `nowMs` is the time of the world. */
export function createNodeSensor(simulation: Simulation, node: SimNode, nowMs: () => number): NodeSensor {
  const counts: Record<string, number> = {};
  let listener: ((events: readonly SensorEvent[]) => void) | undefined;
  let watched: ReadonlySet<number> = new Set();

  function isWanted(event: SensorEvent): boolean {
    // As in the kernel: first bytes only of the groups that are asked for.
    return event.type !== "first-bytes" || watched.has(event.cgroupId) || watched.has(0);
  }

  function deliver(events: readonly SensorEvent[]): void {
    if (listener === undefined) return;
    const wanted = events.filter(isWanted);
    for (const { type } of wanted) counts[type] = (counts[type] ?? 0) + 1;
    if (wanted.length > 0) listener(wanted);
  }

  return {
    deliver,
    containers: createContainers(simulation, node),
    sensor: {
      fidelity: "simulated",
      fidelityBecause: because,
      capabilities: [],
      async start(onBatch) {
        listener = onBatch;
        deliver(simulation.running(node, nowMs()));
      },
      watchFirstBytes(cgroupIds) {
        watched = new Set(cgroupIds);
      },
      // Drops are the world's, told with its first node, so that they are counted once.
      stats: () => ({
        eventsByType: counts,
        dropsByType: node === simulation.world.nodes[0] ? simulation.world.dropped : {},
        cpuMs: 0,
      }),
      async close() {
        listener = undefined;
      },
    },
  };
}

function createContainers(simulation: Simulation, node: SimNode): ContainerDirectory {
  const known = new Map<string, ContainerInfo>();

  function lookup(containerId: string): ContainerLookup {
    const pod = podsOn(simulation.world, node).find((candidate) => candidate.containerId === containerId);
    if (pod !== undefined) known.set(containerId, infoOf(pod));
    // What ended a moment ago still has rows on their way.
    for (const oldest of known.keys()) {
      if (known.size <= demoLimits.endedContainersMax) break;
      known.delete(oldest);
    }
    const container = known.get(containerId);
    return container === undefined
      ? { state: "absent", reason: "the simulated runtime does not know it" }
      : { state: "known", container };
  }

  return { lookup, resolve: async (containerId) => lookup(containerId) };
}

function infoOf(pod: Pod): ContainerInfo {
  return {
    containerId: pod.containerId,
    name: pod.containerName,
    podName: pod.name,
    podUid: pod.uid,
    namespace: pod.namespace,
    ...guessWorkload(pod.name, pod.labels),
    image: pod.image,
    imageDigest: pod.imageDigest,
    labels: pod.labels,
    isSandbox: false,
  };
}
