import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { z } from "zod";
import { Fault } from "../../base/fault.ts";
import { fieldsOf } from "./fields.ts";
import { loadConfig } from "./load.ts";

const schema = z.strictObject({
  data: z.string().default("here").describe("The data folder"),
  flow: z
    .strictObject({ windowSeconds: z.int().min(1).default(15), levels: z.array(z.string()).default([]) })
    .prefault({}),
  sensor: z
    .strictObject({ fidelity: z.enum(["auto", "kernel"]).default("auto"), isOn: z.boolean().default(true) })
    .prefault({}),
});

async function fileWith(t: TestContext, text: string): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "garrison-config-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = path.join(folder, "garrison.yaml");
  await writeFile(file, text);
  return file;
}

test("derives flag and variable names from the path", () => {
  const field = fieldsOf(schema).find(({ key }) => key === "flow.windowSeconds");

  assert.equal(field?.flag, "--flow-window-seconds");
  assert.equal(field?.variable, "GARRISON_FLOW_WINDOW_SECONDS");
  assert.equal(field?.default, 15);
  assert.equal(fieldsOf(schema)[0]?.description, "The data folder");
});

test("defaults < file < environment < flags", async (t) => {
  const file = await fileWith(t, "data: from-file\nflow:\n  windowSeconds: 20\n  levels: [a, b]\n");
  const { config, origins } = await loadConfig(schema, {
    file,
    environment: { GARRISON_FLOW_WINDOW_SECONDS: "30", GARRISON_SENSOR_IS_ON: "false" },
    flags: { "sensor.fidelity": "kernel" },
  });

  assert.deepEqual(config, {
    data: "from-file",
    flow: { windowSeconds: 30, levels: ["a", "b"] },
    sensor: { fidelity: "kernel", isOn: false },
  });
  assert.equal(origins.get("flow.windowSeconds"), "environment");
  assert.equal(origins.get("sensor.fidelity"), "flag");
});

test("refuses what is wrong, naming the source, the key and the fix", async (t) => {
  const cases = [
    ["flow:\n  windowSecond: 3\n", {}, /unknown key "flow.windowSecond", did you mean "flow.windowSeconds"/],
    ["flow:\n  windowSeconds: 0\n", {}, /flow.windowSeconds: .*garrison.yaml/],
    ["flow: [\n", {}, /garrison.yaml:\d+: /],
    ["- a\n", {}, /at the top level/],
    ["", { GARRISON_FLOW_WINDOW_SECONDS: "soon" }, /GARRISON_FLOW_WINDOW_SECONDS: expected a number, got "soon"/],
    ["", { GARRISON_SENSOR_IS_ON: "perhaps" }, /expected true or false/],
    ["", { GARRISON_SENSOR_FIDELITY: "best" }, /sensor.fidelity: .*GARRISON_SENSOR_FIDELITY/],
  ] as const;
  for (const [text, environment, expected] of cases) {
    const file = await fileWith(t, text);
    await assert.rejects(loadConfig(schema, { file, environment, flags: {} }), (fault: unknown) => {
      assert.ok(fault instanceof Fault);
      assert.equal(fault.kind, "usage");
      assert.match(fault.message, expected);
      assert.match(fault.hint ?? "", /garrison config explain/);
      return true;
    });
  }
});

test("a default for a setting without one gives way to every source; hints name the app", async (t) => {
  const open = z.strictObject({ data: z.string().min(1), size: z.int().default(1) });
  const defaults = { data: "default" };
  const file = await fileWith(t, "data: from-file\n");
  const cases = [
    [{ environment: {}, flags: {} }, "default", "default"],
    [{ file, environment: {}, flags: {} }, "from-file", "file"],
    [{ file, environment: { GARRISON_DATA: "e" }, flags: {} }, "e", "environment"],
    [{ file, environment: { GARRISON_DATA: "e" }, flags: { data: "f" } }, "f", "flag"],
  ] as const;
  for (const [sources, expected, origin] of cases) {
    const { config, origins } = await loadConfig(open, { ...sources, defaults });
    assert.deepEqual([config.data, origins.get("data")], [expected, origin]);
  }
  const wrong = [
    [{ flags: {} }, "`garrison config explain --app agent data` says what it takes"],
    [{ flags: { data: "d", size: "much" } }, "`garrison config explain --app agent size` says what it takes"],
    [{ flags: {}, file: await fileWith(t, "sise: 3\n") }, "`garrison config explain --app agent` lists every key"],
    [{ flags: {}, file: await fileWith(t, "- a\n") }, "`garrison config explain --app agent` lists every key"],
  ] as const;
  for (const [sources, hint] of wrong) {
    await assert.rejects(loadConfig(open, { environment: {}, ...sources, app: "agent" }), (fault: unknown) => {
      assert.ok(fault instanceof Fault);
      assert.equal((fault.hint ?? "").slice(0, hint.length), hint);
      return true;
    });
  }
});
