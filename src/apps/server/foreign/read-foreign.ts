// The body of a foreign request as bytes: bounded as sent and bounded while it is decompressed, before anything looks inside.
import { createGunzip } from "node:zlib";
import { Readable } from "node:stream";
import { Fault } from "../../../base/fault.ts";
import { foreignLimits } from "../../../core/foreign/limits.ts";

/** Throws Fault "foreign/too-large", "foreign/unknown-encoding", "foreign/broken-gzip", "foreign/empty". */
export async function readForeignBody(request: Request): Promise<Uint8Array> {
  const announced = Number(request.headers.get("content-length") ?? 0);
  if (announced > foreignLimits.bytesMax) throw tooLarge(foreignLimits.bytesMax, "as sent");
  const encoding = (request.headers.get("content-encoding") ?? "identity").trim().toLowerCase();
  if (encoding !== "identity" && encoding !== "gzip") {
    throw new Fault(`content-encoding ${JSON.stringify(encoding.slice(0, 40))} is not understood`, {
      code: "foreign/unknown-encoding",
      kind: "usage",
      where: "content-encoding",
      hint: "Send gzip or no encoding.",
    });
  }
  const sent = await collect(request.body ?? [], foreignLimits.bytesMax, "as sent");
  const bytes = encoding === "gzip" ? await inflate(sent) : sent;
  if (bytes.length === 0) {
    throw new Fault("the body is empty", { code: "foreign/empty", kind: "usage", hint: "Send at least one item." });
  }
  return bytes;
}

async function inflate(sent: Buffer): Promise<Buffer> {
  const gunzip = createGunzip();
  const source = Readable.from([sent]);
  // Errors of the source cannot happen; those of the decompression come out of the loop in `collect`.
  source.pipe(gunzip);
  try {
    return await collect(gunzip, foreignLimits.bytesInflatedMax, "after decompression");
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
    throw new Fault("the body is not valid gzip", { code: "foreign/broken-gzip", kind: "usage", cause: thrown });
  } finally {
    gunzip.destroy();
  }
}

async function collect(
  parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  bytesMax: number,
  when: string,
): Promise<Buffer> {
  const held: Uint8Array[] = [];
  let size = 0;
  for await (const part of parts) {
    size += part.byteLength;
    if (size > bytesMax) throw tooLarge(bytesMax, when);
    held.push(part);
  }
  return Buffer.concat(held);
}

function tooLarge(bytesMax: number, when: string): Fault {
  return new Fault(`the body has more than ${bytesMax} bytes ${when}`, {
    code: "foreign/too-large",
    kind: "too-large",
    hint: "Send it in smaller parts.",
  });
}
