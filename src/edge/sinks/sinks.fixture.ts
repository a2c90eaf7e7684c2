// For tests of sinks: an event with everything in it, and what the server lends, in a folder of its own.
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { SecurityEvent } from "../../model/security-event.ts";
import { addressGuard } from "./guarded-address.ts";
import type { Outgoing } from "./sink.ts";
import type { SinkSurroundings } from "./surroundings.ts";

export function sampleEvent(over: Partial<SecurityEvent> = {}, number = 1): Outgoing {
  const event = SecurityEvent.parse({
    time: "2026-11-26T10:00:00.123Z",
    cluster: "prod",
    node: "node-1",
    ingest: number,
    severity: "high",
    source: "falco",
    rule: "Terminal shell in container",
    title: "A shell was started in a container",
    message: "A shell was spawned (user=root shell=bash cmdline=bash -i)",
    tags: ["container", "shell"],
    techniques: ["T1059"],
    evidence: ["2026-11-26T10:00:00Z exec: bash -i"],
    outputFields: ["proc.cmdline=bash -i", "user.name=root", "proc.tty=34816", "fd.name=<NA>", "user.uid=0"],
    ancestors: ["sh", "containerd-shim"],
    count: 1,
    pid: 4711,
    process: "bash",
    executable: "/bin/bash",
    namespace: "shop",
    workload: "web",
    workloadKind: "Deployment",
    pod: "web-1",
    container: "web",
    containerId: "0123456789abcdef0123",
    image: "shop/web",
    fidelity: "kernel",
    ...over,
  });
  return { event, uuid: `00000000-0000-8000-8000-${String(number).padStart(12, "0")}` };
}

export interface Lent extends AsyncDisposable {
  readonly surroundings: SinkSurroundings;
  readonly folder: string;
  readonly printed: string[];
}

export async function lent(over: Partial<SinkSurroundings> = {}): Promise<Lent> {
  const folder = await mkdtemp(path.join(tmpdir(), "garrison-sinks-"));
  const secretsFolder = path.join(folder, "secrets");
  await mkdir(secretsFolder);
  const printed: string[] = [];
  return {
    folder,
    printed,
    surroundings: {
      version: "1.2.3",
      guard: addressGuard([]),
      secretsFolder,
      filesFolder: path.join(folder, "files"),
      environment: {},
      print: async (text) => void printed.push(text),
      ...over,
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
