import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Fault } from "../../../../base/fault.ts";
import { paxGlobal, sealHeader, tarOf, type TarEntry } from "../../../../../test/support/tar.ts";
import { createTarWalker, type TarMember } from "./walker.ts";

interface Seen {
  readonly members: (TarMember & { body?: string })[];
  readonly refused: string[];
  readonly globals: string[];
  readonly fault: string | undefined;
}

/** Walks it in pieces of these sizes (again and again), taking every body. */
function walk(
  tar: Buffer,
  pieces: readonly number[] = [tar.length],
  limits = { pathBytesMax: 8192, pathSegmentsMax: 512 },
): Seen {
  const members: (TarMember & { body?: string })[] = [];
  const refused: string[] = [];
  const globals: string[] = [];
  const walker = createTarWalker(
    {
      member(member) {
        const seen: TarMember & { body?: string } = { ...member };
        members.push(seen);
        if (member.kind !== "file") return undefined;
        const parts: Buffer[] = [];
        return {
          write: (bytes) => parts.push(Buffer.from(bytes)) > 0,
          end: (isWhole) => void (seen.body = (isWhole ? "" : "cut:") + Buffer.concat(parts).toString("latin1")),
        };
      },
      refused: (why, path) => void refused.push(`${why}:${path}`),
      globalIgnored: (keys) => void globals.push(...keys),
    },
    limits,
  );
  let fault: string | undefined;
  try {
    for (let at = 0, i = 0; at < tar.length; i++) {
      const size = Math.max(1, pieces[i % pieces.length] ?? 1);
      // A piece is overwritten after its call, as the pass gives its memory back.
      const piece = Buffer.from(tar.subarray(at, at + size));
      walker.push(piece);
      piece.fill(0xee);
      at += size;
    }
    walker.end();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    fault = error.code;
  }
  return { members, refused, globals, fault };
}

const long = `${"folder/".repeat(30)}file`;
const sparseMap = (pairs: readonly number[]) =>
  Buffer.concat([Buffer.from([pairs.length / 2, ...pairs].join("\n") + "\n")]);

function oldSparse(extended: boolean): Buffer {
  const body = "AABB";
  const tar = tarOf([{ path: "s", typeFlag: "S", format: "gnu", body }], { end: "none" });
  const put = (block: Buffer, at: number, value: number) =>
    block.write(`${value.toString(8).padStart(11, "0")}\0`, at, "latin1");
  put(tar, 386, 2);
  put(tar, 398, 2);
  put(tar, 483, 10);
  const more = Buffer.alloc(512);
  const [block, at] = extended ? [more, 0] : [tar, 410];
  put(block, at, 8);
  put(block, at + 12, 2);
  tar[482] = extended ? 1 : 0;
  sealHeader(tar.subarray(0, 512));
  return Buffer.concat([tar.subarray(0, 512), ...(extended ? [more] : []), tar.subarray(512), Buffer.alloc(1024)]);
}

function padTo(bytes: Buffer, size: number): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(size - bytes.length)]);
}

