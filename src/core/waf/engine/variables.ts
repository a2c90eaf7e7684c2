// Variables that change while rules run, and the macros that read them. Values of the request are in the state's lists, by source.
import type { Selector } from "./selectors.ts";
import { isPlain, sources, sourcesOf } from "./sources.ts";
import type { State } from "./state.ts";
import { timeOfDay, utcTime, type UtcTime } from "./utc-time.ts";

/** Reads one text for a macro. */
export type MacroReader = (state: State) => string;

/** Calls back with each member: its key ("" for a plain variable) and its text. */
export type VariableReader = (state: State, emit: (key: string, text: string) => void) => void;

const bodyFlags = [
  "MULTIPART_STRICT_ERROR",
  "MULTIPART_UNMATCHED_BOUNDARY",
  "MULTIPART_BOUNDARY_QUOTED",
  "MULTIPART_BOUNDARY_WHITESPACE",
  "MULTIPART_DATA_BEFORE",
  "MULTIPART_DATA_AFTER",
  "MULTIPART_HEADER_FOLDING",
  "MULTIPART_LF_LINE",
  "MULTIPART_CRLF_LF_LINES",
  "MULTIPART_SEMICOLON_MISSING",
  "MULTIPART_MISSING_SEMICOLON",
  "MULTIPART_INVALID_QUOTING",
  "MULTIPART_INVALID_PART",
  "MULTIPART_INVALID_HEADER_FOLDING",
  "MULTIPART_FILE_LIMIT_EXCEEDED",
] as const;

const scalars = new Map<string, (state: State) => string>([
  ["MATCHED_VAR", (state) => state.matchedValue],
  ["MATCHED_VAR_NAME", (state) => state.matchedName],
  ["HIGHEST_SEVERITY", (state) => String(state.highestSeverity)],
  ["REQBODY_PROCESSOR", (state) => state.body.processor],
  ["REQBODY_ERROR", (state) => (state.body.error === "" ? "0" : "1")],
  ["REQBODY_PROCESSOR_ERROR", (state) => (state.body.error === "" ? "0" : "1")],
  ["REQBODY_ERROR_MSG", (state) => state.body.error],
  ["REQBODY_PROCESSOR_ERROR_MSG", (state) => state.body.error],
  ["INBOUND_DATA_ERROR", (state) => (state.body.isOverLimit ? "1" : "0")],
  ["OUTBOUND_DATA_ERROR", (state) => (state.body.isResponseOverLimit ? "1" : "0")],
  ["REQUEST_BODY_LENGTH", (state) => String(state.body.bytes)],
  ["RESPONSE_CONTENT_LENGTH", (state) => String(state.responseBytes)],
  ["ARGS_COMBINED_SIZE", (state) => String(state.body.argumentsBytes)],
  ["FILES_COMBINED_SIZE", (state) => String(state.body.filesBytes)],
  ["URLENCODED_ERROR", (state) => (state.body.isUrlBroken || state.body.flags["URLENCODED_ERROR"] === 1 ? "1" : "0")],
  ["DURATION", (state) => String(Math.max(0, Math.round(state.clocks.nowUs() - state.startedUs)))],
  ["TIME_EPOCH", (state) => String(Math.floor(state.clocks.nowMs() / 1000))],
  ["TIME", (state) => timeOfDay(timeOf(state))],
  ["TIME_DAY", (state) => String(timeOf(state).day)],
  ["TIME_HOUR", (state) => String(timeOf(state).hour)],
  ["TIME_MIN", (state) => String(timeOf(state).minute)],
  ["TIME_MON", (state) => String(timeOf(state).month)],
  ["TIME_SEC", (state) => String(timeOf(state).second)],
  ["TIME_WDAY", (state) => String(timeOf(state).weekday)],
  ["TIME_YEAR", (state) => String(timeOf(state).year)],
  ["SESSIONID", (state) => state.persistent?.get("SESSIONID")?.values.get("") ?? ""],
  ["USERID", (state) => state.persistent?.get("USERID")?.values.get("") ?? ""],
  ["FULL_REQUEST", fullRequest],
  ["FULL_REQUEST_LENGTH", (state) => String(fullRequest(state).length)],
  ["WEBAPPID", (state) => state.compiled.ruleSet.settings.webAppId],
  ["MODSEC_BUILD", () => "030000000"],
  ...bodyFlags.map((name) => [name, (state: State) => String(state.body.flags[name] ?? 0)] as const),
]);

const persistentNames = new Set(["IP", "GLOBAL", "RESOURCE", "SESSION", "USER", "ENV"]);

/** Headers and body, as the reference has them: the request line is not part of it. Of bodies that are taken apart only forms are kept. */
function fullRequest(state: State): string {
  const lines: string[] = [];
  for (let value = state.sourceHead[sources.requestHeaders]!; value >= 0; value = state.valueNext[value]!)
    lines.push(`${state.valueKey[value]!}: ${state.valueText[value]!}\n`);
  return `${lines.join("")}\n\n${firstValue(state, [sources.requestBody], "")}`;
}

function timeOf(state: State): UtcTime {
  return utcTime(state.clocks.nowMs());
}

