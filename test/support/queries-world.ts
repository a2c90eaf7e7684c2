// A small planted world for tests of the named queries: one shop, its database, one process that asked the internet, three gaps.
import { manualClock } from "../../src/base/clock.ts";
import { createQueries } from "../../src/edge/store/queries/create-queries.ts";
import type { Queries } from "../../src/edge/store/queries/queries.ts";
import { type ScratchStore, startScratchStore } from "./scratch-store.ts";

export const nowMs = Date.parse("2026-11-23T12:00:00Z");
export const minute = 60_000;
export const shopToDb = {
  time: nowMs - 5 * minute,
  cluster: "c",
  node: "n1",
  ingest: 10,
  reporter: "source",
  verdict: "allow",
  verdictBecause: "established",
  protocol: "tcp",
  sourceKind: "Deployment",
  sourceNamespace: "shop",
  sourceWorkload: "web",
  sourcePod: "web-1",
  sourceAddress: "10.0.0.1",
  destinationKind: "StatefulSet",
  destinationNamespace: "shop",
  destinationWorkload: "db",
  destinationPod: "db-0",
  destinationAddress: "10.0.0.2",
  destinationPort: 5432,
  destinationService: "db",
  process: "node",
  executable: "/usr/bin/node",
  connectionsOpened: 3,
  bytesSent: 1000,
  bytesReceived: 20_000,
  rttUs: { "40": 3 },
  flowId: "f1",
};
export const curlOut = {
  ...shopToDb,
  ingest: 11,
  time: nowMs - 20 * minute,
  verdict: "unknown",
  destinationKind: "External",
  destinationNamespace: "",
  destinationWorkload: "",
  destinationPod: "",
  destinationService: "",
  destinationAddress: "93.184.216.34",
  destinationDomain: "example.com",
  destinationPort: 443,
  process: "curl",
  flowId: "f2",
};
export const subject = { cluster: "c", node: "n1", namespace: "shop", workload: "web", workloadKind: "Deployment" };
export const bash = {
  ...subject,
  time: nowMs - 30 * minute,
  ingest: 20,
  action: "exec",
  processId: "100.a.b",
  parentProcessId: "1.a.b",
  pid: 100,
  parentPid: 1,
  name: "bash",
  executable: "/bin/bash",
  arguments: ["bash", "-c", "sleep 1"],
  startTime: nowMs - 30 * minute,
};
export const curl = {
  ...bash,
  ingest: 21,
  processId: "101.b.b",
  parentProcessId: "100.a.b",
  pid: 101,
  name: "curl",
  startTime: nowMs - 20 * minute,
  time: nowMs - 20 * minute,
};
export const question = {
  ...subject,
  time: nowMs - 20 * minute,
  ingest: 30,
  reporter: "sensor",
  question: "example.com",
  questionType: "A",
  responseCode: "NOERROR",
  answers: ["93.184.216.34"],
  latencyUs: 900,
  server: "10.0.0.53",
  count: 1,
  process: "curl",
};

export interface QueriesWorld {
  readonly store: ScratchStore;
  readonly queries: Queries;
}

export async function plantedWorld(): Promise<QueriesWorld> {
  const store = await startScratchStore();
  await store.insert("flows", [
    shopToDb,
    { ...shopToDb, ingest: 12, reporter: "destination", bytesSent: 900, process: "postgres" },
    curlOut,
  ]);
  await store.insert("process_events", [
    { ...bash, action: "fork", time: bash.time - 5, arguments: [] },
    bash,
    { ...curl, action: "exec" },
    { ...curl, action: "exit", ingest: 22, time: curl.time + 1500, exitCode: 7 },
    {
      ...curl,
      action: "exit",
      processId: "9.old.b",
      ingest: 19,
      time: nowMs - 600 * minute,
      startTime: nowMs - 700 * minute,
    },
  ]);
  await store.insert("dns_events", [
    question,
    { ...question, ingest: 31, question: "nope.example.com", responseCode: "NXDOMAIN", answers: [], count: 4 },
  ]);
  await store.insert("gaps", [
    {
      time: nowMs - 10 * minute,
      ingest: 40,
      cluster: "c",
      node: "n1",
      durationMs: 1000,
      table: "flows",
      reason: "ring-full",
      rows: 12,
      counted: "exact",
    },
    {
      time: nowMs - 90 * minute,
      ingest: 41,
      cluster: "c",
      node: "n1",
      durationMs: 40 * minute,
      table: "*",
      reason: "agent-down",
      counted: "no",
    },
    {
      time: nowMs - 10 * minute,
      ingest: 42,
      cluster: "c",
      node: "n1",
      durationMs: 1000,
      table: "dns_events",
      reason: "limit",
      counted: "no",
    },
  ]);
  return { store, queries: createQueries({ store: store.store, clock: manualClock(nowMs) }) };
}
