// Requests as services and browsers send them, in five kinds, made from a seed: what `garrison waf bench` measures with. Values differ from seed to seed; shapes do not.
import { unreachable } from "../../../../base/assert.ts";

export const mixKinds = ["east", "get", "json", "form", "upload"] as const;
export type MixKind = (typeof mixKinds)[number];

export interface MixRequest {
  /** Of an attack: the test's id. */
  readonly name: string;
  readonly method: string;
  readonly target: string;
  readonly protocol: string;
  /** Flat latin1 strings, as a reader of sockets makes them. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

/** Numbers below 2^32 from a seed (splitmix32's mixing), the same on every machine. */
export type Dice = (below: number) => number;

export function diceOf(seed: number): Dice {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) % below;
  };
}

/** One request of a kind. */
export function requestOf(kind: MixKind, dice: Dice): MixRequest {
  switch (kind) {
    case "east":
      return eastRequest(dice);
    case "get":
      return browserGet(dice);
    case "json":
      return orderPost(dice);
    case "form":
      return formPost(dice);
    case "upload":
      return upload(dice);
    default:
      return unreachable(kind);
  }
}

function words(text: string): readonly string[] {
  return text.split(" ");
}

const nouns = words(
  "order basket parcel harbour window garden letter camera bottle market engine ticket summer winter coffee bridge pocket mirror island planet shadow silver copper canvas lantern meadow cellar corner gallery journey",
);
const verbs = words(
  "sent found painted ordered brought opened counted kept shared carried mended planned wrapped lifted parked",
);
const small = words("the a my our this that one every another some");
const names = words(
  "Ada Bruno Carla Dmitri Elif Farid Greta Hana Ivo Jana Kofi Lena Mira Nils Oda Pavel Quinn Rosa Sami Tove",
);
const cities = words(
  "Aarhus Bergen Cork Delft Evora Ghent Hamar Imola Jena Kosice Lund Malmo Narvik Oulu Porto Riga Split Turku",
);

function pick<T>(from: readonly T[], dice: Dice): T {
  const one = from[dice(from.length)];
  if (one === undefined) throw new Error("nothing to pick from");
  return one;
}

function hex(dice: Dice, digits: number): string {
  let text = "";
  while (text.length < digits) text += dice(0x10000).toString(16).padStart(4, "0");
  return text.slice(0, digits);
}

function prose(dice: Dice, sentences: number): string {
  const sentence = (): string => {
    const noun = (): string => `${pick(small, dice)} ${pick(nouns, dice)}`;
    return `${pick(names, dice)} ${pick(verbs, dice)} ${noun()} and ${noun()} near ${pick(cities, dice)}, ${noun()} was ${1 + dice(30)} days late.`;
  };
  return Array.from({ length: sentences }, sentence).join(" ");
}

function uuid(dice: Dice): string {
  return `${hex(dice, 8)}-${hex(dice, 4)}-4${hex(dice, 3)}-a${hex(dice, 3)}-${hex(dice, 12)}`;
}

const agents = [
  "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
];

function browserHeaders(dice: Dice, accept: string): [string, string][] {
  return [
    ["Host", "shop.example"],
    ["User-Agent", pick(agents, dice)],
    ["Accept", accept],
    ["Accept-Language", pick(["en-GB,en;q=0.9", "de-DE,de;q=0.8,en;q=0.5", "pt-PT,pt;q=0.9"], dice)],
    ["Accept-Encoding", "gzip, deflate, br"],
    ["Connection", "keep-alive"],
    ["Sec-Fetch-Dest", "document"],
    ["Sec-Fetch-Mode", "navigate"],
    ["Sec-Fetch-Site", "same-origin"],
    ["Referer", `https://shop.example/${pick(nouns, dice)}/${dice(100_000)}`],
  ];
}

function cookies(dice: Dice): string {
  return [
    `sid=${hex(dice, 32)}`,
    `_ga=GA1.2.${dice(1_000_000_000)}.${1_700_000_000 + dice(90_000_000)}`,
    `theme=${pick(["light", "dark"], dice)}`,
    `cart=${dice(100_000)}.${dice(9)}`,
    `lang=${pick(["en", "de", "pt"], dice)}`,
    `seen=${uuid(dice)}`,
  ].join("; ");
}

function request(
  line: readonly [method: string, target: string],
  headers: readonly (readonly [string, string])[],
  body: Buffer,
): MixRequest {
  const flat = (text: string): string => Buffer.from(text, "latin1").toString("latin1");
  return {
    name: "",
    method: line[0],
    target: flat(line[1]),
    protocol: "HTTP/1.1",
    headers: headers.map(([name, value]) => [name, flat(value)] as const),
    body,
  };
}

/** Between services: six headers, no cookies. */
function eastRequest(dice: Dice): MixRequest {
  const target = `/v1/${pick(nouns, dice)}s/${dice(1_000_000)}?fields=${pick(nouns, dice)},${pick(nouns, dice)}&limit=${1 + dice(200)}`;
  const headers: [string, string][] = [
    ["Host", `${pick(nouns, dice)}.shop.svc.cluster.local:8080`],
    ["User-Agent", "Go-http-client/1.1"],
    ["Accept", "application/json"],
    ["Accept-Encoding", "gzip"],
    ["traceparent", `00-${hex(dice, 32)}-${hex(dice, 16)}-01`],
    ["X-Request-Id", uuid(dice)],
  ];
  return request(["GET", target], headers, Buffer.alloc(0));
}

