// Against a real containerd: images of its store are read out of its files, and a running container's root through /proc.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { Fault } from "../../src/base/fault.ts";
import { listContainerd } from "../../src/edge/registry/containerd/containerd-store.ts";
import { openImage } from "../../src/edge/registry/open-image.ts";
import { containerdMissing, startContainerd } from "../support/containerd.ts";
import { skipUnless } from "../support/skip.ts";

test("containerd's images by name and digest, while it runs; its container's root", async (context) => {
  const missing = await containerdMissing();
  if (!skipUnless(context, missing === "", missing)) return;
  const containerd = await startContainerd();
  context.after(() => containerd.stop());
  const folder = path.join(containerd.root, "root");
  const listed = listContainerd(folder);
  const own = listed.find(({ name }) => name === containerd.image);
  assert.equal(own?.digest, containerd.imageDigest);
  assert.equal(own.namespace, "k8s.io");

  for (const image of [containerd.image, containerd.imageDigest]) {
    await using source = await openImage({ kind: "containerd", path: folder, image });
    assert.ok(source.kind === "layers");
    assert.equal(source.digest, containerd.imageDigest);
    for (const layer of source.layers) {
      const hash = createHash("sha256");
      for await (const chunk of await layer.open(AbortSignal.timeout(20_000))) hash.update(chunk);
      assert.equal(`sha256:${hash.digest("hex")}`, layer.digest);
    }
  }
  await assert.rejects(openImage({ kind: "containerd", path: folder, image: "absent:1" }), (thrown) => {
    return (
      thrown instanceof Fault &&
      thrown.code === "registry/not-found" &&
      thrown.hint?.includes(containerd.image) === true
    );
  });

  const pod = await containerd.runPod({
    name: "web",
    namespace: "shop",
    uid: "5759a1ae-36ca-48a8-b20a-b0b5c8a90fb9",
    labels: {},
    container: "nginx",
  });
  await using source = await openImage({ kind: "container", id: pod.containerId.slice(0, 12) });
  assert.ok(source.kind === "tree");
  assert.equal(source.reference, pod.containerId);
  const entries = [...source.entries(new AbortController().signal)];
  const busybox = entries.find((entry) => entry.type === "file" && entry.path.endsWith("/busybox"));
  assert.ok(
    busybox,
    entries
      .map(({ path: at }) => at)
      .join(" ")
      .slice(0, 500),
  );
  assert.ok(existsSync("/bin/busybox"));
  assert.ok([...busybox.pieces()].reduce((sum, piece) => sum + piece.length, 0) > 100_000);
  assert.ok(!entries.some((entry) => entry.path.startsWith("proc/")));
});
