// Containers of a pod: what was asked for beside what runs. Names of variables and where they come from; no literal value, no argument.
import type { z } from "zod";
import type { Container, EnvironmentVariable } from "../../../model/inventory.ts";
import { inventoryLimits } from "../limits.ts";
import { list, type ParseContext, plain, type Raw, record, whole } from "./raw.ts";
import { containerSecurityOf } from "./security.ts";

type Variable = z.infer<typeof EnvironmentVariable>;

export function containersOf(context: ParseContext, spec: Raw, status: Raw, annotations: Raw = {}): Container[] {
  const statuses = new Map<unknown, Raw>();
  for (const key of ["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"]) {
    for (const item of list(status[key], inventoryLimits.containersMax))
      statuses.set(record(item)["name"], record(item));
  }
  const of = (key: string, isInit: boolean) =>
    list(spec[key], inventoryLimits.containersMax, (count) => context.cut("containers", count)).map((item) => ({
      ...containerOf(context, record(item), statuses.get(record(item)["name"]) ?? {}, isInit),
      security: containerSecurityOf(context, record(item), annotations),
    }));
  const all = [...of("containers", false), ...of("initContainers", true), ...of("ephemeralContainers", false)];
  return all.filter(({ name }) => name !== "").slice(0, inventoryLimits.containersMax);
}

function containerOf(context: ParseContext, spec: Raw, status: Raw, isInit: boolean): Container {
  const { name, ports, environment, requests, limits } = templateOf(context, spec);
  const { state, stateReason, exitCode } = stateOf(context, record(status["state"]));
  const last = record(record(status["lastState"])["terminated"]);
  const now = record(record(status["state"])["terminated"]);
  const ended = now["finishedAt"] === undefined ? last : now;
  const lastEndAt = context.time(ended["finishedAt"]);
  return {
    name,
    isInit,
    image: context.text(spec["image"]),
    imageDigest: digestOf(context, status["imageID"]),
    containerId: containerIdOf(status["containerID"]),
    ready: status["ready"] === true,
    restarts: whole(status["restartCount"]),
    state,
    stateReason,
    ...(exitCode === undefined ? {} : { exitCode }),
    lastEndReason: context.text(ended["reason"]),
    ...(lastEndAt === undefined ? {} : { lastEndAt }),
    ports,
    environment,
    requests,
    limits,
  };
}

/** The part that all pods of a template have alike: one value in memory. */
function templateOf(context: ParseContext, spec: Raw) {
  const resources = record(spec["resources"]);
  return {
    name: context.text(spec["name"], inventoryLimits.nameLengthMax),
    ports: context.share(portsOf(context, spec["ports"])),
    environment: sharedEnvironment(context, spec),
    requests: amounts(context, resources["requests"]),
    limits: amounts(context, resources["limits"]),
  };
}

function portsOf(context: ParseContext, value: unknown): Container["ports"] {
  const cut = (count: number) => context.cut("ports", count);
  return list(value, inventoryLimits.portsMax, cut).flatMap((item) => {
    const { name, protocol, containerPort } = record(item);
    const port = portNumber(containerPort);
    return port === 0 ? [] : [{ name: plain(name), protocol: plain(protocol) || "TCP", port }];
  });
}

/** 1 to 65535; 0 for anything else. */
export function portNumber(value: unknown): number {
  const port = whole(value);
  return port <= 65_535 ? port : 0;
}

/** Told apart by what is kept of it alone, so that what differs in literal values is one in memory. */
function sharedEnvironment(context: ParseContext, spec: Raw): Variable[] {
  const { env, envFrom } = spec;
  if (env === undefined && envFrom === undefined) return noVariables;
  if (envFrom !== undefined || !Array.isArray(env) || env.length > inventoryLimits.environmentMax)
    return context.share(environmentOf(context, spec));
  let key = "";
  for (const item of env as readonly unknown[]) {
    const variable = record(item);
    const { from, reference } = sourceOf(variable);
    key += `${plain(variable["name"])}\u0000${from}\u0000${reference}\u0001`;
  }
  return context.once("environment ", key, () => environmentOf(context, spec));
}

