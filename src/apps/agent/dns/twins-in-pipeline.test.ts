// One look-up, seen by the sensor's packets and by a real proxy: the pipeline and the DNS side together tell it once.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { addressRecord, encodeDns, encodeQuestion, openDnsServer } from "../../../../test/support/dns-server.ts";
import { silentLogger } from "../../../base/logger.ts";
import { emptySubject } from "../../../core/process/subject.ts";
import type { DnsPacketEvent } from "../../../core/sense/sensor.ts";
import { Enforcement } from "../../../model/enforcement.ts";
import type { Row } from "../../../model/table.ts";
import { createPipeline } from "../pipeline.ts";
import { createVisibilityBook } from "../visibility.ts";
import { createDnsSide } from "./create-dns-side.ts";

test("sensor and proxy see one look-up: one row, of the proxy, with the process; what only the sensor saw is told as ever", async () => {
  const server = await openDnsServer("127.0.0.1", ({ id, name, type }) => [
    encodeDns({ id, question: name, type, answers: [addressRecord(name, "192.0.2.1")] }),
  ]);
  const rows: Row<"dns_events">[] = [];
  const upstream = { address: "127.0.0.1", port: server.port };
  const side = createDnsSide({
    clock: { nowMs: Date.now },
    logger: silentLogger,
    port: 0,
    dataplane: {
      addElements: () => undefined,
      deleteElements: () => undefined,
      listElements: () => [],
      connections: () => ({ connections: [], more: 0 }),
      originalOf: () => upstream,
    },
    localAddresses: () => ["127.0.0.1"],
    subjectOf: () => ({ ...emptySubject, namespace: "shop", pod: "web" }),
    onRow: (row) => rows.push(row),
    onGap: () => undefined,
    onState: () => undefined,
  });
  const client = createSocket("udp4");
  try {
    await side.update({
      sets: [{ set4: "a4", set6: "a6", names: ["*.example.com"], clients: ["web"] }],
      clients: [{ id: "web", addresses: ["127.0.0.1"] }],
      clusterRanges: [],
      upstreams: [`127.0.0.1:${server.port}`],
      settings: Enforcement.parse({}).dns,
    });
    client.bind(0, "127.0.0.1");
    await once(client, "listening");
    const question = encodeQuestion("www.example.com", { id: 9 });
    const answered = once(client, "message") as Promise<[Buffer]>;
    client.send(question, side.port, "127.0.0.1");
    const [answer] = await answered;

    const pipeline = createPipeline({
      machine: { bootId: "12345678-0000", bootTimeMs: 1000 },
      fidelity: "kernel",
      windowMs: 15_000,
      rowsPerWindowMax: 1000,
      visibility: createVisibilityBook("local"),
      containers: undefined,
      containersBecause: "no container runtime was asked",
      readCgroup: () => ({ text: "0::/system.slice/shop.service\n" }),
      outbox: { push: (table, row) => void (table === "dns_events" && rows.push(row as Row<"dns_events">)) },
      isTwin: (lookup) => side.isTwin(lookup),
    });
    const seen = (localPort: number): DnsPacketEvent[] => {
      const packet = {
        type: "dns",
        timeMs: Date.now(),
        process: { pid: 7, startMs: 70 },
        comm: "curl",
        cgroupId: 5,
        payloadCut: false,
        localAddress: "127.0.0.1",
        localPort,
        remoteAddress: "10.96.0.10",
        remotePort: 53,
      } as const;
      return [
        { ...packet, direction: "outbound", payload: question },
        { ...packet, direction: "inbound", payload: answer },
      ];
    };
    pipeline.take(seen(client.address().port));
    assert.deepEqual(
      rows.map(({ reporter, pod, process, pid, answers }) => ({ reporter, pod, process, pid, answers })),
      [{ reporter: "proxy", pod: "web", process: "curl", pid: 7, answers: ["192.0.2.1"] }],
    );
    pipeline.take(seen(1));
    assert.deepEqual(
      rows.map(({ reporter }) => reporter),
      ["proxy", "sensor"],
    );
    assert.equal(side.counters()["merged"], 1);
  } finally {
    client.close();
    await side.close();
    await server.close();
  }
});
