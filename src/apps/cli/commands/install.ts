// garrison install: prints what puts Garrison into a cluster. It talks to no cluster; applying is kubectl's, and the reader's decision.
import { fileURLToPath } from "node:url";
import path from "node:path";
import { stringify } from "../output/yaml.ts";
import { parseJoinToken } from "../../../edge/trust/join-token.ts";
import { makeTrustSeed, seedFiles } from "../../../edge/trust/trust-seed.ts";
import type { Context } from "../context.ts";
import { readInputText } from "../input-file.ts";
import { renderKustomization } from "../install/kustomize.ts";
import { applyOptions, clusterDefault, imageDefault, secretOf, socketDefault } from "../install/manifests.ts";
import { textAt, type Tree } from "../install/object.ts";
import { overlays, readOptions, usage, type InstallOptions } from "../install/options.ts";
import { storesOf, type StoreFlags } from "../install/stores.ts";
import type { CommandUnit } from "./command.ts";

const kustomizeFolder = fileURLToPath(new URL("../../../../deploy/kustomize", import.meta.url));
const secretBytesMax = 64 * 1024;

interface Flags extends StoreFlags {
  readonly joinTokenFile?: string;
}

export const install: CommandUnit = {
  name: "install",
  add(program, run) {
    program
      .command("install")
      .summary("print the manifests that put Garrison into a cluster")
      .option("--overlay <name>", overlays.join(", "), "small")
      .option("--namespace <name>", "where it runs", "garrison")
      .option("--cluster <name>", "how the cluster is called in Garrison", clusterDefault)
      .option("--image <reference>", "the image, as the nodes can get it", imageDefault)
      .option("--storage <kind>", "claim: a PersistentVolumeClaim; ephemeral: gone with the pod, for trials", "claim")
      .option("--storage-class <name>", "of the claim; the cluster's default without it")
      .option("--storage-size <size>", "of the claim, 20Gi without it")
      .option("--runtime-socket <path>", "the nodes' container runtime, or none", socketDefault)
      .option("--console-host <name>", "production: the name by which browsers come")
      .option("--clickhouse-url <url>", "production: printed as the Secret garrison-stores, with --postgresql-url-file")
      .option("--clickhouse-user <name>", "production", "default")
      .option("--clickhouse-password-file <file>", "production: a file with the password")
      .option("--postgresql-url-file <file>", "production: a file with postgresql://user:password@host/database")
      .option("--server-address <host:port>", "agent-only: the agents' door of the server")
      .option("--join-token-file <file>", "agent-only: a token of `garrison agent token`")
      .option("--keep-trust", "make no CA and no token: those of the first installation stay")
      .addHelpText(
        "after",
        "\nThe output holds secrets: a CA and a token, made anew by each run. Pipe it; do not keep it.\n\nExamples:\n" +
          "  garrison install | kubectl apply -f -\n" +
          "  garrison install --image example.org/garrison:0.1.0 --cluster shop --storage-size 100Gi\n" +
          "  garrison install --keep-trust --image example.org/garrison:0.2.0 | kubectl apply -f -",
      )
      .action(
        run<Flags>(async (context, { options: flags }) => {
          const options = readOptions({ ...flags });
          const rendered = await renderKustomization(path.join(kustomizeFolder, "overlays", options.overlay));
          const objects = applyOptions(rendered, options);
          const secrets = await secretsOf(context, options, flags);
          await context.print(documents([...namespaceFirst(objects), ...secrets, ...others(objects)]));
          if (options.image === imageDefault)
            context.say(
              `no registry has the image ${imageDefault}: bring it to the nodes, or name yours with --image (docs/guides/install.md)`,
            );
          if (secrets.length > 0) context.say("the output holds secrets: pipe it to kubectl, do not keep it");
        }),
      );
  },
};

/** Objects as a YAML stream; anchors are never written. */
export function documents(objects: readonly Tree[]): string {
  return objects.map((object) => `---\n${stringify(object, { aliasDuplicateObjects: false, lineWidth: 0 })}`).join("");
}

function namespaceFirst(objects: readonly Tree[]): readonly Tree[] {
  return objects.filter((object) => textAt(object, "kind") === "Namespace");
}

function others(objects: readonly Tree[]): readonly Tree[] {
  return objects.filter((object) => textAt(object, "kind") !== "Namespace");
}

async function secretsOf(context: Context, options: InstallOptions, flags: Flags): Promise<readonly Tree[]> {
  const { namespace, cluster, overlay, keepTrust } = options;
  const isAgentOnly = overlay === "agent-only";
  if (!isAgentOnly && flags.joinTokenFile !== undefined)
    throw usage("--join-token-file is for --overlay agent-only: the others make a token of their own");
  const stores = await storesOf(options, flags, readSecret);
  if (keepTrust) return stores;
  if (isAgentOnly) {
    if (flags.joinTokenFile === undefined)
      throw usage(
        "--overlay agent-only needs --join-token-file, or --keep-trust when the Secret garrison-join is there",
      );
    const token = await readSecret(flags.joinTokenFile, "--join-token-file");
    // The server binds agents to the token's cluster: another name here would be a surprise there.
    const meant = parseJoinToken(token).cluster;
    if (cluster !== clusterDefault && cluster !== meant)
      throw usage(`the join token is for cluster ${meant}, --cluster says ${cluster}`);
    return [secretOf({ name: "garrison-join", namespace, texts: { token } })];
  }
  const seed = await makeTrustSeed(cluster, { nowMs: () => context.nowMs() });
  const trust = {
    [seedFiles.key]: seed.keyPem,
    [seedFiles.certificate]: seed.certificatePem,
    [seedFiles.token]: seed.joinToken,
  };
  return [
    ...stores,
    secretOf({ name: "garrison-trust", namespace, texts: trust }),
    secretOf({ name: "garrison-join", namespace, texts: { token: seed.joinToken } }),
  ];
}

/** A secret's text out of a file, without the line's end. Faults name the flag and the file, never the text. */
async function readSecret(file: string, flag: string): Promise<string> {
  const hint = `give ${flag} the path of a file that holds it`;
  const text = await readInputText(file, { code: "install/usage", hint });
  if (text.length > secretBytesMax) throw usage(`${flag}: ${file} is larger than ${secretBytesMax} bytes`);
  return text.trim();
}
