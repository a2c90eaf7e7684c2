// Namespaces of the machine are found by their processes, with their addresses.
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { mayMakeNamespaces, runInNetns } from "../../../test/support/netns/namespace.ts";
import { openStar } from "../../../test/support/netns/star.ts";
import { skipUnless } from "../../../test/support/skip.ts";
import { findNamespaces } from "./find-namespaces.ts";
import { openNamespace } from "./namespace.ts";

test("a namespace is found while it has a process, and our own is not", async (context) => {
  if (!skipUnless(context, mayMakeNamespaces(), "root in a kernel with network namespaces")) return;
  const star = openStar({ pods: [{ name: "pod", addresses: ["10.1.0.2", "fd01::2"] }] });
  context.after(() => star.close());
  const find = () => findNamespaces().namespaces.find(({ addresses }) => addresses.includes("10.1.0.2"));
  assert.equal(find(), undefined, "a descriptor is no process");
  const child = runInNetns(star.pod("pod"), [process.execPath, "-e", "setInterval(() => {}, 1000)"]);
  const found = find();
  assert.deepEqual(found, {
    id: found?.id,
    file: `/proc/${child.pid}/ns/net`,
    name: "",
    addresses: ["10.1.0.2", "fd01::2"],
  });
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.equal(find(), undefined);
  assert.throws(() => openNamespace("/proc/self/ns/net"), { code: "transparent/own-namespace" });
});
