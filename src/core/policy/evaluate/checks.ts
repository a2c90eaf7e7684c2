// Looks at single fields of a rule. Each says yes, no or maybe; the walk needs all to say yes, the explanation names those that did not.
import type { EntityMatch, PortMatch, Rule } from "../model.ts";
import { canonicalName, matchesName, parseNamePattern } from "../dns/name-pattern.ts";
import type { WorldService } from "../world.ts";
import { createRangeSet, canonicalAddress } from "./addresses.ts";
import { hasBit } from "./bits.ts";
import { hasPorts, maybe, no, yes, type End, type Match, type Question } from "./question.ts";
import { kindBits, type Row } from "./rows.ts";
import type { SelectorEntry } from "./selector-index.ts";

export interface Check {
  /** "protocol", "destination.ports", ...: the words of model.ts. */
  readonly field: string;
  test(question: Question): Match;
  /** After "maybe": what would have to be known. */
  why(question: Question): string;
}

/** What checks ask the engine; always as it is now. */
export interface Facts {
  service(namespace: string, name: string): WorldService | undefined;
  readonly incomplete: () => string;
  /** Network sets that hold names. */
  readonly namedSets: () => readonly Row[];
}

export type Side = "source" | "destination";

export function selects(entry: SelectorEntry, end: End): Match {
  const { bits } = entry;
  if (end.slot >= 0 && hasBit(bits, end.slot)) return yes;
  for (const slot of end.moreSlots ?? []) if (hasBit(bits, slot)) return yes;
  return end.unknown !== "" && entry.kinds !== kindBits.networkSet ? maybe : no;
}

function not(match: Match): Match {
  return match === maybe ? maybe : match === yes ? no : yes;
}

function check(field: string, test: Check["test"], why: (question: Question) => string = () => ""): Check {
  return { field, test, why };
}

const addressUnknown = () => "its address is not known";

export function protocolChecks({ protocol, notProtocol, ipVersion }: Rule): readonly Check[] {
  const checks: Check[] = [];
  if (ipVersion !== undefined)
    checks.push(
      check(
        "ipVersion",
        ({ family }) => (family === 0 ? maybe : family === ipVersion ? yes : no),
        () => "the flow has no address",
      ),
    );
  if (protocol !== undefined) checks.push(check("protocol", (flow) => (flow.protocol === protocol ? yes : no)));
  if (notProtocol !== undefined)
    checks.push(check("notProtocol", (flow) => (flow.protocol === notProtocol ? no : yes)));
  return checks;
}

export function applicationChecks({ icmp, notIcmp, http }: Rule): readonly Check[] {
  const checks: Check[] = [];
  const typeUnknown = () => "the ICMP type was not recorded";
  if (icmp !== undefined) checks.push(check("icmp", (question) => icmpMatches(icmp, question), typeUnknown));
  if (notIcmp !== undefined)
    checks.push(check("notIcmp", (question) => not(icmpMatches(notIcmp, question)), typeUnknown));
  if (http !== undefined)
    checks.push(
      check(
        "http",
        (question) => httpMatches(http, question),
        () => "the HTTP request was not recorded",
      ),
    );
  return checks;
}

function icmpMatches(wanted: NonNullable<Rule["icmp"]>, { protocol, flow }: Question): Match {
  if (protocol !== 1 && protocol !== 58) return no;
  if (flow.icmp === undefined) return maybe;
  const isCode = wanted.code === undefined || wanted.code === flow.icmp.code;
  return flow.icmp.type === wanted.type && isCode ? yes : no;
}

