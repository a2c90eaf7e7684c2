// secdb of Alpine and of those who took its form (Wolfi, Chainguard): by origin package and fixed version, the vulnerabilities that the version fixed.
import {
  cutTo,
  instantOf,
  isObject,
  listOf,
  nameOf,
  objectOf,
  refuse,
  textOf,
  type JsonObject,
} from "../read/json-values.ts";
import { wholeJson } from "../read/lines.ts";
import type { Importer, ImportSink } from "./importer.ts";
import { recordWith, until } from "./record.ts";

export const alpineSecdb: Importer = {
  name: "alpine-secdb",
  about: "secdb of Alpine, Wolfi, Chainguard (JSON)",
  recognises: ({ text }) =>
    /^\s*\{/.test(text) &&
    /"(?:secfixes|reponame|urlprefix|distroversion)"\s*:/.test(text) &&
    !/"releases"\s*:/.test(text.slice(0, 200)),
  read: async (document, sink) => {
    const whole = objectOf(await wholeJson(document.bytes));
    const { feed, ecosystem } = placeOf(whole);
    const at = instantOf(whole["last_update"], sink.nowMs) || document.fileAt;
    if (at !== "") sink.dated(feed, at);
    for (const [index, entry] of listOf(whole["packages"]).entries()) {
      const found = objectOf(isObject(entry) ? entry["pkg"] : undefined);
      const which = textOf(found["name"]).slice(0, 128) || `${document.name}[${index}]`;
      try {
        const name = nameOf(found["name"], "name");
        const fixes = found["secfixes"];
        if (!isObject(fixes)) throw refuse("it has no secfixes");
        for (const [version, ids] of Object.entries(fixes)) takeFix(sink, { feed, ecosystem, name }, version, ids);
      } catch (thrown) {
        sink.refused(feed, which, (thrown as Error).message);
      }
    }
  },
};

function placeOf(whole: JsonObject): { readonly feed: string; readonly ecosystem: string } {
  const prefix = textOf(whole["urlprefix"]);
  if (prefix.includes("wolfi")) return { feed: "wolfi-secdb", ecosystem: "Wolfi" };
  if (prefix.includes("chainguard") || prefix.includes("cgr.dev"))
    return { feed: "chainguard-secdb", ecosystem: "Chainguard" };
  if (prefix.includes("minimal") || prefix.includes("minimos")) return { feed: "minimos-secdb", ecosystem: "MinimOS" };
  const release = textOf(whole["distroversion"]);
  if (!/^(?:v?\d+\.\d+|edge[\w-]*)$/.test(release))
    throw refuse(`its release is "${cutTo(release, 32)}", which is not known`);
  return { feed: "alpine-secdb", ecosystem: `Alpine:${/^\d/.test(release) ? `v${release}` : release}` };
}

/** Version "0": never affected. An entry may hold several ids and remarks: "CVE-2019-1 CVE-2019-2 XSA-3 (+ regression)". */
function takeFix(
  sink: ImportSink,
  place: { readonly feed: string; readonly ecosystem: string; readonly name: string },
  version: string,
  ids: unknown,
): void {
  if (ids === null) return;
  if (!Array.isArray(ids)) throw refuse(`the ids of ${cutTo(version, 64)} are not a list`);
  if (version === "" || version.length > 256) throw refuse("a version is empty or too long");
  const isNever = version === "0";
  for (const entry of ids) {
    const found = idsOf(textOf(entry));
    if (found.length === 0)
      sink.refused(place.feed, `${place.name} ${version}`, `no id in "${cutTo(textOf(entry), 64)}"`);
    const cves = found.filter((id) => id.startsWith("CVE-"));
    const others = found.filter((id) => !id.startsWith("CVE-"));
    for (const id of cves.length > 0 ? cves : others.slice(0, 1)) {
      const isOne = cves.length <= 1;
      const aliases = isOne ? others.filter((other) => other !== id) : [];
      sink.record(
        recordWith({
          ...place,
          id,
          aliases,
          ...(isNever
            ? { status: "not-affected" as const, statusReason: "never affected" }
            : { ranges: until(version) }),
        }),
      );
    }
  }
}

/** CVEs also as they are mistyped ("CVE_2019-2426", "CVE-2019-2426?"). */
function idsOf(text: string): readonly string[] {
  const words = text.slice(0, 4096).replaceAll(/CVE[_ ](?=\d{4})/g, "CVE-");
  const ids =
    words.match(/CVE-\d{4}-\d{4,19}|GHSA(?:-[a-z0-9]{4}){3}|CGA(?:-[a-z0-9]{4}){3}|[A-Z]{2,12}-\d[\w.-]{0,40}/g) ?? [];
  return [...new Set(ids)];
}
