// A second opinion on what rules say: a rule set interpreted line by line, with maps and loops, no scan, no memory, no folding, no slots. Slow and plain on purpose.
// It shares with the engine only the operators, the transformations and the readers of bodies and targets. Phases 1 and 2, and 5; detection only.
import type { TransactionPolicy } from "../../src/core/waf/engine/engine.ts";
import { pinnedValues } from "../../src/core/waf/engine/pinned.ts";
import { processorOf } from "../../src/core/waf/engine/read-request.ts";
import { eachArgument, eachCookie, splitTarget } from "../../src/core/waf/engine/request-parts.ts";
import type { BodySink } from "../../src/core/waf/body/body-parser.ts";
import { createJsonParser } from "../../src/core/waf/body/json.ts";
import { createMultipartParser } from "../../src/core/waf/body/multipart.ts";
import { createUrlencodedParser } from "../../src/core/waf/body/urlencoded.ts";
import { createXmlParser } from "../../src/core/waf/body/xml.ts";
import { operatorMakers } from "../../src/core/waf/operators/operators.ts";
import type { BoundOperator } from "../../src/core/waf/operators/operator.ts";
import { parseMacroText } from "../../src/core/waf/seclang/macro.ts";
import type {
  ControlAction,
  MacroText,
  Rule,
  RulePart,
  RuleSet,
  RuleVariable,
} from "../../src/core/waf/seclang/rule-set.ts";
import { transformationOf } from "../../src/core/waf/transform/transformations.ts";
import { nodeHashes, type TestRequest } from "./waf-engine.ts";

export interface NaiveOutcome {
  /** Of rules that are logged, in the order they matched. */
  readonly ids: readonly number[];
  readonly inboundScore: number;
  /** The first rule that would have stopped it; 0: none. */
  readonly decidingRule: number;
}

interface Member {
  readonly collection: string;
  readonly key: string;
  readonly text: string;
}

interface World {
  readonly ruleSet: RuleSet;
  readonly policy: TransactionPolicy;
  members: Member[];
  readonly tx: Map<string, string>;
  readonly pinned: ReadonlySet<string>;
  processor: string;
  isForced: boolean;
  bodyError: string;
  flags: Readonly<Record<string, number>>;
  matched: { name: string; text: string }[];
  readonly isGone: Set<Rule>;
  readonly lost: { readonly rule: Rule; readonly target: RuleVariable }[];
  isOff: boolean;
  readonly ids: number[];
  decidingRule: number;
  bodyBytes: number;
}

const operators = new WeakMap<RulePart, BoundOperator>();

function operatorOf(part: RulePart): BoundOperator {
  let bound = operators.get(part);
  if (bound === undefined) {
    bound = operatorMakers.get(part.operator.name)!(part.operator);
    operators.set(part, bound);
  }
  return bound;
}

export function naiveRun(ruleSet: RuleSet, policy: TransactionPolicy, request: TestRequest): NaiveOutcome {
  const pinned = pinnedValues(policy);
  const world: World = {
    ruleSet,
    policy,
    members: [],
    tx: new Map(pinned),
    pinned: new Set(pinned.keys()),
    processor: "",
    isForced: false,
    bodyError: "",
    flags: {},
    matched: [],
    isGone: new Set(),
    lost: [],
    isOff: false,
    ids: [],
    decidingRule: 0,
    bodyBytes: 0,
  };
  readHead(world, request);
  naivePhase(world, 1);
  readBody(world, request);
  naivePhase(world, 2);
  naivePhase(world, 5);
  let inboundScore = 0;
  for (let level = 1; level <= policy.paranoia; level++)
    inboundScore += number(world.tx.get(`inbound_anomaly_score_pl${level}`));
  return { ids: world.ids, inboundScore, decidingRule: world.decidingRule };
}

function put(world: World, collection: string, key: string, text: string): void {
  world.members.push({ collection, key, text });
}

