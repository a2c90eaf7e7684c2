// The demo's stories in words. Pure.
import type { demoFailures } from "../../../../src/model/demo-story.ts";

export type Failure = (typeof demoFailures)[number];

export interface Story {
  readonly attack: boolean;
  readonly failure: Failure;
}

const failureWords: Readonly<
  Record<Failure, { readonly title: string; readonly hint: string; readonly short: string }>
> = {
  none: { title: "None", hint: "All goes well.", short: "" },
  "slow-payments": {
    title: "Slow payments",
    hint: "The database behind payments loses packets: why is checkout slow?",
    short: "slow payments",
  },
  "crash-loop": {
    title: "Crash loop",
    hint: "A roll-out runs out of memory again and again.",
    short: "crash loop",
  },
};

const failureNames = Object.keys(failureWords) as readonly Failure[];

export const failures = failureNames.map((id) => ({ id, ...failureWords[id] }));

/** A resource's spec as a story; what is missing or not known is the calm one. */
export function storyOf(spec: Readonly<Record<string, unknown>> | undefined): Story {
  const failure = failureNames.find((name) => name === spec?.["failure"]) ?? "none";
  return { attack: spec?.["attack"] === true, failure };
}

/** "all calm", "attack, slow payments". */
export function storyText({ attack, failure }: Story): string {
  const parts = [attack ? "attack" : "", failureWords[failure].short].filter((part) => part !== "");
  return parts.length === 0 ? "all calm" : parts.join(", ");
}
