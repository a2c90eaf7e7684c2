// Reads server-sent events over fetch, and goes on after a lost connection from the last event's id.
import { Fault } from "../../base/fault.ts";
import type { ClientOptions } from "../server/contract/client.ts";
import { asReachable } from "./context.ts";

const retryDelayMs = 1000;
/** A longer silence than this (the server sends heartbeats) means that the connection is dead. */
const silenceMsMax = 60_000;
/** One event larger than this is not read. */
const eventCharactersMax = 16 * 1024 * 1024;

export interface EventStreamOptions {
  readonly url: string;
  readonly client: ClientOptions;
  readonly signal: AbortSignal;
  say(line: string): void;
}

/** The `data` of each event, until `signal` aborts. The first connection's failure is thrown; later ones are said and retried. */
export async function* eventStream(options: EventStreamOptions): AsyncGenerator<string> {
  let lastId: string | undefined;
  let wasConnected = false;
  while (!options.signal.aborted) {
    try {
      for await (const event of connection(options, lastId)) {
        wasConnected = true;
        if (event.id !== undefined) lastId = event.id;
        if (event.name === "problem") throw new Fault(event.data, { code: "cli/stream", kind: "internal" });
        if (event.data !== "") yield event.data;
      }
    } catch (error) {
      if (options.signal.aborted) return;
      if (!wasConnected || (error instanceof Fault && error.kind !== "unavailable"))
        throw asReachable(error, options.client.base);
    }
    if (options.signal.aborted) return;
    options.say("connection lost, trying again ...");
    await new Promise((resolve) => setTimeout(resolve, retryDelayMs));
  }
}

interface StreamEvent {
  readonly id: string | undefined;
  readonly name: string;
  readonly data: string;
}

async function* connection(
  { url, client, signal }: EventStreamOptions,
  lastId: string | undefined,
): AsyncGenerator<StreamEvent> {
  const silence = new AbortController();
  let watchdog = setTimeout(() => silence.abort(), silenceMsMax);
  try {
    const response = await client.fetch(url, {
      headers: {
        ...client.headers,
        accept: "text/event-stream",
        ...(lastId === undefined ? {} : { "last-event-id": lastId }),
      },
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (!response.ok) throw await (await import("../server/contract/client.ts")).faultOf(response);
    if (response.body === null) return;
    let rest = "";
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => silence.abort(), silenceMsMax);
      rest += chunk;
      const blocks = rest.split("\n\n");
      rest = blocks.pop() ?? "";
      if (rest.length > eventCharactersMax)
        throw new Fault("an event is too large", { code: "cli/stream", kind: "too-large" });
      for (const block of blocks) yield parse(block);
    }
  } finally {
    clearTimeout(watchdog);
  }
}

/** One event's lines, by the HTML standard's event stream format; comments are passed over. */
function parse(block: string): StreamEvent {
  let id: string | undefined;
  let name = "message";
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "id") id = value;
    if (field === "event") name = value;
    if (field === "data") data.push(value);
  }
  return { id, name, data: data.join("\n") };
}
