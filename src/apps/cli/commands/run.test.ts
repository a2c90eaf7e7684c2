// A log is read by others: the one-time token of the console's address goes to a person's terminal only.
import { equal } from "node:assert/strict";
import { test } from "node:test";
import { consoleLine } from "./run.ts";

test("the address with its token is shown at a terminal and nowhere else", () => {
  const url = "http://127.0.0.1:8686/#token=got_secret";
  equal(consoleLine(url, true), `console: ${url}`);
  equal(consoleLine(url, false), "console: http://127.0.0.1:8686 (sign in: garrison console)");
});
