// For tests of this room: manifests in, set and problems out, in one line.
import { parseManifests, type Parsed } from "./parse-policies.ts";

export function parseAll(...manifests: readonly unknown[]): Parsed {
  return parseManifests(
    manifests.map((manifest, document) => ({ manifest, place: { file: "t.yaml", document, line: 1 } })),
  );
}

export interface ManifestParts {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly spec: object;
}

export function manifestOf({ apiVersion, kind, name = "x", namespace, spec }: ManifestParts): object {
  return { apiVersion, kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) }, spec };
}

/** "error policy/bad-value spec.x" for each problem. */
export function told(parsed: Parsed): readonly string[] {
  return parsed.problems.map(({ severity, code, path }) => `${severity} ${code} ${path}`);
}
