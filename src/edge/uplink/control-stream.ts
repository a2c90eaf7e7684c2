// The server's side of the conversation: newline-delimited JSON, bounded in line length, each line a ControlMessage.
import type { ClientHttp2Session } from "node:http2";
import { constants } from "node:http2";
import { Fault } from "../../base/fault.ts";
import { agentPaths, ControlMessage } from "../../model/agent-protocol.ts";
import { faultOfAnswer, openStream } from "./session.ts";

export const controlLineBytesMax = 16 * 1024 * 1024;

export interface ControlListener {
  /** One at a time, the next after the promise of the one before. */
  readonly onMessage: (message: ControlMessage) => Promise<void>;
  /** The server's Date header, before the first message. */
  readonly onDate?: (date: unknown) => void;
}

/**
 * Follows the control stream from `number` until it ends or `signal` aborts. Rejects with a Fault when the server refuses, ends the stream, or sends what is not a control message.
 */
export async function followControl(
  session: ClientHttp2Session,
  number: number,
  listener: ControlListener,
  signal: AbortSignal,
): Promise<void> {
  const stream = openStream(session, `${agentPaths.control}?number=${number}`);
  const stop = () => stream.close(constants.NGHTTP2_CANCEL);
  signal.addEventListener("abort", stop);
  let status = 200;
  stream.on("response", (headers) => {
    status = Number(headers[":status"]);
    listener.onDate?.(headers["date"]);
  });
  try {
    for await (const line of linesOf(stream)) {
      if (signal.aborted) return;
      if (status !== 200) throw faultOfAnswer(agentPaths.control, { status, headers: {}, text: line });
      await listener.onMessage(parseMessage(line));
    }
    if (!signal.aborted) throw ended(status === 200 ? "it ended" : `status ${status}`);
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof Fault) throw error;
    throw ended((error as Error).message);
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
}

function ended(why: string): Fault {
  return new Fault(`the control stream was lost: ${why}`, {
    code: "uplink/unreachable",
    kind: "unavailable",
    retryAfterMs: 1000,
  });
}

/** Complete lines without their newline, and what is left at the end; empty lines are skipped. */
export async function* linesOf(chunks: AsyncIterable<Buffer>, bytesMax = controlLineBytesMax): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      const line = Buffer.concat([...rest, chunk.subarray(start, end)]);
      rest = [];
      bytes = 0;
      start = end + 1;
      if (line.length > 0) yield line.toString("utf8");
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
    bytes += chunk.length - start;
    if (bytes > bytesMax) throw badLine(`a line of more than ${bytesMax} bytes`);
  }
  if (bytes > 0) yield Buffer.concat(rest).toString("utf8");
}

function parseMessage(line: string): ControlMessage {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw badLine("a line that is not JSON");
  }
  const message = ControlMessage.safeParse(value);
  if (message.success) return message.data;
  throw badLine(`a message whose ${message.error.issues[0]?.path.join(".") ?? "shape"} is wrong`);
}

function badLine(what: string): Fault {
  return new Fault(`the control stream carried ${what}`, {
    code: "uplink/bad-control",
    kind: "unavailable",
    hint: "agent and server must be of matching versions",
    retryAfterMs: 30_000,
  });
}
