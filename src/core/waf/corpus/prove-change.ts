// What a change of a policy still catches: every attack of the corpus before and after, once in a place of its own and once where the change applies.
import type { Transaction, TransactionPolicy, WafEngine } from "../engine/engine.ts";
import type { Attack } from "./attacks.ts";

/** Where a false positive happened: the exclusion could let attacks in just there. */
export interface AttackPlace {
  readonly method: string;
  readonly path: string;
  /** The variable as events name it: "ARGS:comment", "REQUEST_COOKIES:theme", "REQUEST_HEADERS:X-Note". */
  readonly variable: string;
}

export interface LostAttack {
  readonly name: string;
  readonly scoreBefore: number;
  readonly scoreAfter: number;
  readonly rulesBefore: readonly number[];
}

export interface Tally {
  readonly attacks: number;
  readonly caughtBefore: number;
  readonly caughtAfter: number;
  readonly lost: readonly LostAttack[];
}

export interface PlaceTally extends Tally {
  readonly place: AttackPlace;
}

export interface ChangeProof {
  readonly whole: Tally;
  /** Of each place whose variable a client fills by name. */
  readonly atPlaces: readonly PlaceTally[];
}

export interface ChangeQuestion {
  readonly attacks: readonly Attack[];
  readonly before: TransactionPolicy;
  readonly after: TransactionPolicy;
  readonly places: readonly AttackPlace[];
}

const elsewhere: AttackPlace = { method: "GET", path: "/", variable: "ARGS:garrison_probe" };

/** Caught: the score reaches the policy's threshold, or a rule denies by itself. Deterministic; changes nothing in the engine but its memo. */
export function proveChange(engine: WafEngine, { attacks, before, after, places }: ChangeQuestion): ChangeProof {
  const fillable = places.filter((place) => placed(place, "x") !== undefined);
  return {
    whole: tallyOf(engine, attacks, { before, after, place: elsewhere }),
    atPlaces: fillable.map((place) => ({ ...tallyOf(engine, attacks, { before, after, place }), place })),
  };
}

function tallyOf(
  engine: WafEngine,
  attacks: readonly Attack[],
  { before, after, place }: Pick<ChangeQuestion, "before" | "after"> & { readonly place: AttackPlace },
): Tally {
  const lost: LostAttack[] = [];
  let caughtBefore = 0;
  let caughtAfter = 0;
  for (const attack of attacks) {
    const first = judged(engine, before, place, attack.value);
    const second = judged(engine, after, place, attack.value);
    if (first.isCaught) caughtBefore += 1;
    if (second.isCaught) caughtAfter += 1;
    if (first.isCaught && !second.isCaught)
      lost.push({ name: attack.name, scoreBefore: first.score, scoreAfter: second.score, rulesBefore: first.rules });
  }
  return { attacks: attacks.length, caughtBefore, caughtAfter, lost };
}

interface Judged {
  readonly isCaught: boolean;
  readonly score: number;
  readonly rules: readonly number[];
}

function judged(engine: WafEngine, policy: TransactionPolicy, place: AttackPlace, value: string): Judged {
  const request = placed(place, value);
  if (request === undefined) return { isCaught: false, score: 0, rules: [] };
  // Detection goes through all rules: a score tells more than the first one that stops.
  const transaction = engine.begin({ ...policy, mode: "detect" });
  feed(transaction, request);
  const { interruption, inboundScore, rules } = transaction.finish();
  const scoring = rules.filter(({ score }) => score > 0).map(({ ruleId }) => ruleId);
  return { isCaught: interruption !== undefined, score: inboundScore, rules: scoring };
}

interface BuiltRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

function feed(transaction: Transaction, { method, target, headers, body }: BuiltRequest): void {
  transaction.connection({
    clientAddress: "192.0.2.1",
    clientPort: 40_000,
    serverAddress: "192.0.2.2",
    serverPort: 80,
  });
  transaction.requestLine(method, target, "HTTP/1.1");
  transaction.requestHeaders(headers);
  if (body !== "") transaction.requestBody(body);
  transaction.endRequest();
}

const usual: readonly (readonly [string, string])[] = [
  ["Host", "garrison.example"],
  ["User-Agent", "Mozilla/5.0 (X11; Linux x86_64) garrison"],
  ["Accept", "*/*"],
];
const bodyMethods: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);

/** A request that carries a value at a place; undefined where a client does not fill the variable by name. */
function placed({ method, path, variable }: AttackPlace, value: string): BuiltRequest | undefined {
  const [collection = "", ...rest] = variable.split(":");
  const key = rest.join(":");
  const plain = { method, target: path, headers: usual, body: "" };
  switch (collection) {
    case "ARGS":
    case "ARGS_POST":
    case "ARGS_GET": {
      const pair = `${encoded(key || "q")}=${encoded(value)}`;
      if (collection === "ARGS_GET" || !bodyMethods.has(method)) return { ...plain, target: `${path}?${pair}` };
      if (key.startsWith("json.")) return { ...plain, ...jsonBody(key, value) };
      return { ...plain, ...withBody("application/x-www-form-urlencoded", pair) };
    }
    case "ARGS_NAMES":
      return { ...plain, target: `${path}?${encoded(value)}=1` };
    case "REQUEST_COOKIES":
      return { ...plain, headers: [...usual, ["Cookie", `${key || "c"}=${encoded(value)}`]] };
    case "REQUEST_HEADERS":
      return {
        ...plain,
        headers: [...usual.filter(([name]) => name.toLowerCase() !== key.toLowerCase()), [key || "X-Note", value]],
      };
    case "REQUEST_BODY":
      return { ...plain, ...withBody("text/plain", value) };
    default:
      return undefined;
  }
}

function withBody(type: string, body: string): Pick<BuiltRequest, "headers" | "body"> {
  return { headers: [...usual, ["Content-Type", type], ["Content-Length", String(body.length)]], body };
}

/** "json.a.b" -> {"a":{"b":value}}; array positions become members of the same name. */
function jsonBody(key: string, value: string): Pick<BuiltRequest, "headers" | "body"> {
  const path = key.split(".").slice(1);
  const text = path.reduceRight((inner, name) => `{${JSON.stringify(name)}:${inner}}`, JSON.stringify(value));
  return withBody("application/json", text);
}

/** Percent-encoded, bytes as they are: every character is one byte. */
function encoded(value: string): string {
  return value.replaceAll(/[^A-Za-z0-9_.~-]/g, (character) => {
    const hex = (character.charCodeAt(0) & 0xff).toString(16).toUpperCase();
    return `%${hex.padStart(2, "0")}`;
  });
}
