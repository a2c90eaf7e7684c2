// OSV: one document a file, one a line, or a JSON array of them. osv.dev, GitHub's advisory database, RustSec, PyPA, Go, AlmaLinux, Bitnami, ... all publish it.
import { Fault } from "../../../base/fault.ts";
import { isObject, textOf } from "../read/json-values.ts";
import { linesOf, peek, wholeJson } from "../read/lines.ts";
import { jsonMembers } from "../read/stream-json.ts";
import type { Importer, ImportSink } from "./importer.ts";
import { readOsv } from "./osv-record.ts";

export const osv: Importer = {
  name: "osv",
  about: "OSV documents (JSON, JSON lines, all.zip)",
  recognises: ({ text }) => {
    const start = text.trimStart();
    if (!start.startsWith("{") && !start.startsWith("[")) return false;
    // Where a document ends within the head, its first line or element is enough.
    return (
      /"id"\s*:\s*"/.test(start) &&
      /"(?:affected|modified|schema_version|withdrawn)"\s*:/.test(start) &&
      !/"(?:trackingID|tracking|vulnerabilities|statements|packages|@context|document)"\s*:/.test(head(start))
    );
  },
  read: async (document, sink) => {
    const { head: start, bytes } = await peek(document.bytes, 1 << 16);
    const text = Buffer.from(start).toString("utf8").trimStart();
    const taker = createTaker(sink);
    if (text.startsWith("[")) {
      for await (const member of jsonMembers(bytes, 1))
        taker.text(`${document.name}[${member.path[0] ?? ""}]`, member.text);
    } else if (isLines(text)) {
      for await (const line of linesOf(bytes)) taker.text(`${document.name}:${line.number}`, line.text);
    } else taker.value(document.name, await wholeJson(bytes));
    // A whole file of records without a date of change: the file's own is the better word on its age.
    if (document.fileAt !== "") for (const feed of taker.undated()) sink.dated(feed, document.fileAt);
  },
};

/** The top of the first document: its keys before the text grows long. */
function head(text: string): string {
  return text.slice(0, 400);
}

/** Whether the first line is a document of its own. A line longer than the head begins like one and has no end in sight: taken as lines, too. */
function isLines(text: string): boolean {
  const end = text.indexOf("\n");
  if (end < 0) return text.length > 60_000;
  try {
    return isObject(JSON.parse(text.slice(0, end)));
  } catch {
    // A broken first line is still a line when it looks like a whole one.
    return /^\{.{20,}\}\s*$/.test(text.slice(0, end));
  }
}

interface Taker {
  text(which: string, text: string | undefined): void;
  value(which: string, value: unknown): void;
  /** Feeds of which no record said when it was changed. */
  undated(): readonly string[];
}

function createTaker(sink: ImportSink): Taker {
  // What cannot be read names no feed: it is counted for the one whose records stand around it.
  let feed = "osv";
  const isDated = new Map<string, boolean>();
  const value = (which: string, given: unknown): void => {
    try {
      const read = readOsv(given, sink.nowMs);
      feed = read.feed;
      if (isDated.get(feed) !== true) isDated.set(feed, !read.isUndated);
      for (const record of read.records) sink.record(record);
      for (const { facts, rank } of read.facts) sink.facts(facts, rank);
      if (read.leftOut !== "") sink.leftOut(read.feed, read.leftOut);
      if (read.datedAt !== "") sink.dated(read.feed, read.datedAt);
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown;
      const id = isObject(given) ? textOf(given["id"]).slice(0, 64) : "";
      sink.refused(feed, id === "" ? which : `${id} (${which})`, thrown.message);
    }
  };
  return {
    value,
    undated: () => [...isDated].filter(([, is]) => !is).map(([name]) => name),
    text: (which, text) => {
      if (text === undefined) return sink.refused(feed, which, "it is larger than any record of a feed");
      let parsed: unknown;
      try {
        parsed = JSON.parse(text);
      } catch {
        return sink.refused(feed, which, "it is not JSON");
      }
      return value(which, parsed);
    },
  };
}
