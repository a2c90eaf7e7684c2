// The checks, in the order in which they are explained. A new one is a file and one line here.
import type { LintCheck } from "./check.ts";
import { contradictory } from "./contradictory.ts";
import { deprecated } from "./deprecated.ts";
import { dnsMissing } from "./dns-missing.ts";
import { emptySelector } from "./empty-selector.ts";
import { emptyTier } from "./empty-tier.ts";
import { neverMatches } from "./never-matches.ts";
import { overBroad } from "./over-broad.ts";
import { portUnnamed } from "./port-unnamed.ts";
import { reservedLabels } from "./reserved-labels.ts";
import { selectsNothing } from "./selects-nothing.ts";
import { peerSelectsNothing } from "./peer-selects-nothing.ts";
import { shadowed } from "./shadowed.ts";
import { stagedLeftover } from "./staged-leftover.ts";
import { ties } from "./ties.ts";
import { unusedNetworkSet } from "./unused-network-set.ts";

export const checks = [
  shadowed,
  contradictory,
  neverMatches,
  selectsNothing,
  peerSelectsNothing,
  portUnnamed,
  overBroad,
  emptySelector,
  dnsMissing,
  ties,
  emptyTier,
  stagedLeftover,
  unusedNetworkSet,
  reservedLabels,
  deprecated,
] as const satisfies readonly LintCheck[];
