// What loading a rule set leaves behind is many times what it keeps, and the runtime sees no reason to give it back soon. Asked for once after each load.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Of the calling thread only. Takes some tens of milliseconds: not for the way of a request. */
export function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as unknown;
  if (typeof collect === "function") collect();
}
