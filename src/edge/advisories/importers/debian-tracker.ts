// Debian's security tracker, data/json: by source package, vulnerability and release. Every status of it, so that silence means "not affected".
import type { AdvisoryRecord, AdvisoryStatus } from "../../../core/vuln/advisory.ts";
import { debianEcosystem } from "../ecosystems.ts";
import { cutTo, isObject, nameOf, objectOf, refuse, textOf, type JsonObject } from "../read/json-values.ts";
import { jsonMembers } from "../read/stream-json.ts";
import { factRanks, type Importer, type ImportSink } from "./importer.ts";
import { factsWith, recordWith, until } from "./record.ts";
import { severityOf } from "./severity.ts";

const feed = "debian-tracker";

export const debianTracker: Importer = {
  name: "debian-tracker",
  about: "Debian's security tracker (data/json)",
  recognises: ({ text }) =>
    /^\s*\{\s*"[^"]+"\s*:\s*\{\s*"(?:CVE|TEMP)-[^"]+"\s*:\s*\{/.test(text) && /"releases"\s*:/.test(text),
  read: async (document, sink) => {
    if (document.fileAt !== "") sink.dated(feed, document.fileAt);
    for await (const { path, text } of jsonMembers(document.bytes, 1)) {
      const source = path[0] ?? "";
      try {
        if (text === undefined) throw refuse("it is larger than any record of the tracker");
        const ids: unknown = JSON.parse(text);
        if (!isObject(ids)) throw refuse("it is not an object");
        for (const [id, value] of Object.entries(ids)) takeOne(sink, source, id, value);
      } catch (thrown) {
        sink.refused(feed, source.slice(0, 128), (thrown as Error).message);
      }
    }
  },
};

function takeOne(sink: ImportSink, source: string, id: string, value: unknown): void {
  try {
    if (!isObject(value)) throw refuse("it is not an object");
    const name = nameOf(source, "source package");
    nameOf(id, "id", 64);
    const releases = Object.entries(objectOf(value["releases"]));
    for (const [codename, entry] of releases) {
      const ecosystem = debianEcosystem(codename);
      if (ecosystem === undefined) sink.leftOut(feed, `unknown release ${cutTo(codename, 32)}`);
      else if (isObject(entry)) takeRelease(sink, { id, ecosystem, name }, entry);
      else throw refuse(`its ${codename} is not an object`);
    }
    const description = cutTo(textOf(value["description"]), 4096);
    if (description !== "") sink.facts(factsWith({ id, description }), factRanks.distribution);
  } catch (thrown) {
    sink.refused(feed, `${id} of ${source}`.slice(0, 200), (thrown as Error).message);
  }
}

function takeRelease(
  sink: ImportSink,
  key: Pick<AdvisoryRecord, "id" | "ecosystem" | "name">,
  entry: JsonObject,
): void {
  const urgency = textOf(entry["urgency"]);
  const severity = severityOf(urgency);
  const fixed = textOf(entry["fixed_version"]);
  const status = textOf(entry["status"]);
  const base = { ...key, feed, severity };
  if (status === "resolved") {
    if (fixed === "0")
      sink.record(recordWith({ ...base, status: "not-affected", statusReason: "never affected in this release" }));
    else if (fixed === "") sink.leftOut(feed, "resolved without a version");
    else
      sink.record(
        recordWith({ ...base, ranges: until(fixed), statusReason: urgency === "unimportant" ? urgency : "" }),
      );
    return;
  }
  if (status === "undetermined") {
    sink.record(
      recordWith({ ...base, ranges: until(""), status: "under-investigation", statusReason: "undetermined" }),
    );
    return;
  }
  if (status !== "open") throw refuse(`its status is "${cutTo(status, 32)}", which is not known`);
  // A version in another release's upload does not fix this one: "open" has no end here.
  sink.record(recordWith({ ...base, ranges: until(""), ...openStatus(entry, urgency) }));
}

function openStatus(
  entry: JsonObject,
  urgency: string,
): { readonly status: AdvisoryStatus; readonly statusReason: string } {
  const words = cutTo(textOf(entry["nodsa"]), 256);
  const reason = textOf(entry["nodsa_reason"]);
  const because = (word: string): string => (words === "" ? word : `${word}: ${words}`);
  if (urgency === "end-of-life" || reason === "end-of-life")
    return { status: "end-of-life", statusReason: because("end-of-life") };
  if (reason === "ignored") return { status: "will-not-fix", statusReason: because("ignored") };
  if (reason === "postponed") return { status: "postponed", statusReason: because("postponed") };
  if (words !== "" || entry["nodsa"] !== undefined) return { status: "affected", statusReason: because("no-dsa") };
  return { status: "affected", statusReason: urgency === "unimportant" ? "unimportant" : "" };
}
