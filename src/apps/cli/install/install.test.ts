// `garrison install` as its user meets it: golden renders, the same as kubectl's, every flag, secrets that fit, commands of the guide.
import { deepEqual, equal, match, notEqual, ok, rejects } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { Command } from "commander";
import { parseAllDocuments } from "yaml";
import type { Fault } from "../../../base/fault.ts";
import { fieldsOf } from "../../../edge/config/fields.ts";
import { loadConfig } from "../../../edge/config/load.ts";
import { parseJoinToken } from "../../../edge/trust/join-token.ts";
import { inventoryKinds } from "../../../model/inventory.ts";
import { skipUnless } from "../../../../test/support/skip.ts";
import { AgentConfig } from "../../agent/config.ts";
import { ServerConfig } from "../../server/config.ts";
import { parseFlags } from "../flags.ts";
import type { Run } from "../commands/command.ts";
import { install } from "../commands/install.ts";
import type { Context } from "../context.ts";
import { imageDefault } from "./manifests.ts";
import { isList, isTree, textAt, valueAt, type Json, type Tree } from "./object.ts";
import { overlays, type Overlay } from "./options.ts";

const root = path.resolve(import.meta.dirname, "../../../..");
const folder = await mkdtemp(path.join(tmpdir(), "garrison-install-"));
after(() => rm(folder, { recursive: true, force: true }));

/** What each overlay needs to be told; it gives what the Kustomize files have as their example. */
const needed: Readonly<Record<Overlay, readonly string[]>> = {
  small: [],
  production: ["--console-host", "garrison.example.org"],
  "agent-only": ["--server-address", "garrison.example.org:8687"],
};

/** Runs the command with a context that keeps what is printed and what is said. */
async function installed(
  ...words: readonly string[]
): Promise<{ objects: readonly Tree[]; text: string; said: string }> {
  const [printed, said]: [string[], string[]] = [[], []];
  const context = {
    nowMs: () => Date.now(),
    print: async (text: string) => void printed.push(text),
    say: (line: string) => void said.push(line),
  };
  const program = new Command().exitOverride().configureOutput({ outputError: () => undefined });
  const run: Run =
    (action) =>
    async (...given) => {
      const command = given.at(-1) as Command;
      await action(context as unknown as Context, { args: command.args, options: command.opts() });
    };
  install.add(program, run);
  await program.parseAsync(["install", ...words], { from: "user" });
  const text = printed.join("");
  return { objects: objectsOf(text), text, said: said.join("\n") };
}

function objectsOf(text: string): readonly Tree[] {
  const documents = parseAllDocuments(text);
  return Array.isArray(documents) ? documents.map((document) => document.toJS() as Tree) : [];
}

function sorted(objects: readonly Tree[]): readonly Tree[] {
  const nameOf = (object: Tree): string => `${textAt(object, "kind")}/${textAt(object, "metadata", "name")}`;
  return [...objects].sort((one, other) => nameOf(one).localeCompare(nameOf(other)));
}

function only(objects: readonly Tree[], kind: string, name?: string): Tree {
  const found = objects.filter(
    (object) => textAt(object, "kind") === kind && (name === undefined || textAt(object, "metadata", "name") === name),
  );
  equal(found.length, 1, `${kind} ${name ?? ""}`);
  return found[0] ?? {};
}

function containerOf(object: Tree): Tree {
  const containers = valueAt(object, "spec", "template", "spec", "containers");
  const [first] = isList(containers) ? containers : [];
  return isTree(first) ? first : {};
}

function listAt(value: Json | undefined, ...keys: readonly string[]): readonly Json[] {
  const found = valueAt(value, ...keys);
  return isList(found) ? found : [];
}

