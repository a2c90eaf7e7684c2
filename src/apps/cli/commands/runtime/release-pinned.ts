// garrison runtime release --pinned: frees what a dead or stopped agent left in force on this machine. Offline: no server, no agent.
import { Fault } from "../../../../base/fault.ts";
import { pinPlaces, removeRuns, runsIn } from "../../../../edge/sensor/guard/pinned-links.ts";
import type { Context } from "../../context.ts";

/** Unpins the links of all runs of all agents: below `pinFolder` (an agent's guard.pinFolder), "": below every bpffs of this machine. */
export async function releasePinned(context: Pick<Context, "print">, pinFolder: string): Promise<void> {
  if (process.geteuid?.() !== 0)
    throw new Fault("only root may unpin links", { code: "cli/not-root", kind: "forbidden", hint: "run it with sudo" });
  let links = 0;
  const places = pinPlaces(pinFolder);
  for (const place of places) links += removeRuns(place, runsIn(place));
  const where = places.join(", ") || "no bpffs is there";
  await context.print(
    links === 0
      ? `nothing is pinned (${where})\n`
      : `${links} pinned links removed (${where}): what no running agent holds is in force no more. A running agent pins again what its policies ask for.\n`,
  );
}
