// Where a Debian archive is: a folder, an address, or what apt is configured with. What comes from it is checked against the release's hashes, and those against its signature.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { Fault } from "../../../base/fault.ts";
import { releaseIn, type BinaryPackage } from "./packages-file.ts";
import { debLimits, unXz } from "./read-deb.ts";
import { runTool } from "./run-tool.ts";

export interface ArchivePlace {
  /** Text of the Packages files of a suite; undefined when the archive has no such suite. */
  packages(suite: string): Promise<string | undefined>;
  /** Writes the package's file into a folder; its path. Throws when its hash is not the index'. */
  fetch(one: BinaryPackage, folder: string): Promise<string>;
}

export interface PlaceOptions {
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal;
  /** What a person should know: "the signature of ... was not verified: gpgv is not installed". */
  readonly note: (line: string) => void;
  /** File of keys that a release must be signed with. */
  readonly keyring?: string;
}

const indexBytesMax = 256 * 2 ** 20;
const keyringDefault = "/usr/share/keyrings/debian-archive-keyring.gpg";
/** Architecture whose packages are read: sources are what matters, and every one builds here. */
const architecture = "amd64";

/** "apt": this machine's own sources; else a folder or an http(s) address. */
export function archivePlace(where: string, options: PlaceOptions): ArchivePlace {
  return where === "apt" ? aptPlace(options) : filesPlace(readerOf(where, options), where, options);
}

type ReadFile = (name: string, bytesMax: number) => Promise<Uint8Array | undefined>;

