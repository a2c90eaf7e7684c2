// A log record received over OTLP. The body is kept after redaction, cut at a named length.
import { z } from "zod";
import { choice, text, time, u8, word } from "./column.ts";
import { fidelities, originColumns, subjectColumns } from "./identity.ts";

export const LogEvent = z.object({
  time: time(),
  ...originColumns,
  severityNumber: u8(),
  severityText: word(),
  body: text(),
  scope: word(),
  traceId: text(),
  spanId: text(),
  ...subjectColumns,
  fidelity: choice(fidelities).default("foreign"),
});
export type LogEvent = z.infer<typeof LogEvent>;
