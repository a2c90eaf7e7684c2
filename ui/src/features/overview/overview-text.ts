// The sentence over the overview, and severities in order: never an all-clear while something was not looked at. Pure.
import type { Attention } from "../../../../src/model/graph.ts";

export type Severity = Attention["severity"];

export interface OverviewHeadline {
  readonly state: "ok" | "degraded" | "down";
  readonly text: string;
}

interface Looked {
  readonly attention: readonly Attention[];
  /** How many things could not be looked at. */
  readonly notLooked: number;
  /** The answer was ended early, or data of the window is missing. */
  readonly isPartial: boolean;
}

/** What stands first on the page. */
export function overviewHeadline({ attention, notLooked, isPartial }: Looked): OverviewHeadline {
  const urgent = attention.filter(({ severity }) => severity === "critical" || severity === "high").length;
  const count = attention.length;
  const hole = notLooked > 0 || isPartial;
  if (count > 0) {
    const things = count === 1 ? "1 thing needs you" : `${count} things need you`;
    const of = urgent === 0 ? "none of them urgent" : urgent === count ? "urgent" : `${urgent} of them urgent`;
    return { state: urgent > 0 ? "down" : "degraded", text: `${things}, ${of}` };
  }
  if (hole) return { state: "degraded", text: "Nothing was found that needs you, but not everything was looked at" };
  return { state: "ok", text: "Nothing needs you now" };
}

/** A share in per cent with one digit below ten: 0.4 %, 12 %; "none" for nothing. */
export function shareText(part: number, whole: number): string {
  if (part === 0) return "none";
  if (whole === 0) return String(part);
  const percent = (part / whole) * 100;
  if (percent < 0.1) return "< 0.1 %";
  return `${percent < 9.95 ? percent.toFixed(1) : Math.round(percent)} %`;
}

/** How often per second (or minute, when that is below one): "12/s", "3.1/s", "20/min". */
export function rateText(count: number, windowMs: number): string {
  if (windowMs <= 0) return "–";
  const perSecond = count / (windowMs / 1000);
  if (perSecond >= 1) return `${perSecond >= 9.95 ? Math.round(perSecond) : perSecond.toFixed(1)}/s`;
  const perMinute = perSecond * 60;
  return `${perMinute >= 9.95 || perMinute === 0 ? Math.round(perMinute) : perMinute.toFixed(1)}/min`;
}
