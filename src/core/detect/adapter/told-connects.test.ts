// Connects that were told are known until the process runs another program, or too many others came.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createToldConnects, toldConnectsMax } from "./told-connects.ts";

const of = (pid: number) => ({ process: { pid, startMs: 1 } });

test("an end is told once by process, and anew after another program", () => {
  const told = createToldConnects();
  told.note(of(1), "192.0.2.1", 443);
  assert.equal(told.wasTold(of(1), "192.0.2.1", 443), true);
  assert.equal(told.wasTold(of(1), "192.0.2.1", 80), false);
  assert.equal(told.wasTold(of(1), "192.0.2.1", 80), true);
  assert.equal(told.wasTold(of(2), "192.0.2.1", 443), false);
  told.forget(of(1));
  assert.equal(told.wasTold(of(1), "192.0.2.1", 443), false);
});

test("what is longest unused falls out", () => {
  const told = createToldConnects();
  told.note(of(1), "192.0.2.1", 1);
  for (let pid = 2; pid <= toldConnectsMax; pid += 1) told.note(of(pid), "192.0.2.1", 1);
  assert.equal(told.wasTold(of(1), "192.0.2.1", 1), true);
  told.note(of(0), "192.0.2.1", 1);
  assert.equal(told.wasTold(of(1), "192.0.2.1", 1), true);
  assert.equal(told.wasTold(of(2), "192.0.2.1", 1), false);
});
