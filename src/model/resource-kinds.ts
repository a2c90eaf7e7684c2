// The list of resource kinds. A new kind is a schema file and one line here: store, API, CLI and distribution follow.
import type { z } from "zod";
import { Baseline } from "./baseline.ts";
import { DemoStory } from "./demo-story.ts";
import { DetectionMark } from "./detection-mark.ts";
import { DetectionRules } from "./detection-rules.ts";
import { Enforcement } from "./enforcement.ts";
import { Exception } from "./exception.ts";
import { LearningWindow } from "./learning-window.ts";
import { LocalEndpoint } from "./local-endpoint.ts";
import { PolicyObject } from "./policy-object.ts";
import { Retention } from "./retention.ts";
import { Sink } from "./sink.ts";
import { RuntimePolicy } from "./runtime-policy.ts";
import { View } from "./view.ts";
import { Visibility } from "./visibility.ts";
import { WafFloor, WafPolicy } from "./waf-policy.ts";

export interface ResourceKind {
  readonly spec: z.ZodType;
  /** Who receives it over the control stream: agents of the scope, or nobody but the server itself. */
  readonly distribution: "agents" | "server";
  /** Which role may change it. */
  readonly role: "operator" | "admin";
  readonly summary: string;
  /** There is one, named "default" in the global scope; other names and scopes are refused. */
  readonly isSingleton?: true;
}

export const resourceKinds = {
  Visibility: {
    spec: Visibility,
    distribution: "agents",
    role: "operator",
    summary: "Which workloads' first bytes are read, and how their arguments are redacted",
  },
  Retention: {
    spec: Retention,
    distribution: "server",
    role: "admin",
    summary: "How long and how much telemetry is kept",
    isSingleton: true,
  },
  View: {
    spec: View,
    distribution: "server",
    role: "operator",
    summary: "Saved views of the console: a screen with its filter and choices",
  },
  DemoStory: {
    spec: DemoStory,
    distribution: "server",
    role: "operator",
    summary: "What goes wrong in the demo cluster",
  },
  Policy: {
    spec: PolicyObject,
    distribution: "agents",
    role: "operator",
    summary: "Network policies, tiers, network sets and host endpoints, each in its own dialect",
  },
  Enforcement: {
    spec: Enforcement,
    distribution: "agents",
    role: "admin",
    summary: "Whether and how nodes enforce network policies",
  },
  LocalEndpoint: {
    spec: LocalEndpoint,
    distribution: "agents",
    role: "operator",
    summary: "Network namespaces of a machine that policies see as workloads",
  },
  WafPolicy: {
    spec: WafPolicy,
    distribution: "agents",
    role: "operator",
    summary:
      "Web application firewall of workloads and routes: mode, thresholds, exclusions, own rules, virtual patches",
  },
  WafFloor: {
    spec: WafFloor,
    distribution: "agents",
    role: "admin",
    summary: "What the web application firewall does at least, for every workload",
  },
  DetectionRules: {
    spec: DetectionRules,
    distribution: "agents",
    role: "operator",
    summary: "Detection rules (Falco, Sigma or GarrisonRule) beside the built-in ones and each node's own folder",
  },
  LearningWindow: {
    spec: LearningWindow,
    distribution: "agents",
    role: "operator",
    summary: "Which workloads' system calls and capabilities are learnt for their profiles, and until when",
  },
  RuntimePolicy: {
    spec: RuntimePolicy,
    distribution: "agents",
    role: "operator",
    summary:
      "What processes of workloads may run, open, talk to and call: watched in a dry run, then enforced in the kernel",
  },
  DetectionMark: {
    spec: DetectionMark,
    distribution: "server",
    role: "operator",
    summary: "What a person said of a detection: real, noise, or handled",
  },
  Exception: {
    spec: Exception,
    distribution: "server",
    role: "operator",
    summary: "Accepted findings of images: which, where, why, who answers for it, until when",
  },
  Sink: {
    spec: Sink,
    distribution: "server",
    role: "admin",
    summary: "Where security events are sent: standard output, a file, syslog or a webhook",
  },
  Baseline: {
    spec: Baseline,
    distribution: "agents",
    role: "operator",
    summary: "What a workload of one image does, frozen: what is outside it is drift, and is ended where it protects",
  },
} as const satisfies Record<string, ResourceKind>;

export type ResourceKindName = keyof typeof resourceKinds;
