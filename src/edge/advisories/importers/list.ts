// The importers, in the order in which they are asked whether a document is theirs: those with marks of their own first.
import { alpineSecdb } from "./alpine-secdb.ts";
import { csaf } from "./csaf.ts";
import { debianTracker } from "./debian-tracker.ts";
import { epss } from "./epss.ts";
import { exploited } from "./exploited.ts";
import type { Importer } from "./importer.ts";
import { nvd } from "./nvd.ts";
import { openVex } from "./openvex.ts";
import { osv } from "./osv.ts";

export const importers: readonly Importer[] = [epss, exploited, debianTracker, csaf, openVex, nvd, osv, alpineSecdb];
