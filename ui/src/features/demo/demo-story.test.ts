import assert from "node:assert/strict";
import { test } from "node:test";
import { demoFailures, DemoStory } from "../../../../src/model/demo-story.ts";
import { failures, storyOf, storyText } from "./demo-story.ts";

test("every failure of the model has words", () => {
  assert.deepEqual(failures.map(({ id }) => id).toSorted(), [...demoFailures].toSorted());
});

test("a resource is read, whatever stands in it, and what is written is a story", () => {
  assert.deepEqual(storyOf(undefined), { attack: false, failure: "none" });
  assert.deepEqual(storyOf({ attack: "yes", failure: "flood" }), { attack: false, failure: "none" });
  const story = storyOf({ attack: true, failure: "slow-payments" });
  assert.ok(DemoStory.safeParse(story).success);
  assert.equal(storyText(story), "attack, slow payments");
  assert.equal(storyText({ attack: false, failure: "none" }), "all calm");
});
