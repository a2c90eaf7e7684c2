// A folder of the host under a strange name in a container: what lies in it on the host decides, not what it is called inside.
import { ok } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openRuncWorkshop, runAndStay, runcMissing, type RuncWorkshop } from "../support/runc-container.ts";
import { skipUnless } from "../support/skip.ts";
import { openDetectingNode, type DetectingNode } from "./detecting-node.ts";

const rule = "Container opens sensitive files of a mounted host";
const missing = runcMissing();
let workshop: RuncWorkshop;
let node: DetectingNode;
let noRules = "";

before(async () => {
  if (missing !== "") return;
  workshop = openRuncWorkshop();
  noRules = mkdtempSync(join(tmpdir(), "garrison-no-rules-"));
  node = await openDetectingNode(workshop.cgroupPath, noRules);
});

after(async () => {
  await node?.close();
  workshop?.close();
  if (noRules !== "") rmSync(noRules, { recursive: true });
});

async function detectedIn(script: string): Promise<readonly string[]> {
  const mounts = [{ destination: "/srv/strange", source: "/etc", options: ["bind", "ro"] }];
  let rules: readonly string[] = [];
  // Somebody of the container lives while its mounts are looked at.
  await runAndStay(workshop, script, {
    isPrivileged: false,
    mounts,
    look: async (id) => {
      await node.caughtUp();
      rules = node.rows.filter(({ containerId }) => containerId === id).map((row) => row.rule);
    },
  });
  return rules;
}

test("the host's shadow file is told under any name, another file of the host and the image's own are not", async (context) => {
  if (!skipUnless(context, missing === "", missing)) return;
  const told = await detectedIn(": < /srv/strange/shadow");
  ok(told.includes(rule), told.join(", "));
  const quiet = await detectedIn(": < /srv/strange/hostname; : < /etc/passwd");
  ok(!quiet.includes(rule), quiet.join(", "));
});
