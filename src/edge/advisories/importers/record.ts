// A record with everything empty that an importer does not say.
import type { AdvisoryRecord } from "../../../core/vuln/advisory.ts";
import { advisoryName } from "../../../core/vuln/match/keys.ts";
import type { PlainFacts } from "../../../core/vuln/shard/facts-codec.ts";
import { schemeOf } from "../ecosystems.ts";

type Needed = Pick<AdvisoryRecord, "id" | "feed" | "ecosystem" | "name">;

/** The name is written as the ecosystem's advisories write it; the order is the ecosystem's. */
export function recordWith(given: Needed & Partial<AdvisoryRecord>): AdvisoryRecord {
  return {
    aliases: [],
    upstream: [],
    scheme: schemeOf(given.ecosystem),
    ranges: [],
    versions: [],
    status: "affected",
    statusReason: "",
    severity: "unknown",
    cvss: "",
    module: "",
    architectures: [],
    pocket: "",
    cpeTarget: "",
    ...given,
    name: advisoryName(given.ecosystem, given.name),
  };
}

export function factsWith(given: { readonly id: string } & Partial<PlainFacts>): PlainFacts {
  return {
    title: "",
    description: "",
    references: [],
    cwes: [],
    publishedAt: "",
    modifiedAt: "",
    cvssScore: 0,
    cvss: "",
    ...given,
  };
}

/** Everything up to before `fixed`; everything when it is "". */
export function until(fixed: string): AdvisoryRecord["ranges"] {
  return [{ introduced: "0", fixed, lastAffected: "" }];
}
