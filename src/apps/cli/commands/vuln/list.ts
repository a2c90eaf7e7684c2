// The sub-commands of garrison vuln, in the order in which help shows them.
import type { CommandUnit } from "../command.ts";
import { vulnExplain } from "./explain.ts";
import { vulnWhere } from "./where.ts";

export const vulnCommands = [vulnExplain, vulnWhere] as const satisfies readonly CommandUnit[];
