// An event as one line of text in the format that a sink asks for.
import type { sinkFormats } from "../../../model/sink.ts";
import type { Outgoing } from "../sink.ts";
import { cefMessage, type Message } from "./cef.ts";
import { falcoAlert } from "./falco.ts";
import { jsonWithin } from "./json-within.ts";

/** Without a line break, at most `bytesMax` bytes where that is given. */
export function lineOf(
  outgoing: Outgoing,
  format: (typeof sinkFormats)[number],
  { version, bytesMax = Number.POSITIVE_INFINITY }: { readonly version: string; readonly bytesMax?: number },
): Message {
  switch (format) {
    case "falco":
      return jsonWithin({ ...falcoAlert(outgoing) }, bytesMax);
    case "garrison":
      return jsonWithin({ uuid: outgoing.uuid, ...outgoing.event }, bytesMax);
    case "cef":
      return cefMessage(outgoing, version, bytesMax);
  }
}
