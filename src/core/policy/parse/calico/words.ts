// Small things that Calico objects write in their own way: ports, protocols, ICMP, address lists.
import type { IcmpMatch, PortMatch, Prefix } from "../../model.ts";
import { formatAddress } from "../../../../base/ip.ts";
import { child, fields, integer, items, notA, refuse, type At } from "../reader.ts";
import { prefixes, protocolNumbers } from "../words.ts";

const portName = /^[a-zA-Z0-9_.-]{1,128}$/;

/** A number, "from:to" or the name of a port. */
export function calicoPort(at: At): PortMatch | undefined {
  const range = typeof at.value === "string" ? /^(\d+)(?::(\d+))?$/.exec(at.value) : undefined;
  if (range !== null && range !== undefined) {
    const from = Number(range[1]);
    const to = Number(range[2] ?? range[1]);
    const isGood = from >= 1 && to <= 65_535 && from <= to;
    return isGood ? { from, to } : notA(at, "ports from 1 to 65535, the lower one first");
  }
  if (typeof at.value === "string") {
    return portName.test(at.value) ? { name: at.value } : notA(at, "a port, a range like 80:90 or the name of a port");
  }
  const port = integer(at, 1, 65_535);
  return port === undefined ? undefined : { from: port, to: port };
}

/** One of the names, exactly so, or a number from 1 to 255. */
export function calicoProtocol(at: At | undefined): number | undefined {
  if (at === undefined) return undefined;
  const { value } = at;
  if (typeof value === "string" && Object.hasOwn(protocolNumbers, value)) {
    return protocolNumbers[value as keyof typeof protocolNumbers];
  }
  const number = typeof value === "string" && /^\d{1,3}$/.test(value) ? Number(value) : value;
  if (typeof number === "number" && Number.isInteger(number) && number >= 1 && number <= 255) return number;
  return notA(at, `${Object.keys(protocolNumbers).join(", ")} or a number from 1 to 255`);
}

const withPorts: readonly (number | undefined)[] = [protocolNumbers.TCP, protocolNumbers.UDP, protocolNumbers.SCTP];

export function hasPorts(protocol: number | undefined): boolean {
  return withPorts.includes(protocol);
}

/** An empty one says nothing. */
export function icmp(at: At | undefined): IcmpMatch | undefined {
  if (at === undefined) return undefined;
  const match = fields(at, ["type", "code"]);
  const type = integer(match?.get("type"), 0, 254);
  const code = integer(match?.get("code"), 0, 255);
  if (type !== undefined) return code === undefined ? { type } : { type, code };
  return code === undefined
    ? undefined
    : refuse(child(at, "code"), { code: "bad-value", message: "code needs a type beside it" });
}

/** Address ranges without host bits. Missing and empty: undefined, for they do not constrain. */
export function ruleNets(at: At | undefined): readonly Prefix[] | undefined {
  const list = items(at, 10_000);
  if (list.length === 0) return undefined;
  return list.flatMap((item) => {
    const found = prefixes(item);
    const [first] = found;
    const network = typeof item.value === "string" ? (item.value.split("/")[0] ?? "") : "";
    if (first !== undefined && !isSame(network, first)) {
      const length = String(item.value).split("/")[1] ?? "";
      notA(item, "an address range without host bits", `Write ${formatAddress(first.range.low)}/${length}.`);
    }
    return found;
  });
}

function isSame(network: string, { range }: Prefix): boolean {
  const [first] = prefixesOfText(network);
  return first !== undefined && first.range.low.every((word, index) => word === range.low[index]);
}

function prefixesOfText(network: string): readonly Prefix[] {
  const sink = {
    object: "",
    isRefused: false,
    place: { file: "", document: 0, line: 0 },
    lineOf: () => 0,
    problems: [],
  };
  return prefixes({ value: network, path: [], sink }, "single");
}
