// The sub-commands of `garrison policy`, in the order in which help shows them. A new one is a file and one line here.
import type { CommandUnit } from "../command.ts";
import { policyApply } from "./apply.ts";
import { policyBreakGlass } from "./break-glass.ts";
import { policyCompile } from "./compile.ts";
import { policyEvaluate } from "./evaluate.ts";
import { policyExplain } from "./explain.ts";
import { policyLint } from "./lint.ts";
import { policyProve } from "./prove.ts";
import { policyRecommend } from "./recommend.ts";
import { policyRollback } from "./rollback.ts";
import { policySimulate } from "./simulate.ts";
import { policyStatus } from "./status.ts";
import { policyVerify } from "./verify.ts";

export const policyCommands: readonly CommandUnit[] = [
  policyLint,
  policyEvaluate,
  policyExplain,
  policySimulate,
  policyRecommend,
  policyProve,
  policyVerify,
  policyCompile,
  policyApply,
  policyStatus,
  policyRollback,
  policyBreakGlass,
];
