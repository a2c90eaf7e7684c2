// What one exchange holds while it lasts, and how it begins.
import type { ConnectionSource, Inspection } from "../inspect.ts";
import type { ExchangeParts } from "./exchange-parts.ts";
import { createHold, type Hold } from "./hold.ts";
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
  return {
    ...needs,
    parts,
    inspection,
    requestHold: createHold(parts.holds, parts.limits.heldBytesMax),
    answerHold: createHold(parts.holds, parts.limits.heldBytesMax),
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
