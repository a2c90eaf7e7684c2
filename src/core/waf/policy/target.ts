// Whom a policy is for, and which of several is the most specific. A rank is compared part by part, so that the order never hangs on chance.
import { parseSelector } from "../../policy/selector/parse-selector.ts";
import { matches } from "../../policy/selector/matches.ts";
import type { Labels } from "../../policy/selector/matches.ts";
import type { Selector } from "../../policy/selector/selector.ts";
import { toFault } from "../../../base/fault.ts";
import type { WafPolicy } from "../../../model/waf-policy.ts";
import { byteText } from "./byte-text.ts";
import type { Tell } from "./named.ts";
import { normalPath } from "../http/normal-path.ts";

/** What stands behind a request. One object per workload: who asks again hands in the same one. */
export interface WafWorkload {
  readonly namespace: string;
  /** Name of the pods' owner. */
  readonly workload: string;
  /** Services that lead to it. */
  readonly services: readonly string[];
  readonly labels: Labels;
}

/** What a policy is chosen by. */
export interface WafPolicyFacts {
  /** Undefined: not known; then only policies that name nobody in particular match. */
  readonly workload: WafWorkload | undefined;
  /** Port of the workload, 0: not known. */
  readonly port: number;
  /** Without port. */
  readonly host: string;
  /** Without query, as it came. */
  readonly path: string;
  readonly method: string;
}

export interface Target {
  readonly selector: Selector | undefined;
  readonly namespace: string;
  readonly workload: string;
  readonly service: string;
  /** 0: every port. */
  readonly port: number;
}

export interface Route {
  readonly host: string;
  readonly path: string;
  /** In lower case: some servers do not tell case. */
  readonly pathFolded: string;
  readonly methods: ReadonlySet<string>;
}

/** Undefined, told: the policy selects nobody. */
export function targetOf({ target }: WafPolicy, tell: Tell): Target | undefined {
  const [service = "", port] = target.service.split(":");
  let selector: Selector | undefined;
  try {
    selector = target.selector.trim() === "" ? undefined : parseSelector(target.selector);
  } catch (thrown) {
    const fault = toFault(thrown);
    if (fault.kind === "internal") throw thrown;
    tell({
      severity: "error",
      code: "waf/bad-target",
      message: `target.selector: ${fault.message}`,
      hint: fault.hint ?? "the policy selects nobody until it is mended",
    });
    return undefined;
  }
  if (port !== undefined && !/^\d{1,5}$/.test(port)) {
    const hint = "write checkout or checkout:8080; the policy selects nobody until it is mended";
    tell({ severity: "error", code: "waf/bad-target", message: `target.service: ${port} is no port`, hint });
    return undefined;
  }
  const { namespace, workload } = target;
  return { selector, namespace, workload, service, port: port === undefined ? 0 : Number(port) };
}

export function routesOf({ target }: WafPolicy): readonly Route[] {
  return target.routes.map(({ host, path, methods }) => {
    const plain = path === "" ? "" : normalPath(byteText(path));
    return {
      host: host.toLowerCase().replace(/\.$/, ""),
      path: plain,
      pathFolded: plain.toLowerCase(),
      methods: new Set(methods.map((method) => method.toUpperCase())),
    };
  });
}

export function isTargeted(target: Target, workload: WafWorkload | undefined, port: number): boolean {
  const { namespace, service, selector } = target;
  if (target.port !== 0 && target.port !== port) return false;
  if (namespace === "" && target.workload === "" && service === "" && selector === undefined) return true;
  if (workload === undefined) return false;
  if (namespace !== "" && namespace !== workload.namespace) return false;
  if (target.workload !== "" && target.workload !== workload.workload) return false;
  if (service !== "" && !workload.services.includes(service)) return false;
  return selector === undefined || matches(selector, workload.labels);
}

export interface RouteFacts {
  readonly host: string;
  /** One reading of it (path-readings.ts). */
  readonly path: string;
  readonly isCaseless: boolean;
  readonly method: string;
}

/** Host and method hold, whatever the path. */
export function isRoutedAnywhere(route: Route, { host, method }: Pick<RouteFacts, "host" | "method">): boolean {
  if (route.methods.size > 0 && !route.methods.has(method)) return false;
  if (route.host.startsWith("*.") ? !host.endsWith(route.host.slice(1)) : route.host !== "" && route.host !== host)
    return false;
  return true;
}

export function isRouted(route: Route, facts: RouteFacts): boolean {
  if (!isRoutedAnywhere(route, facts)) return false;
  const { path: read, isCaseless } = facts;
  const path = isCaseless ? read.toLowerCase() : read;
  const wanted = isCaseless ? route.pathFolded : route.path;
  if (wanted === "" || wanted === "/" || path === wanted) return true;
  return path.startsWith(wanted.endsWith("/") ? wanted : `${wanted}/`);
}

/**
 * Higher is more specific, compared part by part: the resource's scope (node, cluster, global), the workload, the service with its port, labels, the namespace,
 * then the route: its host (whole before wildcard), the length of its path, its methods.
 */
export function rankOf(scope: string, target: Target, route: Route | undefined): readonly number[] {
  const has = (text: string): number => (text === "" ? 0 : 1);
  const host = route?.host ?? "";
  return [
    scope.startsWith("node/") ? 2 : scope.startsWith("cluster/") ? 1 : 0,
    has(target.workload),
    has(target.service) + (target.port === 0 ? 0 : 1),
    target.selector === undefined ? 0 : 1,
    has(target.namespace),
    host === "" ? 0 : host.startsWith("*.") ? host.length : 1000 + host.length,
    route?.path.length ?? 0,
    route === undefined || route.methods.size === 0 ? 0 : 1,
  ];
}

/** For sorting, most specific first. */
export function compareRanks(left: readonly number[], right: readonly number[]): number {
  for (const [index, each] of left.entries()) {
    const difference = (right[index] ?? 0) - each;
    if (difference !== 0) return difference;
  }
  return 0;
}
