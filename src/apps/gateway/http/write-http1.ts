// Heads and bodies of HTTP/1.1 as they are written. Framing is decided here and only here, out of the size that is known.
import type { Duplex } from "node:stream";
import type { HeaderList } from "../inspect.ts";
import { reasonOf } from "./block-page.ts";
import type { Answer, BodySize, OutgoingRequest } from "./streams.ts";

const crlf = Buffer.from("\r\n", "latin1");

export function requestHeadText(request: OutgoingRequest): string {
  let text = `${request.method} ${request.target} HTTP/1.1\r\n`;
  text += headerText(request.headers, request.size);
  if (request.upgrade !== "") text += `Connection: Upgrade\r\nUpgrade: ${request.upgrade}\r\n`;
  return `${text}\r\n`;
}

export interface AnswerStyle {
  /** HTTP/1.0 clients get no chunks: the end of the connection ends the body. */
  readonly isChunkable: boolean;
  readonly isKeepAlive: boolean;
  readonly upgrade: string;
}

export function answerHeadText(answer: Answer, style: AnswerStyle): string {
  let text = `HTTP/1.1 ${answer.status} ${answer.reason === "" ? reasonOf(answer.status) : answer.reason}\r\n`;
  text += headerText(answer.headers, answer.size === "stream" && !style.isChunkable ? "none" : answer.size);
  if (answer.status === 101) text += `Connection: Upgrade\r\nUpgrade: ${style.upgrade}\r\n`;
  else text += style.isKeepAlive ? "Connection: keep-alive\r\n" : "Connection: close\r\n";
  return `${text}\r\n`;
}

export function informationalText(status: number, headers: HeaderList): string {
  return `HTTP/1.1 ${status} ${status === 100 ? "Continue" : status === 103 ? "Early Hints" : "Information"}\r\n${headerText(headers, "none")}\r\n`;
}

/** "none" keeps a Content-Length that stands there: an answer to HEAD, or a body of zero bytes. */
function headerText(headers: HeaderList, size: BodySize): string {
  let text = "";
  let hasLength = false;
  for (const [name, value] of headers) {
    if (name.length === 14 && name.toLowerCase() === "content-length") {
      if (size === "stream" || hasLength) continue;
      hasLength = true;
    }
    text += `${name}: ${value}\r\n`;
  }
  if (size === "stream") text += "Transfer-Encoding: chunked\r\n";
  else if (size !== "none" && !hasLength) text += `Content-Length: ${size}\r\n`;
  return text;
}

/** False as of `stream.write`. */
export function writeChunk(target: Duplex, chunk: Buffer, isChunked: boolean): boolean {
  if (!isChunked) return target.write(chunk);
  if (chunk.length === 0) return true;
  target.cork();
  target.write(`${chunk.length.toString(16)}\r\n`, "latin1");
  target.write(chunk);
  const hasRoom = target.write(crlf);
  target.uncork();
  return hasRoom;
}

export function lastChunkText(trailers: HeaderList): string {
  return `0\r\n${trailers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}
