// What is written is what an independent reader finds: Debian's tar reads the archives, and equal entries give equal digests.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { entriesOfFolder, textEntry } from "./entries.ts";
import { writeOciLayout, type OciImage } from "./layout.ts";
import { completeEntries, tarBytes, type TarEntry } from "./tar.ts";

const root = await mkdtemp(path.join(tmpdir(), "garrison-oci-"));
after(() => rm(root, { recursive: true, force: true }));

const longName = `${"a".repeat(60)}/${"b".repeat(60)}/${"c".repeat(60)}/file`;
const longest = `${"d".repeat(120)}.txt`;
const entries: readonly TarEntry[] = [
  textEntry("etc/passwd", "x\n"),
  textEntry("bin/run", "#!\n", 0o755),
  textEntry(longName, "long"),
  textEntry(longest, "longest"),
  textEntry("straße/äöü", "umlauts"),
  { type: "folder", path: "var/lib/own", mode: 0o700, user: 65532 },
  { type: "link", path: "lib", target: "usr/lib" },
  { type: "link", path: "far", target: "t".repeat(130) },
];

async function bytesOf(list: readonly TarEntry[]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of tarBytes(list)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function listed(archive: string): readonly string[] {
  return execFileSync("tar", ["--numeric-owner", "--full-time", "-tvf", archive], {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C.UTF-8", TZ: "UTC" },
  })
    .trim()
    .split("\n");
}

test("tar reads every entry with its mode, owner and time", async () => {
  const archive = path.join(root, "a.tar");
  await writeFile(archive, await bytesOf(entries));
  const lines = listed(archive);
  const line = (name: string): string => lines.find((text) => text.includes(` ${name}`)) ?? "";
  assert.match(line("etc/passwd"), /^-rw-r--r-- 0\/0 +2 1970-01-01 00:00:00 etc\/passwd$/);
  assert.match(line("bin/run"), /^-rwxr-xr-x /);
  assert.match(line("var/lib/own/"), /^drwx------ 65532\/65532 /);
  assert.match(line("var/lib/"), /^drwxr-xr-x 0\/0/);
  assert.match(line("lib "), /lib -> usr\/lib$/);
  assert.match(line("far "), new RegExp(`-> ${"t".repeat(130)}$`));
  assert.ok(line(longName) !== "" && line(longest) !== "", lines.join("\n"));
  const out = path.join(root, "out");
  execFileSync("sh", ["-c", `mkdir ${out} && tar -xf ${archive} -C ${out} --no-same-owner`]);
  assert.equal(await readFile(path.join(out, "straße", "äöü"), "utf8"), "umlauts");
  assert.equal(await readFile(path.join(out, longest), "utf8"), "longest");
});

test("the order in which entries are given does not matter", async () => {
  assert.deepEqual(await bytesOf(entries), await bytesOf([...entries].reverse()));
});

test("what cannot be told apart or leaves the root is refused", () => {
  const file = (name: string): TarEntry => textEntry(name, "");
  for (const list of [
    [file("a"), file("a")],
    [file("a"), file("a/b")],
    [file("../a")],
    [file("/a")],
    [file("a//b")],
    [file("a/./b")],
  ])
    assert.throws(() => completeEntries(list), Error, list.map((entry) => entry.path).join(" "));
});

test("a file that changed while it was read fails the build", async () => {
  const from = path.join(root, "changing");
  await writeFile(from, "12345");
  const entry: TarEntry = { type: "copy", path: "changing", from, size: 5 };
  for (const text of ["1234", "123456"]) {
    await writeFile(from, text);
    await assert.rejects(bytesOf([entry]), /changed while it was read/);
  }
});

const image: OciImage = {
  name: "garrison.local/test:1.0",
  layers: [
    { comment: "base", entries },
    { comment: "top", entries: [textEntry("etc/hosts", "")] },
  ],
  entrypoint: ["/bin/run"],
  user: "65532:65532",
  environment: { A: "b" },
  labels: { "org.opencontainers.image.version": "1.0" },
};

async function json(file: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
}

test("every blob has the name and size that point to it, and the layers unpack to their diff ids", async () => {
  const output = path.join(root, "layout");
  const written = await writeOciLayout(image, { output });
  const blob = (digest: string): string => path.join(output, "blobs", "sha256", digest.replace("sha256:", ""));
  for (const name of await readdir(path.join(output, "blobs", "sha256"))) {
    const bytes = await readFile(path.join(output, "blobs", "sha256", name));
    assert.equal(createHash("sha256").update(bytes).digest("hex"), name);
  }
  const index = (await json(path.join(output, "index.json"))) as {
    manifests: [{ digest: string; size: number; annotations: Record<string, string> }];
  };
  const [top] = index.manifests;
  assert.equal(top.digest, written.digest);
  assert.equal(top.annotations["io.containerd.image.name"], image.name);
  const manifest = (await json(blob(top.digest))) as unknown as {
    config: { digest: string };
    layers: { digest: string; size: number }[];
  };
  const config = (await json(blob(manifest.config.digest))) as unknown as {
    config: Record<string, unknown>;
    rootfs: { diff_ids: string[] };
  };
  assert.equal(config.config["User"], "65532:65532");
  assert.deepEqual(config.config["Env"], ["A=b"]);
  for (const [at, layer] of manifest.layers.entries()) {
    const bytes = await readFile(blob(layer.digest));
    assert.equal(bytes.length, layer.size);
    const diffId = createHash("sha256").update(gunzipSync(bytes)).digest("hex");
    assert.equal(`sha256:${diffId}`, config.rootfs.diff_ids[at]);
  }
});

test("two builds are one image, as archives and by digest; another file is another image", async () => {
  const [one, two] = [path.join(root, "one.tar"), path.join(root, "two.tar")];
  const first = await writeOciLayout(image, { output: one });
  const second = await writeOciLayout(image, { output: two });
  assert.equal(first.digest, second.digest);
  assert.deepEqual(await readFile(one), await readFile(two));
  const layers = [{ comment: "base", entries: [...entries, textEntry("more", "")] }];
  const other = await writeOciLayout({ ...image, layers }, { output: two, compression: "none" });
  assert.notEqual(other.digest, first.digest);
  assert.ok(listed(two).some((line) => line.endsWith(" index.json")));
  assert.deepEqual(
    (await readdir(root)).filter((name) => name.endsWith(".part")),
    [],
  );
});

test("a folder gives its files and links, by name, without what is not wanted", async () => {
  const out = path.join(root, "out");
  const found = await entriesOfFolder(out, "app", (name) => !name.startsWith("a"));
  assert.deepEqual(
    found.map(({ path: name }) => name),
    ["app/bin/run", `app/${longest}`, "app/etc/passwd", "app/far", "app/lib", "app/straße/äöü"],
  );
  assert.equal(found.find(({ path: name }) => name === "app/lib")?.type, "link");
});
