// ArcSight's Common Event Format, version 0: "CEF:0|vendor|product|version|signature|name|severity|key=value ...". What matters most comes first, so that a
// bounded message loses the rest. Keys are of the CEF dictionary; custom ones carry their label beside them.
import type { SecurityEvent } from "../../../model/security-event.ts";
import type { Outgoing } from "../sink.ts";

/** 0 to 10. */
export const cefSeverities = {
  critical: 10,
  high: 8,
  medium: 6,
  low: 3,
  info: 1,
} as const satisfies Record<SecurityEvent["severity"], number>;

const nameCharactersMax = 512;

/** In the header a bar and a backslash are escaped; a line break cannot be in it. */
export function escapeHeader(text: string): string {
  return plain(text)
    .replaceAll(/[\r\n]+/g, " ")
    .replaceAll(/[\\|]/g, String.raw`\$&`);
}

/** In a value the equals sign and the backslash are escaped, line breaks become \n and \r; a bar stays. */
export function escapeValue(text: string): string {
  return plain(text)
    .replaceAll(/[\\=]/g, String.raw`\$&`)
    .replaceAll("\n", String.raw`\n`)
    .replaceAll("\r", String.raw`\r`);
}

/** Other control characters would end or colour a line somewhere. Half a surrogate pair is no text. */
function plain(text: string): string {
  return text.toWellFormed().replaceAll(/(?![\n\r])[\p{Cc}\u2028\u2029]/gu, " ");
}

export interface Message {
  readonly text: string;
  /** Something was left out. */
  readonly isCut: boolean;
}

/** One line of at most `bytesMax` bytes; `version` is the program's. The header alone may be longer only when `bytesMax` is below some 1700. */
export function cefMessage({ event, uuid }: Outgoing, version: string, bytesMax = Number.POSITIVE_INFINITY): Message {
  const shown = (text: string) => escapeHeader(text.slice(0, headerShare(bytesMax)));
  const name = shown(event.title === "" ? event.rule : event.title);
  let text = `CEF:0|Garrison|Garrison|${escapeHeader(version)}|${shown(event.rule)}|${name}|${cefSeverities[event.severity]}|`;
  let left = bytesMax - Buffer.byteLength(text);
  let isCut = false;
  let separator = "";
  for (const [key, value, label] of extensionOf(event, uuid)) {
    if (value === "") continue;
    const head = `${separator}${key}=`;
    // A label without its value, or the other way round, says nothing: both or none.
    const tail = label === undefined ? "" : ` ${key}Label=${label}`;
    const [fitting, isWhole] = fit(value, left - head.length - tail.length);
    if (!isWhole) isCut = true;
    // Only free text may be cut.
    if (fitting === "" || (!isWhole && key !== "msg")) continue;
    text += `${head}${fitting}${tail}`;
    left -= head.length + Buffer.byteLength(fitting) + tail.length;
    separator = " ";
  }
  return { text, isCut };
}

function headerShare(bytesMax: number): number {
  return bytesMax === Number.POSITIVE_INFINITY
    ? nameCharactersMax
    : Math.min(nameCharactersMax, Math.floor(bytesMax / 8));
}

/** The escaped value as far as it fits, never ending within an escape or a character. */
function fit(value: string, bytesMax: number): readonly [string, boolean] {
  const whole = escapeValue(value);
  if (Buffer.byteLength(whole) <= bytesMax) return [whole, true];
  let text = "";
  let bytes = 0;
  for (const character of value) {
    const escaped = escapeValue(character);
    bytes += Buffer.byteLength(escaped);
    if (bytes > bytesMax) break;
    text += escaped;
  }
  return [text, false];
}

/** `label`, of keys that mean nothing by themselves, is plain ASCII without an equals sign. */
type Extension = readonly (readonly [key: string, value: string, label?: string])[];

function extensionOf(event: SecurityEvent, uuid: string): Extension {
  return [
    ["rt", String(Date.parse(event.time))],
    ["externalId", uuid],
    ["cat", event.source],
    ["act", event.action],
    ["dvchost", event.node],
    ["sproc", event.process],
    ["spid", event.pid === 0 ? "" : String(event.pid)],
    ["filePath", event.executable],
    ["cnt", event.count > 1 ? String(event.count) : ""],
    ["cs1", event.namespace, "namespace"],
    ["cs2", event.workload, "workload"],
    ["cs3", event.pod, "pod"],
    ["cs4", event.image, "image"],
    ["cs5", event.techniques.join(","), "technique"],
    ["cs6", event.cluster, "cluster"],
    ["msg", event.message === "" ? event.title : event.message],
    ["reason", event.receipt === "" ? event.policy : event.receipt],
    ["flexString1", event.tags.join(","), "tags"],
    ["flexString2", event.evidence.join("\n"), "evidence"],
  ];
}
