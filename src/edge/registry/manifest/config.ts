// An image's configuration: what it runs as and how it was built. Names of the environment only; values that look like secrets are cut out of history, labels and commands.
import { z } from "zod";
import { Fault } from "../../../base/fault.ts";
import { isDigest } from "../../../core/image/reference.ts";
import { redactArguments, redactText } from "../../../core/redact/redact.ts";
import { harmlessValue } from "../../../core/redact/rules.ts";
import { markerOf } from "../../../core/redact/scan.ts";
import { classifyName, isKeyLike } from "../../../core/redact/secret-name.ts";
import type { AnalysisGap, ImageConfig } from "../../../model/image-analysis.ts";
import { imageLimits } from "../image-source.ts";
import { parseJson } from "./bounded-json.ts";

const Words = z
  .union([z.array(z.string()), z.string().transform((text) => [text])])
  .nullish()
  .transform((value) => value ?? []);
const Text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");
const Names = z
  .record(z.string(), z.unknown())
  .nullish()
  .transform((value) => Object.keys(value ?? {}));

const RunConfig = z.object({
  User: Text,
  Entrypoint: Words,
  Cmd: Words,
  WorkingDir: Text,
  Env: Words,
  ExposedPorts: Names,
  Volumes: Names,
  Healthcheck: z
    .object({ Test: Words })
    .nullish()
    .transform((value) => value ?? undefined),
  StopSignal: Text,
  Labels: z
    .record(z.string(), z.string().nullable())
    .nullish()
    .transform((value) => value ?? {}),
});

const OciConfig = z.object({
  os: Text,
  architecture: Text,
  variant: Text,
  created: Text,
  config: RunConfig.nullish().transform((value) => value ?? undefined),
  rootfs: z.object({ diff_ids: z.array(z.string().refine(isDigest, "no digest")) }),
  history: z
    .array(
      z.object({
        created: Text,
        created_by: Text,
        empty_layer: z
          .boolean()
          .nullish()
          .transform((value) => value ?? false),
      }),
    )
    .nullish()
    .transform((value) => value ?? []),
});

export interface ReadConfig {
  readonly config: ImageConfig;
  readonly diffIds: readonly string[];
  /** What was over a limit and cut. */
  readonly gaps: readonly AnalysisGap[];
}

/** Reads verified bytes; throws Fault "registry/bad-config", "registry/bad-json" or "registry/too-many-layers". */
export function readConfig(bytes: Uint8Array, what: string): ReadConfig {
  const limits = { bytesMax: imageLimits.configBytesMax, depthMax: 64, valuesMax: 500_000 };
  const parsed = OciConfig.safeParse(parseJson(bytes, `${what}: configuration`, limits));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where = issue?.path.join(".").replaceAll(/[^ -~]/g, "?") ?? "";
    throw new Fault(`${what}: its configuration cannot be used: ${where}: ${issue?.message ?? ""}`.slice(0, 400), {
      code: "registry/bad-config",
      kind: "usage",
    });
  }
  const { data } = parsed;
  if (data.rootfs.diff_ids.length > imageLimits.layersMax) {
    throw new Fault(`${what}: it has ${data.rootfs.diff_ids.length} layers`, {
      code: "registry/too-many-layers",
      kind: "too-large",
      hint: `at most ${imageLimits.layersMax} are read`,
    });
  }
  const cut = createCutter();
  const config = imageConfigOf(data, cut);
  return { config, diffIds: data.rootfs.diff_ids, gaps: cut.gaps() };
}

function imageConfigOf(data: z.infer<typeof OciConfig>, cut: Cutter): ImageConfig {
  const run = data.config;
  const test = run?.Healthcheck?.Test ?? [];
  return {
    os: cut.text(data.os, 64),
    architecture: cut.text(data.architecture, 64),
    variant: cut.text(data.variant, 64),
    created: cut.text(data.created, 64),
    user: cut.text(run?.User ?? "", 256),
    entrypoint: cut.list(redactArguments(run?.Entrypoint ?? []).arguments, 200, 4096),
    command: cut.list(redactArguments(run?.Cmd ?? []).arguments, 200, 4096),
    workingDirectory: cut.text(run?.WorkingDir ?? "", 4096),
    environment: cut.list(
      (run?.Env ?? []).map((pair) => pair.split("=", 1)[0] ?? ""),
      1000,
      256,
    ),
    exposedPorts: cut.list(run?.ExposedPorts ?? [], 1000, 64),
    volumes: cut.list(run?.Volumes ?? [], 1000, 4096),
    hasHealthcheck: test.length > 0 && test[0] !== "NONE",
    stopSignal: cut.text(run?.StopSignal ?? "", 64),
    labels: labelsOf(run?.Labels ?? {}, cut),
    history: cut.rows(data.history, 2000).map((line) => ({
      created: cut.text(line.created, 64),
      createdBy: cut.text(redactLine(line.created_by), 8192),
      isEmptyLayer: line.empty_layer,
    })),
  };
}

const labelsMax = 1000;

/** Defined, not assigned: "__proto__" is a name like any other. */
function labelsOf(labels: Readonly<Record<string, string | null>>, cut: Cutter): Record<string, string> {
  const rows = cut.rows(Object.entries(labels), labelsMax);
  return Object.fromEntries(
    rows.map(([name, value]) => [cut.text(name, 1024), cut.text(redactLabel(name, value ?? ""), 4096)]),
  );
}

/** Builders write a step as a command of a shell: the shell's script is read as one, or its first program would pass for the shell's argument. */
function redactLine(line: string): string {
  const shell = /^[^\n]{0,4096}?(?:^|[\s/])(?:ba|da|a|z)?sh -[a-z]{0,8}c /.exec(line)?.[0] ?? "";
  return withoutUsers(redactText(shell).text + redactText(line.slice(shell.length)).text);
}

/** A label is a name and a value: the name may say that the value is secret. */
function redactLabel(name: string, value: string): string {
  const meaning = classifyName(name);
  const isSecret = meaning !== "none" && (meaning !== "keyish" || isKeyLike(value)) && !harmlessValue.test(value);
  return isSecret ? markerOf("token-assignment") : withoutUsers(redactText(value).text);
}

/** A token may stand as the user of an address, without a password. */
function withoutUsers(text: string): string {
  return text.replaceAll(/(https?:\/\/)([^\s/@'"‹]{1,512})@/gi, `$1${markerOf("url-password")}@`);
}

interface Cutter {
  text(value: string, charactersMax: number): string;
  rows<T>(values: readonly T[], countMax: number): readonly T[];
  list(values: readonly string[], countMax: number, charactersMax: number): string[];
  gaps(): readonly AnalysisGap[];
}

function createCutter(): Cutter {
  let count = 0;
  const text = (value: string, charactersMax: number): string => {
    if (value.length <= charactersMax) return value;
    count++;
    return value.slice(0, charactersMax);
  };
  const rows = <T>(values: readonly T[], countMax: number): readonly T[] => {
    if (values.length <= countMax) return values;
    count += values.length - countMax;
    return values.slice(0, countMax);
  };
  return {
    text,
    rows,
    list: (values, countMax, charactersMax) => rows(values, countMax).map((value) => text(value, charactersMax)),
    gaps: () =>
      count === 0
        ? []
        : [
            {
              kind: "limit-reached",
              layer: -1,
              subject: "configuration",
              because: "parts of the image's configuration were too long and cut",
              count,
            },
          ],
  };
}
