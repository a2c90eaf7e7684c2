// --output-file FORMAT=PATH: checked before anything is done, written whole or not at all.
import { rename, rm, writeFile } from "node:fs/promises";
import { Fault } from "../../../../base/fault.ts";
import { nearest } from "../../../../base/nearest.ts";
import { formatInstant, parseInstantMs } from "../../../../base/instant.ts";
import type { Context } from "../../context.ts";

export interface OutputFile<Format extends string> {
  readonly format: Format;
  readonly path: string;
}

/** Throws a usage Fault for a format that is none, or a pair without a path. */
export function outputFilesOf<Format extends string>(
  given: readonly string[] | undefined,
  formats: readonly Format[],
): readonly OutputFile<Format>[] {
  return (given ?? []).map((pair) => {
    const equals = pair.indexOf("=");
    const name = equals < 0 ? pair : pair.slice(0, equals);
    const path = equals < 0 ? "" : pair.slice(equals + 1);
    const format = formats.find((one) => one === name);
    if (format !== undefined && path !== "") return { format, path };
    const close = nearest(name, formats);
    throw usage(
      format === undefined
        ? `--output-file ${pair}: no such format${close === undefined ? "" : `, did you mean ${close}?`}`
        : `--output-file ${pair} has no path`,
      `write FORMAT=PATH; formats are ${formats.join(", ")}`,
    );
  });
}

export async function writeWhole(path: string, text: string): Promise<void> {
  const aside = `${path}.${process.pid}.part`;
  try {
    await writeFile(aside, text);
    await rename(aside, path);
  } catch (cause) {
    await rm(aside, { force: true });
    throw new Fault(`cannot write ${path}`, {
      code: "cli/unwritable",
      kind: "usage",
      hint: "check the folder and its rights",
      cause,
    });
  }
}

/** --created-at, then SOURCE_DATE_EPOCH (seconds), as RFC 3339; undefined: the image's own time. Throws a usage Fault for what is no time. */
export function createdAtOf(context: Pick<Context, "environment">, given: string | undefined): string | undefined {
  const epoch = context.environment["SOURCE_DATE_EPOCH"] ?? "";
  const ms =
    given === undefined ? (/^\d{1,12}$/.test(epoch) ? Number(epoch) * 1000 : undefined) : parseInstantMs(given);
  if (ms === undefined && given !== undefined)
    throw usage(`--created-at ${given} is no time`, "write 2026-11-23T07:00:00Z");
  return ms === undefined ? undefined : formatInstant(ms);
}

export function usage(message: string, hint: string): Fault {
  return new Fault(message, { code: "cli/usage", kind: "usage", hint });
}
