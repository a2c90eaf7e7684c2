// An API server's refusals as faults: the status says what to do next.
import { Fault } from "../../base/fault.ts";
import { readText } from "./body.ts";
import { type KubeLimits } from "./limits.ts";
import type { KubeAnswer } from "./transport.ts";

/** "kube/gone" (begin again), "kube/forbidden", "kube/absent", "kube/limited", "kube/refused" (a 4xx), "kube/failing" (a 5xx). */
export async function apiFault(answer: KubeAnswer, what: string, limits: KubeLimits): Promise<Fault> {
  let said = "";
  try {
    const text = await readText(answer, what, { bytesMax: limits.errorBytesMax, silentMs: limits.bodySilentMsMax });
    said = messageOf(text);
  } catch (thrown) {
    said = `its reason cannot be read (${(thrown as Error).message.slice(0, 100)})`;
  }
  return statusFault(answer.status, `${what}: ${said}`, retryAfterMs(answer, limits));
}

function messageOf(text: string): string {
  try {
    const { message } = JSON.parse(text) as { readonly message?: unknown };
    if (typeof message === "string") return message.slice(0, 300);
  } catch {
    // Not a Status object (a proxy's page, plain text): shown as it is.
  }
  return text.replaceAll(/\s+/g, " ").slice(0, 200);
}

function retryAfterMs(answer: KubeAnswer, limits: KubeLimits): number | undefined {
  const seconds = Number(answer.header("retry-after") || Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds * 1000, limits.retryAfterMsMax) : undefined;
}

/** The fault of a status, from an answer or from an ERROR event of a watch. */
export function statusFault(status: number, message: string, retryMs?: number): Fault {
  const wait = retryMs === undefined ? {} : { retryAfterMs: retryMs };
  if (status === 410) return new Fault(message, { code: "kube/gone", kind: "unavailable", ...wait });
  if (status === 401) return new Fault(message, { code: "kube/forbidden", kind: "unauthenticated", ...wait });
  if (status === 403) return new Fault(message, { code: "kube/forbidden", kind: "forbidden", ...wait });
  if (status === 404) return new Fault(message, { code: "kube/absent", kind: "not-found", ...wait });
  if (status === 429) return new Fault(message, { code: "kube/limited", kind: "limited", ...wait });
  const code = status >= 400 && status < 500 ? "kube/refused" : "kube/failing";
  return new Fault(`${message} (status ${status})`, { code, kind: "unavailable", ...wait });
}
