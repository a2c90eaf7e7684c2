// The guard's cost in instructions, nearly the same in each run: a gate, not a timing. Of Node's own open and spawn, so the share of the kernel's work is larger.
import assert from "node:assert/strict";
import { test } from "node:test";
import { skipUnless } from "../support/skip.ts";
import { qemuMissing, runGuest } from "../support/qemu.ts";

/** What an open may cost more where no policy selects the process, and where one does: shares of an open and close. Measured: 3 to 4 and 6 to 9 of a hundred. */
const gates = { openOutOfScope: 0.08, openInScope: 0.14 } as const;

test("what the guard costs: little where no policy is, and nothing when it is gone", async (context) => {
  const missing = qemuMissing();
  if (!skipUnless(context, missing === "", missing)) return;
  const files = ["bpf/objects/guard.bpf.o", "bpf/objects/lsm.bpf.o"];
  const run = await runGuest({
    program: "test/qemu/overhead.guest.ts",
    files,
    countsInstructions: true,
    secondsMax: 420,
  });
  const figure = (name: string): number => run.figures.get(name) ?? Number.NaN;
  for (const [name, value] of run.figures) context.diagnostic(`${name}: ${value} instructions`);
  for (const [name, result] of run.checks) assert.equal(result, "ok", `${name}: ${result}\n${run.output}`);
  const more = (name: string): number => figure(`${name} open`) / figure("nothing open") - 1;
  assert.ok(more("out of scope") <= gates.openOutOfScope, `out of scope ${more("out of scope")}`);
  assert.ok(more("in scope") <= gates.openInScope, `in scope ${more("in scope")}`);
});
