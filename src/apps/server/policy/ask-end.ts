// One end of a question as a person gives it: a pod, a workload (its first pod by name), or an address.
import { Fault } from "../../../base/fault.ts";
import { nearest } from "../../../base/nearest.ts";
import { parseAddress } from "../../../base/ip.ts";
import type { FlowEnd } from "../../../core/policy/world.ts";
import type { ClusterPolicies } from "./desk.ts";

export interface AskedEnd {
  readonly endpoint: string;
  readonly workload: string;
  readonly address: string;
}

/** Throws Fault "policy/no-such-endpoint" and "policy/bad-end", with `where` under `name`. */
export function resolveEnd({ engine, world, book }: ClusterPolicies, asked: AskedEnd, name: string): FlowEnd {
  if (asked.endpoint !== "") {
    const known = [asked.endpoint, `pod/${asked.endpoint}`].find((id) => engine.thing(id) !== undefined);
    if (known !== undefined) return { endpoint: known, address: checkedAddress(asked.address, name) };
    throw unknownEnd(
      asked.endpoint,
      `${name}.endpoint`,
      world.endpoints.map(({ id }) => id),
    );
  }
  if (asked.workload !== "") {
    const [namespace = "", ...rest] = asked.workload.split("/");
    const owner = rest.join("/");
    const isWhole = rest.length > 1;
    const pod = isWhole
      ? book.podOf(namespace, owner)
      : world.endpoints
          .filter((one) => one.namespace === namespace && one.workload.endsWith(`/${owner}`))
          .map(({ id }) => id)
          .sort()[0];
    if (pod !== undefined) return { endpoint: pod, address: "" };
    const known = world.endpoints.map(
      (one) => `${one.namespace}/${isWhole ? one.workload : one.workload.split("/")[1]}`,
    );
    throw unknownEnd(asked.workload, `${name}.workload`, known);
  }
  const address = checkedAddress(asked.address, name);
  if (address !== "") return { endpoint: "", address };
  throw new Fault(`the ${name} is missing`, {
    code: "policy/bad-end",
    kind: "usage",
    where: name,
    hint: "give an endpoint (shop/web-1), a workload (shop/Deployment/web) or an address",
  });
}

function checkedAddress(text: string, name: string): string {
  if (text === "" || parseAddress(text) !== undefined) return text;
  throw new Fault(`${JSON.stringify(text)} is no address`, {
    code: "policy/bad-end",
    kind: "usage",
    where: `${name}.address`,
    hint: "write an IPv4 or IPv6 address; names are not looked up",
  });
}

const candidatesMax = 5000;

function unknownEnd(given: string, where: string, known: readonly string[]): Fault {
  const meant = nearest(given, [...new Set(known.slice(0, candidatesMax))]);
  return new Fault(`nothing in the cluster is called ${JSON.stringify(given.slice(0, 200))} now`, {
    code: "policy/no-such-endpoint",
    kind: "not-found",
    where,
    ...(meant === undefined ? {} : { hint: `did you mean ${meant}?` }),
  });
}
