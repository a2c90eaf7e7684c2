// A resource kind: where security events are sent to besides Garrison's own store. Its scope says whose: global, of one cluster, of one node.
// Credentials are never in it: only the name of a variable or file of the server that holds them.
import { z } from "zod";
import { nearest } from "../base/nearest.ts";
import { severities } from "./security-event.ts";
import { sinkFields, unknownFields } from "./sink-fields.ts";

/** Below one of the server's two folders for sinks; the server refuses what leads out of it. */
const fileName = z
  .string()
  .max(512)
  .regex(/^[^\0\r\n]*$/);

/** A name by which the server finds a secret in its own surroundings; exactly one of the two. */
const reference = {
  /** An environment variable of the server; its name begins with GARRISON_SINK_. */
  environment: z
    .string()
    .max(128)
    .regex(/^(GARRISON_SINK_[A-Z0-9_]+)?$/, "use a variable whose name begins with GARRISON_SINK_")
    .default(""),
  /** A file in the server's folder for secrets of sinks: its first line. */
  file: fileName.default(""),
} as const;

function namesOne({ environment, file }: { readonly environment: string; readonly file: string }): boolean {
  return (environment === "") !== (file === "");
}
const oneOfTwo = "name either `environment` or `file`";

const SecretReference = z.strictObject(reference).refine(namesOne, oneOfTwo);

/** A header whose value the server puts together: `prefix` and a secret. */
const SecretHeader = z
  .strictObject({
    ...reference,
    /** "Bearer ", "Splunk ", ... */
    prefix: z
      .string()
      .max(64)
      .regex(/^[\x20-\x7e]*$/)
      .default(""),
  })
  .refine(namesOne, oneOfTwo);

/** falco: JSON as Falco writes it. garrison: the whole row as JSON. cef: ArcSight's common event format. */
export const sinkFormats = ["falco", "garrison", "cef"] as const;

const host = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[A-Za-z0-9.:_-]+$/, "use a host name or an address, without port and without brackets");

const Stdout = z.strictObject({ type: z.literal("stdout"), format: z.enum(sinkFormats).default("falco") });

const File = z.strictObject({
  type: z.literal("file"),
  /** Within the server's folder for files of sinks: "alerts.jsonl". */
  path: fileName.min(1),
  format: z.enum(sinkFormats).default("falco"),
  /** Then a new file is begun; the old one is NAME.1, the one before NAME.2, ... */
  rotateBytes: z
    .int()
    .min(4096)
    .max(10 * 1024 ** 3)
    .default(100 * 1024 * 1024),
  /** Old files that are kept, beside the one that is written. */
  filesMax: z.int().min(1).max(100).default(5),
});

export const syslogFacilities = [
  "kern",
  "user",
  "mail",
  "daemon",
  "auth",
  "syslog",
  "lpr",
  "news",
  "uucp",
  "cron",
  "authpriv",
  "ftp",
  "ntp",
  "audit",
  "alert",
  "clock",
  "local0",
  "local1",
  "local2",
  "local3",
  "local4",
  "local5",
  "local6",
  "local7",
] as const;

const Tls = z.strictObject({
  /** PEM file with the authorities that are trusted instead of the system's, in the server's folder for secrets of sinks. */
  authorityFile: fileName.default(""),
  /** The name that the certificate must carry, where it is not the host's. */
  serverName: z.string().max(253).default(""),
});

const Syslog = z.strictObject({
  type: z.literal("syslog"),
  host,
  port: z.int().min(1).max(65_535).default(514),
  /** tcp and tls count octets (RFC 6587, RFC 5425). */
  transport: z.enum(["udp", "tcp", "tls"]).default("udp"),
  facility: z.enum(syslogFacilities).default("local0"),
  /** What the message holds. */
  format: z.enum(sinkFormats).default("cef"),
  /** Longest message in bytes; longer ones leave out what matters least. 2048 is what every receiver of UDP should take. */
  messageBytesMax: z.int().min(480).max(65_000).default(2048),
  tls: Tls.prefault({}),
});

const headerName = z
  .string()
  .max(128)
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, "that is no name of a header");

const webAddress = z.url({ protocol: /^https?$/ }).max(2048);

const Webhook = z
  .strictObject({
    type: z.literal("webhook"),
    url: z.union([z.literal(""), webAddress]).default(""),
    /** Instead of `url`, where the address itself is a secret (chat services). */
    secretUrl: SecretReference.optional(),
    headers: z
      .record(
        headerName,
        z
          .string()
          .max(4096)
          .regex(/^[\x20-\x7e\t]*$/),
      )
      .default({}),
    /** Headers with a secret in them: { "authorization": { "environment": "GARRISON_SINK_TOKEN", "prefix": "Bearer " } }. */
    secretHeaders: z.record(headerName, SecretHeader).default({}),
    /** Any JSON; "{{rule}}" in its texts is a field of the event. Absent: JSON as Falco writes it. */
    template: z
      .unknown()
      .superRefine((template, context) => {
        for (const name of unknownFields(template))
          context.addIssue({ code: "custom", message: `{{${name}}} is no field: ${nearestField(name)}` });
      })
      .optional(),
    timeoutSeconds: z.number().min(0.1).max(60).default(10),
    tls: Tls.prefault({}),
  })
  .refine(({ url, secretUrl }) => (url === "") === (secretUrl !== undefined), "name either `url` or `secretUrl`");

function nearestField(name: string): string {
  const meant = nearest(name, sinkFields);
  return meant === undefined ? `known ones are ${sinkFields.join(", ")}` : `did you mean {{${meant}}}?`;
}

/** What is sent. Every list that is empty asks for nothing. */
export const SinkFilter = z.strictObject({
  severityMin: z.enum(severities).default("info"),
  /** Names of rules; `*` stands for any text. */
  rules: z.array(z.string().min(1).max(256)).max(256).default([]),
  rulesExcept: z.array(z.string().min(1).max(256)).max(256).default([]),
  /** At least one of them. */
  tags: z.array(z.string().min(1).max(128)).max(256).default([]),
  namespaces: z.array(z.string().min(1).max(253)).max(256).default([]),
  namespacesExcept: z.array(z.string().min(1).max(253)).max(256).default([]),
});
export type SinkFilter = z.infer<typeof SinkFilter>;

export const Sink = z.strictObject({
  /** A sink that is switched on again begins with what happens from then on. */
  enabled: z.boolean().default(true),
  to: z.discriminatedUnion("type", [Stdout, File, Syslog, Webhook]),
  filter: SinkFilter.prefault({}),
  /** Beyond it events are left out and counted; 0: no limit. */
  eventsPerMinuteMax: z.int().min(0).max(1_000_000).default(0),
  /** Events that wait in memory; the rest waits in the store. */
  queueMax: z.int().min(1).max(10_000).default(1000),
  retry: z
    .strictObject({
      /** Then the event becomes a dead letter. */
      attemptsMax: z.int().min(1).max(100).default(8),
      firstSeconds: z.number().min(0.01).max(3600).default(1),
      longestSeconds: z.number().min(0.01).max(3600).default(300),
    })
    .prefault({}),
  /** Dead letters that are kept; the oldest leave. */
  deadLettersMax: z.int().min(0).max(100_000).default(1000),
});
export type Sink = z.infer<typeof Sink>;
export type SinkTarget = Sink["to"];
export type StdoutTarget = z.infer<typeof Stdout>;
export type FileTarget = z.infer<typeof File>;
export type SyslogTarget = z.infer<typeof Syslog>;
export type WebhookTarget = z.infer<typeof Webhook>;
