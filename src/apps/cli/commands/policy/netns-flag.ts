// --netns NAME=k=v,k=v[,namespace=shop,name=web]: a network namespace of this machine as a workload with labels.
import { Fault } from "../../../../base/fault.ts";
import { addressesIn, namespaceFile } from "../../../../edge/dataplane/local/namespaces.ts";
import { LocalEndpoint } from "../../../../model/local-endpoint.ts";

const namespacesMax = 256;

/** Every flag as a LocalEndpoint, with the addresses that the namespace has now where this machine has it. Throws a Fault on what is none. */
export function localEndpointsOf(flags: readonly string[]): readonly LocalEndpoint[] {
  if (flags.length > namespacesMax) throw bad(`--netns ${flags.length} times`, `at most ${namespacesMax} times`);
  return flags.map((flag) => {
    const endpoint = parseNetns(flag);
    const file = namespaceFile(endpoint.netns);
    return file === undefined ? endpoint : { ...endpoint, addresses: [...addressesIn(file)] };
  });
}

export function parseNetns(flag: string): LocalEndpoint {
  const at = flag.indexOf("=");
  if (at < 0)
    throw bad(`--netns ${flag}`, "it has no = (files stand before --netns, which takes every word behind it)");
  const netns = flag.slice(0, at);
  const pairs = at === flag.length - 1 ? [] : flag.slice(at + 1).split(",");
  const labels: Record<string, string> = {};
  const own: Record<string, string> = {};
  for (const pair of pairs) {
    const equals = pair.indexOf("=");
    if (equals < 1) throw bad(`--netns ${flag}`, `"${pair}" is no key=value`);
    const [key, value] = [pair.slice(0, equals), pair.slice(equals + 1)];
    if (key === "namespace" || key === "name") own[key] = value;
    else labels[key] = value;
  }
  const parsed = LocalEndpoint.safeParse({ netns, name: netns.toLowerCase(), ...own, labels });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw bad(`--netns ${flag}`, `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "wrong"}`);
}

function bad(what: string, why: string): Fault {
  return new Fault(`${what}: ${why}`, {
    code: "cli/usage",
    kind: "usage",
    hint: "write NAME=LABELS, for example --netns web=app=web,tier=front,namespace=shop; NAME= has no labels",
  });
}
