import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { fieldsOf } from "../../edge/config/fields.ts";
import { parseFlags } from "./flags.ts";

const fields = fieldsOf(
  z.strictObject({
    console: z.strictObject({ port: z.int().default(1), open: z.boolean().default(true) }),
    data: z.string(),
  }),
);

test("reads values, attached values, booleans and the file", () => {
  assert.deepEqual(parseFlags(fields, ["--console-port", "9", "--data=x=y", "--no-console-open", "--config", "f"]), {
    flags: { "console.port": "9", data: "x=y", "console.open": false },
    file: "f",
  });
  assert.deepEqual(parseFlags(fields, ["--console-open", "false", "--console-port=2"]).flags, {
    "console.open": false,
    "console.port": "2",
  });
  assert.deepEqual(parseFlags(fields, ["--console-open", "--data", "d"]).flags, { "console.open": true, data: "d" });
});

test("refuses what it does not know, with the nearest flag", () => {
  const cases = [
    [["--console-prot", "1"], /unknown flag --console-prot, did you mean --console-port/],
    [["--data"], /--data needs a value/],
    [["stray"], /unexpected "stray"/],
    [["--no-data"], /unknown flag --no-data/],
    [["--config"], /--config needs a file/],
  ] as const;
  for (const [given, expected] of cases) assert.throws(() => parseFlags(fields, given), expected);
  assert.throws(() => parseFlags(fields, ["--x"]), { hint: "`garrison config explain` lists every flag" });
  assert.throws(() => parseFlags(fields, ["--x"], "agent"), {
    hint: "`garrison config explain --app agent` lists every flag",
  });
});
