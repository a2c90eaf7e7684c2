// Directives that set something for the whole engine. What has no meaning at a gateway is taken with a note, so that files of others load unchanged.
import { partsOf } from "./blanks.ts";
import { parseUnicodeMap } from "./unicode-map.ts";
import type { RuleFiles } from "./parsed.ts";
import type { EngineSettings } from "./rule-set.ts";

export interface Settings {
  readonly values: { -readonly [Key in keyof EngineSettings]: EngineSettings[Key] };
  /** A file has named types: the next one adds to them. */
  hasTypes: boolean;
}

/** What holds where no file says otherwise: the values of the reference's recommended configuration. */
export function defaultSettings(): Settings {
  const values: Settings["values"] = {
    ruleEngine: "on",
    requestBodyAccess: true,
    responseBodyAccess: false,
    responseBodyTypes: ["text/plain", "text/html", "text/xml"],
    requestBodyBytesMax: 13_107_200,
    requestBodyNoFilesBytesMax: 131_072,
    responseBodyBytesMax: 524_288,
    requestBodyLimitAction: "reject",
    responseBodyLimitAction: "processPartial",
    jsonDepthMax: 512,
    argumentsMax: 1000,
    argumentSeparator: "&",
    cookieFormat: 0,
    collectionTimeoutSeconds: 3600,
    componentSignatures: [],
    webAppId: "default",
    unicodeMap: undefined,
  };
  return { values, hasTypes: false };
}

/** Why a setting was not taken; undefined: it was. */
export type SettingResult = { readonly message: string; readonly hint: string } | undefined;

export interface SettingSource {
  readonly reader: RuleFiles;
  readonly from: string;
  readonly onRead: (path: string, text: string) => void;
}

type Take = (settings: Settings, values: readonly string[], source: SettingSource) => SettingResult;

const bad = (value: string, hint: string): SettingResult => ({ message: `it cannot be ${value}`, hint });

function oneOf<const T>(words: Readonly<Record<string, T>>, put: (settings: Settings, value: T) => void): Take {
  return (settings, [value = ""]) => {
    const key = Object.keys(words).find((word) => word.toLowerCase() === value.toLowerCase());
    const found = key === undefined ? undefined : words[key];
    if (found === undefined) return bad(value, Object.keys(words).join(", "));
    put(settings, found);
    return undefined;
  };
}

function number(min: number, max: number, put: (settings: Settings, value: number) => void): Take {
  return (settings, [value = ""]) => {
    const found = /^\d{1,12}$/.test(value) ? Number(value) : -1;
    if (found < min || found > max) return bad(value, `a whole number from ${min} to ${max}`);
    put(settings, found);
    return undefined;
  };
}

const onOff = { On: true, Off: false } as const;
const limitActions = { Reject: "reject", ProcessPartial: "processPartial" } as const;
const bytesMax = 1 << 30;

const takers: ReadonlyMap<string, Take> = new Map<string, Take>([
  [
    "secruleengine",
    oneOf({ On: "on", Off: "off", DetectionOnly: "detectionOnly" }, (to, value) => void (to.values.ruleEngine = value)),
  ],
  ["secrequestbodyaccess", oneOf(onOff, (to, value) => void (to.values.requestBodyAccess = value))],
  ["secresponsebodyaccess", oneOf(onOff, (to, value) => void (to.values.responseBodyAccess = value))],
  ["secresponsebodymimetype", bodyTypes],
  [
    "secresponsebodymimetypesclear",
    (settings) => {
      settings.values.responseBodyTypes = [];
      settings.hasTypes = true;
      return undefined;
    },
  ],
  ["secrequestbodylimit", number(0, bytesMax, (to, value) => void (to.values.requestBodyBytesMax = value))],
  [
    "secrequestbodynofileslimit",
    number(0, bytesMax, (to, value) => void (to.values.requestBodyNoFilesBytesMax = value)),
  ],
  ["secresponsebodylimit", number(0, bytesMax, (to, value) => void (to.values.responseBodyBytesMax = value))],
  ["secrequestbodylimitaction", oneOf(limitActions, (to, value) => void (to.values.requestBodyLimitAction = value))],
  ["secresponsebodylimitaction", oneOf(limitActions, (to, value) => void (to.values.responseBodyLimitAction = value))],
  ["secrequestbodyjsondepthlimit", number(1, 100_000, (to, value) => void (to.values.jsonDepthMax = value))],
  ["secargumentslimit", number(1, 1_000_000, (to, value) => void (to.values.argumentsMax = value))],
  [
    "secargumentseparator",
    (settings, [value = ""]) => {
      if (value.length !== 1) return bad(value, "one character");
      settings.values.argumentSeparator = value;
      return undefined;
    },
  ],
  ["seccookieformat", oneOf({ "0": 0, "1": 1 }, (to, value) => void (to.values.cookieFormat = value))],
  ["seccollectiontimeout", number(1, 31_536_000, (to, value) => void (to.values.collectionTimeoutSeconds = value))],
  ["secwebappid", (settings, [value = ""]) => void (settings.values.webAppId = value)],
  [
    "seccomponentsignature",
    (settings, [value = ""]) =>
      void (settings.values.componentSignatures = [...settings.values.componentSignatures, value]),
  ],
  ["secunicodemapfile", unicodeMapFile],
]);

