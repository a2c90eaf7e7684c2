import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { exceptionResourceName, exceptionText } from "./exception-text.ts";
import { ResourceName } from "../../model/resource.ts";

const hostile = `a]\n- rule: "x": # '`;

test("tuples of the same fields are one exception; no value becomes syntax", () => {
  const text = exceptionText({
    rule: `Read "x": y`,
    namespace: "shop",
    workload: "web-1",
    suggestions: [
      {
        because: "",
        fields: [
          { field: "proc.name", comparison: "=", value: "curl" },
          { field: "fd.name", comparison: "startswith", value: "/a/" },
        ],
      },
      {
        because: "",
        fields: [
          { field: "proc.name", comparison: "=", value: hostile },
          { field: "fd.name", comparison: "startswith", value: "/b/" },
        ],
      },
      { because: "", fields: [{ field: "proc.name", comparison: "=", value: "true" }] },
    ],
  });
  assert.deepEqual(parse(text), [
    {
      rule: `Read "x": y`,
      exceptions: [
        {
          name: "quiet_shop_web_1",
          fields: ["proc.name", "fd.name"],
          comps: ["=", "startswith"],
          values: [
            ["curl", "/a/"],
            [hostile, "/b/"],
          ],
        },
        { name: "quiet_shop_web_1_2", fields: ["proc.name"], comps: ["="], values: [["true"]] },
      ],
      override: { exceptions: "append" },
    },
  ]);
  assert.equal(exceptionText({ rule: "x", namespace: "", workload: "", suggestions: [] }), "");
});

test("the resource's name is one, whatever rule and workload are called", () => {
  for (const [rule, workload] of [
    ["Terminal shell in container", "web"],
    ["Ünïcode / rule", "session-3 (root)"],
    ["x".repeat(300), "y".repeat(300)],
  ] as const) {
    const name = exceptionResourceName({ rule, namespace: "shop", workload });
    assert.equal(ResourceName.safeParse(name).success, true, name);
  }
  assert.equal(
    exceptionResourceName({ rule: "Terminal shell in container", namespace: "shop", workload: "web" }),
    "quiet-shop-web-terminal-shell-in-container",
  );
});
