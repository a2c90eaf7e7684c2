// A resource kind: which workloads' first bytes are read (HTTP/1 request line, Host, status; TLS server name), and redaction there.
import { z } from "zod";

const pattern = z
  .string()
  .max(253)
  .describe("A name, or a pattern with '*' for any run of characters; empty or '*' matches every name.");

export const Visibility = z.strictObject({
  /** Which workloads: all given patterns must match. */
  match: z
    .strictObject({
      namespace: pattern.default("*"),
      workload: pattern.default("*"),
      node: pattern.default("*"),
    })
    .default({ namespace: "*", workload: "*", node: "*" }),
  /** Read the first bytes of plain HTTP/1 flows. */
  http: z.boolean().default(false),
  /** Read the server name of TLS ClientHello messages. */
  tls: z.boolean().default(false),
  /** Keep process arguments at all; when false they are replaced by their count. */
  arguments: z.boolean().default(true),
  /** Redact secrets in arguments and paths. Turning it off is recorded in the audit ledger. */
  redact: z.boolean().default(true),
});
export type Visibility = z.infer<typeof Visibility>;
