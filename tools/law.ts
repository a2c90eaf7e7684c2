// The import law as a table: which shelf may import which, and which rooms inside core and edge may know each other.
// Read by tidy.test.ts. A new edge is a line here with its reason, seen in review.

export const shelves = ["base", "model", "core", "edge", "apps"] as const;
export type Shelf = (typeof shelves)[number];

/** Rooms of core that may import other rooms of core. Ports (sense, store, state) hold types only and are open to all. */
export const coreEdges: Readonly<Record<string, readonly string[]>> = {
  flow: ["sense", "process", "directory"],
  process: ["sense"],
  protocol: ["sense"],
  // Owners that are not known yet are guessed as agents do; identities go to the hub; events and messages are redacted as foreign rows are.
  inventory: ["process", "directory", "foreign"],
  foreign: ["redact", "protocol"],
  // What needs a person links to its evidence by a filter: names are quoted as the grammar takes them back.
  graph: ["filter"],
  // DNS answers fill sets: policy/dns reads names and addresses with the reader that observation has.
  policy: ["protocol"],
  // Values of requests are redacted as arguments and paths are; a policy's target is a selector over labels.
  waf: ["redact", "policy"],
  // Packages are what is matched; advice counts what another base would remove, and secrets are cut as arguments are.
  sbom: ["redact"],
  vuln: ["sbom"],
  image: ["sbom", "vuln", "redact"],
  // Outputs hold no secrets; "regex" is linear by the WAF's patterns; DNS answers name addresses.
  detect: ["redact", "waf", "protocol"],
  // A protecting baseline is handed to the guard through its contract.
  baseline: ["runtime-policy"],
  // A policy's target is a selector over labels; texts are read by the reader that network policies have; misspelt keys are named as at the state store's door.
  "runtime-policy": ["policy", "state"],
};

/** Rooms of edge that may import other rooms of edge. */
export const edgeEdges: Readonly<Record<string, readonly string[]>> = {};

export const limits = { fileLines: 400, functionLines: 70, parameters: 4 } as const;

/** Files whose length is not ours to choose: generated, or a table of data. Each with its reason. */
export const longFiles: Readonly<Record<string, string>> = {
  "src/core/filter/fields.ts": "one line a field: a table",
};