function readHead(world: World, request: TestRequest): void {
  const method = request.method ?? "GET";
  const target = request.target ?? "/";
  const protocol = request.protocol ?? "HTTP/1.1";
  const parts = splitTarget(target);
  put(world, "REMOTE_ADDR", "", request.clientAddress ?? "192.0.2.7");
  put(world, "REQUEST_METHOD", "", method);
  put(world, "REQUEST_PROTOCOL", "", protocol);
  put(world, "REQUEST_LINE", "", `${method} ${target} ${protocol}`);
  put(world, "REQUEST_URI_RAW", "", target);
  put(world, "REQUEST_URI", "", parts.uri);
  put(world, "REQUEST_FILENAME", "", parts.filename);
  put(world, "REQUEST_BASENAME", "", parts.basename);
  put(world, "QUERY_STRING", "", parts.query);
  put(world, "UNIQUE_ID", "", "transaction-1");
  eachArgument(parts.query, "&", 1000, (name, value) => {
    for (const collection of ["ARGS", "ARGS_GET"]) put(world, collection, name, value);
    for (const collection of ["ARGS_NAMES", "ARGS_GET_NAMES"]) put(world, collection, name, name);
  });
  for (const [name, value] of request.headers ?? []) {
    put(world, "REQUEST_HEADERS", name, value);
    put(world, "REQUEST_HEADERS_NAMES", name, name);
    if (name.toLowerCase() === "content-type") world.processor = processorOf(value);
    if (name.toLowerCase() !== "cookie") continue;
    eachCookie(value, 0, (key, text) => {
      put(world, "REQUEST_COOKIES", key, text);
      put(world, "REQUEST_COOKIES_NAMES", key, key);
      return true;
    });
  }
}

function readBody(world: World, request: TestRequest): void {
  const body = request.body ?? "";
  if (body === "") return;
  if (world.processor === "" && world.isForced) world.processor = "URLENCODED";
  const { settings } = world.ruleSet;
  const bytesMax = world.processor === "MULTIPART" ? settings.requestBodyBytesMax : settings.requestBodyNoFilesBytesMax;
  const limits = {
    bytesMax,
    argumentsMax: settings.argumentsMax,
    depthMax: settings.jsonDepthMax,
    fieldBytesMax: settings.requestBodyNoFilesBytesMax,
    partsMax: 1000,
    partHeaderBytesMax: 16_384,
    nameBytesMax: 16_384,
  };
  let lastArray = "";
  const sink: BodySink = {
    argument: (name, value) => {
      const array = world.processor === "JSON" ? (/^(.+)\.array_\d+$/s.exec(name)?.[1] ?? "") : "";
      const names = array === lastArray || array === "" ? [name] : [array, name];
      lastArray = array;
      for (const collection of ["ARGS_NAMES", "ARGS_POST_NAMES"])
        for (const one of names) put(world, collection, one, one);
      for (const collection of ["ARGS", "ARGS_POST"]) put(world, collection, name, value);
    },
    file: ({ field, fileName, bytes }) => {
      put(world, "FILES", field, fileName);
      put(world, "FILES_NAMES", field, field);
      put(world, "FILES_SIZES", field, String(bytes));
    },
    partHeader: (part, header) => put(world, "MULTIPART_PART_HEADERS", part, header),
    xmlText: (text) => put(world, "XML/*", "", text),
    xmlAttribute: (value) => put(world, "XML//@*", "", value),
  };
  const contentType =
    world.members.find(
      ({ collection, key }) => collection === "REQUEST_HEADERS" && key.toLowerCase() === "content-type",
    )?.text ?? "";
  const makers = {
    URLENCODED: () => createUrlencodedParser(sink, limits),
    MULTIPART: () => createMultipartParser(sink, limits, { contentType }),
    JSON: () => createJsonParser(sink, limits),
    XML: () => createXmlParser(sink, limits, { texts: "both" }),
  };
  world.bodyBytes = Math.min(body.length, bytesMax);
  const make = Object.entries(makers).find(([name]) => name === world.processor)?.[1];
  if (world.isForced || (world.processor !== "XML" && world.processor !== "MULTIPART"))
    put(world, "REQUEST_BODY", "", body.slice(0, settings.requestBodyNoFilesBytesMax));
  if (make === undefined) return;
  const parser = make();
  parser.write(body.slice(0, bytesMax));
  const verdict = parser.end();
  world.bodyError = verdict.error;
  world.flags = verdict.flags;
}

