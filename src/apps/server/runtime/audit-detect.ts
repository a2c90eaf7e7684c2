// Rules over Kubernetes audit events at the server's door, on the whole event, before its bodies are dropped: the built-in ones and those of DetectionRules resources.
// Counters and sequences are a cluster's own.
import type { Logger } from "../../../base/logger.ts";
import { auditRuleFiles } from "../../../core/detect/builtin/builtin-rules.ts";
import { resourceFileName, resourceRuleFile } from "../../../core/detect/builtin/resource-file.ts";
import type {
  CompileResult,
  Detection,
  Detector,
  DetectorOptions,
  RuleFile,
  RuleState,
} from "../../../core/detect/contract.ts";
import type { Resources } from "../../../core/state/ports.ts";
import { readRuleYaml } from "../../../edge/manifests/read-yaml.ts";
import { DetectionRules } from "../../../model/detection-rules.ts";
import { auditDetectLimits } from "./limits.ts";

export interface AuditDetect {
  /** What the cluster's rules say of one event. Never throws. */
  judge(cluster: string, event: unknown, receivedMs: number): readonly Detection[];
  /** The rules of Kubernetes audit of a cluster, as they are now. */
  rulesOf(cluster: string): readonly RuleState[];
  /** Absences fall due, counters expire. */
  tick(nowMs: number): void;
  /** Resources have changed: read again at the next event. */
  refresh(): Promise<void>;
}

export interface AuditDetectParts {
  readonly resources: Pick<Resources, "list">;
  readonly compile: (files: readonly RuleFile[]) => CompileResult;
  readonly createDetector: (options: DetectorOptions) => Detector;
  readonly surroundings: Pick<DetectorOptions, "supply" | "machine">;
  readonly logger: Logger;
}

interface ResourceRules {
  /** "" for every cluster. */
  readonly cluster: string;
  readonly file: RuleFile;
}

export async function createAuditDetect(parts: AuditDetectParts): Promise<AuditDetect> {
  const detect = new ClusterDetectors(parts);
  await detect.refresh();
  return detect;
}

class ClusterDetectors implements AuditDetect {
  readonly #parts: AuditDetectParts;
  readonly #detectors = new Map<string, Detector>();
  #files: readonly ResourceRules[] = [];
  /** Clusters with the same rules share them: compiling takes a tenth of a second. */
  readonly #compiledBy = new Map<string, CompileResult["rules"]>();
  #found: Detection[] = [];

  constructor(parts: AuditDetectParts) {
    this.#parts = parts;
  }

  judge(cluster: string, event: unknown, receivedMs: number): readonly Detection[] {
    this.#found = [];
    this.#detectorOf(cluster).takeAudit(event, receivedMs);
    return this.#found.slice(0, auditDetectLimits.detectionsPerEventMax);
  }

  rulesOf(cluster: string): readonly RuleState[] {
    return this.#detectorOf(cluster)
      .rules()
      .filter(({ source }) => source === "k8s_audit");
  }

  tick(nowMs: number): void {
    // What falls due between two events is told with the cluster's next one: an absence in the audit log has no row to stand in.
    for (const detector of this.#detectors.values()) detector.tick(nowMs);
  }

  async refresh(): Promise<void> {
    const resources = await this.#parts.resources.list("DetectionRules");
    const files: ResourceRules[] = [];
    for (const resource of resources.toSorted((left, right) => left.name.localeCompare(right.name, "en"))) {
      const spec = DetectionRules.safeParse(resource.spec);
      const cluster = clusterOf(resource.scope);
      if (!spec.success || !spec.data.enabled || cluster === undefined) continue;
      files.push({ cluster, file: resourceRuleFile(resourceFileName(resource), spec.data, readRuleYaml).file });
    }
    this.#files = files;
    this.#compiledBy.clear();
    for (const [cluster, detector] of this.#detectors) detector.replaceRules(this.#compiled(cluster));
  }

  #compiled(cluster: string): CompileResult["rules"] {
    const own = this.#files.filter((entry) => entry.cluster === "" || entry.cluster === cluster);
    const key = own.map(({ file }) => file.name).join("\n");
    let rules = this.#compiledBy.get(key);
    if (rules === undefined) {
      ({ rules } = this.#parts.compile([...auditRuleFiles, ...own.map(({ file }) => file)]));
      this.#compiledBy.set(key, rules);
    }
    return rules;
  }

  #detectorOf(cluster: string): Detector {
    const known = this.#detectors.get(cluster);
    if (known !== undefined) {
      this.#detectors.delete(cluster);
      this.#detectors.set(cluster, known);
      return known;
    }
    for (const oldest of this.#detectors.keys()) {
      if (this.#detectors.size < auditDetectLimits.clustersMax) break;
      this.#detectors.delete(oldest);
      this.#parts.logger.warn(
        { cluster: oldest },
        "too many clusters: counters of this one's audit rules are forgotten",
      );
    }
    const detector = this.#parts.createDetector({
      ...this.#parts.surroundings,
      rules: this.#compiled(cluster),
      onDetection: (detection) => void this.#found.push(detection),
    });
    this.#detectors.set(cluster, detector);
    return detector;
  }
}

/** Rules for one node say nothing about a cluster's API. */
function clusterOf(scope: string): string | undefined {
  if (scope === "global") return "";
  return scope.startsWith("cluster/") ? scope.slice("cluster/".length) : undefined;
}
