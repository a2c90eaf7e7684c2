// What comes out of a blob, over both ways of inflating gzip (the reused buffer, and the stream of a Node without that handle), whatever its pieces are.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import zlib from "node:zlib";
import type { LayerBlob } from "../image-source.ts";
import { inflateLayer } from "./inflate.ts";

const ways = { buffer: {}, stream: { openGunzip: () => undefined } } as const;
const plain = Buffer.concat([randomBytes(700_000), Buffer.alloc(3_000_000, "garrison "), randomBytes(10)]);

function blobOf(bytes: Buffer, pieceBytes: number): LayerBlob {
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  }
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  return { digest, diffId: "", mediaType: "", encoding: "gzip", sizeBytes: bytes.length, open: async () => pieces() };
}

async function inflate(bytes: Buffer, way: keyof typeof ways, pieceBytes = 64 * 1024) {
  const out: Buffer[] = [];
  const blob = blobOf(bytes, pieceBytes);
  const signal = new AbortController().signal;
  const done = await inflateLayer(blob, {
    ...ways[way],
    signal,
    onPiece: (piece) => void out.push(Buffer.from(piece)),
  });
  assert.equal(done.digest, blob.digest);
  return { ...done, bytes: Buffer.concat(out) };
}

const gzip = zlib.gzipSync(plain);
const cut = Math.trunc(plain.length / 3);
const members = Buffer.concat([zlib.gzipSync(plain.subarray(0, cut)), zlib.gzipSync(plain.subarray(cut))]);

for (const way of ["buffer", "stream"] as const) {
  for (const [name, bytes] of Object.entries({
    gzip,
    members,
    padded: Buffer.concat([gzip, Buffer.alloc(600)]),
    plain,
  })) {
    test(`${name} by ${way}`, async () => {
      for (const pieceBytes of [7919, 1024 * 1024]) {
        const { bytes: out, diffId, trouble } = await inflate(bytes, way, pieceBytes);
        assert.equal(trouble, undefined);
        assert.ok(out.equals(plain));
        assert.equal(diffId, `sha256:${createHash("sha256").update(plain).digest("hex")}`);
      }
    });
  }
  test(`damage is told, and the blob is hashed all the same: by ${way}`, async () => {
    const flipped = Buffer.from(gzip);
    flipped[flipped.length - 6]! ^= 0xff;
    for (const bytes of [gzip.subarray(0, gzip.length - 9), flipped, gzip.subarray(0, 12)]) {
      const { trouble, diffId } = await inflate(bytes, way);
      assert.equal(trouble?.code, "registry/inflate-damaged");
      assert.equal(diffId, "");
    }
  });
}

test("a magic number that comes byte by byte", async () => {
  const small = zlib.gzipSync("small");
  assert.equal((await inflate(small, "buffer", 1)).bytes.toString(), "small");
  assert.equal((await inflate(Buffer.from("abc"), "buffer", 1)).bytes.toString(), "abc");
  assert.equal((await inflate(Buffer.alloc(0), "buffer", 1)).inflatedBytes, 0);
});
