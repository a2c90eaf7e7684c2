import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../../../base/fault.ts";
import { localEndpointsOf, parseNetns } from "./netns-flag.ts";

test("a namespace with labels, with and without a Kubernetes namespace and a name of its own", () => {
  const { netns, namespace, name, labels } = parseNetns("Web=app=web,tier=front,namespace=shop,name=web-1");
  assert.deepEqual(
    { netns, namespace, name, labels },
    {
      netns: "Web",
      namespace: "shop",
      name: "web-1",
      labels: { app: "web", tier: "front" },
    },
  );
  assert.deepEqual(parseNetns("db=").labels, {});
  assert.equal(parseNetns("db=").namespace, "default");
  assert.equal(parseNetns("db=").name, "db");
  assert.deepEqual(parseNetns("db=empty=").labels, { empty: "" });
});

test("a file behind the flag is refused by name, with where it belongs", () => {
  assert.throws(
    () => localEndpointsOf(["web=app=web", "policy.yaml"]),
    (error) =>
      error instanceof Fault &&
      error.kind === "usage" &&
      /--netns policy\.yaml: .*files stand before/.test(error.message),
  );
});

test("what is no namespace is refused with the flag in the words", () => {
  for (const flag of ["", "a/b=app=web", "web=app", "web=,", "web==x", "-x=app=web", `web=${"k".repeat(400)}=v`])
    assert.throws(
      () => parseNetns(flag),
      (error) => error instanceof Fault && error.message.includes("--netns"),
    );
  assert.throws(() => localEndpointsOf(Array.from({ length: 300 }, () => "web")), Fault);
  assert.deepEqual(localEndpointsOf(["surely-not-there=app=x"])[0]?.addresses, []);
});