const headers: readonly {
  readonly name: string;
  readonly tar: Buffer;
  readonly path: string;
  readonly body: string;
}[] = [
  { name: "ustar", tar: tarOf([{ path: "a/b", body: "x" }]), path: "a/b", body: "x" },
  { name: "old V7", tar: tarOf([{ path: "a/b", body: "x", format: "v7", kind: "v7-file" }]), path: "a/b", body: "x" },
  {
    name: "prefix",
    tar: tarOf([{ path: `${"p".repeat(60)}/${"n".repeat(90)}`, body: "x" }]),
    path: `${"p".repeat(60)}/${"n".repeat(90)}`,
    body: "x",
  },
  { name: "PAX path", tar: tarOf([{ path: long, body: "x" }]), path: long, body: "x" },
  { name: "GNU long name", tar: tarOf([{ path: long, body: "x", format: "gnu" }]), path: long, body: "x" },
  {
    name: "GNU name goes before PAX path",
    tar: tarOf([{ path: long, body: "x", format: "gnu", pax: { path: "other" } }]),
    path: long,
    body: "x",
  },
  {
    name: "PAX path in UTF-8",
    tar: tarOf([{ path: "x", pax: { path: "größe/日本" }, body: "x" }]),
    path: "größe/日本",
    body: "x",
  },
  {
    name: "name that is not UTF-8",
    tar: tarOf([{ path: Buffer.from("a\xff", "latin1"), body: "x" }]),
    path: "a\xff",
    body: "x",
  },
  {
    name: "PAX size over the header's",
    tar: tarOf([{ path: "a", body: "hello", claimedBytes: 0, pax: { size: "5" } }]),
    path: "a",
    body: "hello",
  },
  { name: "base-256 size", tar: tarOf([{ path: "a", body: "hello", isBase256: true }]), path: "a", body: "hello" },
  { name: "contiguous file", tar: tarOf([{ path: "a", body: "x", kind: "contiguous" }]), path: "a", body: "x" },
  { name: "absolute", tar: tarOf([{ path: "/etc/x", body: "x" }]), path: "etc/x", body: "x" },
  { name: "dots inside", tar: tarOf([{ path: "./a/./b//c/../d", body: "x" }]), path: "a/b/d", body: "x" },
  { name: "a name of dots", tar: tarOf([{ path: "a/...", body: "x" }]), path: "a/...", body: "x" },
  {
    name: "PAX sparse 0.1",
    tar: tarOf([
      {
        path: "x",
        body: "AABB",
        pax: { "GNU.sparse.map": "2,2,8,2", "GNU.sparse.size": "10", "GNU.sparse.name": "s" },
      },
    ]),
    path: "s",
    body: "\0\0AA\0\0\0\0BB",
  },
  {
    name: "PAX sparse 1.0",
    tar: tarOf([
      {
        path: "x",
        body: Buffer.concat([padTo(sparseMap([2, 2, 8, 2]), 512), Buffer.from("AABB")]),
        pax: { "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "s", "GNU.sparse.realsize": "12" },
      },
    ]),
    path: "s",
    body: "\0\0AA\0\0\0\0BB\0\0",
  },
  { name: "old GNU sparse", tar: oldSparse(false), path: "s", body: "\0\0AA\0\0\0\0BB" },
  { name: "old GNU sparse, extended", tar: oldSparse(true), path: "s", body: "\0\0AA\0\0\0\0BB" },
];

for (const { name, tar, path, body } of headers) {
  test(`one file, whole and byte by byte: ${name}`, () => {
    for (const pieces of [[tar.length], [1], [511], [513, 7]]) {
      const { members, fault, refused } = walk(tar, pieces);
      assert.equal(fault, undefined);
      assert.deepEqual(refused, []);
      assert.deepEqual(
        members.map((member) => [
          [member.folder, member.name].filter(Boolean).join("/"),
          member.body,
          member.sizeBytes,
        ]),
        [[path, body, body.length]],
      );
    }
  });
}

test("PAX sparse 0.0: pairs in their order", () => {
  const record = (key: string, value: string) => {
    const rest = ` ${key}=${value}\n`;
    return `${rest.length + 2}${rest}`;
  };
  const pairs = ["offset", "2", "numbytes", "2", "offset", "8", "numbytes", "2"];
  let records = record("GNU.sparse.size", "10");
  for (let i = 0; i < pairs.length; i += 2) records += record(`GNU.sparse.${pairs[i]}`, pairs[i + 1]!);
  const tar = tarOf([
    { path: "p", typeFlag: "x", body: records },
    { path: "s", body: "AABB" },
  ]);
  assert.deepEqual(
    walk(tar).members.map((member) => member.body),
    ["\0\0AA\0\0\0\0BB"],
  );
});

test("links, folders and devices have no body, whatever their size field says", () => {
  const tar = tarOf([
    { path: "link", kind: "symlink", linkTarget: "../x", claimedBytes: 700 },
    { path: "hard", kind: "hardlink", linkTarget: "./a//b", claimedBytes: 700 },
    { path: "out", kind: "hardlink", linkTarget: "../../etc/shadow" },
    { path: "long", kind: "symlink", linkTarget: "t".repeat(300), format: "gnu" },
    { path: "folder/", kind: "file" },
    { path: "null", kind: "character" },
    { path: "pipe", kind: "fifo" },
    { path: "after", body: "x" },
  ]);
  const { members, fault } = walk(tar);
  assert.equal(fault, undefined);
  assert.deepEqual(
    members.map(({ kind, name, linkTarget }) => [kind, name, linkTarget]),
    [
      ["symlink", "link", "../x"],
      ["hardlink", "hard", "a/b"],
      ["hardlink", "out", ""],
      ["symlink", "long", "t".repeat(300)],
      ["directory", "folder", ""],
      ["other", "null", ""],
      ["other", "pipe", ""],
      ["file", "after", ""],
    ],
  );
});

test("names that leave the root, are empty or too long are refused and the rest goes on", () => {
  const tar = tarOf([
    { path: "../etc/passwd", body: "x" },
    { path: "a/../../b", body: "x" },
    { path: "./", kind: "directory" },
    { path: "/", kind: "directory" },
    { path: "x", pax: { path: "p/".repeat(40) + "x" }, body: "x" },
    { path: "ok", body: "x" },
  ]);
  const { members, refused, fault } = walk(tar, [100], { pathBytesMax: 60, pathSegmentsMax: 20 });
  assert.equal(fault, undefined);
  assert.deepEqual(
    members.map((member) => member.name),
    ["ok"],
  );
  assert.deepEqual(
    refused.map((line) => line.split(":")[0]),
    ["escapes", "escapes", "too-long"],
  );
});

test("a sparse file that claims exabytes is not laid out", () => {
  const pax = { "GNU.sparse.map": "0,1", "GNU.sparse.size": "9000000000000000", "GNU.sparse.name": "s" };
  const { members, refused, fault } = walk(
    tarOf([
      { path: "x", body: "A", pax },
      { path: "after", body: "x" },
    ]),
  );
  assert.equal(fault, undefined);
  assert.deepEqual(
    members.map((member) => [member.name, member.body]),
    [
      ["s", "cut:"],
      ["after", "x"],
    ],
  );
  assert.deepEqual(refused, ["sparse:s"]);
});

test("a global header's names are not applied, as runtimes do not, and told", () => {
  const { members, globals } = walk(tarOf([paxGlobal({ path: "evil", comment: "x" }), { path: "a", body: "x" }]));
  assert.deepEqual(
    members.map((member) => member.name),
    ["a"],
  );
  assert.deepEqual(globals, ["path"]);
});

const good: TarEntry = { path: "kept", body: "x" };
const broken: readonly { readonly name: string; readonly tar: Buffer; readonly code: string }[] = [
  {
    name: "cut in a body",
    tar: tarOf([good, { path: "b", body: "x".repeat(2000) }]).subarray(0, 2048),
    code: "registry/tar-truncated",
  },
  { name: "cut in a header", tar: tarOf([good, good]).subarray(0, 1100), code: "registry/tar-truncated" },
  {
    name: "a size beyond the end",
    tar: tarOf([good, { path: "b", body: "x", claimedBytes: 1e9 }]),
    code: "registry/tar-truncated",
  },
  { name: "a wrong checksum", tar: tarOf([good, { path: "b", isBroken: true }]), code: "registry/tar-checksum" },
  {
    name: "one block of zeros, then more",
    tar: Buffer.concat([tarOf([good], { end: "none" }), Buffer.alloc(512), tarOf([good])]),
    code: "registry/tar-zero-block",
  },
  {
    name: "a PAX record whose length lies",
    tar: tarOf([good, { path: "p", typeFlag: "x", body: "999 path=x\n" }, good]),
    code: "registry/tar-pax",
  },
  {
    name: "a PAX path with a zero byte",
    tar: tarOf([good, { path: "p", pax: { path: "a\0b" } }]),
    code: "registry/tar-pax",
  },
  {
    name: "a PAX size that is none",
    tar: tarOf([good, { path: "p", pax: { size: "-1" } }]),
    code: "registry/tar-number",
  },
  {
    name: "an extended header of 2 MB",
    tar: tarOf([good, { path: "p", typeFlag: "x", body: Buffer.alloc(2e6, 0x20) }, good]),
    code: "registry/tar-extended",
  },
  {
    name: "a sparse map that overlaps",
    tar: tarOf([good, { path: "s", body: "AABB", pax: { "GNU.sparse.map": "2,4,3,2", "GNU.sparse.size": "10" } }]),
    code: "registry/tar-sparse",
  },
  {
    name: "a size in base 256 beyond 2^53",
    tar: (() => {
      const tar = tarOf([good, { path: "b", isBase256: true }]);
      tar.fill(0x7f, 1024 + 126, 1024 + 136);
      sealHeader(tar.subarray(1024, 1536));
      return tar;
    })(),
    code: "registry/tar-number",
  },
];

for (const { name, tar, code } of broken) {
  test(`a broken tar is a fault, what came before is kept: ${name}`, () => {
    const { members, fault } = walk(tar, [333]);
    assert.equal(fault, code);
    assert.equal(members[0]?.name, "kept");
    assert.equal(members[0]?.body, "x");
  });
}

test("nothing after the end counts, and a missing end is none's fault", () => {
  assert.deepEqual(walk(Buffer.concat([tarOf([good]), Buffer.from("rubbish".repeat(100))])).members.length, 1);
  assert.equal(walk(tarOf([good], { end: "none" })).fault, undefined);
});

const anyEntry: fc.Arbitrary<TarEntry> = fc.record({
  path: fc.stringMatching(/^[a-z./]{1,160}$/),
  kind: fc.constantFrom("file" as const, "directory" as const, "symlink" as const, "hardlink" as const),
  format: fc.constantFrom(undefined, "gnu" as const) as fc.Arbitrary<"gnu">,
  body: fc.uint8Array({ maxLength: 1500 }),
  linkTarget: fc.stringMatching(/^[a-z./]{0,120}$/),
});

test("any chunking of the stream gives the same result", () => {
  fc.assert(
    fc.property(
      fc.array(anyEntry, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 1200 }), { minLength: 1, maxLength: 6 }),
      (entries, pieces) => {
        const tar = tarOf(entries.map((entry) => (entry.kind === "file" ? entry : { ...entry, body: "" })));
        assert.deepEqual(walk(tar, pieces), walk(tar));
      },
    ),
    { numRuns: 150 },
  );
});

test("any bytes end in members and at most a fault", () => {
  const tar = tarOf([
    good,
    { path: long, body: "x" },
    { path: "s", body: "AABB", pax: { "GNU.sparse.map": "2,2,8,2", "GNU.sparse.size": "10" } },
  ]);
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(tar.length - 1), fc.nat(255)), { maxLength: 6 }), (changes) => {
      const changed = Buffer.from(tar);
      for (const [at, byte] of changes) changed[at] = byte;
      for (let at = 0; at < changed.length; at += 512)
        if (changes.length % 2 === 0 && changed[at] !== 0) sealHeader(changed.subarray(at, at + 512));
      walk(changed, [777]);
    }),
    { numRuns: 300 },
  );
});
