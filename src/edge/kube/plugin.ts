// Credentials that a program or a provider makes (exec, oidc): left to the Kubernetes client library, which is loaded only for them
// since it takes tens of megabytes.
import type { RequestOptions } from "node:https";
import { Fault } from "../../base/fault.ts";

/** Headers with the credential. Throws Fault "kube/credential" with the program's own word. */
export async function pluginHeaders(file: string, context: string): Promise<Readonly<Record<string, string>>> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  try {
    const config = new KubeConfig();
    config.loadFromFile(file);
    config.setCurrentContext(context);
    const options: RequestOptions = {};
    await config.applyToHTTPSOptions(options);
    const headers = Object.entries(options.headers ?? {});
    return Object.fromEntries(headers.flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])));
  } catch (cause) {
    throw new Fault(`no credential for the cluster: ${(cause as Error).message.slice(0, 500)}`, {
      code: "kube/credential",
      kind: "unauthenticated",
      hint: "does the program that the kubeconfig names work for the server's user?",
      cause,
    });
  }
}