/** A browser: six arguments, 13 headers, six cookies. */
function browserGet(dice: Dice): MixRequest {
  const query = [
    `q=${pick(nouns, dice)}+${pick(nouns, dice)}`,
    `page=${1 + dice(40)}`,
    `sort=${pick(["price", "name", "newest"], dice)}`,
    `filter=${pick(nouns, dice)}%2C${pick(nouns, dice)}`,
    `session_ref=${hex(dice, 16)}`,
    `utm_campaign=${pick(nouns, dice)}_${dice(1000)}`,
  ].join("&");
  const headers = browserHeaders(
    dice,
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
  );
  headers.push(["Upgrade-Insecure-Requests", "1"], ["Cache-Control", "max-age=0"], ["Cookie", cookies(dice)]);
  return request(["GET", `/shop/${pick(nouns, dice)}/${pick(nouns, dice)}.html?${query}`], headers, Buffer.alloc(0));
}

/** An order of about 2 KB with about 45 leaves. */
function orderPost(dice: Dice): MixRequest {
  const line = (): object => ({
    sku: `${pick(nouns, dice).slice(0, 3).toUpperCase()}-${dice(100_000)}`,
    title: `${pick(small, dice)} ${pick(nouns, dice)} ${pick(nouns, dice)}`,
    quantity: 1 + dice(5),
    weightGrams: 50 + dice(5000),
    price: dice(10_000) / 100,
    note: prose(dice, 1),
  });
  const order = {
    id: uuid(dice),
    placedAt: new Date(1_700_000_000_000 + dice(1_000_000_000)).toISOString(),
    customer: {
      name: `${pick(names, dice)} ${pick(names, dice)}`,
      email: `${pick(nouns, dice)}.${dice(1000)}@mail.example`,
      phone: `+49 30 ${dice(10_000_000)}`,
    },
    address: {
      street: `${pick(nouns, dice)} street ${1 + dice(200)}`,
      city: pick(cities, dice),
      zip: String(10_000 + dice(80_000)),
      country: "DE",
    },
    lines: Array.from({ length: 6 }, line),
    payment: { kind: "invoice", reference: hex(dice, 20), isPaid: dice(2) === 1 },
    comment: prose(dice, 4),
    tags: [pick(nouns, dice), pick(nouns, dice)],
  };
  const body = Buffer.from(JSON.stringify(order), "utf8");
  const headers = browserHeaders(dice, "application/json");
  headers.push(["Content-Type", "application/json"], ["Content-Length", String(body.length)]);
  return request(["POST", `/api/orders?ref=${hex(dice, 8)}`], headers, body);
}

/** 13 fields, two of them prose. */
function formPost(dice: Dice): MixRequest {
  const fields: Record<string, string> = {
    first_name: pick(names, dice),
    last_name: pick(names, dice),
    email: `${pick(nouns, dice)}${dice(1000)}@mail.example`,
    phone: `+351 21 ${dice(10_000_000)}`,
    street: `${pick(nouns, dice)} road ${1 + dice(99)}`,
    city: pick(cities, dice),
    zip: String(10_000 + dice(80_000)),
    country: "Portugal",
    subject: `${pick(small, dice)} ${pick(nouns, dice)} ${pick(verbs, dice)}`,
    message: prose(dice, 5),
    details: prose(dice, 3),
    newsletter: pick(["yes", "no"], dice),
    csrf_token: hex(dice, 40),
  };
  const body = Buffer.from(new URLSearchParams(fields).toString(), "latin1");
  const headers = browserHeaders(dice, "text/html,*/*;q=0.8");
  headers.push(
    ["Content-Type", "application/x-www-form-urlencoded"],
    ["Content-Length", String(body.length)],
    ["Cookie", cookies(dice)],
  );
  return request(["POST", "/contact/send"], headers, body);
}

/** A photograph of 50 KB in a form: bytes as entropy-coded pictures have them. */
function upload(dice: Dice): MixRequest {
  const boundary = `----form${hex(dice, 16)}`;
  const picture = Buffer.alloc(50 * 1024);
  for (let at = 0; at < picture.length; at += 4) picture.writeUInt32LE(dice(0xffffffff), at);
  picture.set([0xff, 0xd8, 0xff, 0xe0]);
  const part = (disposition: string, type: string): string =>
    `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n${type}\r\n`;
  const body = Buffer.concat([
    Buffer.from(`${part('name="title"', "")}${pick(nouns, dice)} ${pick(nouns, dice)}\r\n`, "latin1"),
    Buffer.from(
      part(`name="photo"; filename="${pick(nouns, dice)}-${dice(1000)}.jpg"`, "Content-Type: image/jpeg\r\n"),
      "latin1",
    ),
    picture,
    Buffer.from(`\r\n--${boundary}--\r\n`, "latin1"),
  ]);
  const headers = browserHeaders(dice, "text/html,*/*;q=0.8");
  headers.push(
    ["Content-Type", `multipart/form-data; boundary=${boundary}`],
    ["Content-Length", String(body.length)],
    ["Cookie", cookies(dice)],
  );
  return request(["POST", "/account/photo"], headers, body);
}