for (const overlay of overlays) {
  const golden = path.join(root, "deploy", "golden", `${overlay}.yaml`);
  test(`${overlay}: what is printed is the golden render, which a change of manifests must change with it`, async () => {
    // To renew: garrison install --keep-trust --overlay ... > deploy/golden/...
    const { text } = await installed("--overlay", overlay, "--keep-trust", ...needed[overlay]);
    equal(text, await readFile(golden, "utf8"));
  });

  test(`${overlay}: kubectl kustomize renders the same documents`, async (context) => {
    const kubectl = process.env["GARRISON_TEST_KUBECTL"] ?? "";
    if (!skipUnless(context, kubectl !== "", "GARRISON_TEST_KUBECTL: path of a kubectl with Kustomize 5")) return;
    const place = path.join(root, "deploy", "kustomize", "overlays", overlay);
    const theirs = objectsOf(execFileSync(kubectl, ["kustomize", place], { encoding: "utf8" }));
    deepEqual(sorted(theirs), sorted(objectsOf(await readFile(golden, "utf8"))));
  });
}

test("the image that is named when nobody names one is this version's", async () => {
  const { version } = JSON.parse(await readFile(path.join(root, "package.json"), "utf8")) as { version: string };
  equal(imageDefault, `garrison.local/garrison:${version}`);
  equal(textAt(containerOf(only((await installed("--keep-trust")).objects, "DaemonSet")), "image"), imageDefault);
});

test("every argument is a setting that server and agent know, with a value that they take", async () => {
  for (const overlay of overlays) {
    const { objects } = await installed("--overlay", overlay, "--keep-trust", ...needed[overlay]);
    for (const object of objects) {
      const [run, app, ...words] = listAt(containerOf(object), "args").map(String);
      if (run === undefined) continue;
      equal(run, "run");
      const schema = app === "server" ? ServerConfig : AgentConfig;
      const { flags } = parseFlags(fieldsOf(schema), words);
      const environment = Object.fromEntries(
        listAt(containerOf(object), "env").map((variable) => [
          textAt(variable, "name"),
          textAt(variable, "value") || (textAt(variable, "name").endsWith("URL") ? "https://a.example" : "node-1"),
        ]),
      );
      const { config } = await loadConfig(schema, { environment, flags });
      if (app === "server") {
        const { agents, kubernetes, cluster } = config as ServerConfig;
        equal(agents.names[0], "garrison-agents");
        equal(kubernetes.inCluster, true);
        equal(kubernetes.cluster, cluster);
      } else equal((config as AgentConfig).node, "node-1");
    }
  }
});

test("no pod is privileged; the agent has its four capabilities and the server none", async () => {
  const { objects } = await installed("--keep-trust");
  const posture = (kind: string): Tree => {
    const security = containerOf(only(objects, kind))["securityContext"];
    return isTree(security) ? security : {};
  };
  for (const kind of ["Deployment", "DaemonSet"]) {
    equal(posture(kind)["privileged"], undefined);
    equal(posture(kind)["allowPrivilegeEscalation"], false);
    equal(posture(kind)["readOnlyRootFilesystem"], true);
    deepEqual(listAt(posture(kind), "capabilities", "drop"), ["ALL"]);
    const pod = valueAt(only(objects, kind), "spec", "template", "spec");
    equal(textAt(pod, "securityContext", "seccompProfile", "type"), "RuntimeDefault");
    equal(valueAt(pod, "enableServiceLinks"), false);
    equal(valueAt(pod, "hostNetwork"), undefined);
  }
  deepEqual(listAt(posture("DaemonSet"), "capabilities", "add"), ["BPF", "PERFMON", "NET_ADMIN", "SYS_PTRACE"]);
  deepEqual(listAt(posture("Deployment"), "capabilities", "add"), []);
  const server = valueAt(only(objects, "Deployment"), "spec", "template", "spec");
  equal(valueAt(server, "securityContext", "runAsNonRoot"), true);
  equal(valueAt(server, "hostPID"), undefined);
});