function bodyTypes(settings: Settings, values: readonly string[]): SettingResult {
  const types = values.flatMap((value) => partsOf(value.split(";")[0] ?? "")).map((type) => type.toLowerCase());
  settings.values.responseBodyTypes = [
    ...new Set([...(settings.hasTypes ? settings.values.responseBodyTypes : []), ...types]),
  ];
  settings.hasTypes = true;
  return undefined;
}

function unicodeMapFile(settings: Settings, values: readonly string[], source: SettingSource): SettingResult {
  const [path = "", codePage = "20127"] = values.flatMap(partsOf);
  const text = source.reader.wordList(path, source.from);
  if (typeof text !== "string")
    return { message: `${path} cannot be read: ${text.refused}`, hint: "put it beside the rules" };
  source.onRead(path, text);
  const map = parseUnicodeMap(text, codePage);
  if (map === undefined)
    return { message: `${path} has no code page ${codePage}`, hint: "name one that is in the file" };
  settings.values.unicodeMap = map;
  return undefined;
}

/** Taken without effect here, and why. Lower case. */
const withoutEffect: ReadonlyMap<string, string> = new Map([
  ...[
    "secauditengine",
    "secauditlog",
    "secauditlog2",
    "secauditlogdirmode",
    "secauditlogfilemode",
    "secauditlogformat",
    "secauditlogparts",
    "secauditlogprefix",
    "secauditlogrelevantstatus",
    "secauditlogstoragedir",
    "secauditlogtype",
    "secdebuglog",
    "secdebugloglevel",
    "secguardianlog",
  ].map((name) => [name, "events and logs are the gateway's setting"] as const),
  ...["secpcrematchlimit", "secpcrematchlimitrecursion", "secpcrelimit"].map(
    (name) => [name, "expressions take linear time here; there is nothing to limit"] as const,
  ),
  ...[
    "secchrootdir",
    "secdatadir",
    "sectmpdir",
    "sectmpsaveuploadedfiles",
    "secuploaddir",
    "secuploadfilelimit",
    "secuploadfilemode",
    "secuploadkeepfiles",
  ].map((name) => [name, "uploads are looked at as they stream; no file is kept"] as const),
  ...["secgeolookupdb", "secgsblookupdb", "sechttpblkey"].map(
    (name) => [name, "nothing is looked up while a request waits"] as const,
  ),
  ...[
    "secconnengine",
    "secconnreadstatelimit",
    "secconnwritestatelimit",
    "secreadstatelimit",
    "secwritestatelimit",
  ].map((name) => [name, "connections are the gateway's setting"] as const),
  ...[
    "secarchive",
    "seccachetransformations",
    "seccontentinjection",
    "seccookiev0separator",
    "secdisablebackendcompression",
    "sechashengine",
    "sechashkey",
    "sechashmethodpm",
    "sechashmethodrx",
    "sechashparam",
    "secinterceptonerror",
    "secparsexmlintoargs",
    "secremoterulesfailaction",
    "secrequestbodyinmemorylimit",
    "secrequestencoding",
    "secruleinheritance",
    "secruleperftime",
    "secrxprefilter",
    "secsensorid",
    "secserversignature",
    "secstatusengine",
    "secstreaminbodyinspection",
    "secstreamoutbodyinspection",
    "secunicodecodepage",
    "secxmlexternalentity",
  ].map((name) => [name, "the engine here has no such part"] as const),
]);

export function isSetting(lowerName: string): boolean {
  return takers.has(lowerName);
}

/** Undefined: the directive is not one of these. */
export function whyWithoutEffect(lowerName: string): string | undefined {
  return withoutEffect.get(lowerName);
}

export const settingNames: readonly string[] = [...takers.keys()];

export function takeSetting(
  settings: Settings,
  lowerName: string,
  values: readonly string[],
  source: SettingSource,
): SettingResult {
  const take = takers.get(lowerName);
  if (values.length === 0 && lowerName !== "secresponsebodymimetypesclear")
    return { message: "its value is missing", hint: "see the reference" };
  return take?.(settings, values, source);
}