function readerOf(where: string, { fetch: ask, signal }: PlaceOptions): ReadFile {
  if (!/^https?:\/\//.test(where)) {
    return async (name) => {
      const file = path.join(where, name);
      return existsSync(file) ? await readFile(file) : undefined;
    };
  }
  return async (name, bytesMax) => {
    const url = new URL(name, where.endsWith("/") ? where : `${where}/`);
    const response = await ask(url, { signal }).catch((cause: unknown) => {
      signal.throwIfAborted();
      throw new Fault(`${url.href} cannot be fetched`, { code: "advisories/unavailable", kind: "unavailable", cause });
    });
    if (response.status === 404) {
      await response.body?.cancel();
      return undefined;
    }
    if (!response.ok || response.body === null)
      throw new Fault(`${url.href} answered ${response.status}`, {
        code: "advisories/unavailable",
        kind: "unavailable",
      });
    const pieces: Uint8Array[] = [];
    let length = 0;
    for await (const piece of response.body as AsyncIterable<Uint8Array>) {
      length += piece.length;
      if (length > bytesMax)
        throw new Fault(`${url.href} is larger than it should be`, {
          code: "advisories/unavailable",
          kind: "too-large",
        });
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  };
}

function filesPlace(read: ReadFile, where: string, options: PlaceOptions): ArchivePlace {
  return {
    packages: async (suite) => {
      const folder = `dists/${suite}`;
      const signed =
        (await read(`${folder}/InRelease`, indexBytesMax)) ?? (await read(`${folder}/Release`, indexBytesMax));
      if (signed === undefined) return undefined;
      await verifyRelease(signed, `${where} ${suite}`, options);
      const { hashes } = releaseIn(Buffer.from(signed).toString("utf8"));
      const texts: string[] = [];
      for (const component of ["main", "updates/main", "contrib", "non-free", "non-free-firmware"]) {
        const text = await indexOf(`${component}/binary-${architecture}/Packages`, {
          read,
          folder,
          hashes,
          signal: options.signal,
        });
        if (text !== undefined) texts.push(text);
      }
      return texts.join("\n\n");
    },
    fetch: async (one, folder) => {
      if (one.filename.split("/").includes(".."))
        throw new Fault(`${one.name} has a path that leads out of the archive`, {
          code: "advisories/bad-deb",
          kind: "usage",
        });
      const bytes = await read(one.filename, debLimits.fileBytes);
      if (bytes === undefined)
        throw new Fault(`${one.filename} is not in the archive`, { code: "advisories/bad-deb", kind: "unavailable" });
      if (one.sha256 !== "" && sha256Of(bytes) !== one.sha256)
        throw new Fault(`${one.filename} is not what the index says: its hash differs`, {
          code: "advisories/bad-deb",
          kind: "unavailable",
        });
      const file = path.join(folder, "package.deb");
      await writeFile(file, bytes);
      return file;
    },
  };
}

/** gzip first, xz where the tool is there, else as it is. */
async function indexOf(
  name: string,
  {
    read,
    folder,
    hashes,
    signal,
  }: {
    readonly read: ReadFile;
    readonly folder: string;
    readonly hashes: ReturnType<typeof releaseIn>["hashes"];
    readonly signal: AbortSignal;
  },
): Promise<string | undefined> {
  for (const suffix of [".gz", ".xz", ""]) {
    const known = hashes.get(`${name}${suffix}`);
    if (known === undefined) continue;
    const bytes = await read(`${folder}/${name}${suffix}`, indexBytesMax);
    if (bytes === undefined) continue;
    if (sha256Of(bytes) !== known.sha256)
      throw new Fault(`${folder}/${name}${suffix} is not what the release says: its hash differs`, {
        code: "advisories/bad-archive",
        kind: "forbidden",
      });
    if (suffix === ".gz") return gunzipSync(bytes, { maxOutputLength: indexBytesMax }).toString("utf8");
    return (suffix === ".xz" ? await unXz(name, bytes, signal) : Buffer.from(bytes)).toString("utf8");
  }
  return undefined;
}

function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Throws `advisories/bad-archive` for a signature that is wrong; says so when none could be checked. */
async function verifyRelease(signed: Uint8Array, what: string, { note, keyring, signal }: PlaceOptions): Promise<void> {
  const keys = keyring ?? keyringDefault;
  const isSigned = Buffer.from(signed.subarray(0, 64)).toString("latin1").includes("BEGIN PGP SIGNED MESSAGE");
  if (!isSigned) return note(`the release of ${what} is not signed: what it names was taken as it is`);
  if (!existsSync(keys)) return note(`the signature of ${what} was not verified: the keyring ${keys} is not there`);
  const folder = await mkdtemp(path.join(os.tmpdir(), "garrison-release-"));
  try {
    const file = path.join(folder, "InRelease");
    await writeFile(file, signed);
    const done = await runTool("gpgv", ["--keyring", keys, file], { signal });
    if (done.isMissing) return note(`the signature of ${what} was not verified: gpgv is not installed`);
    if (done.status === 0) return undefined;
    throw new Fault(`the release of ${what} is not signed by a key of ${keys}`, {
      code: "advisories/bad-archive",
      kind: "forbidden",
      hint: done.stderr.trim().split("\n").at(-1) ?? "",
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** apt has verified what it has: its lists are read, packages are fetched by name and version. */
function aptPlace({ signal, note }: PlaceOptions): ArchivePlace {
  return {
    packages: async (suite) => {
      const done = await runTool(
        "apt-get",
        ["indextargets", "--format", "$(CODENAME) $(ARCHITECTURE) $(FILENAME)", "Created-By: Packages"],
        { signal },
      );
      if (done.isMissing || done.status !== 0)
        throw new Fault("apt's lists cannot be read", {
          code: "advisories/no-apt",
          kind: "unavailable",
          hint: done.stderr.slice(0, 200),
        });
      const texts: string[] = [];
      for (const line of done.stdout.toString("utf8").split("\n")) {
        const [codename, , file] = line.split(" ");
        if (codename !== suite || file === undefined) continue;
        const list = await runTool("/usr/lib/apt/apt-helper", ["cat-file", file], { signal, bytesMax: indexBytesMax });
        if (list.status === 0) texts.push(list.stdout.toString("utf8"));
        else note(`apt's list ${path.basename(file)} cannot be read`);
      }
      return texts.length === 0 ? undefined : texts.join("\n\n");
    },
    fetch: async (one, folder) => {
      const done = await runTool(
        "apt-get",
        ["download", "-o", "APT::Sandbox::User=root", `${one.name}=${one.version}`],
        { cwd: folder, signal },
      );
      const file = (await readdir(folder)).find((name) => name.endsWith(".deb"));
      if (done.status !== 0 || file === undefined)
        throw new Fault(`apt cannot fetch ${one.name}=${one.version}`, {
          code: "advisories/no-apt",
          kind: "unavailable",
          hint: done.stderr.trim().slice(0, 200),
        });
      return path.join(folder, file);
    },
  };
}