test("the server may read exactly the inventory's kinds, network policies and events, and change nothing", async () => {
  const { objects } = await installed("--keep-trust");
  const rules = listAt(only(objects, "ClusterRole"), "rules");
  const readable = rules.flatMap((rule) => listAt(rule, "resources").map(String)).sort();
  const wanted = [...inventoryKinds.map((kind) => `${kind.toLowerCase()}s`), "networkpolicies", "events"].sort();
  deepEqual(readable, wanted);
  for (const rule of rules) deepEqual(listAt(rule, "verbs"), ["get", "list", "watch"]);
});

test("flags change what they name and nothing else breaks", async () => {
  const cases: readonly [readonly string[], (objects: readonly Tree[]) => void][] = [
    [
      ["--image", "example.org/garrison@sha256:abc"],
      (objects) => {
        for (const kind of ["Deployment", "DaemonSet"])
          equal(textAt(containerOf(only(objects, kind)), "image"), "example.org/garrison@sha256:abc");
      },
    ],
    [
      ["--namespace", "watch"],
      (objects) => {
        equal(textAt(only(objects, "Namespace"), "metadata", "name"), "watch");
        equal(textAt(only(objects, "ClusterRole"), "metadata", "name"), "garrison-server-watch");
        const binding = only(objects, "ClusterRoleBinding");
        equal(textAt(binding, "roleRef", "name"), "garrison-server-watch");
        equal(textAt(listAt(binding, "subjects")[0], "namespace"), "watch");
        ok(!/"namespace":"garrison"/.test(JSON.stringify(objects)));
        ok(JSON.stringify(only(objects, "Deployment")).includes("garrison-agents.watch.svc"));
      },
    ],
    [
      ["--cluster", "shop"],
      (objects) => {
        const words = listAt(containerOf(only(objects, "Deployment")), "args");
        ok(words.includes("--cluster=shop") && words.includes("--kubernetes-cluster=shop"));
      },
    ],
    [
      ["--storage-class", "fast", "--storage-size", "100Gi"],
      (objects) => {
        const { storageClassName, resources } = only(objects, "PersistentVolumeClaim")["spec"] as Tree;
        equal(storageClassName, "fast");
        equal(textAt(resources, "requests", "storage"), "100Gi");
      },
    ],
    [
      ["--storage", "ephemeral"],
      (objects) => {
        equal(
          objects.some((object) => textAt(object, "kind") === "PersistentVolumeClaim"),
          false,
        );
        const volumes = listAt(only(objects, "Deployment"), "spec", "template", "spec", "volumes");
        deepEqual(
          volumes.find((volume) => textAt(volume, "name") === "data"),
          { name: "data", emptyDir: {} },
        );
      },
    ],
    [
      ["--runtime-socket", "/run/k3s/containerd/containerd.sock"],
      (objects) => {
        const agent = only(objects, "DaemonSet");
        const volumes = listAt(agent, "spec", "template", "spec", "volumes");
        const runtime = volumes.find((volume) => textAt(volume, "name") === "runtime");
        equal(textAt(runtime, "hostPath", "path"), "/run/k3s/containerd");
        ok(listAt(containerOf(agent), "args").includes("--runtime-socket=/host/runtime/containerd.sock"));
      },
    ],
    [["--runtime-socket", "none"], (objects) => ok(!JSON.stringify(only(objects, "DaemonSet")).includes('runtime"'))],
  ];
  for (const [words, check] of cases) check((await installed("--keep-trust", ...words)).objects);
});

test("what cannot be meant is refused by the flag's name", async () => {
  const file = path.join(folder, "empty");
  await writeFile(file, "");
  const cases: readonly [readonly string[], RegExp][] = [
    [["--overlay", "large"], /--overlay: one of small/],
    [["--namespace", "Garrison"], /--namespace/],
    [["--image", "a b"], /--image/],
    [["--cluster", "a/b"], /--cluster/],
    [["--storage-size", "much"], /--storage-size/],
    [["--storage", "ephemeral", "--storage-size", "1Gi"], /ephemeral/],
    [["--runtime-socket", "run/x"], /--runtime-socket/],
    [["--overlay", "agent-only"], /--server-address/],
    [["--overlay", "agent-only", "--server-address", "a:1"], /--join-token-file/],
    [["--overlay", "agent-only", "--server-address", "a:1", "--join-token-file", file], /join token/],
    [["--join-token-file", file], /agent-only/],
    [["--server-address", "a:1"], /agent-only/],
    [["--overlay", "production"], /--console-host/],
    [["--console-host", "a.example"], /production/],
    [["--clickhouse-url", "https://a.example"], /production/],
    [["--overlay", "production", ...needed.production, "--clickhouse-url", "https://a.example"], /belong together/],
  ];
  for (const [words, expected] of cases)
    await rejects(installed(...words), (error: Fault) => expected.test(error.message), words.join(" "));
});

