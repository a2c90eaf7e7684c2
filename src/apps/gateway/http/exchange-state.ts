// What one exchange holds while it lasts, and how it begins.
import type { ConnectionSource, Inspection } from "../inspect.ts";
import type { ExchangeParts } from "./exchange-parts.ts";
import { createHold, createLook, type Hold, type Look } from "./hold.ts";
import type { Answer, ClientEnd, IncomingRequest, Upstream, UpstreamEnd } from "./streams.ts";

export interface Exchange {
  readonly parts: ExchangeParts;
  readonly client: ClientEnd;
  readonly request: IncomingRequest;
  readonly source: ConnectionSource;
  readonly upstream: Upstream;
  readonly inspection: Inspection;
  readonly requestHold: Hold;
  readonly answerHold: Hold;
  /** Of a body that passes on while it is looked at. */
  readonly look: Look;
  readonly notInspected: string[];
  /** Ordinary and not told by itself. */
  readonly counted: string[];
  end: UpstreamEnd | undefined;
  /** Whether the request waits here for its verdict. */
  isHolding: boolean;
  isRequestJudged: boolean;
  isRequestWhole: boolean;
  /** The answer's head while its body is held. */
  heldAnswer: Answer | undefined;
  isAnswerJudged: boolean;
  isAnswered: boolean;
  isOver: boolean;
  isClientPaused: boolean;
  attempts: number;
  status: number;
}

export interface ExchangeNeeds {
  readonly client: ClientEnd;
  readonly request: IncomingRequest;
  readonly source: ConnectionSource;
  readonly upstream: Upstream;
}

export function createExchange(parts: ExchangeParts, needs: ExchangeNeeds, inspection: Inspection): Exchange {
  const { heldBytesMax, lookedBytesMax } = parts.limits;
  const owner = { address: needs.source.clientAddress, connection: needs.source };
  return {
    ...needs,
    parts,
    inspection,
    requestHold: createHold(parts.holds, heldBytesMax, owner),
    answerHold: createHold(parts.holds, heldBytesMax, owner),
    look: createLook(parts.looks, lookedBytesMax),
    notInspected: [],
    counted: [],
    end: undefined,
    isHolding: false,
    isRequestJudged: false,
    isRequestWhole: false,
    isAnswerJudged: false,
    isAnswered: false,
    isOver: false,
    isClientPaused: false,
    heldAnswer: undefined,
    attempts: 0,
    status: 0,
  };
}
