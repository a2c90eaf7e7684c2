// The sub-commands of `garrison baseline`, in the order in which help shows them. A new one is a file and a line here.
import type { CommandUnit } from "../command.ts";
import { baselineAccept } from "./accept.ts";
import { baselineDemote } from "./demote.ts";
import { baselineDiff } from "./diff.ts";
import { baselineExport } from "./export.ts";
import { baselineImport } from "./import.ts";
import { baselineLearn } from "./learn.ts";
import { baselineList } from "./list.ts";
import { baselinePromote } from "./promote.ts";
import { baselineShow } from "./show.ts";

export const baselineCommands = [
  baselineList,
  baselineShow,
  baselineLearn,
  baselinePromote,
  baselineDemote,
  baselineAccept,
  baselineDiff,
  baselineExport,
  baselineImport,
] as const satisfies readonly CommandUnit[];
