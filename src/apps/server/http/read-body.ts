// A request's JSON body, bounded in bytes and nesting; a syntax error says its line and column.
import { Fault } from "../../../base/fault.ts";
import { jsonErrorAt } from "./json-error.ts";

export interface BodyLimits {
  readonly bytesMax: number;
  readonly depthMax: number;
}

function tooLarge(bytesMax: number): Fault {
  return new Fault(`the body is larger than ${bytesMax} bytes`, {
    code: "server/body-too-large",
    kind: "too-large",
    hint: "send it in smaller parts",
  });
}

/** The body's bytes. Throws `server/body-too-large` before more than `bytesMax` are held. */
export async function readBytes(request: Request, bytesMax: number): Promise<Uint8Array> {
  const announced = Number(request.headers.get("content-length") ?? 0);
  if (announced > bytesMax) throw tooLarge(bytesMax);
  if (request.body === null) return new Uint8Array(0);
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of request.body as ReadableStream<Uint8Array>) {
    size += part.byteLength;
    if (size > bytesMax) throw tooLarge(bytesMax);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** The parsed body. Throws `server/not-json`, `server/broken-json` (with `where`), `server/body-too-deep`. */
export async function readJson(request: Request, limits: BodyLimits): Promise<unknown> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/([a-z0-9.+-]*\+)?json\s*(;|$)/i.test(type)) {
    throw new Fault(`the body must be JSON, not ${JSON.stringify(type.slice(0, 100))}`, {
      code: "server/not-json",
      kind: "usage",
      hint: "send content-type: application/json",
    });
  }
  return parseJson(await readBytes(request, limits.bytesMax), limits.depthMax);
}

/** Parses UTF-8 JSON text; nesting beyond `depthMax` is refused before a value is built. */
export function parseJson(bytes: Uint8Array, depthMax: number): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Fault("the body is not UTF-8", { code: "server/broken-json", kind: "usage", cause });
  }
  refuseDeep(text, depthMax);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    const position = jsonErrorAt(text);
    const before = text.slice(0, position).split("\n");
    const where = `line ${before.length} column ${(before.at(-1)?.length ?? 0) + 1}`;
    const found = text[position];
    const what = found === undefined ? "it ends too early" : `${JSON.stringify(found)} cannot be there`;
    throw new Fault(`broken JSON at ${where}: ${what}`, { code: "server/broken-json", kind: "usage", where, cause });
  }
}

function refuseDeep(text: string, depthMax: number): void {
  let depth = 0;
  let isInString = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (isInString) {
      if (character === "\\") index += 1;
      else if (character === '"') isInString = false;
    } else if (character === '"') isInString = true;
    else if (character === "{" || character === "[") {
      depth += 1;
      if (depth > depthMax) {
        const message = `the body is nested deeper than ${depthMax}`;
        throw new Fault(message, { code: "server/body-too-deep", kind: "usage", where: `character ${index}` });
      }
    } else if (character === "}" || character === "]") depth -= 1;
  }
}
