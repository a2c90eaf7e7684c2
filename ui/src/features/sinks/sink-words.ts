// Sinks in words, and a form's draft as the spec of a resource.
import type { SinkState, SinkStatus } from "../../../../src/apps/server/contract/sinks.ts";
import { Sink, type sinkFormats } from "../../../../src/model/sink.ts";

export type { SinkStatus } from "../../../../src/apps/server/contract/sinks.ts";
export type SinkType = SinkStatus["type"];

export const typeWords = {
  stdout: "Standard output",
  file: "File",
  syslog: "Syslog",
  webhook: "Webhook",
} as const satisfies Record<SinkType, string>;

export const stateWords = {
  starting: { word: "starting", tone: "muted" },
  ok: { word: "delivers", tone: "good" },
  failing: { word: "does not deliver", tone: "bad" },
  refused: { word: "cannot run", tone: "bad" },
  disabled: { word: "off", tone: "muted" },
} as const satisfies Record<SinkState, { readonly word: string; readonly tone: "good" | "bad" | "muted" }>;

/** Worst first when sorted downwards. */
export const stateRank = {
  refused: 4,
  failing: 3,
  starting: 2,
  ok: 1,
  disabled: 0,
} as const satisfies Record<SinkState, number>;

/** What a form holds: everything as text, whichever kind is chosen. */
export interface Draft {
  readonly name: string;
  readonly scope: string;
  readonly type: SinkType;
  readonly format: (typeof sinkFormats)[number];
  readonly path: string;
  readonly host: string;
  readonly port: string;
  readonly transport: "udp" | "tcp" | "tls";
  readonly authorityFile: string;
  readonly url: string;
  readonly secretHeader: string;
  readonly secretFrom: "none" | "environment" | "file";
  readonly secretName: string;
  readonly secretPrefix: string;
  readonly template: string;
  readonly severityMin: Sink["filter"]["severityMin"];
  readonly rules: string;
  readonly namespaces: string;
  readonly tags: string;
  readonly eventsPerMinuteMax: string;
}

export const emptyDraft: Draft = {
  name: "",
  scope: "global",
  type: "webhook",
  format: "falco",
  path: "alerts.jsonl",
  host: "",
  port: "514",
  transport: "udp",
  authorityFile: "",
  url: "",
  secretHeader: "authorization",
  secretFrom: "none",
  secretName: "",
  secretPrefix: "Bearer ",
  template: "",
  severityMin: "medium",
  rules: "",
  namespaces: "",
  tags: "",
  eventsPerMinuteMax: "0",
};

export interface ParsedDraft {
  readonly spec: Sink | undefined;
  /** What is still missing or wrong, in one line; "" when nothing is. */
  readonly problem: string;
}

/** "a, b" and lines -> ["a", "b"]. */
export function namesOf(text: string): string[] {
  return text
    .split(/[,\n]/)
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

/** `before`: the spec that is edited; what the form does not show stays as it is. */
export function parseDraft(draft: Draft, before?: Sink): ParsedDraft {
  let template: unknown;
  try {
    template = draft.template.trim() === "" ? undefined : JSON.parse(draft.template);
  } catch (error) {
    return { spec: undefined, problem: `the template is no JSON: ${(error as Error).message}` };
  }
  const parsed = Sink.safeParse({
    ...before,
    to: { ...(before?.to.type === draft.type ? before.to : {}), ...targetOf(draft, template) },
    filter: {
      ...before?.filter,
      severityMin: draft.severityMin,
      rules: namesOf(draft.rules),
      namespaces: namesOf(draft.namespaces),
      tags: namesOf(draft.tags),
    },
    eventsPerMinuteMax: Number(draft.eventsPerMinuteMax),
  });
  if (parsed.success) return { spec: parsed.data, problem: "" };
  const [issue] = parsed.error.issues;
  return { spec: undefined, problem: issue === undefined ? "" : `${issue.path.slice(1).join(".")}: ${issue.message}` };
}

function targetOf(draft: Draft, template: unknown): Record<string, unknown> {
  const { type, format, path, host, port, transport, authorityFile, url } = draft;
  switch (type) {
    case "stdout":
      return { type, format };
    case "file":
      return { type, format, path };
    case "syslog":
      return { type, format, host, port: Number(port), transport, tls: { authorityFile } };
    case "webhook": {
      const { secretFrom, secretHeader, secretName, secretPrefix } = draft;
      const secretHeaders =
        secretFrom === "none" ? {} : { [secretHeader]: { [secretFrom]: secretName, prefix: secretPrefix } };
      return { type, url, secretHeaders, tls: { authorityFile }, template };
    }
  }
}

/** A sink as a draft; `keeps` says what of it the form does not show. */
export function draftOf({ name, scope, spec }: Pick<SinkStatus, "name" | "scope" | "spec">): Draft {
  const { to, filter } = spec;
  const shared: Draft = {
    ...emptyDraft,
    name,
    scope,
    type: to.type,
    severityMin: filter.severityMin,
    rules: filter.rules.join(", "),
    namespaces: filter.namespaces.join(", "),
    tags: filter.tags.join(", "),
    eventsPerMinuteMax: String(spec.eventsPerMinuteMax),
  };
  switch (to.type) {
    case "stdout":
      return { ...shared, format: to.format };
    case "file":
      return { ...shared, format: to.format, path: to.path };
    case "syslog": {
      const { format, host, port, transport, tls } = to;
      return { ...shared, format, host, port: String(port), transport, authorityFile: tls.authorityFile };
    }
    case "webhook": {
      const [header] = Object.entries(to.secretHeaders);
      const [secretHeader, secret] = header ?? [emptyDraft.secretHeader, undefined];
      return {
        ...shared,
        url: to.url,
        authorityFile: to.tls.authorityFile,
        template: to.template === undefined ? "" : JSON.stringify(to.template, undefined, 2),
        secretHeader,
        secretFrom: secret === undefined ? "none" : secret.environment === "" ? "file" : "environment",
        secretName: secret === undefined ? "" : secret.environment || secret.file,
        secretPrefix: secret?.prefix ?? emptyDraft.secretPrefix,
      };
    }
  }
}

/** Whether the form can show all of a sink; else it is edited as a resource. */
export function fitsForm({ to }: Sink): boolean {
  return to.type !== "webhook" || (to.secretUrl === undefined && Object.keys(to.secretHeaders).length <= 1);
}
