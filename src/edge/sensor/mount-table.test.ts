// Which mounts a path leads through, against a model of the kernel's walk: from the root on, component by component, onto what lies there.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import * as fc from "fast-check";
import { readMounts, reachableMounts, type Mount } from "./mount-table.ts";

const folder = mkdtempSync(join(tmpdir(), "garrison-mount-table-"));
after(() => rmSync(folder, { recursive: true }));

/** What the kernel stands on at the end of the path: always the newest mount on the current place of the current mount. */
function walked(mounts: readonly Mount[], path: string): Mount | undefined {
  const onto = (under: Mount | undefined, place: string): Mount | undefined => {
    let at = under;
    for (let top = at; top !== undefined;) {
      top = mounts.findLast((mount) => mount.parent === at?.id && mount.place === place);
      at = top ?? at;
    }
    return at;
  };
  let at = mounts.find(({ parent }) => parent === "0");
  let place = "";
  for (const part of path.split("/").slice(1)) {
    place += `/${part}`;
    at = onto(at, place);
  }
  return at;
}

const somePath = fc
  .array(fc.constantFrom("a", "b", "a!"), { minLength: 1, maxLength: 3 })
  .map((parts) => `/${parts.join("/")}`);

test("what is reachable is what a walk can end on", () => {
  fc.assert(
    fc.property(fc.array(somePath, { maxLength: 12 }), fc.array(somePath, { minLength: 1 }), (places, paths) => {
      const mounts: Mount[] = [{ id: "1", parent: "0", device: "1", root: "/", place: "/", isLocal: true }];
      // As mount(2) does: on what stands at the place now.
      for (const [index, place] of places.entries()) {
        const parent = walked(mounts, place)?.id ?? "";
        mounts.push({ id: String(index + 2), parent, device: "1", root: "/", place, isLocal: true });
      }
      const reachable = reachableMounts(mounts);
      for (const path of paths) {
        const holding = reachable.filter(
          ({ place }) => place === "/" || path === place || path.startsWith(`${place}/`),
        );
        const innermost = holding.toSorted((one, other) => other.place.length - one.place.length)[0];
        assert.equal(innermost?.id, walked(mounts, path)?.id, path);
      }
      assert.equal(new Set(reachable.map(({ place }) => place)).size, reachable.length);
    }),
  );
});

test("lines are read with their escapes, and no more than so many", () => {
  const file = join(folder, "mountinfo");
  writeFileSync(
    file,
    "20 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n21 20 0:25 /a\\134b /x\\040y rw - fuse.a - - rw\n".repeat(2),
  );
  const mounts = readMounts(file, 4);
  assert.ok(typeof mounts === "object");
  assert.deepEqual(mounts.slice(0, 2), [
    { id: "20", parent: "1", device: "8:1", root: "/", place: "/", isLocal: true },
    { id: "21", parent: "20", device: "0:25", root: "/a\\b", place: "/x y", isLocal: false },
  ]);
  assert.equal(readMounts(file, 3), "too-many");
  assert.equal(readMounts(join(folder, "none"), 3), undefined);
  writeFileSync(file, `20 1 8:1 / /${"x".repeat(2000)} rw - ext4 /dev/sda1 rw\n`);
  assert.equal(readMounts(file, 3), "too-many");
});
