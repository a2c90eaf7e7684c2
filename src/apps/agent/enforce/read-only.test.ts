// A side that only reads the kernel judges what is asked and leaves the table that is there as it is.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { createNamespace, mayMakeNamespaces } from "../../../../test/support/netns/namespace.ts";
import { skipUnless } from "../../../../test/support/skip.ts";
import { silentLogger } from "../../../base/logger.ts";
import { createAddressBook } from "../../../core/directory/address-book.ts";
import { openNftables } from "../../../edge/dataplane/nftables/open-nftables.ts";
import { createEnforceSide } from "./enforce-side.ts";
import { enforcement, hear, policy } from "./scene.fixture.ts";

test("a side that reads writes nothing, whatever is asked, and says so of a preview", async (t) => {
  if (!skipUnless(t, mayMakeNamespaces(), "MISSING root: network namespaces cannot be made")) return;
  const own = createNamespace("readonly");
  t.after(() => own.close());
  const folder = await mkdtemp(path.join(os.tmpdir(), "garrison-read-"));
  t.after(() => rm(folder, { recursive: true }));
  const clock = { nowMs: Date.now };
  const dataplane = openNftables({ netns: own.path, table: "garrison", clock, logger: silentLogger });
  t.after(() => dataplane.close());
  const table = { table: { family: "inet", name: "garrison" }, digest: "of-the-agent", sets: [], chains: [] } as const;
  dataplane.apply(table);
  const book = createAddressBook({ createdMs: Date.now() });
  hear(book, "kept");
  const side = createEnforceSide({
    node: "n1",
    folder,
    netns: own.path,
    server: { host: "", port: 0 },
    book,
    clock,
    logger: silentLogger,
    dnsPort: 15_353,
    kernel: "read",
    onDnsRow: () => undefined,
    onStatus: () => undefined,
  });
  const said = () => side.statuses().find(({ kind }) => kind === "Enforcement");
  for (const mode of ["preview", "enforce", "off"]) {
    side.setResources([enforcement({ mode, cutShareMax: 1 }), policy("web")]);
    await side.settled();
    if (mode === "preview")
      assert.match(said()?.because ?? "", /^preview, no packet is touched: it would deny 0 of 0 live connections/);
    const { isThere, digest } = dataplane.readBack(table, { elements: false });
    assert.deepEqual([isThere, digest], [true, "of-the-agent"], mode);
  }
  await side.close("withdraw");
  assert.equal(dataplane.readBack(table, { elements: false }).isThere, true);
});
