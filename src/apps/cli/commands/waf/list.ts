// The sub-commands of `garrison waf`, in the order in which help shows them. A new one is a file and one line here.
import type { CommandUnit } from "../command.ts";
import { wafBench } from "./bench.ts";
import { wafExclude } from "./exclude.ts";
import { wafFtw } from "./ftw.ts";
import { wafLint } from "./lint.ts";
import { wafRules } from "./rules.ts";
import { wafServe } from "./serve.ts";
import { wafTest } from "./test.ts";

export const wafCommands: readonly CommandUnit[] = [wafTest, wafExclude, wafLint, wafRules, wafFtw, wafBench, wafServe];
