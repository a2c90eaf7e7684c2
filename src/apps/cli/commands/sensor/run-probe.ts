// What `garrison sensor probe` does: try, and say in plain words what is there, what is not, and what that costs.
import { probeKernel, type ProbedFamily, type ProbeReport } from "../../../../edge/sensor/probe.ts";
import { probeFamilies } from "../../../../edge/sensor/probe-families.ts";
import type { Context } from "../../context.ts";
import { fold } from "../../output/fold.ts";
import { render, type Sheet } from "../../output/format.ts";
import { formatOf, printDocument } from "../policy/words.ts";
import type { ProbeFlags } from "../sensor.ts";

interface Line extends ProbedFamily {
  readonly title: string;
  /** "" when nothing is lost. */
  readonly cost: string;
}

export async function runProbe(context: Context, flags: ProbeFlags): Promise<void> {
  const report = await probeKernel();
  const lines = linesOf(report);
  const guarantees = guaranteesOf(report);
  const format = flags.json === true ? "json" : formatOf(context);
  if (format !== "table") {
    await printDocument(context, format, { kernel: report.kernel, families: lines, guarantees });
    return;
  }
  await context.print(`kernel ${report.kernel}\n\n`);
  await context.print(render(lines, sheetOf(context), { format, width: context.width }));
  await context.print("\n");
  for (const [name, text] of Object.entries(guarantees))
    await context.print(`${fold(text, { width: context.width, first: `${name}: ` })}\n`);
  if (lines.some(({ state }) => state === "unknown"))
    context.say("some families are unknown: run it as root, where the agent would run");
}

function linesOf({ families }: ProbeReport): readonly Line[] {
  return families.map((probed) => {
    const unit = probeFamilies.find(({ family }) => family === probed.family);
    return { ...probed, title: unit?.title ?? "", cost: probed.state === "yes" ? "" : (unit?.cost ?? "") };
  });
}

type Guarantees = Readonly<Record<"seeing" | "files and programs" | "connections", string>>;

/** What a node with this kernel can promise, from the families together. */
export function guaranteesOf({ families }: ProbeReport): Guarantees {
  const stateOf = new Map(families.map(({ family, state }) => [family, state]));
  const all = (...wanted: readonly ProbedFamily["family"][]): ProbedFamily["state"] => {
    const states = wanted.map((family) => stateOf.get(family) ?? "unknown");
    return states.includes("unknown") ? "unknown" : states.includes("no") ? "no" : "yes";
  };
  const words = (state: ProbedFamily["state"], yes: string, no: string): string =>
    state === "unknown" ? "unknown" : state === "yes" ? yes : no;
  const seen = words(all("tp_btf", "loop", "tracepoint"), "by the kernel, as it happens", "by looking at /proc");
  const killed = words(all("tp_btf", "signal"), "killed at exec, else detected", "detected only");
  return {
    seeing: seen,
    "files and programs": words(all("lsm"), "prevented", killed),
    connections: words(all("cgroup-address", "cgroup-sock"), "prevented", "detected only"),
  };
}

/** The program's name says nothing that the family does not. */
function shorter(because: string): string {
  return because.replace(/^kernel refused (?:program|to attach) \w+: /, "refused: ");
}

function sheetOf({ paint }: Context): Sheet<Line> {
  const painted = (state: ProbedFamily["state"]): string => {
    if (state === "unknown") return paint.odd(state);
    return state === "yes" ? paint.good(state) : paint.bad(state);
  };
  return {
    name: ({ family }) => family,
    columns: [
      { title: "family", value: ({ family }) => family },
      { title: "state", value: ({ state }) => painted(state) },
      { title: "what", value: ({ title }) => title, wraps: true },
      { title: "why not", value: ({ because }) => shorter(because) || "-", wraps: true },
      { title: "what that costs", value: ({ cost }) => cost || "-", wraps: true },
    ],
  };
}
