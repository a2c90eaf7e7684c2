// External processing: one gRPC stream is one HTTP request. Headers and bodies both ways, held in blocking mode where Envoy's body mode allows it, let through
// otherwise; a verdict is an immediate response. In Envoy's observability mode nothing is answered and nothing can be stopped.
import {
  headerOf,
  type ConnectionSource,
  type Inspection,
  type Inspector,
  type RequestHead,
  type Stop,
} from "../inspect.ts";
import { bodyModes, sendModes } from "./messages.ts";
import {
  blockAnswer,
  splitAddress,
  splitHeaders,
  type WireHttpBody,
  type WireHttpHeaders,
  type WireProcessingRequest,
} from "./wire.ts";

export interface ProcessParts {
  readonly inspector: Inspector;
  /** Bytes of one body that may wait for its verdict. */
  readonly heldBytesMax: number;
  /** Of Envoy's own connection. */
  readonly source: ConnectionSource;
  /** Whether what this connection says of clients is believed: a Unix socket, or a listed proxy. */
  readonly isTrusted: boolean;
}

export interface Process {
  /** Messages to be sent, in order. */
  take(message: WireProcessingRequest): readonly object[];
  /** The stream ended, however it did. */
  end(): void;
}

type Direction = "request" | "response";

interface Lane {
  readonly direction: Direction;
  mode: number;
  isHolding: boolean;
  isJudged: boolean;
  held: Buffer[];
  heldBytes: number;
}

interface State {
  readonly parts: ProcessParts;
  readonly notInspected: string[];
  readonly request: Lane;
  readonly response: Lane;
  inspection: Inspection | undefined;
  head: RequestHead;
  isSilent: boolean;
  isOver: boolean;
  status: number;
}

/** Ordinary where Envoy is configured so: counted, no event by itself. */
const bodyNotSent = "request body: not sent by Envoy";

const emptyHead: RequestHead = { method: "", target: "", protocol: "HTTP/1.1", headers: [] };

export function createProcess(parts: ProcessParts): Process {
  const lane = (direction: Direction): Lane => ({
    direction,
    mode: -1,
    isHolding: false,
    isJudged: false,
    held: [],
    heldBytes: 0,
  });
  const state: State = {
    parts,
    notInspected: [],
    request: lane("request"),
    response: lane("response"),
    inspection: undefined,
    head: emptyHead,
    isSilent: false,
    isOver: false,
    status: 0,
  };
  return {
    take(message) {
      if (message.observability_mode === true) state.isSilent = true;
      if (state.isOver) return [];
      const answers = answer(state, message);
      return state.isSilent ? [] : answers;
    },
    end: () => {
      // Envoy never came to its answer (upstream gone, response headers not sent): rules speak about what there was.
      if (!state.isOver && !state.request.isJudged) state.inspection?.endRequest();
      finish(state, state.status);
    },
  };
}

function answer(state: State, message: WireProcessingRequest): readonly object[] {
  switch (message.request) {
    case "request_headers":
      return requestHeaders(state, message.request_headers ?? {}, message);
    case "request_body":
      return body(state, state.request, message.request_body ?? {});
    case "request_trailers":
      return trailers(state, state.request);
    case "response_headers":
      return responseHeaders(state, message.response_headers ?? {});
    case "response_body":
      return body(state, state.response, message.response_body ?? {});
    case "response_trailers":
      return trailers(state, state.response);
    default:
      return [];
  }
}

function requestHeaders(state: State, given: WireHttpHeaders, message: WireProcessingRequest): readonly object[] {
  const { pseudo, headers } = splitHeaders(given.headers);
  state.request.mode = message.protocol_config?.request_body_mode ?? -1;
  state.response.mode = message.protocol_config?.response_body_mode ?? -1;
  const named = sourceOf(state.parts, message, headers);
  const source = state.isSilent ? { ...named, isObserved: true } : named;
  const protocol = attributesOf(message)["request.protocol"]?.string_value ?? "HTTP/1.1";
  state.head = { method: pseudo.get(":method") ?? "GET", target: pseudo.get(":path") ?? "/", protocol, headers };
  const inspection = state.parts.inspector.begin(source, state.head);
  state.inspection = inspection;
  const isWhole = given.end_of_stream === true;
  const stop = inspection.requestHead(state.head);
  if (stop !== undefined) return block(state, stop);
  const isSent = !isWhole && state.request.mode !== bodyModes.none;
  const isWanted = isSent && inspection.wantsRequestBody;
  if (!isWhole && !isSent && inspection.wantsRequestBody) state.notInspected.push(bodyNotSent);
  if (!isWanted) {
    const late = judge(state, state.request);
    if (late !== undefined) return late;
  } else if (headerOf(headers, "content-encoding") !== undefined)
    state.notInspected.push("request body: content coding");
  // Whatever the client says of trailers: those that really come after a held body end it (see `trailers`).
  state.request.isHolding = isWanted && inspection.mayBlock;
  return [{ request_headers: { response: {} }, ...override(state, isWanted) }];
}

