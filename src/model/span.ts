// A span of a distributed trace, received over OTLP. Attribute values are kept only for a fixed list of semantic conventions.
import { z } from "zod";
import { choice, text, time, u16, u64, word } from "./column.ts";
import { fidelities, originColumns, subjectColumns } from "./identity.ts";

export const Span = z.object({
  time: time(),
  ...originColumns,
  traceId: text(),
  spanId: text(),
  parentSpanId: text(),
  name: word(),
  kind: word(),
  status: word(),
  durationUs: u64(),
  peerService: word(),
  httpMethod: word(),
  httpRoute: word(),
  httpStatus: u16(),
  ...subjectColumns,
  fidelity: choice(fidelities).default("foreign"),
});
export type Span = z.infer<typeof Span>;
