// The commands, in the order in which help shows them. A new command is a file and one line here.
import { agent } from "./agent.ts";
import { baseline } from "./baseline.ts";
import { clusters } from "./clusters.ts";
import type { CommandUnit } from "./command.ts";
import { completion } from "./completion.ts";
import { config } from "./config.ts";
import { console_ } from "./console.ts";
import { db } from "./db.ts";
import { demo } from "./demo.ts";
import { detections } from "./detections.ts";
import { detect } from "./detect.ts";
import { events } from "./events.ts";
import { exitCodesCommand } from "./exit-codes.ts";
import { flows } from "./flows.ts";
import { image } from "./image.ts";
import { install } from "./install.ts";
import { graph } from "./graph.ts";
import { policy } from "./policy.ts";
import { posture } from "./posture.ts";
import { profile } from "./profile.ts";
import { resources } from "./resources.ts";
import { run } from "./run.ts";
import { runtime } from "./runtime.ts";
import { sink } from "./sink.ts";
import { sensor } from "./sensor.ts";
import { status } from "./status.ts";
import { up } from "./up.ts";
import { vuln } from "./vuln.ts";
import { waf } from "./waf.ts";
import { workloads } from "./workloads.ts";

export const commands = [
  up,
  status,
  console_,
  flows,
  events,
  detections,
  graph,
  workloads,
  clusters,
  policy,
  posture,
  sensor,
  profile,
  waf,
  runtime,
  detect,
  image,
  vuln,
  db,
  baseline,
  sink,
  resources,
  agent,
  demo,
  install,
  run,
  config,
  completion,
  exitCodesCommand,
] as const satisfies readonly CommandUnit[];
