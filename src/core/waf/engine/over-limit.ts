// What a limit of ours kept from rules: told at once. A blocking policy stops such a request as it does one that costs too much, for nobody knows what it holds.
import type { State } from "./state.ts";

/** `what`: "arguments after the first 1000". Rules go on with what is there. */
export function reachLimit(state: State, what: string): void {
  if (state.notInspected.includes(what)) return;
  state.notInspected.push(what);
  if (state.overLimit === "") state.overLimit = what;
}

/** Decides where a phase ends or begins: by then rules have said whether they let the request through. */
export function stopAtLimit(state: State): void {
  if (state.overLimit === "" || state.interruption !== undefined || state.budget.onExceeded === "pass") return;
  const isAllowed = state.allowed === "all" || (state.allowed === "request" && state.phase <= 2);
  if (isAllowed || state.engineMode === "off") return;
  state.interruption = {
    action: "deny",
    status: state.phase <= 2 ? 400 : 500,
    location: "",
    ruleId: 0,
    phase: state.phase,
    because: `limit: ${state.overLimit}`,
  };
}
