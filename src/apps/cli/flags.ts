// Flags that come from a configuration's schema: `--flow-window-seconds 5`, `--flow-window-seconds=5`, `--no-sensor-is-on`.
import { Fault } from "../../base/fault.ts";
import { nearest } from "../../base/nearest.ts";
import type { ConfigField } from "../../edge/config/fields.ts";

export interface ParsedFlags {
  /** By file key. */
  readonly flags: Readonly<Record<string, string | boolean>>;
  readonly file: string | undefined;
}

/**
 * Throws a Fault for an unknown flag (naming the nearest), a missing value, or a stray word. `--config FILE` is taken out. With an app the
 * hints name where its flags are explained.
 */
export function parseFlags(fields: readonly ConfigField[], given: readonly string[], app?: string): ParsedFlags {
  const byFlag = new Map(fields.map((field) => [field.flag, field]));
  const flags: Record<string, string | boolean> = {};
  let file: string | undefined;
  for (let index = 0; index < given.length; index += 1) {
    const word = given[index] ?? "";
    if (!word.startsWith("--")) throw usage(`unexpected "${word}"`, "flags begin with --");
    const equals = word.indexOf("=");
    const name = equals < 0 ? word : word.slice(0, equals);
    const attached = equals < 0 ? undefined : word.slice(equals + 1);
    const negated = byFlag.get(name.replace(/^--no-/, "--"));
    if (name === "--config") {
      file = attached ?? given[(index += 1)];
      if (file === undefined) throw usage("--config needs a file", "for example --config garrison.yaml");
      continue;
    }
    const field = byFlag.get(name);
    if (field === undefined) {
      if (name.startsWith("--no-") && negated?.type === "boolean") {
        flags[negated.key] = false;
        continue;
      }
      const close = nearest(name, [...byFlag.keys(), "--config"]);
      throw usage(
        `unknown flag ${name}${close === undefined ? "" : `, did you mean ${close}?`}`,
        `\`garrison config explain${app === undefined ? "" : ` --app ${app}`}\` lists every flag`,
      );
    }
    const next = given[index + 1];
    if (field.type === "boolean" && attached === undefined) {
      if (next === "true" || next === "false") index += 1;
      flags[field.key] = next !== "false" || given[index] !== "false";
      continue;
    }
    const value = attached ?? given[(index += 1)];
    if (value === undefined) throw usage(`${name} needs a value`, field.description || `it takes a ${field.type}`);
    flags[field.key] = value;
  }
  return { flags, file };
}

function usage(message: string, hint: string): Fault {
  return new Fault(message, { code: "cli/usage", kind: "usage", hint });
}