function httpMatches(wanted: NonNullable<Rule["http"]>, { protocol, flow }: Question): Match {
  if (protocol !== 6) return no;
  const request = flow.http;
  if (request === undefined) return maybe;
  const { methods, paths } = wanted;
  if (methods !== undefined && !methods.some((method) => method === "*" || method === request.method)) return no;
  // The query is no part of a path.
  const path = request.path.split(/[?#]/, 1)[0] ?? "";
  const isPath =
    paths === undefined ||
    paths.some(({ match, value }) => (match === "exact" ? path === value : path.startsWith(value)));
  return isPath ? yes : no;
}

export function netChecks(side: Side, { nets, notNets, outsideOnly }: EntityMatch): readonly Check[] {
  const checks: Check[] = [];
  const holds = (prefixes: NonNullable<EntityMatch["nets"]>) => {
    const set = createRangeSet(prefixes.map(({ range }) => range));
    return ({ address }: End): Match => (address === undefined ? maybe : set.has(address) ? yes : no);
  };
  if (nets !== undefined) {
    const test = nets.length === 0 ? (): Match => no : holds(nets);
    checks.push(check(`${side}.nets`, (question) => test(question[side]), addressUnknown));
  }
  if (notNets !== undefined && notNets.length > 0) {
    const test = holds(notNets);
    checks.push(check(`${side}.notNets`, (question) => not(test(question[side])), addressUnknown));
  }
  if (outsideOnly === true)
    checks.push(
      check(
        `${side}.outsideOnly`,
        (question) => (question[side].isInside ? no : question[side].unknown === "" ? yes : maybe),
        (question) => question[side].unknown,
      ),
    );
  return checks;
}

export function portChecks(side: Side, { ports, notPorts }: EntityMatch): readonly Check[] {
  const checks: Check[] = [];
  const why = (question: Question) =>
    side === "source" && question.sourcePort === 0 ? "the source port was not recorded" : question[side].unknown;
  if (ports !== undefined) checks.push(check(`${side}.ports`, (question) => portMatches(ports, side, question), why));
  if (notPorts !== undefined && notPorts.length > 0)
    checks.push(check(`${side}.notPorts`, (question) => not(portMatches(notPorts, side, question)), why));
  return checks;
}

export function portMatches(ports: readonly PortMatch[], side: Side, question: Question): Match {
  if (ports.length === 0 || !hasPorts(question.protocol)) return no;
  const port = side === "source" ? question.sourcePort : question.destinationPort;
  if (side === "source" && port === 0) return maybe;
  let result: Match = no;
  for (const wanted of ports) {
    if ("name" in wanted) {
      const match = isNamed(wanted.name, question[side], question.protocol, port);
      if (match === yes) return yes;
      if (match === maybe) result = maybe;
    } else if (port >= wanted.from && port <= wanted.to) return yes;
  }
  return result;
}

function isNamed(name: string, end: End, protocol: number, port: number): Match {
  for (const row of end.rows) {
    for (const named of row.ports)
      if (named.port === port && named.protocol === protocol && named.name === name) return yes;
  }
  return end.unknown === "" ? no : maybe;
}

export function serviceChecks(side: Side, { service }: EntityMatch, facts: Facts): readonly Check[] {
  if (service === undefined) return [];
  const { namespace, name } = service;
  const test = (question: Question): Match => {
    const known = facts.service(namespace, name);
    if (known === undefined) return facts.incomplete() === "" ? no : maybe;
    const end = question[side];
    if (end.address === undefined) return maybe;
    for (const backend of known.backends) {
      if (backend.address !== end.text && canonicalAddress(backend.address) !== end.text) continue;
      if (side === "source") return yes;
      if (backend.protocol === question.protocol && backend.port === question.destinationPort) return yes;
    }
    return no;
  };
  return [
    check(`${side}.service`, test, (question) =>
      question[side].address === undefined ? addressUnknown() : `service ${namespace}/${name} is not known`,
    ),
  ];
}

const namesUnknown = () => "nobody looked which names the address had";

/** Names that were looked up, against patterns. Answers inside the cluster fill no sets, so its own things never match. */
function namesMatch(patterns: readonly string[]): (question: Question) => Match {
  const parsed = patterns.flatMap((pattern) => parseNamePattern(pattern) ?? []);
  return ({ destination, flow: { domains } }) => {
    if (domains === undefined) return destination.isInside || parsed.length === 0 ? no : maybe;
    const isHit = domains.some((name) => parsed.some((pattern) => matchesName(pattern, canonicalName(name))));
    return isHit ? yes : no;
  };
}

export function domainChecks({ domains }: EntityMatch): readonly Check[] {
  return domains === undefined ? [] : [check("destination.domains", namesMatch(domains), namesUnknown)];
}

export function selectorCheck(side: Side, entry: SelectorEntry): Check {
  return check(
    `${side}.selector`,
    (question) => selects(entry, question[side]),
    (question) => question[side].unknown,
  );
}

export function notSelectorCheck(side: Side, entry: SelectorEntry): Check {
  return check(
    `${side}.notSelector`,
    (question) => not(selects(entry, question[side])),
    (question) => question[side].unknown,
  );
}

/** A destination selector of an egress Allow rule also selects network sets by the names that they hold. */
export function selectorOrNamesCheck(entry: SelectorEntry, facts: Facts): Check {
  const tests = new WeakMap<Row, (question: Question) => Match>();
  const test = (question: Question): Match => {
    const selected = selects(entry, question.destination);
    if (selected === yes) return yes;
    let result: Match = selected;
    for (const row of facts.namedSets()) {
      if (!hasBit(entry.bits, row.slot)) continue;
      const names = tests.get(row) ?? namesMatch(row.set?.domains ?? []);
      tests.set(row, names);
      const match = names(question);
      if (match === yes) return yes;
      if (match === maybe) result = maybe;
    }
    return result;
  };
  return check("destination.selector", test, (question) =>
    question.destination.unknown === "" ? namesUnknown() : question.destination.unknown,
  );
}
