import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../base/fault.ts";
import { createConnectionWords } from "./connection-words.ts";

const connected = { connected: true, cluster: "shop", node: "n1" } as const;
const yes = "agent    connected to door:8687 as shop/n1";

function lost(code: string, message = "no", hint?: string) {
  const fault = new Fault(message, { code, kind: "unavailable", ...(hint === undefined ? {} : { hint }) });
  return { connected: false, fault } as const;
}

function no(cause: string): string {
  return `agent    not connected to door:8687: ${cause}; it goes on trying`;
}

test("each cause is said once with what to do, on one line; being connected at first and again after a loss", () => {
  const said: string[] = [];
  const words = createConnectionWords("door:8687", (line) => said.push(line));
  assert.equal(words.first, "agent    connecting to door:8687 ...");
  const cases = [
    [lost("a/live", "node n1 has a live agent", "stop\nthe other"), [no("node n1 has a live agent (stop the other)")]],
    [lost("a/live", "node n1 has a live agent"), []],
    [lost("a/away"), [no("no")]],
    [connected, [yes]],
    [connected, []],
    [lost("a/away"), []],
    [connected, []],
    [lost("a/revoked", "revoked"), [no("revoked")]],
    [connected, [yes]],
  ] as const;
  words.begin();
  for (const [connection, expected] of cases) {
    words.take(connection);
    assert.deepEqual(said.splice(0), expected);
  }
});

test("what comes before the first line is out waits for it, in order", () => {
  const said: string[] = [];
  const words = createConnectionWords("door:8687", (line) => said.push(line));
  words.take(lost("a/away"));
  words.take(connected);
  assert.deepEqual(said, []);
  words.begin();
  assert.deepEqual(said, [no("no"), yes]);
});

test("a server that invents causes is cut short", () => {
  const said: string[] = [];
  const words = createConnectionWords("door:8687", (line) => said.push(line));
  words.begin();
  for (let i = 0; i < 100; i += 1) words.take(lost(`a/code-${i}`));
  assert.equal(said.length, 32);
});
