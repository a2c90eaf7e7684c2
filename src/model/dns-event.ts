// A question put to a DNS server and its answer, or the lack of one. A question without an answer in 5 s has rcode "timeout".
import { z } from "zod";
import { address, choice, text, texts, time, u16, u32, word } from "./column.ts";
import { fidelities, originColumns, subjectColumns } from "./identity.ts";

export const dnsReporters = ["sensor", "proxy", "foreign"] as const;

export const DnsEvent = z.object({
  time: time(),
  ...originColumns,
  reporter: choice(dnsReporters),
  /** Lower case, without the final dot. */
  question: text(),
  /** "A", "AAAA", "CNAME", ... or "TYPE<n>". */
  questionType: word(),
  /** "NOERROR", "NXDOMAIN", "SERVFAIL", ..., "timeout". */
  responseCode: word(),
  /** Addresses and names of the answer section, at most 32. */
  answers: texts(),
  ttlSeconds: u32(),
  latencyUs: u32(),
  server: address(),
  serverPort: u16(),
  /** How many equal exchanges this row stands for. */
  count: u32(),
  processId: text(),
  pid: u32(),
  process: word(),
  ...subjectColumns,
  fidelity: choice(fidelities).default("kernel"),
});
export type DnsEvent = z.infer<typeof DnsEvent>;
