// The sub-commands of `garrison sink`, in the order in which help shows them. A new one is a file and one line here.
import type { CommandUnit } from "../command.ts";
import { sinkDeadLetters } from "./dead-letters.ts";
import { sinkDiscard } from "./discard.ts";
import { sinkReplay } from "./replay.ts";
import { sinkStates } from "./states.ts";
import { sinkTest } from "./test.ts";

export const sinkCommands: readonly CommandUnit[] = [sinkStates, sinkTest, sinkDeadLetters, sinkReplay, sinkDiscard];
