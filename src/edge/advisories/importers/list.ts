// The importers, in the order in which they are asked whether a document is theirs: those with marks of their own first.
import { epss } from "./epss.ts";
import { exploited } from "./exploited.ts";
import type { Importer } from "./importer.ts";
import { osv } from "./osv.ts";

export const importers: readonly Importer[] = [epss, exploited, osv];
