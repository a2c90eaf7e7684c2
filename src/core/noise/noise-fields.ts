// What an exception may name of a detection, as Falco's rules name it. A field that a detection does not tell is absent, never "".

export interface NoiseDetection {
  readonly id: string;
  readonly timeMs: number;
  readonly count: number;
  /** The lower the worse: place in the list of severities. */
  readonly severityRank: number;
  readonly namespace: string;
  readonly workload: string;
  readonly process: string;
  readonly processId: string;
  readonly executable: string;
  /** Names, nearest first. */
  readonly ancestors: readonly string[];
  readonly image: string;
  /** "name=value". */
  readonly outputFields: readonly string[];
}

export const noiseFieldNames = [
  "k8s.ns.name",
  "container.image.repository",
  "proc.name",
  "proc.pname",
  "proc.exepath",
  "fd.name",
] as const;
export type NoiseFieldName = (typeof noiseFieldNames)[number];

export interface NoiseField {
  readonly field: NoiseFieldName;
  readonly comparison: "=" | "startswith";
  readonly value: string;
}

const valueLengthMax = 256;

/** Of a detection: the value of a field, "" where it tells none. Of files the directory, with its slash. */
export function noiseValue(detection: NoiseDetection, field: NoiseFieldName): string {
  const value = rawValue(detection, field);
  // eslint-disable-next-line no-control-regex -- what cannot be written on one line of a rule file is not named
  return value.length > valueLengthMax || /[\u0000-\u001f\u007f]/.test(value) ? "" : value;
}

function rawValue(detection: NoiseDetection, field: NoiseFieldName): string {
  switch (field) {
    case "k8s.ns.name":
      // A machine's own services carry "host", which is no namespace of Kubernetes.
      return detection.namespace === "host" ? "" : detection.namespace;
    case "container.image.repository":
      return repositoryOf(detection.image);
    case "proc.name":
      return detection.process;
    case "proc.pname":
      return detection.ancestors[0] ?? "";
    case "proc.exepath":
      return detection.executable;
    case "fd.name":
      return directoryOf(outputField(detection, "fd.name"));
  }
}

export function outputField({ outputFields }: Pick<NoiseDetection, "outputFields">, name: string): string {
  const found = outputFields.find((text) => text.startsWith(`${name}=`));
  const value = found?.slice(name.length + 1) ?? "";
  return value === "<NA>" ? "" : value;
}

/** "registry.example:5000/shop/web:1.2@sha256:..." -> "registry.example:5000/shop/web". */
export function repositoryOf(image: string): string {
  return image.replace(/@.*$/, "").replace(/:[^/:]*$/, "");
}

/** "/var/cache/app/a.tmp" -> "/var/cache/app/"; a file of the root directory or a connection has none that is narrow enough. */
function directoryOf(path: string): string {
  const end = path.lastIndexOf("/");
  return path.startsWith("/") && end > 0 ? path.slice(0, end + 1) : "";
}

export function comparisonOf(field: NoiseFieldName): NoiseField["comparison"] {
  return field === "fd.name" ? "startswith" : "=";
}

export function matches(detection: NoiseDetection, fields: readonly NoiseField[]): boolean {
  return fields.every(({ field, comparison, value }) => {
    if (comparison === "=") return noiseValue(detection, field) === value;
    return outputField(detection, "fd.name").startsWith(value);
  });
}
