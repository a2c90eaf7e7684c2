// What comes in: plain manifests with their places, and the port to whoever reads them from YAML (core has no YAML reader).
import type { SourcePlace } from "../model.ts";

/** Keys and 0-based indexes from the document's top. */
export type Path = readonly (string | number)[];

export interface Manifest {
  readonly manifest: unknown;
  readonly place: SourcePlace;
  /** 1-based line of what is at the path, or of the closest thing around it. Without it all problems are at `place.line`. */
  readonly lineOf?: ((path: Path) => number) | undefined;
}

/** One document of a file: a value, or what is wrong with it. */
export interface ReadDocument {
  /** Plain objects, arrays and scalars; undefined when there are errors or the document is empty. */
  readonly value: unknown;
  /** 1-based line where it begins. */
  readonly line: number;
  readonly errors: readonly { readonly line: number; readonly code: string; readonly message: string }[];
  lineOf(path: Path): number;
}

/** Reads YAML or JSON text, within limits of its own; never throws. `edge/manifests/read-yaml.ts` is one. */
export type ReadYaml = (text: string) => readonly ReadDocument[];

export interface PolicyFile {
  /** As it shall stand in problems. */
  readonly file: string;
  readonly text: string;
}

export const manifestLimits = {
  /** Objects of all inputs together. */
  objectsMax: 200_000,
  /** `kind: List` inside `kind: List`. */
  listDepthMax: 4,
  problemsMax: 10_000,
  /** Of one object; the next one only says that there are more. */
  problemsOfObjectMax: 100,
  /** Unknown fields of one mapping that are told one by one. */
  unknownFieldsMax: 20,
} as const;