const noVariables: Variable[] = [];

function environmentOf(context: ParseContext, spec: Raw): Variable[] {
  const cut = (count: number) => context.cut("environment", count);
  const named = list(spec["env"], inventoryLimits.environmentMax, cut).flatMap((item): Variable[] => {
    const variable = record(item);
    const name = plain(variable["name"]);
    return name === "" ? [] : [{ name, ...sourceOf(variable) }];
  });
  // A whole map or Secret as variables: their names are in it, which is not read.
  const from = list(spec["envFrom"], inventoryLimits.environmentMax, cut).flatMap((item): Variable[] => {
    const { prefix, secretRef, configMapRef } = record(item);
    const name = `${plain(prefix)}*`;
    if (secretRef !== undefined) return [{ name, from: "secret", reference: plain(record(secretRef)["name"]) }];
    if (configMapRef === undefined) return [];
    return [{ name, from: "config-map", reference: plain(record(configMapRef)["name"]) }];
  });
  return [...named, ...from];
}

function sourceOf(variable: Raw): Pick<Variable, "from" | "reference"> {
  const from = record(variable["valueFrom"]);
  const name = (key: string, field: string) => plain(record(from[key])[field]);
  if (from["secretKeyRef"] !== undefined) return { from: "secret", reference: name("secretKeyRef", "name") };
  if (from["configMapKeyRef"] !== undefined) return { from: "config-map", reference: name("configMapKeyRef", "name") };
  if (from["fieldRef"] !== undefined) return { from: "field", reference: name("fieldRef", "fieldPath") };
  if (from["resourceFieldRef"] !== undefined)
    return { from: "resource", reference: name("resourceFieldRef", "resource") };
  const isGiven = typeof variable["value"] === "string" && variable["value"] !== "";
  return { from: isGiven ? "literal" : "unset", reference: "" };
}

const noAmounts: Record<string, string> = {};

function amounts(context: ParseContext, value: unknown): Record<string, string> {
  if (value === undefined) return noAmounts;
  const entries = Object.entries(record(value)).slice(0, inventoryLimits.resourcesMax);
  const texts = entries.flatMap(([key, amount]) =>
    key === "__proto__" || (typeof amount !== "string" && typeof amount !== "number")
      ? []
      : [[plain(key), plain(String(amount))] as const],
  );
  return context.share(Object.fromEntries(texts));
}

function stateOf(context: ParseContext, state: Raw): Pick<Container, "state" | "stateReason"> & { exitCode?: number } {
  if (state["running"] !== undefined) return { state: "running", stateReason: "" };
  const [waiting, terminated] = [record(state["waiting"]), record(state["terminated"])];
  if (state["terminated"] !== undefined) {
    const code = terminated["exitCode"];
    const exit = typeof code === "number" && Number.isSafeInteger(code) ? { exitCode: code } : {};
    return { state: "terminated", stateReason: context.text(terminated["reason"]), ...exit };
  }
  if (state["waiting"] !== undefined) return { state: "waiting", stateReason: context.text(waiting["reason"]) };
  return { state: "unknown", stateReason: "" };
}

const digest = /sha256:[0-9a-f]{64}$/;

/** "registry/image@sha256:..." -> "sha256:..."; "" when the runtime did not say. */
function digestOf(context: ParseContext, value: unknown): string {
  if (typeof value !== "string") return "";
  return context.text(digest.exec(value)?.[0] ?? "");
}

/** "containerd://<id>" -> "<id>". */
function containerIdOf(value: unknown): string {
  if (typeof value !== "string") return "";
  return value.slice(value.indexOf("://") < 0 ? 0 : value.indexOf("://") + 3).slice(0, inventoryLimits.nameLengthMax);
}

/** Images of a pod template, each once. */
export function imagesOf(context: ParseContext, podSpec: Raw): string[] {
  const images = [...list(podSpec["containers"], inventoryLimits.containersMax)].map((item) =>
    context.text(record(item)["image"]),
  );
  return [...new Set(images.filter((image) => image !== ""))];
}
