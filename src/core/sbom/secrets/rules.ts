// Every rule of the secret search as data: what is looked for, by which literal anchors, what it looks like, what tells it from an example.
// A new rule is one line here and one case in the test's table. Sources: the vendors' documents on their token formats.
import type { Check } from "./checks.ts";
import { awsSecret, base64Pem, basicCredentials, isPlaceholder, jwt, notExample } from "./checks.ts";
import { cloudTokens } from "./cloud-tokens.ts";
import type { TokenRow } from "./cloud-tokens.ts";
import { serviceTokens } from "./service-tokens.ts";

export type SecretSeverity = "critical" | "high" | "medium" | "low";

export interface SecretRule {
  readonly id: string;
  readonly title: string;
  readonly severity: SecretSeverity;
  /** Literals of at least four characters; one of them is in every match. */
  readonly anchors: readonly string[];
  /** Linear; its first group is the value. */
  readonly pattern: RegExp;
  /** Bytes around the anchor that the pattern is run over. */
  readonly before: number;
  readonly after: number;
  readonly check: Check;
  /** Only in files with such a path. */
  readonly paths?: RegExp;
}

/** No character of a token in front or behind. */
const left = "(?<![A-Za-z0-9_-])";
const right = "(?![A-Za-z0-9_-])";

function toRule(row: TokenRow): SecretRule {
  return {
    id: row.id,
    title: row.title,
    severity: row.severity ?? "high",
    anchors: row.anchors.split(/ (?=\S)/).filter((anchor) => anchor.length >= 4),
    pattern: new RegExp(`${left}(${row.value})${right}`, "g"),
    before: 200,
    after: 1200,
    check: row.check,
  };
}

/** What is named by what stands around it. */
const named: readonly SecretRule[] = [
  {
    id: "aws-secret-key",
    title: "AWS secret access key",
    severity: "critical",
    anchors: ["secret_access_key", "SECRET_ACCESS_KEY", "ecretAccessKey", "aws_secret_key", "AWS_SECRET_KEY"],
    pattern:
      /(?:secret_?(?:access)?_?key)["'\]]{0,3}[ \t]{0,8}(?:=>|:=|[=:,])[ \t]{0,8}["']?([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])/gi,
    before: 24,
    after: 160,
    check: awsSecret,
  },
  {
    id: "jwt",
    title: "JSON web token",
    severity: "medium",
    anchors: ["eyJhbGciOi", "eyJ0eXAiOi", "eyJraWQiOi", "eyJhbGciIDog", "eyJlbmMiOi"],
    pattern: /(?<![A-Za-z0-9_-])(eyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,6000}\.[A-Za-z0-9_-]{20,1500})/g,
    before: 2,
    after: 9000,
    check: jwt,
  },
  {
    id: "gcp-service-account",
    title: "Google Cloud service account key",
    severity: "critical",
    anchors: ['"private_key_id"'],
    pattern: /"private_key"\s{0,8}:\s{0,8}"-----BEGIN PRIVATE KEY-----\\n([A-Za-z0-9+/=\\n]{200,4000})/g,
    before: 4000,
    after: 4000,
    check: notExample,
  },
  {
    id: "kubeconfig-client-key",
    title: "Client key of a kubeconfig",
    severity: "critical",
    anchors: ["client-key-data"],
    pattern: /client-key-data["']?:\s{0,8}["']?([A-Za-z0-9+/=]{100,12000})/g,
    before: 2,
    after: 12_100,
    check: base64Pem,
  },
  {
    id: "docker-credentials",
    title: "Credentials of a registry",
    severity: "high",
    anchors: ['"auth"'],
    pattern: /"auth"\s{0,8}:\s{0,8}"([A-Za-z0-9+/=]{6,8000})"/g,
    before: 2,
    after: 8100,
    check: basicCredentials,
    paths:
      /(?:^|\/)(?:\.docker\/config\.json|\.dockercfg|\.dockerconfigjson|containers\/auth\.json|kaniko\/[^/]+\.json|config\.json)$/,
  },
  {
    id: "registry-password",
    title: "Password or token of a registry",
    severity: "high",
    anchors: ['"password"', '"identitytoken"', '"registrytoken"'],
    pattern: /"(?:password|identitytoken|registrytoken)"\s{0,8}:\s{0,8}"([^"\\\s]{4,8000})"/g,
    before: 2,
    after: 8100,
    check: (value) => (isPlaceholder(value) ? "none" : "likely"),
    paths:
      /(?:^|\/)(?:\.docker\/config\.json|\.dockercfg|\.dockerconfigjson|containers\/auth\.json|kaniko\/[^/]+\.json)$/,
  },
  {
    id: "npmrc-token",
    title: "Token or password in an npmrc",
    severity: "critical",
    anchors: ["_authToken", "_password", "_auth="],
    pattern: /_(?:authToken|password|auth)[ \t]{0,4}=[ \t]{0,4}["']?((?!\$)[^\s"']{8,2000})/g,
    before: 2,
    after: 2100,
    check: notExample,
    paths: /npmrc$/,
  },
  {
    id: "putty-private-key",
    title: "PuTTY private key",
    severity: "high",
    anchors: ["PuTTY-User-Key-File-"],
    pattern:
      /PuTTY-User-Key-File-\d: [^\n]{1,40}\r?\nEncryption: none\r?\nComment: [^\n]{0,400}\r?\nPublic-Lines: \d{1,3}\r?\n(?:[A-Za-z0-9+/=]{1,400}\r?\n){1,100}Private-Lines: \d{1,3}\r?\n([A-Za-z0-9+/=\r\n]{40,4000})/g,
    before: 2,
    after: 8000,
    check: notExample,
  },
];

export const secretRules: readonly SecretRule[] = [...[...cloudTokens, ...serviceTokens].map(toRule), ...named];
