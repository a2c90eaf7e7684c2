// The sub-commands of garrison db, in the order in which help shows them.
import type { CommandUnit } from "../command.ts";
import { dbBuild } from "./build.ts";
import { dbExport } from "./export.ts";
import { dbImport } from "./import.ts";
import { dbKeygen } from "./keygen.ts";
import { dbStatus } from "./status.ts";
import { dbUpdate } from "./update.ts";

export const dbCommands = [
  dbBuild,
  dbUpdate,
  dbStatus,
  dbExport,
  dbImport,
  dbKeygen,
] as const satisfies readonly CommandUnit[];
