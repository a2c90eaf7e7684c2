// NVD's CVE 2.0 JSON (feeds, API pages, one file a CVE) and corrections in the form of nvd-data-overrides.
import {
  cutTo,
  instantOf,
  isObject,
  listOf,
  nameOf,
  objectOf,
  refuse,
  textOf,
  unique,
  numberOf,
  type JsonObject,
} from "../read/json-values.ts";
import { wholeJson, peek } from "../read/lines.ts";
import { jsonMembers } from "../read/stream-json.ts";
import { factRanks, type Importer, type ImportSink } from "./importer.ts";
import { cpeRecords } from "./nvd-configurations.ts";
import { factsWith } from "./record.ts";
import { severityOf } from "./severity.ts";

const feed = "nvd";
export const overridesFeed = "nvd-overrides";

export const nvd: Importer = {
  name: "nvd",
  about: "NVD's CVE 2.0 JSON, nvd-data-overrides",
  recognises: ({ text }) =>
    /"format"\s*:\s*"NVD_CVE"/.test(text) ||
    /"sourceIdentifier"\s*:/.test(text) ||
    (/"_annotations?"\s*:/.test(text) && /"(?:cve|cve_id)"\s*:/.test(text)),
  read: async (document, sink) => {
    const { head, bytes } = await peek(document.bytes, 4096);
    const start = Buffer.from(head).toString("utf8");
    if (/"(?:vulnerabilities|cve_items|resultsPerPage|format)"\s*:/.test(start)) {
      for await (const { path, text } of jsonMembers(bytes, 2)) {
        if (path.length === 1 && path[0] === "timestamp") date(sink, text ?? "");
        if (path.length === 2) takeText(sink, `${document.name}[${path[1]}]`, text);
      }
      return;
    }
    const whole = await wholeJson(bytes);
    if (isObject(whole) && (whole["_annotations"] ?? whole["_annotation"]) !== undefined)
      takeOverride(sink, document.name, whole);
    else take(sink, document.name, whole);
  },
};

function date(sink: ImportSink, text: string): void {
  const at = instantOf(text.replaceAll('"', ""), sink.nowMs);
  if (at !== "") sink.dated(feed, at);
}

function takeText(sink: ImportSink, which: string, text: string | undefined): void {
  if (text === undefined) return sink.refused(feed, which, "it is larger than any record of the feed");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return sink.refused(feed, which, "it is not JSON");
  }
  return take(sink, which, isObject(value) && value["cve"] !== undefined ? value["cve"] : value);
}

function take(sink: ImportSink, which: string, value: unknown): void {
  try {
    if (!isObject(value)) throw refuse("it is not an object");
    const id = nameOf(value["id"], "id", 64);
    const modifiedAt = instantOf(value["lastModified"], sink.nowMs);
    if (modifiedAt !== "") sink.dated(feed, modifiedAt);
    if (textOf(value["vulnStatus"]).toLowerCase() === "rejected") return sink.leftOut(feed, "rejected");
    const score = scoreOf(objectOf(value["metrics"]));
    sink.facts(
      factsWith({
        id,
        description: cutTo(englishOf(value["descriptions"]), 4096),
        references: unique(
          listOf(value["references"])
            .map((one) => textOf(objectOf(one)["url"]))
            .filter((url) => url !== "" && url.length <= 1024),
        ).slice(0, 20),
        cwes: cwesOf(value),
        publishedAt: instantOf(value["published"], sink.nowMs),
        modifiedAt,
        cvssScore: score.score,
        cvss: score.vector,
      }),
      factRanks.nvd,
    );
    const records = cpeRecords(value["configurations"], {
      id,
      feed,
      severity: severityOf(score.severity),
      cvss: score.vector,
    });
    for (const record of records) sink.record(record);
    if (records.length === 0) sink.leftOut(feed, "no software named");
    return undefined;
  } catch (thrown) {
    return sink.refused(feed, which, (thrown as Error).message);
  }
}

/** A correction: its configurations stand for those that NVD gives. */
function takeOverride(sink: ImportSink, which: string, value: JsonObject): void {
  try {
    const cve = objectOf(value["cve"]);
    const annotations = objectOf(value["_annotations"] ?? value["_annotation"]);
    const id = nameOf(textOf(cve["id"]) || textOf(annotations["cve_id"]), "id", 64);
    const changedAt = instantOf(annotations["modified"] ?? annotations["published"], sink.nowMs);
    if (changedAt !== "") sink.dated(overridesFeed, changedAt);
    const records = cpeRecords(cve["configurations"], { id, feed: overridesFeed, severity: "unknown", cvss: "" });
    sink.overridden(feed, id);
    for (const record of records) sink.record(record);
    if (records.length === 0) sink.leftOut(overridesFeed, "no software named");
  } catch (thrown) {
    sink.refused(overridesFeed, which, (thrown as Error).message);
  }
}

function englishOf(descriptions: unknown): string {
  const all = listOf(descriptions).map(objectOf);
  return textOf((all.find((one) => textOf(one["lang"]).startsWith("en")) ?? all[0])?.["value"]);
}

function cwesOf(value: JsonObject): readonly string[] {
  const all = listOf(value["weaknesses"]).flatMap((weakness) =>
    listOf(objectOf(weakness)["description"]).map((one) => textOf(objectOf(one)["value"])),
  );
  return unique(all.filter((one) => /^CWE-\d+$/.test(one))).slice(0, 32);
}

/** The newest version of CVSS; within it NVD's own ("Primary") before the CNA's. */
function scoreOf(metrics: JsonObject): { readonly score: number; readonly vector: string; readonly severity: string } {
  for (const key of ["cvssMetricV40", "cvssMetricV31", "cvssMetricV30", "cvssMetricV2"]) {
    const all = listOf(metrics[key]).map(objectOf);
    const best = all.find((one) => one["type"] === "Primary") ?? all[0];
    const data = objectOf(best?.["cvssData"]);
    const vector = textOf(data["vectorString"]);
    if (vector === "" || vector.length > 512) continue;
    const score = Math.min(10, Math.max(0, numberOf(data["baseScore"])));
    return { score, vector, severity: textOf(data["baseSeverity"]) || textOf(best?.["baseSeverity"]) };
  }
  return { score: 0, vector: "", severity: "" };
}
