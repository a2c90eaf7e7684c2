// Where this agent's pinned links are on this machine. Runs of one agent are known by its data folder, so that two agents leave each other's alone.
import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { findPinPlace, pinPlaces, removeRuns, runsIn } from "../../../edge/sensor/guard/pinned-links.ts";
import { toFault } from "../../../base/fault.ts";
import type { AgentConfig } from "../config.ts";
import type { PinMeans } from "./pins.ts";

export async function openPins(
  config: Pick<AgentConfig, "data" | "guard">,
  parts: Pick<PinMeans, "openGuard" | "say">,
): Promise<PinMeans> {
  const { pinFolder, pinMount } = config.guard;
  const owner = createHash("sha256").update(resolve(config.data)).digest("hex").slice(0, 12);
  const run = `${owner}-${process.pid}-${Date.now()}`;
  const mountBpffs = await importMount();
  const mount = (path: string): string => (pinMount ? mountBpffs(path) : "guard.pinMount of the agent is false");
  return {
    ...parts,
    place() {
      const place = findPinPlace(pinFolder, mount);
      return "because" in place ? place : { folder: `${place.folder}/${run}` };
    },
    removeEarlier(kept) {
      let links = 0;
      for (const place of pinPlaces(pinFolder)) {
        const earlier = runsIn(place, `${owner}-`)
          .filter((name) => name !== run)
          .toSorted((a, b) => startedMs(a) - startedMs(b));
        links += removeRuns(place, earlier.slice(0, Math.max(0, earlier.length - kept)));
      }
      return links;
    },
  };
}

function startedMs(run: string): number {
  return Number(run.slice(run.lastIndexOf("-") + 1));
}

/** A platform without koffi's native part mounts nothing. */
async function importMount(): Promise<(path: string) => string> {
  try {
    return (await import("../../../edge/sensor/guard/mount-bpffs.ts")).mountBpffs;
  } catch (error) {
    return () => toFault(error).message;
  }
}
