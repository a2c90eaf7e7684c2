import assert from "node:assert/strict";
import { test } from "node:test";
import { Pod } from "../../../../src/model/inventory.ts";
import { runningImages } from "./running-images.ts";

function pod(...containers: readonly object[]): Pod {
  const base = { kind: "Pod", cluster: "c", name: "p", uid: "u", workload: "w", workloadKind: "Deployment" };
  return Pod.parse({ ...base, containers: containers.map((container) => ({ name: "a", ...container })) });
}

test("one tag with two digests is two images; init containers do not count", () => {
  const web = (imageDigest: string) => ({ image: "web:1", imageDigest });
  assert.deepEqual(
    runningImages([
      pod(web("sha256:a"), { image: "proxy:2" }),
      pod(web("sha256:b"), { image: "setup:1", isInit: true }),
      pod(web("sha256:b"), { image: "" }),
    ]),
    [
      { image: "web:1", digest: "sha256:b" },
      { image: "web:1", digest: "sha256:a" },
      { image: "proxy:2", digest: "" },
    ],
  );
  assert.deepEqual(runningImages([]), []);
});
