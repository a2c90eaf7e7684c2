// A blob as a stream that survives broken connections: what came is given on, the rest is asked for by Range. Its digest is for the reader to check; its length is checked here.
import { Fault } from "../../../base/fault.ts";
import { discard } from "./body.ts";
import type { Call, HostClient } from "./host-client.ts";
import { backoffMs, withRetries } from "./retry.ts";
import type { Answer } from "./transport.ts";

/** `sizeBytes` as the manifest says; 0: not known. Rejects when the blob cannot be opened; the stream throws Faults "registry/blob-length", "registry/broken-body". */
export async function openBlob(client: HostClient, call: Call, sizeBytes: number): Promise<AsyncIterable<Uint8Array>> {
  const first = await withRetries(client.retry, call.signal, () => client.once(call));
  return streamBlob(client, call, first, sizeBytes);
}

async function* streamBlob(
  client: HostClient,
  call: Call,
  first: Answer,
  sizeBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { limits } = client.transport;
  let received = 0;
  let answer = first;
  for (let resumes = 0, fruitless = 0; ; resumes++) {
    const before = received;
    let toSkip = answer.status === 206 ? 0 : received;
    try {
      for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
        const fresh = toSkip === 0 ? chunk : chunk.subarray(Math.min(toSkip, chunk.length));
        toSkip -= chunk.length - fresh.length;
        received += fresh.length;
        if (sizeBytes > 0 && received > sizeBytes)
          throw wrongLength(call, `more than the ${sizeBytes} bytes that its manifest names`);
        if (fresh.length > 0) yield fresh;
      }
      if (sizeBytes === 0 || received === sizeBytes) return;
      // A clean end too early: the other side's proxy was cut off.
    } catch (thrown) {
      if (call.signal.aborted || thrown instanceof Fault) throw abortFault(call, thrown);
    } finally {
      answer.body.destroy();
    }
    fruitless = received - before >= limits.slowBytesMin ? 0 : fruitless + 1;
    if (fruitless > limits.resumesWithoutProgressMax || resumes >= limits.resumesMax) {
      throw new Fault(
        `${call.what}: ${client.registry} broke off after ${received} of ${sizeBytes} bytes, again and again`,
        {
          code: "registry/broken-body",
          kind: "unavailable",
        },
      );
    }
    await client.retry.sleep(backoffMs(client.retry, fruitless + 1), call.signal);
    answer = await resume(client, call, received);
  }
}

/** From `received` on; a server that does not know ranges begins anew, and what is known is skipped. */
async function resume(client: HostClient, call: Call, received: number): Promise<Answer> {
  const headers = { ...call.headers, ...(received > 0 ? { range: `bytes=${received}-` } : {}) };
  const answer = await withRetries(client.retry, call.signal, () => client.once({ ...call, headers }));
  if (answer.status !== 206) return answer;
  const start = /^bytes (\d+)-/.exec(answer.header("content-range"))?.[1];
  if (Number(start) === received) return answer;
  discard(answer);
  throw wrongLength(call, "another part of it than was asked for");
}

function wrongLength(call: Call, because: string): Fault {
  return new Fault(`${call.what}: the registry sent ${because}`, { code: "registry/blob-length", kind: "unavailable" });
}

/** The deadline is a Fault, a caller who lost interest gets back his own reason. */
export function abortFault(call: Call, thrown: unknown): unknown {
  const reason: unknown = call.signal.aborted ? call.signal.reason : thrown;
  const isTime = reason instanceof Error && reason.name === "TimeoutError";
  if (!isTime) return reason;
  return new Fault(`${call.what}: it did not come in time`, {
    code: "registry/timeout",
    kind: "unavailable",
    cause: reason,
  });
}
