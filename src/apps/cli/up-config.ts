// What `garrison up` can be told: everything of the server and of the agent in one flat file, less what `up` decides itself.
import { z } from "zod";
import { apps } from "./apps.ts";

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