/**
 * Bodies that nobody wants are not sent; honoured where Envoy is configured to allow it. Its own modes stay otherwise: older versions do not say which they
 * are, and are then told only when no body is wanted at all.
 */
function override({ inspection, request, response }: State, isRequestWanted: boolean): object {
  const isResponseWanted = inspection?.readsResponses === true;
  const isKnown = request.mode >= 0 && response.mode >= 0;
  if (!isKnown && (isRequestWanted || isResponseWanted)) return {};
  return {
    mode_override: {
      response_header_mode: sendModes.send,
      request_body_mode: isRequestWanted ? request.mode : bodyModes.none,
      response_body_mode: isResponseWanted ? response.mode : bodyModes.none,
    },
  };
}

function attributesOf(
  message: WireProcessingRequest,
): Readonly<Record<string, { readonly string_value?: string; readonly number_value?: number }>> {
  const sets = Object.values(message.attributes ?? {});
  return Object.assign({}, ...sets.map((set) => set.fields ?? {}));
}

/** The client as Envoy's attributes name it; else the last address that Envoy itself wrote; else Envoy. */
function sourceOf(
  parts: ProcessParts,
  message: WireProcessingRequest,
  headers: readonly (readonly [string, string])[],
): ConnectionSource {
  const { source, isTrusted } = parts;
  if (!isTrusted) return source;
  const attributes = attributesOf(message);
  const client = splitAddress(attributes["source.address"]?.string_value ?? "");
  const server = splitAddress(attributes["destination.address"]?.string_value ?? "");
  const forwarded = (headerOf(headers, "x-forwarded-for") ?? "").split(",").at(-1)?.trim() ?? "";
  const clientAddress = client.address === "" ? splitAddress(forwarded).address : client.address;
  return {
    ...source,
    ...(clientAddress === ""
      ? {}
      : { clientAddress, clientPort: client.port || (attributes["source.port"]?.number_value ?? 0) }),
    ...(server.address === "" ? {} : { serverAddress: server.address, serverPort: server.port }),
  };
}

function responseHeaders(state: State, given: WireHttpHeaders): readonly object[] {
  const { inspection, response } = state;
  if (inspection === undefined) return [{ response_headers: { response: {} } }];
  // A request whose body's end was never sent (partial buffering, late mode override) is judged with what there was.
  const early = judge(state, state.request);
  if (early !== undefined) return early;
  const { pseudo, headers } = splitHeaders(given.headers);
  state.status = Number(pseudo.get(":status") ?? 0);
  const stop = inspection.responseHead({ status: state.status, protocol: "HTTP/1.1", headers });
  if (stop !== undefined) return block(state, stop);
  const isWanted = given.end_of_stream !== true && inspection.wantsResponseBody;
  if (!isWanted) {
    const late = judge(state, response);
    if (late !== undefined) return late;
  } else if (headerOf(headers, "content-encoding") !== undefined)
    state.notInspected.push("response body: content coding");
  response.isHolding = isWanted && inspection.mayBlock;
  return [{ response_headers: { response: {} } }];
}

function body(state: State, lane: Lane, given: WireHttpBody): readonly object[] {
  const { inspection } = state;
  const chunk = given.body ?? Buffer.alloc(0);
  const isEnd = given.end_of_stream === true || lane.mode === bodyModes.bufferedPartial;
  if (inspection === undefined || lane.isJudged) return [bodyAnswer(lane, chunk, isEnd)];
  const isRequest = lane.direction === "request";
  if (chunk.length > 0) {
    const stop = isRequest ? inspection.requestBody(chunk) : inspection.responseBody(chunk);
    if (stop !== undefined && inspection.mayBlock) return block(state, stop);
  }
  const isWanted = isRequest ? inspection.wantsRequestBody : inspection.wantsResponseBody;
  if (isEnd || !isWanted) {
    if (isEnd && given.end_of_stream !== true)
      state.notInspected.push(`${lane.direction} body: Envoy sent a part only`);
    const late = judge(state, lane);
    return late ?? release(lane, chunk, given.end_of_stream === true);
  }
  if (!lane.isHolding) return [bodyAnswer(lane, chunk, false)];
  lane.held.push(chunk);
  lane.heldBytes += chunk.length;
  if (lane.heldBytes > state.parts.heldBytesMax) return tooLarge(state, lane);
  return lane.mode === bodyModes.fullDuplex ? [] : [bodyMessage(lane, { clear_body: true })];
}

