// An analysis as it is sent: JSON, gzip or plain, bounded both ways, checked by its schema. Small ones are read at once, large ones in a worker with memory and time of its own.
import { gunzipSync } from "node:zlib";
import { Fault, type FaultKind } from "../../../base/fault.ts";
import { parseInput } from "../../../core/state/validate-input.ts";
import { ImageAnalysis } from "../../../model/image-analysis.ts";
import { imageLimits } from "../contract/images.ts";
import { parseJson, readBytes } from "../http/read-body.ts";
import { askWorker } from "../ask-worker.ts";
import { deskLimits } from "./limits.ts";

export type ReadMessage =
  | { readonly type: "done"; readonly analysis: ImageAnalysis }
  | {
      readonly type: "failed";
      readonly message: string;
      readonly code: string;
      readonly kind: FaultKind;
      readonly hint: string;
      readonly where: string;
    };

const bodyDepthMax = 64;
let reading = 0;

/** Throws Faults "server/body-too-large", "server/broken-json", "server/bad-input", "images/bad-body", "images/busy". */
export async function readAnalysis(request: Request): Promise<ImageAnalysis> {
  const bytes = await readBytes(request, imageLimits.submitBytesMax);
  if (!isGzip(bytes) && bytes.byteLength <= deskLimits.submitAtOnceBytesMax) return parseAnalysis(bytes);
  if (reading >= deskLimits.submitsReadMax)
    throw new Fault("other large analyses are being read", {
      code: "images/busy",
      kind: "unavailable",
      hint: "send it again in some seconds",
      retryAfterMs: 5000,
    });
  reading += 1;
  try {
    return await parseApart(bytes);
  } finally {
    reading -= 1;
  }
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Pure but for zlib. */
export function parseAnalysis(bytes: Uint8Array): ImageAnalysis {
  return parseInput(ImageAnalysis, parseJson(isGzip(bytes) ? inflated(bytes) : bytes, bodyDepthMax), {
    root: "",
    code: "server/bad-input",
  });
}

function inflated(bytes: Uint8Array): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: imageLimits.submitInflatedBytesMax });
  } catch (cause) {
    throw new Fault("the analysis cannot be inflated, or is too large inflated", {
      code: "images/bad-body",
      kind: "usage",
      hint: `at most ${imageLimits.submitInflatedBytesMax} bytes; send JSON, or gzip of it`,
      cause,
    });
  }
}

function parseApart(bytes: Uint8Array): Promise<ImageAnalysis> {
  return askWorker<ReadMessage, ImageAnalysis>({
    url: new URL("read-analysis.worker.ts", import.meta.url),
    data: bytes,
    oldSpaceMegabytesMax: deskLimits.scanOldSpaceMegabytesMax,
    signal: AbortSignal.timeout(deskLimits.submitReadMsMax),
    answerOf(message) {
      if (message.type === "done") return { answer: message.analysis };
      const { code, kind, hint, where } = message;
      throw new Fault(message.message, {
        code,
        kind,
        ...(hint === "" ? {} : { hint }),
        ...(where === "" ? {} : { where }),
      });
    },
    endedBecause: tooMuch,
  });
}

function tooMuch(cause: unknown): Fault {
  return new Fault("the analysis takes more memory or time than one may", {
    code: "images/bad-body",
    kind: "too-large",
    hint: `send fewer packages, at most ${deskLimits.submitReadMsMax / 1000} s of reading`,
    ...(cause === undefined ? {} : { cause }),
  });
}
