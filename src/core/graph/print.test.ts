import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { counts, end, flowSums, outside } from "../../../test/support/graph-sums.ts";
import { dotOf, mermaidOf } from "./print.ts";
import { noInventory } from "./project.ts";
import { reconcile } from "./reconcile.ts";
import { serviceGraph } from "./service-graph.ts";

const wide = { verticesMax: 100, open: new Set<string>(), openedMax: 100 };
const graphOf = (rows: Parameters<typeof reconcile>[0]) =>
  serviceGraph(reconcile(rows, []), { level: "service", inventory: noInventory, idle: "none", ...wide });

const shop = graphOf([
  flowSums({ source: end({ service: "web" }) }),
  flowSums({
    source: end({ service: "web" }),
    destination: { ...outside, domain: "api.example.com" },
    port: 443,
    atSource: counts({ failed: 9 }),
  }),
]);

test("DOT: boxes per namespace, trouble in words", () => {
  assert.equal(
    dotOf(shop),
    `digraph garrison {
  rankdir=LR;
  node [shape=box, fontname="sans-serif"];
  "external/c/api.example.com" [label="api.example.com\\nexternal\\nfailing: 100 % of connections failed (9 of 9)", style=dashed, color="#c53030"];
  subgraph cluster_1 {
    label="shop";
    "service/c/shop/db" [label="db\\nservice"];
    "service/c/shop/web" [label="web\\nservice\\ndegraded: calls to api.example.com: 100 % of connections failed (9 of 9)", color="#b7791f"];
  }
  "service/c/shop/web" -> "service/c/shop/db" [label="tcp/5432, 10 conn", color="#4b7f52"];
  "service/c/shop/web" -> "external/c/api.example.com" [label="tcp/443, 9 conn\\n100 % of connections failed (9 of 9)", color="#c53030"];
}
`,
  );
});

test("Mermaid: a subgraph per namespace, broken lines for trouble", () => {
  assert.equal(
    mermaidOf(shop),
    `flowchart LR
  v0(["api.example.com<br/>external<br/>failing: 100 % of connections failed (9 of 9)"])
  subgraph p1["shop"]
    v1["db<br/>service"]
    v2["web<br/>service<br/>degraded: calls to api.example.com: 100 % of connections failed (9 of 9)"]
  end
  v2 -->|"tcp/5432, 10 conn"| v1
  v2 -.->|"tcp/443, 9 conn<br/>100 % of connections failed (9 of 9)"| v0
`,
  );
});

test("no name gets out of its label", () => {
  const nasty = fc.oneof(
    fc.string({ unit: "binary", minLength: 1 }),
    fc.constantFrom('"]; evil', 'a\\"', "a\u202eb", "x|y", "`", "<b>"),
  );
  fc.assert(
    fc.property(nasty, nasty, (workload, domain) => {
      const graph = graphOf([
        flowSums({ source: end({ workload, namespace: domain }), destination: { ...outside, domain } }),
      ]);
      const dot = dotOf(graph);
      // Outside of quoted text only our own signs are left.
      assert.match(dot.replaceAll(/"(?:[^"\\]|\\.)*"/g, "Q"), /^[\w\s{}[\]=;,>-]*$/);
      // oxlint-disable-next-line no-control-regex -- these are what it is about
      assert.doesNotMatch(dot + mermaidOf(graph), /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
      for (const line of mermaidOf(graph).split("\n")) {
        assert.match(line.replaceAll(/"[^"]*"/g, "Q"), /^(flowchart LR|\s*[\w\s([\])|{}.>Q-]*)$/);
      }
    }),
  );
});
