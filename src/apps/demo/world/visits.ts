// What visitors of the shop send, and the few rules that the demo's WAF has: enough to see a block, a false positive and what stays below the threshold.
import type { TransactionPolicy } from "../../../core/waf/engine/engine.ts";
import { WafPolicy } from "../../../model/waf-policy.ts";
import type { Random } from "./random.ts";

export interface Visit {
  readonly app: string;
  readonly client: string;
  readonly method: string;
  /** With its query. */
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** Rules of the demo's own: a real gateway runs a Core Rule Set instead. */
export const demoRules = String.raw`
SecRuleEngine On
SecRequestBodyAccess On
SecAction "id:1000,phase:1,pass,nolog,setvar:tx.demo_score=0"
SecRule ARGS|REQUEST_COOKIES "@detectSQLi" "id:1010,phase:2,pass,log,capture,t:none,t:urlDecodeUni,msg:'SQL injection, by the shape of its tokens',severity:CRITICAL,tag:'attack-sqli',tag:'paranoia-level/1',setvar:tx.inbound_anomaly_score_pl1=+5,setvar:tx.demo_score=+5"
SecRule ARGS|REQUEST_COOKIES|REQUEST_HEADERS:User-Agent "@detectXSS" "id:1020,phase:2,pass,log,t:none,t:urlDecodeUni,t:htmlEntityDecode,msg:'A script in a value',severity:CRITICAL,tag:'attack-xss',tag:'paranoia-level/1',setvar:tx.inbound_anomaly_score_pl1=+5,setvar:tx.demo_score=+5"
SecRule REQUEST_URI_RAW|ARGS "@rx (?:^|[/\x5c])\.\.[/\x5c]" "id:1030,phase:1,pass,log,capture,t:none,t:urlDecodeUni,msg:'A path that climbs out of its folder',severity:CRITICAL,tag:'attack-lfi',tag:'paranoia-level/1',setvar:tx.inbound_anomaly_score_pl1=+5,setvar:tx.demo_score=+5"
SecRule REQUEST_HEADERS:User-Agent "@pm scanner probe-kit" "id:1040,phase:1,pass,log,t:none,t:lowercase,msg:'A scanner names itself',severity:WARNING,tag:'attack-reputation-scanner',tag:'paranoia-level/1',setvar:tx.inbound_anomaly_score_pl1=+3,setvar:tx.demo_score=+3"
SecRule TX:demo_score "@ge 5" "id:1900,phase:2,deny,status:403,log,t:none,msg:'The score reached the threshold',tag:'anomaly-evaluation'"
`;

/** Per app: the resource that the demo offers, and what the demo's gateway goes by. */
export const demoPolicies: ReadonlyMap<string, { readonly spec: WafPolicy; readonly policy: TransactionPolicy }> =
  new Map(
    (
      [
        ["storefront", "block"],
        ["catalog", "detect"],
      ] as const
    ).map(([app, mode]) => {
      const spec = WafPolicy.parse({ target: { namespace: "shop", workload: app }, mode });
      const policy: TransactionPolicy = {
        name: `shop-${app}`,
        mode,
        paranoia: 1,
        detectionParanoia: 1,
        inboundThreshold: 5,
        outboundThreshold: 4,
        responseBodies: false,
        settings: new Map(),
        exclusions: [],
        layers: [],
      };
      return [app, { spec, policy }];
    }),
  );

const browser = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const visitors = ["198.51.100.21", "198.51.100.77", "203.0.113.14", "203.0.113.90", "192.0.2.33"] as const;
const scanners = ["203.0.113.200", "192.0.2.201"] as const;

function visit(random: Random, wanted: Partial<Visit> & { readonly agent?: string; readonly query?: string }): Visit {
  const { agent = browser, query = "", target = "/", ...rest } = wanted;
  const body = rest.body ?? "";
  return {
    app: "storefront",
    client: random.pick(visitors),
    method: body === "" ? "GET" : "POST",
    target: query === "" ? target : `${target}?${query}`,
    headers: [
      ["Host", "shop.example.com"],
      ["User-Agent", agent],
      ["Accept", "*/*"],
      ...(body === ""
        ? []
        : ([
            ["Content-Type", "application/x-www-form-urlencoded"],
            ["Content-Length", String(body.length)],
          ] as const)),
    ],
    body,
    ...Object.fromEntries(Object.entries(rest).filter(([name]) => name !== "body")),
  };
}

type Made = (random: Random) => Visit;

const harmless: readonly Made[] = [
  (random) => visit(random, { target: "/products", query: `q=shoes&page=${random.int(1, 9)}` }),
  (random) => visit(random, { target: `/products/${random.int(100, 999)}` }),
  (random) => visit(random, { app: "catalog", target: "/search", query: "term=rain+jacket" }),
];
/** Nobody attacks here, and a rule speaks all the same: what a person tunes away. */
const wronglyTold: readonly Made[] = [
  (random) =>
    visit(random, {
      app: "catalog",
      target: "/reviews",
      body: "comment=1%27+or+%271%27%3D%271+is+how+my+password+was+stolen",
    }),
  (random) =>
    visit(random, { app: "catalog", target: "/reviews", body: "comment=size+%3Cb+onmouseover%3Dhelp()%3E+runs+small" }),
];
const scans: readonly Made[] = [
  (random) => visit(random, { client: random.pick(scanners), target: "/admin", agent: "probe-kit/2.1 scanner" }),
  (random) => visit(random, { client: random.pick(scanners), target: "/static/../../etc/passwd" }),
];
const strikes: readonly Made[] = [
  (random) => visit(random, { client: "203.0.113.66", target: "/products", query: "q=1%27%20or%20%271%27%3D%271" }),
  (random) =>
    visit(random, {
      client: "203.0.113.66",
      target: "/products",
      query: "q=-1%20union%20select%20login,secret%20from%20users",
    }),
  (random) =>
    visit(random, { client: "203.0.113.66", target: "/search", query: "term=%3Cscript%3Ealert(1)%3C/script%3E" }),
  (random) => visit(random, { client: "203.0.113.66", app: "catalog", target: "/image", query: "f=../../etc/passwd" }),
];

/** One visit: mostly harmless; while the attack story runs, mostly not. */
export function visitAt(random: Random, isAttack: boolean): Visit {
  const draw = random.next();
  if (isAttack && draw < 0.6) return random.pick(strikes)(random);
  if (draw > 0.96) return random.pick(strikes)(random);
  if (draw > 0.92) return random.pick(scans)(random);
  if (draw > 0.88) return random.pick(wronglyTold)(random);
  return random.pick(harmless)(random);
}