function naivePhase(world: World, phase: number): void {
  let skipTo = "";
  for (const item of world.ruleSet.items) {
    if (world.isOff) return;
    const name = item.kind === "marker" ? item.name : `id:${item.id}`;
    if (skipTo !== "") {
      if (name === skipTo) skipTo = "";
      continue;
    }
    if (item.kind === "marker" || item.phase !== phase || world.isGone.has(item)) continue;
    world.matched = [];
    if (![item.head, ...item.links].every((part) => naivePart(world, item, part))) continue;
    if (item.isLogged) world.ids.push(item.id);
    const action = item.disruptive === "block" ? item.blockAction : item.disruptive;
    if (["deny", "drop", "redirect"].includes(action) && world.decidingRule === 0 && phase !== 5)
      world.decidingRule = item.id;
    skipTo = item.skipAfter;
  }
}

function naivePart(world: World, rule: Rule, part: RulePart): boolean {
  if (part.variables.length === 0) {
    doActions(world, rule, part);
    return true;
  }
  let isMatched = false;
  const without = part.variables.filter((variable) => variable.isExcluded);
  for (const variable of part.variables) {
    if (variable.isExcluded) continue;
    const lost = world.lost.filter((one) => one.rule === rule).map((one) => one.target);
    const found = membersOf(world, variable).filter(
      ({ key }) => ![...without, ...lost].some((other) => other.name === variable.name && isKey(other, key)),
    );
    const asked = variable.isCount ? [{ collection: `&${variable.name}`, key: "", text: String(found.length) }] : found;
    for (const member of asked) if (naiveMember(world, rule, part, member)) isMatched = true;
  }
  return isMatched;
}

function naiveMember(world: World, rule: Rule, part: RulePart, member: Member): boolean {
  const texts = [member.text];
  for (const { name } of part.transformations) {
    const before = texts.at(-1)!;
    const after = transformationOf(name, nodeHashes)!.apply(before);
    if (after !== before) texts.push(after);
  }
  let isMatched = false;
  for (const text of part.isMultiMatch ? texts : texts.slice(-1)) {
    const hit = operatorOf(part).evaluate(text, { expand: (argument) => expand(world, parseMacroText(argument)) });
    if ((hit !== undefined) === part.operator.isNegated) continue;
    isMatched = true;
    if (part.isCapture && hit !== undefined && hit.captures.length > 0) {
      for (let group = 0; group < 10; group++) {
        const captured = hit.captures[group];
        if (captured === undefined) world.tx.delete(String(group));
        else world.tx.set(String(group), captured);
      }
    }
    const name = member.collection.startsWith("MATCHED_VARS")
      ? member.key
      : member.key === ""
        ? member.collection
        : `${member.collection}:${member.key}`;
    world.matched.push({ name, text });
    doActions(world, rule, part);
  }
  return isMatched;
}

function isKey(variable: RuleVariable, key: string): boolean {
  if (variable.select === "key") return key.toLowerCase() === variable.argument;
  if (variable.select === "regex") return new RegExp(variable.argument, "is").test(key);
  return true;
}

function membersOf(world: World, variable: RuleVariable): readonly Member[] {
  const { name } = variable;
  const all = (): readonly Member[] => {
    if (name === "TX") return [...world.tx].map(([key, text]) => ({ collection: name, key, text }));
    if (name === "MATCHED_VARS")
      return world.matched.map((one) => ({ collection: name, key: one.name, text: one.text }));
    if (name === "XML") return world.members.filter(({ collection }) => collection === `XML${variable.argument}`);
    const one = scalar(world, name);
    return one === undefined
      ? world.members.filter(({ collection }) => collection === name)
      : [{ collection: name, key: "", text: one }];
  };
  return variable.select === "key" || variable.select === "regex"
    ? all().filter(({ key }) => isKey(variable, key))
    : all();
}