function tooLarge(state: State, lane: Lane): readonly object[] {
  state.notInspected.push(`${lane.direction} body: over ${state.parts.heldBytesMax} bytes`);
  if (lane.direction === "request")
    return block(state, { action: "deny", status: 413, location: "", ruleId: 0, because: "limit: request body" });
  const late = judge(state, lane);
  return late ?? release(lane, Buffer.alloc(0), false);
}

/** Judges once; messages when it is stopped, else undefined. */
function judge(state: State, lane: Lane): readonly object[] | undefined {
  if (lane.isJudged || state.inspection === undefined) return undefined;
  lane.isJudged = true;
  const stop = lane.direction === "request" ? state.inspection.endRequest() : state.inspection.endResponse();
  return stop === undefined ? undefined : block(state, stop);
}

/** Full duplex takes pieces of at most 64 KiB; the other modes take all in place of the last chunk. */
const pieceBytesMax = 64 * 1024;

function release(lane: Lane, last: Buffer, isEnd: boolean): readonly object[] {
  const wasHolding = lane.held.length > 0;
  const all = wasHolding ? Buffer.concat([...lane.held, last]) : last;
  lane.held = [];
  lane.isHolding = false;
  if (lane.mode !== bodyModes.fullDuplex) return [wasHolding ? bodyMessage(lane, { body: all }) : bodyMessage(lane)];
  const answers: object[] = [];
  for (let from = 0; from < all.length || from === 0; from += pieceBytesMax) {
    const piece = all.subarray(from, from + pieceBytesMax);
    answers.push(
      bodyMessage(lane, {
        streamed_response: { body: piece, end_of_stream: isEnd && from + pieceBytesMax >= all.length },
      }),
    );
  }
  return answers;
}

/** A chunk that goes on as it is. */
function bodyAnswer(lane: Lane, chunk: Buffer, isEnd: boolean): object {
  return lane.mode === bodyModes.fullDuplex
    ? bodyMessage(lane, { streamed_response: { body: chunk, end_of_stream: isEnd } })
    : bodyMessage(lane);
}

function bodyMessage(lane: Lane, mutation?: object): object {
  const response = mutation === undefined ? {} : { body_mutation: mutation };
  return { [`${lane.direction}_body`]: { response } };
}

function trailers(state: State, lane: Lane): readonly object[] {
  const late = judge(state, lane);
  if (late !== undefined) return late;
  const said = { [`${lane.direction}_trailers`]: {} };
  if (lane.held.length === 0) return [said];
  if (lane.mode === bodyModes.fullDuplex) return [...release(lane, Buffer.alloc(0), false), said];
  // The held body has no place any more; passing the request on without it would change it.
  state.notInspected.push(`${lane.direction} body: trailers after a body that was held`);
  return block(state, {
    action: "deny",
    status: 400,
    location: "",
    ruleId: 0,
    because: "limit: trailers after a held body",
  });
}

function block(state: State, stop: Stop): readonly object[] {
  const id = state.inspection?.id ?? "";
  const { code, headers, body: page } = blockAnswer(stop.status, id, state.head.headers, stop.location);
  finish(state, state.isSilent ? state.status : code);
  // "drop" has no counterpart in this interface: the client gets the answer instead.
  return [
    {
      immediate_response: {
        status: { code },
        headers: { set_headers: headers },
        body: page,
        details: `garrison_waf_${stop.ruleId}`,
      },
    },
  ];
}

function finish(state: State, status: number): void {
  if (state.isOver) return;
  state.isOver = true;
  state.request.held = [];
  state.response.held = [];
  const isOrdinary = (reason: string): boolean => reason === bodyNotSent || reason.endsWith("content coding");
  const told = state.notInspected.filter((reason) => !isOrdinary(reason));
  const counted = state.notInspected.filter(isOrdinary);
  state.inspection?.finish({ status, notInspected: told, counted });
}
