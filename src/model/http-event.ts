// One HTTP/1 exchange as its first bytes showed it. Query strings are dropped in the agent: they carry secrets.
import { z } from "zod";
import { address, choice, text, time, u16, u32, word } from "./column.ts";
import { reporters } from "./flow.ts";
import { fidelities, originColumns, subjectColumns, workloadKinds } from "./identity.ts";

export const HttpEvent = z.object({
  time: time(),
  ...originColumns,
  reporter: choice(reporters),
  method: word(),
  host: word(),
  /** Path without its query string, key-like segments redacted. */
  path: text(),
  /** "HTTP/1.1", ... */
  version: word(),
  /** 0 when no answer was seen. */
  status: u16(),
  latencyUs: u32(),
  peerAddress: address(),
  peerPort: u16(),
  peerNamespace: word(),
  peerWorkload: word(),
  peerKind: choice(workloadKinds).default("Unknown"),
  peerService: word(),
  peerPod: word(),
  /** Why the peer is not known; empty when it is. */
  peerReason: word(),
  /** The port that was dialled on the answering side. */
  port: u16(),
  traceId: text(),
  count: u32(),
  processId: text(),
  pid: u32(),
  process: word(),
  ...subjectColumns,
  fidelity: choice(fidelities).default("kernel"),
});
export type HttpEvent = z.infer<typeof HttpEvent>;
