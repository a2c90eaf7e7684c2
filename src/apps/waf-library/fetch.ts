// Requests of the Fetch API (Hono, and servers like it). The body is read from a copy of its stream, so that the handler's stays whole.
import { pairsOf } from "./incoming.ts";
import { beginJudging, type HeaderPairs, type JudgedHead, type Judging } from "./judge.ts";
import type { LoadedWaf } from "./load.ts";
import type { WafDecision, WafFetchSource, WafLibraryEvent, WafLibraryLimits } from "./types.ts";

export interface FetchOrder {
  readonly request: Request;
  readonly source: WafFetchSource;
  readonly tell: (event: WafLibraryEvent) => void;
}

export async function judgeFetch(waf: LoadedWaf, { request, source, tell }: FetchOrder): Promise<WafDecision> {
  const judging = beginJudging(waf, headOf(request, source), tell);
  if (request.body !== null && judging.wantsBody) {
    if (request.bodyUsed) judging.skip("the body was read before the WAF saw the request");
    else await judgeBody(request, judging, waf.limits);
  }
  return judging.finish();
}

function headOf(request: Request, source: WafFetchSource): JudgedHead {
  const { clientAddress = "127.0.0.1", clientPort = 0, rawHeaders } = source;
  const url = new URL(request.url);
  const headers: HeaderPairs = rawHeaders === undefined ? [...request.headers] : pairsOf(rawHeaders);
  const hasHost = headers.some(([name]) => name.toLowerCase() === "host");
  return {
    method: request.method,
    target: `${url.pathname}${url.search}`,
    protocol: "HTTP/1.1",
    headers: hasHost ? headers : [["host", url.host], ...headers],
    clientAddress,
    clientPort,
    serverAddress: "127.0.0.1",
    serverPort: Number(url.port) || (url.protocol === "https:" ? 443 : 80),
  };
}

async function judgeBody(request: Request, judging: Judging, limits: WafLibraryLimits): Promise<void> {
  const reader = request.clone().body?.getReader();
  if (reader === undefined) return;
  const deadline = setTimeout(() => {
    judging.skip(`the body took longer than ${limits.bodyMsMax} ms`);
    judging.stop({ status: 408, because: "limit: request body time" });
    void reader.cancel();
  }, limits.bodyMsMax);
  try {
    let bytes = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      bytes += value.byteLength;
      if (judging.body(Buffer.from(value.buffer, value.byteOffset, value.byteLength))) break;
      if (bytes <= limits.bodyBytesMax) continue;
      judging.skip(`request body over ${limits.bodyBytesMax} bytes`);
      judging.stop({ status: 413, because: "limit: request body" });
      break;
    }
    void reader.cancel();
  } finally {
    clearTimeout(deadline);
  }
}