function scalar(world: World, name: string): string | undefined {
  const size = (collections: readonly string[]): string =>
    String(
      world.members.reduce(
        (sum, { collection, key, text }) => (collections.includes(collection) ? sum + key.length + text.length : sum),
        0,
      ),
    );
  switch (name) {
    case "MATCHED_VAR":
      return world.matched.at(-1)?.text ?? "";
    case "MATCHED_VAR_NAME":
      return world.matched.at(-1)?.name ?? "";
    case "REQBODY_PROCESSOR":
      return world.processor;
    case "REQBODY_ERROR":
      return world.bodyError === "" ? "0" : "1";
    case "REQBODY_ERROR_MSG":
      return world.bodyError;
    case "REQUEST_BODY_LENGTH":
      return String(world.bodyBytes);
    case "ARGS_COMBINED_SIZE":
      return size(["ARGS"]);
    case "FILES_COMBINED_SIZE":
      return String(
        world.members.reduce(
          (sum, { collection, text }) => (collection === "FILES_SIZES" ? sum + number(text) : sum),
          0,
        ),
      );
    default:
      return name.startsWith("MULTIPART_") && name !== "MULTIPART_PART_HEADERS"
        ? String(world.flags[name] ?? 0)
        : undefined;
  }
}

function expand(world: World, text: MacroText): string {
  return text
    .map((part) => {
      if ("text" in part) return part.text;
      if (part.collection === "TX") return world.tx.get(part.key) ?? "";
      const one = scalar(world, part.collection);
      if (one !== undefined) return one;
      return (
        world.members.find(
          ({ collection, key }) =>
            collection === part.collection && (part.key === "" || key.toLowerCase() === part.key),
        )?.text ?? ""
      );
    })
    .join("");
}

function doActions(world: World, rule: Rule, part: RulePart): void {
  for (const assignment of part.assignments) {
    if (assignment.collection !== "TX") continue;
    const key = expand(world, assignment.key).toLowerCase();
    if (world.pinned.has(key) && part.variables.length === 0 && rule.links.length === 0) continue;
    const value = expand(world, assignment.value);
    if (assignment.change === "unset") world.tx.delete(key);
    else if (assignment.change === "set") world.tx.set(key, value);
    else world.tx.set(key, String(number(world.tx.get(key)) + (assignment.change === "add" ? 1 : -1) * number(value)));
  }
  for (const control of part.controls) doControl(world, control);
}

function doControl(world: World, control: ControlAction): void {
  const rules = world.ruleSet.items.filter((item): item is Rule => item.kind === "rule");
  const inRanges = (id: number, ranges: readonly { from: number; to: number }[]) =>
    ranges.some(({ from, to }) => id >= from && id <= to);
  if (control.kind === "ruleEngine") world.isOff = control.value === "off";
  if (control.kind === "requestBodyProcessor") world.processor = control.value;
  if (control.kind === "forceRequestBodyVariable") world.isForced = control.value;
  if (control.kind === "ruleRemoveById")
    for (const rule of rules) if (inRanges(rule.id, control.ranges)) world.isGone.add(rule);
  if (control.kind === "ruleRemoveByTag")
    for (const rule of rules)
      if (rule.tags.some((tag) => new RegExp(control.pattern).test(tag))) world.isGone.add(rule);
  if (control.kind === "ruleRemoveTargetById" || control.kind === "ruleRemoveTargetByTag") {
    for (const rule of rules) {
      const isMeant =
        control.kind === "ruleRemoveTargetById"
          ? inRanges(rule.id, control.ranges)
          : rule.tags.some((tag) => new RegExp(control.pattern).test(tag));
      if (isMeant) for (const target of control.targets) world.lost.push({ rule, target });
    }
  }
}

function number(text: string | undefined): number {
  return Number.parseInt(text ?? "", 10) || 0;
}
