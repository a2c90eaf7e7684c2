// What can be chosen when Garrison is put into a cluster: read from the flags once, with bounds, as one value that the manifests are made of.
import { z } from "zod";
import { Fault } from "../../../base/fault.ts";
import { ClusterName } from "../../server/contract/common.ts";

export const overlays = ["small", "production", "agent-only"] as const;
export type Overlay = (typeof overlays)[number];

const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const subdomain = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

const Options = z.object({
  overlay: z.enum(overlays, `one of ${overlays.join(", ")}`),
  namespace: z.string().regex(label, "a name of lower-case letters, digits and '-'"),
  image: z
    .string()
    .max(512)
    .regex(/^[\w][\w.:/@-]*$/, "a reference such as example.org/garrison:1.0"),
  cluster: ClusterName,
  storage: z.enum(["claim", "ephemeral"], "claim or ephemeral"),
  storageClass: z.string().regex(subdomain, "a name of a StorageClass").optional(),
  storageSize: z
    .string()
    .regex(/^[1-9]\d{0,5}(?:Mi|Gi|Ti)$/, "a size such as 20Gi")
    .optional(),
  runtimeSocket: z
    .string()
    .max(255)
    .regex(/^(?:none|(?:\/[\w.-]+)+)$/, "an absolute path, or none"),
  consoleHost: z.string().regex(subdomain, "a host name").optional(),
  serverAddress: z
    .string()
    .max(300)
    .regex(/^(?:[\w.-]+|\[[0-9a-fA-F:]+\]):\d{1,5}$/, "host:port of the agents' door")
    .optional(),
  keepTrust: z.boolean().default(false),
});
export type InstallOptions = z.infer<typeof Options>;

/** Checks the flags. Throws a Fault (kind "usage") that names the flag and what it takes. */
export function readOptions(flags: Readonly<Record<string, unknown>>): InstallOptions {
  const parsed = Options.safeParse(flags);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const flag = String(issue?.path[0] ?? "").replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw usage(`--${flag}: ${issue?.message ?? "it cannot be read"}`);
  }
  const options = parsed.data;
  const isAgentOnly = options.overlay === "agent-only";
  if (isAgentOnly && options.serverAddress === undefined)
    throw usage("--overlay agent-only needs --server-address: where the server's agents' door is");
  if (!isAgentOnly && options.serverAddress !== undefined)
    throw usage("--server-address is for --overlay agent-only: the others bring their server");
  if (options.overlay === "production" && options.consoleHost === undefined)
    throw usage(
      "--overlay production needs --console-host: the name in the console's certificate, by which browsers come",
    );
  if (options.overlay !== "production" && options.consoleHost !== undefined)
    throw usage("--console-host is for --overlay production: elsewhere the console is reached by port-forward");
  if (options.storage === "ephemeral" && (options.storageClass ?? options.storageSize) !== undefined)
    throw usage("--storage ephemeral keeps nothing: it has no class and no size");
  return options;
}

export function usage(message: string): Fault {
  return new Fault(message, { code: "install/usage", kind: "usage", hint: "garrison install --help" });
}
