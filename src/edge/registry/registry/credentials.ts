// Credentials of registries: out of docker's configuration and Kubernetes' pull secrets. They are handed to one host and written nowhere: values live in closures, which no log prints.
import { execFile } from "node:child_process";
import { z } from "zod";
import { Fault } from "../../../base/fault.ts";
import { parseJson } from "../manifest/bounded-json.ts";

export interface Credential {
  /** basic: a user and a password. identity: a token that is exchanged for others at the realm. bearer: a token that is shown to the registry as it is. */
  readonly kind: "basic" | "identity" | "bearer";
  readonly user: string;
  reveal(): string;
}

export interface CredentialSource {
  /** For a registry as references write it ("docker.io", "registry:5000") and a repository in it; undefined: go without. Throws Fault "registry/credential". */
  find(registry: string, repository: string): Promise<Credential | undefined>;
}

export const credentialLimits = {
  bytesMax: 4 * 1024 * 1024,
  entriesMax: 10_000,
  helperMs: 10_000,
  helperBytesMax: 64 * 1024,
} as const;

export const noCredentials: CredentialSource = { find: async () => undefined };

/** The first source that knows the registry counts. */
export function firstOf(sources: readonly CredentialSource[]): CredentialSource {
  return {
    async find(registry, repository) {
      for (const source of sources) {
        const found = await source.find(registry, repository);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}

export function basicCredential(user: string, password: string): Credential {
  return { kind: "basic", user, reveal: () => password };
}

const Entry = z.object({
  auth: z.string().nullish(),
  username: z.string().nullish(),
  password: z.string().nullish(),
  identitytoken: z.string().nullish(),
  registrytoken: z.string().nullish(),
});
const Entries = z.record(z.string(), Entry);
const DockerConfig = z.object({
  auths: Entries.nullish().transform((value) => value ?? {}),
  credHelpers: z
    .record(z.string(), z.string())
    .nullish()
    .transform((value) => value ?? {}),
  credsStore: z
    .string()
    .nullish()
    .transform((value) => value ?? ""),
});

export interface DockerConfigOptions {
  /** Names of helper programs (docker-credential-NAME) may be run. Off: an entry that needs one is a Fault that says so. */
  readonly helpers?: "run" | "refused";
  /** For messages: the file's or the secret's name. */
  readonly what: string;
}

/** docker's config.json, podman's auth.json, or a Secret's .dockerconfigjson. Throws Fault "registry/bad-credentials"; no value is in it. */
export function readDockerConfig(bytes: Uint8Array, options: DockerConfigOptions): CredentialSource {
  const config = parsed(DockerConfig, bytes, options.what);
  const entries = Object.entries(config.auths).slice(0, credentialLimits.entriesMax);
  const helpers = Object.entries(config.credHelpers);
  return {
    async find(registry, repository) {
      const helper = helpers.find(([name]) => keyLength(name, registry, "") > 0)?.[1] ?? "";
      if (helper !== "") return await fromHelper(helper, registry, options);
      const own = fromEntries(entries, registry, repository);
      if (own !== undefined || config.credsStore === "") return own;
      // Without leave to run the store, what it may hold is not known: most images need nothing of it.
      return options.helpers === "run" ? await fromHelper(config.credsStore, registry, options) : undefined;
    },
  };
}

/** A Kubernetes Secret's data: of type kubernetes.io/dockerconfigjson or the older kubernetes.io/dockercfg, values in base64. */
export function readPullSecret(secret: unknown, what: string): CredentialSource {
  const shape = z
    .object({ data: z.record(z.string(), z.string().max(2 * credentialLimits.bytesMax)) })
    .safeParse(secret);
  const data = shape.success ? shape.data.data : {};
  const newer = data[".dockerconfigjson"];
  if (newer !== undefined) return readDockerConfig(Buffer.from(newer, "base64"), { what });
  const older = data[".dockercfg"];
  if (older === undefined) throw bad(what, "it holds neither .dockerconfigjson nor .dockercfg");
  const entries = Object.entries(parsed(Entries, Buffer.from(older, "base64"), what)).slice(
    0,
    credentialLimits.entriesMax,
  );
  return { find: async (registry, repository) => fromEntries(entries, registry, repository) };
}

function parsed<T>(schema: z.ZodType<T>, bytes: Uint8Array, what: string): T {
  let data: unknown;
  try {
    data = parseJson(bytes, what, { bytesMax: credentialLimits.bytesMax, depthMax: 16, valuesMax: 200_000 });
  } catch {
    // The parser's words may hold parts of the text.
    throw bad(what, "it is no JSON that can be read");
  }
  const result = schema.safeParse(data);
  if (!result.success)
    throw bad(what, `it is not as docker writes it (${result.error.issues[0]?.path.slice(0, 1).join("") ?? ""})`);
  return result.data;
}

function bad(what: string, because: string): Fault {
  return new Fault(`${what}: ${because}`, { code: "registry/bad-credentials", kind: "usage" });
}

type Pair = readonly [key: string, entry: z.infer<typeof Entry>];

/** The longest key that fits: one with a path goes before the host's. */
function fromEntries(entries: readonly Pair[], registry: string, repository: string): Credential | undefined {
  let best: Pair | undefined;
  let length = 0;
  for (const pair of entries) {
    const fit = keyLength(pair[0], registry, repository);
    if (fit > length) [best, length] = [pair, fit];
  }
  return best === undefined ? undefined : credentialOf(best[1]);
}

function credentialOf(entry: z.infer<typeof Entry>): Credential | undefined {
  const decoded = Buffer.from(entry.auth ?? "", "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  const user = entry.username ?? (colon < 0 ? "" : decoded.slice(0, colon));
  // docker pads what it encodes with zeros.
  const password = entry.password ?? (colon < 0 ? "" : decoded.slice(colon + 1).replace(/\0+$/, ""));
  const { identitytoken, registrytoken } = entry;
  if (identitytoken) return { kind: "identity", user, reveal: () => identitytoken };
  if (registrytoken) return { kind: "bearer", user, reveal: () => registrytoken };
  return user === "" && password === "" ? undefined : basicCredential(user, password);
}

/** How much of "host/path" a key of the file means; 0: it is another's. Keys are hosts, addresses with a scheme and version, or hosts with a path; "*" stands for one label. */
export function keyLength(key: string, registry: string, repository: string): number {
  const bare = key.replace(/^https?:\/\//, "").replace(/\/+$/, "");
  const slash = bare.indexOf("/");
  const host = (slash < 0 ? bare : bare.slice(0, slash)).toLowerCase();
  const path = slash < 0 ? "" : bare.slice(slash + 1).replace(/^v[12](?:\/|$)/, "");
  if (!sameHost(host, registry.toLowerCase())) return 0;
  if (path !== "" && repository !== path && !repository.startsWith(`${path}/`)) return 0;
  return host.length + path.length;
}

function sameHost(host: string, registry: string): boolean {
  const docker = ["docker.io", "index.docker.io", "registry-1.docker.io"];
  if (docker.includes(registry)) return docker.includes(host);
  if (!host.includes("*")) return host === registry || host === `${registry}:443`;
  const [left, right] = [host.split("."), registry.split(".")];
  return left.length === right.length && left.every((label, index) => labelMatches(label, right[index] ?? ""));
}

/** At most two stars a label: enough for clouds' names, and linear. */
function labelMatches(pattern: string, label: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return pattern === label;
  if (!label.startsWith(first) || !label.endsWith(last) || label.length < first.length + last.length) return false;
  const middle = rest.join("*");
  return rest.length < 2 && label.slice(first.length, label.length - last.length).includes(middle);
}

const HelperAnswer = z.object({ Username: z.string(), Secret: z.string() });

async function fromHelper(
  name: string,
  registry: string,
  options: DockerConfigOptions,
): Promise<Credential | undefined> {
  const shown = name.slice(0, 64).replaceAll(/[^A-Za-z0-9._-]/g, "?");
  if (options.helpers !== "run") {
    throw new Fault(
      `${options.what}: credentials of ${registry} come from the program docker-credential-${shown}, which was not run`,
      {
        code: "registry/credential",
        kind: "unauthenticated",
        hint: "allow credential helpers, or write the credential into a file of its own",
      },
    );
  }
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) throw bad(options.what, "a credential helper's name is no name");
  const server = registry === "docker.io" ? "https://index.docker.io/v1/" : registry;
  const { failed, output } = await runHelper(`docker-credential-${name}`, server);
  if (failed) {
    if (/credentials not found/.test(output)) return undefined;
    throw new Fault(`${options.what}: docker-credential-${shown} gave no credential for ${registry}`, {
      code: "registry/credential",
      kind: "unauthenticated",
    });
  }
  const answer = parsed(HelperAnswer, Buffer.from(output), `docker-credential-${shown}`);
  const isIdentity = answer.Username === "<token>";
  return isIdentity
    ? { kind: "identity", user: "", reveal: () => answer.Secret }
    : basicCredential(answer.Username, answer.Secret);
}

function runHelper(program: string, server: string): Promise<{ failed: boolean; output: string }> {
  const { promise, resolve } = Promise.withResolvers<{ failed: boolean; output: string }>();
  const limits = { timeout: credentialLimits.helperMs, maxBuffer: credentialLimits.helperBytesMax };
  const child = execFile(program, ["get"], limits, (error, output) => resolve({ failed: error !== null, output }));
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(server);
  return promise;
}