/** Whether the engine can read a variable at all; what it cannot is told when rules are compiled. */
export function isKnownVariable(name: string, select: string, argument: string): boolean {
  if (sourcesOf(name, select, argument) !== undefined) return true;
  return (
    scalars.has(name) ||
    persistentNames.has(name) ||
    ["TX", "RULE", "MATCHED_VARS", "MATCHED_VARS_NAMES", "FILES_TMPNAMES", "FILES_TMP_CONTENT"].includes(name)
  );
}

/** Text of `%{REQUEST_HEADERS.host}`, `%{tx.name}`, `%{MATCHED_VAR}`; of a whole collection the first member. */
export function macroReader(collection: string, key: string): MacroReader {
  if (collection === "TX") return transactionText(key);
  const scalar = scalars.get(collection);
  if (scalar !== undefined) return scalar;
  if (collection === "RULE") return (state) => ruleField(state, key);
  if (collection === "MATCHED_VARS") return (state) => (state.matchedCount > 0 ? state.matchedValues[0]! : "");
  if (collection === "MATCHED_VARS_NAMES") return (state) => (state.matchedCount > 0 ? state.matchedNames[0]! : "");
  if (persistentNames.has(collection)) {
    return (state) => state.persistent?.get(collection)?.values.get(key) ?? "";
  }
  const from = sourcesOf(collection, collection === "XML" ? "xpath" : "all", key);
  if (from === undefined) return () => "";
  return (state) => firstValue(state, from, key);
}

/** The slot is looked up once: a reader belongs to one engine. */
function transactionText(key: string): MacroReader {
  let slot: number | undefined;
  return (state) => {
    slot ??= state.compiled.names.slots.get(key) ?? -1;
    return (slot >= 0 ? state.store.slots[slot] : state.store.made?.get(key)) ?? "";
  };
}

function firstValue(state: State, from: readonly number[], key: string): string {
  for (const source of from) {
    for (let value = state.sourceHead[source]!; value >= 0; value = state.valueNext[value]!) {
      if (key === "" || isPlain(source) || state.valueKey[value]!.toLowerCase() === key) return state.valueText[value]!;
    }
  }
  return "";
}

/** Reader of a selector that is not of the request's values. */
export function variableReader(selector: Selector): VariableReader {
  const scalar = scalars.get(selector.name);
  if (scalar !== undefined) return (state, emit) => emit("", scalar(state));
  if (selector.name === "TX") return transactionReader(selector);
  if (selector.name === "RULE") return (state, emit) => emit(selector.argument, ruleField(state, selector.argument));
  if (selector.name === "MATCHED_VARS" || selector.name === "MATCHED_VARS_NAMES") return matchedReader(selector);
  if (persistentNames.has(selector.name)) {
    return (state, emit) => {
      const record = state.persistent?.get(selector.name);
      if (record === undefined) return;
      for (const [key, text] of record.values) if (selector.hasKey(key)) emit(key, text);
    };
  }
  return () => undefined;
}

function transactionReader(selector: Selector): VariableReader {
  if (selector.select === "key") {
    let slot: number | undefined;
    return (state, emit) => {
      slot ??= state.compiled.names.slots.get(selector.argument) ?? -1;
      const text = slot >= 0 ? state.store.slots[slot] : state.store.made?.get(selector.argument);
      if (text !== undefined) emit(selector.argument, text);
    };
  }
  // What is emitted may write to TX: members are taken first. The lists belong to this reader, which is not asked twice at a time.
  const keys: string[] = [];
  const texts: string[] = [];
  return (state, emit) => {
    const { names } = state.compiled.names;
    let count = 0;
    for (const slot of state.compiled.slotsOf(selector)) {
      const text = state.store.slots[slot];
      if (text === undefined) continue;
      keys[count] = names[slot]!;
      texts[count++] = text;
    }
    if (state.store.made !== undefined) {
      for (const [name, text] of state.store.made) {
        if (!state.compiled.isMadeNameOf(selector, name)) continue;
        keys[count] = name;
        texts[count++] = text;
      }
    }
    for (let index = 0; index < count; index++) emit(keys[index]!, texts[index]!);
  };
}

function matchedReader(selector: Selector): VariableReader {
  const isName = selector.name === "MATCHED_VARS_NAMES";
  return (state, emit) => {
    const count = state.matchedCount;
    for (let index = 0; index < count; index++) {
      const name = state.matchedNames[index]!;
      if (selector.hasKey(name)) emit(name, isName ? name : state.matchedValues[index]!);
    }
  };
}

function ruleField(state: State, key: string): string {
  const rule = state.compiled.rules[state.ruleIndex]?.rule;
  if (rule === undefined) return "";
  switch (key) {
    case "id":
      return String(rule.id);
    case "rev":
      return rule.revision;
    case "ver":
      return rule.version;
    case "severity":
      return rule.severity === undefined ? "" : String(rule.severity);
    case "msg":
      return rule.head.message.map((part) => ("text" in part ? part.text : "")).join("");
    case "logdata":
      return rule.head.logData.map((part) => ("text" in part ? part.text : "")).join("");
    default:
      return "";
  }
}

/** Name that reports and MATCHED_VAR_NAME give a value of the request. */
export function nameOfValue(selector: Selector, source: number, key: string): string {
  return isPlain(source) || selector.name === "XML" ? selector.name : selector.prefix + key;
}
