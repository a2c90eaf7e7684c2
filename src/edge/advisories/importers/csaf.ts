// CSAF VEX and advisories of distributions that ship rpm: Red Hat (one file a vulnerability) and SUSE. The product tree is read once, statuses become records.
import type { AdvisoryStatus, Severity } from "../../../core/vuln/advisory.ts";
import { compareVersions } from "../../../core/vuln/versions/compare.ts";
import {
  cutTo,
  instantOf,
  isObject,
  listOf,
  nameOf,
  objectOf,
  textOf,
  textsOf,
  unique,
  numberOf,
  type JsonObject,
} from "../read/json-values.ts";
import { wholeJson } from "../read/lines.ts";
import { productsOf, type CsafProduct } from "./csaf-products.ts";
import { factRanks, type Importer, type ImportSink } from "./importer.ts";
import { factsWith, recordWith, until } from "./record.ts";
import { severityOf } from "./severity.ts";

export const csaf: Importer = {
  name: "csaf",
  about: "CSAF VEX of Red Hat and SUSE (JSON)",
  recognises: ({ text }) =>
    /"csaf_version"\s*:/.test(text) || (/"document"\s*:/.test(text) && /"category"\s*:\s*"csaf_/.test(text)),
  read: async (document, sink) => {
    const whole = objectOf(await wholeJson(document.bytes));
    const head = objectOf(whole["document"]);
    const publisher = textOf(objectOf(head["publisher"])["name"]).toLowerCase();
    const feed = publisher.includes("suse")
      ? "suse-csaf"
      : publisher.includes("red hat") || publisher === ""
        ? "redhat-vex"
        : `csaf-${publisher.replaceAll(/[^a-z0-9]+/g, "-").slice(0, 40)}`;
    const tracking = objectOf(head["tracking"]);
    const at = instantOf(tracking["current_release_date"], sink.nowMs);
    if (at !== "") sink.dated(feed, at);
    const products = productsOf(objectOf(whole["product_tree"]));
    for (const [index, entry] of listOf(whole["vulnerabilities"]).entries()) {
      try {
        takeVulnerability(
          sink,
          { feed, products, severity: textOf(objectOf(head["aggregate_severity"])["text"]) },
          objectOf(entry),
          at,
        );
      } catch (thrown) {
        sink.refused(feed, `${document.name}[${index}]`, (thrown as Error).message);
      }
    }
  },
};

interface Frame {
  readonly feed: string;
  readonly products: ReadonlyMap<string, CsafProduct>;
  readonly severity: string;
}

interface Row {
  readonly product: CsafProduct;
  readonly status: AdvisoryStatus;
  readonly reason: string;
  readonly fixed: string;
  readonly architectures: Set<string>;
}

function takeVulnerability(sink: ImportSink, frame: Frame, entry: JsonObject, at: string): void {
  const id = nameOf(textOf(entry["cve"]) || textOf(objectOf(listOf(entry["ids"])[0])["text"]), "CVE", 128);
  const severity = impactOf(entry, frame.severity);
  const { vector, score } = scoreOf(entry);
  const rows = new Map<string, Row>();
  const words = wordsByProduct(entry);
  const status = objectOf(entry["product_status"]);
  for (const [key, kind] of kinds) {
    for (const productId of textsOf(status[key])) {
      const product = frame.products.get(productId);
      if (product === undefined) sink.leftOut(frame.feed, "a product that is no rpm of a release");
      else addRow(rows, product, kind, words.get(productId) ?? "");
    }
  }
  for (const { product, status: kind, reason, fixed, architectures } of rows.values()) {
    sink.record(
      recordWith({
        id,
        feed: frame.feed,
        ecosystem: product.ecosystem,
        name: product.name,
        status: kind,
        statusReason: cutTo(reason, 256),
        ranges: kind === "not-affected" ? [] : until(fixed),
        severity,
        cvss: vector,
        module: product.module,
        architectures: [...architectures].filter((one) => one !== "src" && one !== "").sort(),
      }),
    );
  }
  sink.facts(factsFor(entry, { id, vector, score, at }), factRanks.distribution);
}

const kinds: readonly (readonly [string, AdvisoryStatus])[] = [
  ["fixed", "affected"],
  ["first_fixed", "affected"],
  ["recommended", "affected"],
  ["known_affected", "affected"],
  ["first_affected", "affected"],
  ["last_affected", "affected"],
  ["known_not_affected", "not-affected"],
  ["under_investigation", "under-investigation"],
];

/** One row a package of a release: the first fix is the one that counts, and a fix overrules "affected". */
function addRow(rows: Map<string, Row>, product: CsafProduct, status: AdvisoryStatus, words: string): void {
  const isFix = status === "affected" && product.version !== "";
  const kind = isFix || status !== "affected" ? status : openStatus(words);
  const key = [product.ecosystem, product.name, product.module].join("\n");
  const known = rows.get(key);
  const row: Row = {
    product,
    status: kind,
    reason: isFix ? "" : words,
    fixed: isFix ? product.version : "",
    architectures: new Set([product.architecture]),
  };
  if (known === undefined) rows.set(key, row);
  else if (known.fixed !== "" && isFix) {
    const order = compareVersions("rpm", product.version, known.fixed) ?? 0;
    if (order === 0) known.architectures.add(product.architecture);
    else if (order < 0) rows.set(key, row);
  } else if (known.fixed === "" && isFix) rows.set(key, row);
  else if (known.status === kind) known.architectures.add(product.architecture);
}

/** What the vendor means to do, in its own words of remediation. */
function openStatus(words: string): AdvisoryStatus {
  if (/out of support scope|end of life/i.test(words)) return "end-of-life";
  if (/will not fix|no fix planned/i.test(words)) return "will-not-fix";
  return /deferred/i.test(words) ? "postponed" : "affected";
}

/** Remediations and flags by product: "Will not fix", "vulnerable_code_not_present". */
function wordsByProduct(entry: JsonObject): ReadonlyMap<string, string> {
  const words = new Map<string, string>();
  const add = (ids: unknown, text: string): void => {
    for (const id of textsOf(ids)) if (!words.has(id)) words.set(id, text);
  };
  for (const flag of listOf(entry["flags"]).filter(isObject)) add(flag["product_ids"], textOf(flag["label"]));
  for (const remediation of listOf(entry["remediations"]).filter(isObject)) {
    const category = textOf(remediation["category"]);
    if (category === "no_fix_planned")
      add(remediation["product_ids"], textOf(remediation["details"]) || "no fix planned");
    if (category === "none_available" || category === "fix_planned")
      add(remediation["product_ids"], textOf(remediation["details"]));
  }
  return words;
}

function impactOf(entry: JsonObject, fallback: string): Severity {
  const impact = listOf(entry["threats"])
    .map(objectOf)
    .find((threat) => threat["category"] === "impact");
  const severity = severityOf(textOf(impact?.["details"]));
  return severity === "unknown" ? severityOf(fallback) : severity;
}

function scoreOf(entry: JsonObject): { readonly vector: string; readonly score: number } {
  for (const score of listOf(entry["scores"]).map(objectOf)) {
    for (const key of ["cvss_v4", "cvss_v3", "cvss_v2"]) {
      const data = objectOf(score[key]);
      const vector = textOf(data["vectorString"]);
      if (vector !== "" && vector.length <= 512)
        return { vector, score: Math.min(10, Math.max(0, numberOf(data["baseScore"]))) };
    }
  }
  return { vector: "", score: 0 };
}

function factsFor(
  entry: JsonObject,
  {
    id,
    vector,
    score,
    at,
  }: { readonly id: string; readonly vector: string; readonly score: number; readonly at: string },
): ReturnType<typeof factsWith> {
  const notes = listOf(entry["notes"]).map(objectOf);
  const description = textOf(
    notes.find((note) => note["category"] === "description" || note["category"] === "summary")?.["text"],
  );
  const cwe = textOf(objectOf(entry["cwe"])["id"]);
  return factsWith({
    id,
    title: cutTo(textOf(entry["title"]), 512),
    description: cutTo(description, 4096),
    references: unique(
      listOf(entry["references"])
        .map((one) => textOf(objectOf(one)["url"]))
        .filter((url) => url !== "" && url.length <= 1024),
    ).slice(0, 20),
    cwes: cwe === "" ? [] : [cwe],
    publishedAt: instantOf(entry["release_date"] ?? entry["discovery_date"], Number.MAX_SAFE_INTEGER),
    modifiedAt: at,
    cvssScore: score,
    cvss: vector,
  });
}
