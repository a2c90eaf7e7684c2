// What `garrison up` can be told: everything of the server and of the agent in one flat file, less what `up` decides itself.
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { unreadableFile } from "../../base/unreadable-file.ts";
import { apps } from "./apps.ts";

/** Name of the simulated cluster that `up` runs. */
export const demoCluster = "demo";

/** Keys of the agent that `up` fills in: it makes the token and knows the door. */
const decidedByUp = ["server", "join", "data", "cluster"] as const;

/** Both schemas as one. Server and agent share `data` and `cluster`; other names must not collide (a bug, thrown here). */
export async function upSchema(): Promise<z.ZodObject> {
  const server = (await apps.server.schema()).shape;
  const agent: Record<string, z.core.$ZodType> = { ...(await apps.agent.schema()).shape };
  for (const key of decidedByUp) delete agent[key];
  const twice = Object.keys(agent).filter((key) => key in server);
  if (twice.length > 0) throw new Error(`server and agent both have a setting ${twice.join(", ")}`);
  return z.strictObject({
    ...server,
    ...agent,
    data: z.string().default("").describe("The data folder; empty: GARRISON_DATA, else ~/.local/share/garrison"),
    watch: z.boolean().default(true).describe("Watch this machine with an agent of its own"),
    demo: z
      .boolean()
      .default(true)
      .describe("Run a simulated cluster to look around in; never beside a cluster named with kubeconfig"),
  });
}

/** The part of a configuration of `up` that one app takes. */
export async function partFor(
  app: "server" | "agent",
  config: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  const keys = Object.keys((await apps[app].schema()).shape);
  return Object.fromEntries(keys.filter((key) => key in config).map((key) => [key, config[key]]));
}

/**
 * A file that was named relative to where the person stands: `npm start` moves to the package's folder first, and says where it came from.
 * Throws a Fault when it is not there.
 */
export async function existingFile(
  named: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const isOurStart = environment["npm_lifecycle_event"] === "start" && environment["npm_package_name"] === "garrison";
  const from = (isOurStart ? environment["INIT_CWD"] : undefined) ?? process.cwd();
  const file = path.resolve(from, named);
  try {
    await access(file, constants.R_OK);
    return file;
  } catch (cause) {
    throw unreadableFile(file, cause, {
      what: "the kubeconfig",
      hint: "--kubeconfig FILE names the file of one cluster; relative names start where you stand",
    });
  }
}