test("trust is made anew by each run, fits together, is not overwritten by a second, and is on no other output", async () => {
  const { objects, said } = await installed("--cluster", "shop");
  const trust = only(objects, "Secret", "garrison-trust");
  const join = only(objects, "Secret", "garrison-join");
  const certificate = new X509Certificate(textAt(trust, "stringData", "ca.crt"));
  const keyPem = textAt(trust, "stringData", "ca.key");
  ok(certificate.ca && certificate.checkPrivateKey(createPrivateKey(keyPem)));
  const token = parseJoinToken(textAt(join, "stringData", "token"));
  equal(token.cluster, "shop");
  equal(token.caSha256, certificate.fingerprint256.replaceAll(":", "").toLowerCase());
  equal(textAt(trust, "stringData", "join-token"), textAt(join, "stringData", "token"));
  deepEqual(Object.keys(valueAt(join, "stringData") as Tree), ["token"]);
  for (const secret of [trust, join]) equal(secret["immutable"], true);
  match(said, /holds secrets/);
  ok(!said.includes(token.secret));
  const again = await installed("--cluster", "shop");
  notEqual(
    textAt(only(again.objects, "Secret", "garrison-join"), "stringData", "token"),
    textAt(join, "stringData", "token"),
  );
  match((await installed("--keep-trust")).said, /^no registry has the image garrison\.local/);
  equal((await installed("--keep-trust", "--image", "example.org/garrison:1")).said, "");
});

test("stores of one's own become a Secret out of files", async () => {
  const [url, password] = [path.join(folder, "url"), path.join(folder, "password")];
  await writeFile(url, "postgresql://u:p@db.example/garrison\n");
  await writeFile(password, "pass\n");
  const words = ["--clickhouse-url", "https://c.example:8443", "--clickhouse-password-file", password];
  const all = ["--overlay", "production", ...needed.production, ...words, "--postgresql-url-file", url];
  const { objects } = await installed(...all);
  deepEqual(only(objects, "Secret", "garrison-stores")["stringData"], {
    "clickhouse-url": "https://c.example:8443",
    "clickhouse-user": "default",
    "clickhouse-password": "pass",
    "postgresql-url": "postgresql://u:p@db.example/garrison",
  });
  const inUrl = all.map((word) => word.replace("https://c.", "https://u:p@c."));
  await rejects(installed(...inUrl), (error: Fault) => /without a user/.test(error.message));
});

test("every installation that the guide shows is one that works", async () => {
  const guide = await readFile(path.join(root, "docs", "guides", "install.md"), "utf8");
  const token = path.join(folder, "token");
  await writeFile(token, textAt(only((await installed()).objects, "Secret", "garrison-join"), "stringData", "token"));
  await writeFile(path.join(folder, "postgresql-url"), "postgresql://u:p@db.example/garrison");
  await writeFile(path.join(folder, "clickhouse-password"), "p");
  const commands = [...guide.matchAll(/garrison install([^|\n`>]*)/g)].map(([, words = ""]) => words.trim());
  ok(commands.length >= 5, `only ${commands.length} commands were found: the reader is broken`);
  for (const command of commands) {
    const words = command.split(/\s+/).filter((word) => word !== "");
    const real = words.map((word) => (existsSync(path.join(folder, word)) ? path.join(folder, word) : word));
    ok((await installed(...real)).objects.length >= 3, command);
  }
});
