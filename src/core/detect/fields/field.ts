// What a field is: one entry of a table. Its group says which sensor supplies it, its scope what its value depends on.
import type { ReadValue } from "../event.ts";

/**
 * How values compare. net and address: also with ranges. time: milliseconds or nanoseconds as numbers. A field with several values holds when any of them does ("any"),
 * or, as Falco's lists, "in" when all do ("list").
 */
export type FieldType = "text" | "number" | "boolean" | "address";

/**
 * What a value depends on alone: the executed program and its workload, the program's short name, the path of a file, its path when nothing else is told of it (it was asked for as it is,
 * and lies in no folder of the host), the kind of event; or all of the event.
 */
export type FieldScope = "process" | "name" | "path" | "plain-path" | "shape" | "event";

export type FieldGroup =
  | "event"
  | "process"
  | "exec-facts"
  | "ancestry"
  | "user"
  | "descriptor"
  | "descriptors-of-process"
  | "host-folders"
  | "buffer"
  | "environment"
  | "untold"
  | "container"
  | "container-runtime"
  | "kubernetes"
  | "dns"
  | "audit";

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly many?: "any" | "list";
  readonly scope: FieldScope;
  readonly group: FieldGroup;
  /** none: no brackets. index: a number in brackets, or none. key: a text in brackets or after a point. A mark behind: must stand. */
  readonly argument?: "index" | "key" | "index!" | "key!";
  readonly description: string;
  read(argument: string | undefined): ReadValue;
}

/** A field without argument. */
export function plain(name: string, shape: Omit<Field, "name" | "argument" | "read">, read: ReadValue): Field {
  return { name, ...shape, read: () => read };
}
