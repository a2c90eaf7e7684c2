// Credentials that a program or a provider makes (exec, oidc): left to the Kubernetes client library, which is loaded only for them
// since it takes tens of megabytes. One call at a time, kept until it expires; a program that hangs is killed.
import { spawn, type SpawnOptions } from "node:child_process";
import type { RequestOptions } from "node:https";
import type { KubeConfig } from "@kubernetes/client-node";
import { Fault } from "../../base/fault.ts";
import { redactForeign } from "../../core/foreign/redact-foreign.ts";
import { type KubeLimits, kubeLimits } from "./limits.ts";

export interface ClientPair {
  readonly certificate: string;
  readonly key: string;
}

export interface PluginCredential {
  readonly headers: Readonly<Record<string, string>>;
  /** A certificate that the program gave; undefined: none. */
  readonly pair: ClientPair | undefined;
}

type Limits = Pick<KubeLimits, "pluginMsMax" | "pluginKeptMs">;

/** Who asks while a call runs gets its answer. Each call throws Fault "kube/credential" with the program's own word, redacted. */
export function createPlugin(
  file: string,
  context: string,
  limits: Limits = kubeLimits,
): () => Promise<PluginCredential> {
  let config: KubeConfig | undefined;
  let madeAtMs = 0;
  let running: Promise<PluginCredential> | undefined;
  async function ask(): Promise<PluginCredential> {
    try {
      // The library keeps a credential without an end for ever: it is asked for again now and then.
      if (config === undefined || performance.now() - madeAtMs >= limits.pluginKeptMs) {
        config = await configOf(file, context, limits.pluginMsMax);
        madeAtMs = performance.now();
      }
      const options: RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      return credentialIn(options);
    } catch (thrown) {
      config = undefined;
      throw refused(thrown);
    }
  }
  return () => (running ??= ask().finally(() => (running = undefined)));
}

async function configOf(file: string, context: string, timeout: number): Promise<KubeConfig> {
  const library = await import("@kubernetes/client-node");
  const config = new library.KubeConfig();
  config.loadFromFile(file);
  config.setCurrentContext(context);
  // The library gives a program no end: its own hook for starting one is where a deadline can be set.
  const authenticators: unknown = Reflect.get(config, "authenticators");
  for (const one of Array.isArray(authenticators) ? authenticators : []) {
    if (typeof one !== "object" || one === null || !("execFn" in one)) continue;
    one.execFn = (command: string, programArguments: readonly string[] | undefined, options: SpawnOptions) =>
      spawn(command, programArguments ?? [], { ...options, timeout, killSignal: "SIGKILL" });
  }
  return config;
}

function credentialIn({ headers = {}, cert, key }: RequestOptions): PluginCredential {
  const texts = Object.entries(headers).flatMap(([name, value]) =>
    typeof value === "string" ? [[name, value] as const] : [],
  );
  // A program's are texts; bytes are what the kubeconfig itself holds, which the transport has.
  const pair = typeof cert === "string" && typeof key === "string" ? { certificate: cert, key } : undefined;
  return { headers: Object.fromEntries(texts), pair };
}

/** What a program wrote may hold a secret and is shown to people: redacted, and little of it. No cause, which would carry the whole. */
function refused(thrown: unknown): Fault {
  const said = (thrown as Error).message.slice(0, 10_000).trim();
  const shown = redactForeign(said).replaceAll(/\s+/g, " ").slice(0, kubeLimits.pluginWordLengthMax);
  return new Fault(`no credential for the cluster: ${shown === "" ? "the program failed without a word" : shown}`, {
    code: "kube/credential",
    kind: "unauthenticated",
    hint: "does the program that the kubeconfig names work for the server's user?",
  });
}
