// What one transaction may cost: time, read now and then, and bytes looked at. Over it, rules stop and the policy says what becomes of the request.
import type { WafBudget } from "./engine.ts";
import type { State } from "./state.ts";

export const budgetLimits = {
  /** The clock is read after so many rules or values. */
  stepsPerLook: 16,
  /** Each so many bytes count as a step more. */
  bytesPerStep: 1024,
} as const;

export const defaultBudget: WafBudget = { usMax: 200_000, bytesMax: 64 * 1024 * 1024, onExceeded: "block" };

/** A rule was asked. */
export function chargeTime(state: State): void {
  state.budgetSteps++;
  if (state.budgetSteps >= budgetLimits.stepsPerLook) lookAtClock(state);
}

/** A value, or what a transformation made of it, is about to be judged. */
export function chargeBytes(state: State, bytes: number): void {
  state.budgetBytes += bytes;
  state.budgetSteps += 1 + bytes / budgetLimits.bytesPerStep;
  if (state.budgetBytes > state.budget.bytesMax) exceed(state, "budget: bytes");
  else if (state.budgetSteps >= budgetLimits.stepsPerLook) lookAtClock(state);
}

/** A pattern or transformation over so many bytes is about to run. */
export function chargeWork(state: State, bytes: number): void {
  state.budgetSteps += bytes / budgetLimits.bytesPerStep;
  if (state.budgetSteps >= budgetLimits.stepsPerLook) lookAtClock(state);
}

function lookAtClock(state: State): void {
  state.budgetSteps = 0;
  const now = state.clocks.nowUs();
  if (state.spentUs + (now - state.enteredUs) > state.budget.usMax) exceed(state, "budget: time");
}

function exceed(state: State, because: string): void {
  if (state.isOverBudget) return;
  state.isOverBudget = true;
  state.notInspected.push(`${because} used up in phase ${state.phase}`);
  if (state.interruption !== undefined || state.budget.onExceeded === "pass") return;
  state.interruption = { action: "deny", status: 503, location: "", ruleId: 0, phase: state.phase, because };
}
