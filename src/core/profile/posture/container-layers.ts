// A container's whole posture in one go: layers, Pod Security level of both sides, and where they differ.
import type { Container, Pod } from "../../../model/inventory.ts";
import type { LearningConfidence, PodSecurityResult, PostureDifference, PostureLayer } from "../../../model/posture.ts";
import { differencesOf } from "./differences.ts";
import type { Declared, LayerInput } from "./layer-input.ts";
import { layersOf } from "./layers.ts";
import { podSecurityOfLive } from "./pod-security-live.ts";
import { podSecurityOfSpec } from "./pod-security-spec.ts";

export interface ContainerPostureAnswer {
  readonly layers: PostureLayer[];
  readonly levelDeclared: PodSecurityResult;
  readonly levelEffective: PodSecurityResult;
  readonly differences: PostureDifference[];
  readonly confidence: LearningConfidence;
}

/** The declaration of one container of a pod, or why there is none. */
export function declaredOfPod(pod: Pod, container: Container | undefined): Declared | string {
  if (container === undefined) return "the pod's object has no container of this name";
  if (pod.security === undefined || container.security === undefined)
    return "the object was kept before declarations were read";
  return {
    pod: pod.security,
    container: container.security,
    hostNetwork: pod.hostNetwork,
    limits: container.limits,
  };
}

function unknownLevel(because: string): PodSecurityResult {
  return { level: "unknown", violations: [], unknown: [{ control: "all", because }] };
}

export function postureOf(input: LayerInput): ContainerPostureAnswer {
  const layers = layersOf(input);
  const levelDeclared =
    typeof input.declared === "string" ? unknownLevel(input.declared) : podSecurityOfSpec([input.declared]);
  const levelEffective = typeof input.facts === "string" ? unknownLevel(input.facts) : podSecurityOfLive(input.facts);
  return {
    layers,
    levelDeclared,
    levelEffective,
    differences: differencesOf(layers, { declared: levelDeclared, effective: levelEffective }),
    confidence: input.confidence,
  };
}
