// A .deb file -> its changelogs. dpkg-deb unpacks when it is there; else ar and tar are read here, packed by gzip or zstd (xz needs the tool xz).
import { readFile } from "node:fs/promises";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { Fault } from "../../../base/fault.ts";
import { tarEntries } from "../read/tar.ts";
import { runTool } from "./run-tool.ts";

export const debLimits = { fileBytes: 1 << 30, changelogBytes: 64 * 2 ** 20 } as const;

export interface DebChangelogs {
  /** Of each changelog.Debian.gz (of native packages: changelog.gz). */
  readonly texts: readonly string[];
  /** The package whose documentation stands for this one's; "". */
  readonly linksTo: string;
}

export async function changelogsOf(file: string, signal?: AbortSignal): Promise<DebChangelogs> {
  const tar = await dataTar(file, signal);
  const texts: string[] = [];
  let [native, linksTo] = ["", ""];
  for await (const entry of tarEntries(once(tar), "with-links")) {
    if (entry.link !== "") {
      if (/^(?:\.\/)?usr\/share\/doc\/[^/]+$/.test(entry.name)) linksTo = entry.link.replace(/^.*\//, "");
      continue;
    }
    const found = /^(?:\.\/)?usr\/share\/doc\/[^/]+\/(changelog(?:\.Debian)?)\.gz$/.exec(entry.name);
    if (found === null || entry.sizeBytes > debLimits.changelogBytes) continue;
    const packed: Uint8Array[] = [];
    for await (const piece of entry.bytes) packed.push(piece);
    const text = gunzipSync(Buffer.concat(packed), { maxOutputLength: debLimits.changelogBytes }).toString("utf8");
    if (found[1] === "changelog.Debian") texts.push(text);
    else native = text;
  }
  return { texts: texts.length > 0 || native === "" ? texts : [native], linksTo };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function dataTar(file: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const options = { bytesMax: debLimits.fileBytes, ...(signal === undefined ? {} : { signal }) };
  const done = await runTool("dpkg-deb", ["--fsys-tarfile", file], options);
  if (!done.isMissing) {
    if (done.status === 0) return done.stdout;
    throw broken(file, done.stderr.trim().slice(0, 200));
  }
  return inflate(file, memberOf(await readFile(file), file), signal);
}

interface Member {
  readonly name: string;
  readonly bytes: Buffer;
}

/** The data member of the ar archive. */
export function memberOf(archive: Buffer, file: string): Member {
  if (archive.toString("latin1", 0, 8) !== "!<arch>\n") throw broken(file, "it is no ar archive");
  let at = 8;
  while (at + 60 <= archive.length) {
    const name = archive
      .toString("latin1", at, at + 16)
      .trim()
      .replace(/\/$/, "");
    const size = Number(archive.toString("latin1", at + 48, at + 58).trim());
    if (!Number.isInteger(size) || size < 0 || at + 60 + size > archive.length)
      throw broken(file, "a member is cut off");
    if (name.startsWith("data.tar")) return { name, bytes: archive.subarray(at + 60, at + 60 + size) };
    at += 60 + size + (size % 2);
  }
  throw broken(file, "it has no data member");
}

async function inflate(file: string, { name, bytes }: Member, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const maxOutputLength = debLimits.fileBytes;
  if (name === "data.tar") return bytes;
  if (name.endsWith(".gz")) return gunzipSync(bytes, { maxOutputLength });
  if (name.endsWith(".zst")) return zstdDecompressSync(bytes, { maxOutputLength });
  return unXz(file, bytes, signal);
}

/** Throws `advisories/no-xz` where neither dpkg-deb nor xz is installed. */
export async function unXz(file: string, bytes: Uint8Array, signal?: AbortSignal): Promise<Buffer> {
  const done = await runTool("xz", ["-dc"], {
    input: bytes,
    bytesMax: debLimits.fileBytes,
    ...(signal === undefined ? {} : { signal }),
  });
  if (done.status === 0) return done.stdout;
  if (!done.isMissing) throw broken(file, done.stderr.trim().slice(0, 200));
  throw new Fault(`${file} is packed by xz, which this program cannot unpack alone`, {
    code: "advisories/no-xz",
    kind: "unavailable",
    hint: "install xz-utils",
  });
}

function broken(file: string, why: string): Fault {
  return new Fault(`${file} is no Debian package, or a damaged one: ${why}`, {
    code: "advisories/bad-deb",
    kind: "usage",
  });
}
