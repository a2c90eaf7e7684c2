// Bodies of answers: documents whole and bounded, errors' few words, the rest thrown away.
import { Fault } from "../../../base/fault.ts";
import type { Answer } from "./transport.ts";

/** The whole body. Throws Fault "registry/answer-too-large", or "registry/broken-body" when it breaks off. */
export async function readBody(answer: Answer, bytesMax: number): Promise<Buffer> {
  const declared = Number(answer.header("content-length"));
  if (declared > bytesMax) {
    answer.body.destroy();
    throw tooLarge(answer, bytesMax);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > bytesMax) throw tooLarge(answer, bytesMax);
      chunks.push(chunk);
    }
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
    throw new Fault(`${answer.url.host} broke off its answer`, {
      code: "registry/broken-body",
      kind: "unavailable",
      cause: thrown,
    });
  } finally {
    answer.body.destroy();
  }
  return Buffer.concat(chunks);
}

function tooLarge(answer: Answer, bytesMax: number): Fault {
  return new Fault(`${answer.url.host} answered with more than ${bytesMax} bytes`, {
    code: "registry/answer-too-large",
    kind: "too-large",
  });
}

/** What a registry says is wrong ("MANIFEST_UNKNOWN: manifest unknown"), in printable words; "" when it says nothing that can be read. */
export async function errorWords(answer: Answer, bytesMax: number): Promise<string> {
  let text: string;
  try {
    text = (await readBody(answer, bytesMax)).toString("utf8");
  } catch {
    // The status alone tells enough.
    return "";
  }
  try {
    const data: unknown = JSON.parse(text);
    const list = typeof data === "object" && data !== null && "errors" in data ? data.errors : undefined;
    const first: unknown = Array.isArray(list) ? list[0] : undefined;
    if (typeof first !== "object" || first === null) return "";
    const code = "code" in first && typeof first.code === "string" ? first.code : "";
    const message = "message" in first && typeof first.message === "string" ? first.message : "";
    return `${code}: ${message}`.replaceAll(/[^ -~]/g, "?").slice(0, 200);
  } catch {
    return "";
  }
}

/** Reads a small rest, so that the connection can be used again, or drops it. */
export function discard(answer: Answer): void {
  const length = Number(answer.header("content-length"));
  if (answer.header("content-length") !== "" && length <= 64 * 1024) answer.body.resume();
  else answer.body.destroy();
}
