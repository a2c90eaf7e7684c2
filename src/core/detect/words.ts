// Words that core/detect shares with the model, under one roof.
import type { severities } from "../../model/security-event.ts";

export type { Subject } from "../../model/identity.ts";
export type Severity = (typeof severities)[number];
