// Every cataloguer, one line a unit. The pass dispatches files by their `wants`; the order here decides nothing.
import type { Cataloger } from "../cataloger.ts";

export const catalogers: readonly Cataloger[] = [];
