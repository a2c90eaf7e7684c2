import assert from "node:assert/strict";
import { test } from "node:test";
import { detectionFixture } from "./detection.fixture.ts";
import { ticketText } from "./detection-ticket.ts";

test("a ticket holds who, what, the evidence in order, the tree with the process marked, and the command", () => {
  assert.equal(
    ticketText(detectionFixture()),
    [
      "Critical: A shell obeys somebody (Detected)",
      "shop/frontend on local, node worker-1, pod frontend-1",
      "2 times, 2026-11-26T15:00:00.000Z to 2026-11-26T15:02:00.000Z",
      "standard input is a connection",
      "ATT&CK: T1059.004 Unix Shell",
      "",
      "Evidence",
      "  1. 2026-11-26T15:00:00.000Z connect to 192.0.2.77:4444",
      "  2. descriptor 0 becomes it",
      "",
      "Process tree",
      "  node 40 node server.js (running)",
      ">   sh 41 sh -i (running)",
      "",
      "npx garrison detections show 16rik-a1f00c41d3b2e001",
    ].join("\n"),
  );
});

test("a ticket never calls something killed without its receipt, and says what is missing", () => {
  const gaps = [{ reason: "ring-full" }] as unknown as ReturnType<typeof detectionFixture>["window"]["gaps"];
  const window = { ...detectionFixture().window, gaps };
  const text = ticketText(
    detectionFixture({ action: "killed" }, { tree: [], evidence: [], treeBecause: "too old", window }),
  );
  assert.match(text, /\(Killed, not proved\)/);
  assert.match(text, /none beside the message/);
  assert.match(text, /not known: too old/);
  assert.match(text, /Data is missing around this time/);
  assert.match(
    ticketText(detectionFixture({ action: "killed", receipt: "kernel: SIGKILL" })),
    /\(Killed\)\n[^]*Receipt: kernel: SIGKILL/,
  );
});

test("a command line of kilobytes is cut, and says so", () => {
  const found = detectionFixture();
  const [first] = found.tree;
  assert.ok(first !== undefined);
  const long = { ...first, process: { ...first.process, arguments: ["sh", "x".repeat(5000)] } };
  const text = ticketText({ ...found, tree: [long] });
  assert.ok(text.length < 1200);
  assert.match(text, /… \(5003 characters\)/);
});
