// LocalEndpoint resources against what this machine has: a namespace is looked into, and an entry that names addresses of others is refused.
import { toFault } from "../../../base/fault.ts";
import { formatAddress, parseAddress } from "../../../base/ip.ts";
import type { LocalIntent } from "./intent.ts";
import type { LocalFound } from "./world-book.ts";

/** How the machine is asked; edge/dataplane/local, or a test's. */
export interface NamespaceLook {
  /** Throws a Fault when there is no such namespace or it cannot be entered. */
  fileOf(name: string): string;
  addressesIn(file: string): readonly string[];
}

export interface Locals {
  readonly found: readonly LocalFound[];
  /** By endpoint: the file of its namespace, for probes. */
  readonly files: ReadonlyMap<string, string>;
  /** By endpoint: why it does not count. */
  readonly refused: ReadonlyMap<string, string>;
}

/** Looks anew at each call; what did not change is the same object as before. */
export function createLocals(look: NamespaceLook): (intents: readonly LocalIntent[]) => Locals {
  let before = new Map<string, { readonly intent: LocalIntent; readonly found: LocalFound }>();
  return (intents) => {
    const now = new Map<string, { readonly intent: LocalIntent; readonly found: LocalFound }>();
    const files = new Map<string, string>();
    const refused = new Map<string, string>();
    for (const intent of intents) {
      const { endpoint, spec } = intent;
      const looked = lookInto(look, spec.netns);
      const because = "because" in looked ? looked.because : strangeAddress(spec.addresses, looked.addresses);
      if (because !== "" || "because" in looked) {
        refused.set(endpoint, because);
        continue;
      }
      files.set(endpoint, looked.file);
      const known = before.get(endpoint);
      const isSame = known?.intent === intent && known.found.addresses.join() === looked.addresses.join();
      const found = isSame ? known.found : { endpoint, spec, addresses: looked.addresses };
      now.set(endpoint, { intent, found });
    }
    before = now;
    return { found: [...now.values()].map(({ found }) => found), files, refused };
  };
}

function lookInto(
  look: NamespaceLook,
  netns: string,
): { readonly file: string; readonly addresses: readonly string[] } | { readonly because: string } {
  try {
    const file = look.fileOf(netns);
    const addresses = look.addressesIn(file);
    return addresses.length === 0 ? { because: `network namespace ${netns} has no address yet` } : { file, addresses };
  } catch (error) {
    return { because: toFault(error).message.slice(0, 300) };
  }
}

/** An entry may leave addresses out that the namespace has, not name ones that it lacks: it would take another's traffic for its own. */
function strangeAddress(given: readonly string[], found: readonly string[]): string {
  const strange = given.find((address) => {
    const parsed = parseAddress(address);
    return parsed === undefined || !found.includes(formatAddress(parsed));
  });
  return strange === undefined ? "" : `it names the address ${strange}, which its network namespace does not have`;
}
