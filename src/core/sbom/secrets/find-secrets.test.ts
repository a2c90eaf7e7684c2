import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import * as fc from "fast-check";
import { fileOf, testTools } from "../../../../test/support/catalog.ts";
import { checksumOf } from "./checks.ts";
import { createSecretSearch } from "./find-secrets.ts";
import { secretRules } from "./rules.ts";

// Made-up values, put together here so that none stands in the repository.
let state = 20_261_126;
function random(alphabet: string, length: number): string {
  let text = "";
  for (let at = 0; at < length; at += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    text += alphabet[(state >> 8) % alphabet.length];
  }
  return text;
}
const digits = "0123456789";
const hex = `${digits}abcdef`;
const upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const lower = upper.toLowerCase();
const word = digits + upper + lower;
const bech = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L";
const checked = (prefix: string): string => {
  const body = random(word, 30);
  return `${prefix}${body}${checksumOf(body)}`;
};
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const url64 = (text: string): string => Buffer.from(text).toString("base64url");
const token = (): string =>
  `${url64('{"alg":"HS256","typ":"JWT"}')}.${url64(`{"sub":"${random(hex, 12)}","iat":1700000000}`)}.${random(word, 43)}`;
const pem = (): string => generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" });
const rsa = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey;
const rsaPem = rsa.export({ type: "pkcs1", format: "pem" });

interface Case {
  readonly rule: string;
  readonly value: string;
  readonly text?: (value: string) => string;
  readonly path?: string;
  /** What looks alike and is none. */
  readonly miss: string;
}

const cases: readonly Case[] = [
  {
    rule: "aws-access-key",
    value: `AKIA${random("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)}`,
    miss: "AKIAIOSFODNN7EXAMPLE",
  },
  {
    rule: "aws-secret-key",
    value: random(`${word}/+`, 40),
    text: (value) => `aws_secret_access_key = ${value}`,
    miss: `aws_secret_access_key = ${random(hex, 40)}`,
  },
  { rule: "github-token", value: checked("ghp_"), miss: `ghp_${random(word, 30)}` },
  {
    rule: "github-fine-grained-token",
    value: `github_pat_${random(word, 22)}_${random(word, 59)}`,
    miss: `github_pat_${random(word, 22)}`,
  },
  { rule: "gitlab-token", value: `glpat-${random(word, 20)}`, miss: "glpat-your-token-goes-here-please" },
  { rule: "gitlab-runner-token", value: `GR1348941${random(word, 20)}`, miss: `GR1348941${random(word, 5)}` },
  { rule: "bitbucket-token", value: `ATBB${random(word, 32)}`, miss: `ATBB${random(word, 40)}` },
  { rule: "atlassian-token", value: `ATATT3x${random(word, 180)}`, miss: `ATATT3x${random(word, 20)}` },
  {
    rule: "slack-token",
    value: `xoxb-${random(digits, 12)}-${random(digits, 12)}-${random(word, 24)}`,
    miss: "xoxb-your-token",
  },
  {
    rule: "slack-webhook",
    value: `hooks.slack.com/services/T${random(upper, 8)}/B${random(upper, 8)}/${random(word, 24)}`,
    miss: "hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
  },
  {
    rule: "discord-webhook",
    value: `discord.com/api/webhooks/${random(digits, 18)}/${random(word, 68)}`,
    miss: "discord.com/api/webhooks/1/x",
  },
  {
    rule: "telegram-bot-token",
    value: `${random("123456789", 9)}:AAE${random(word, 32)}`,
    miss: `12:AAE${random(word, 32)}`,
  },
  { rule: "stripe-key", value: `sk_live_${random(word, 24)}`, miss: "sk_live_xxxxxxxxxxxxxxxxxxxxxxxx" },
  { rule: "stripe-test-key", value: `sk_test_${random(word, 24)}`, miss: "sk_test_short" },
  { rule: "square-token", value: `sq0atp-${random(word, 22)}`, miss: "sq0atp-abc" },
  {
    rule: "paypal-braintree-token",
    value: `access_token$production$${random(hex, 16)}$${random(hex, 32)}`,
    miss: `access_token$production$${random(hex, 16)}`,
  },
  { rule: "shopify-token", value: `shpat_${random(hex, 32)}`, miss: `shpat_${random(hex, 30)}` },
  { rule: "google-api-key", value: `AIza${random(word, 35)}`, miss: `AIza${random(word, 20)}` },
  { rule: "google-oauth-secret", value: `GOCSPX-${random(word, 28)}`, miss: "GOCSPX-your-client-secret-is-this" },
  { rule: "google-oauth-token", value: `ya29.${random(word, 120)}`, miss: "ya29.short" },
  {
    rule: "firebase-server-key",
    value: `AAAA${random(word, 7)}:APA91b${random(word, 134)}`,
    miss: `AAAA${random(word, 7)}:APA91b`,
  },
  { rule: "npm-token", value: checked("npm_"), miss: "npm_config_registry_is_a_variables_name_here" },
  { rule: "pypi-token", value: `pypi-AgEIcHlwaS5vcmc${random(word, 100)}`, miss: "pypi-AgEIcHlwaS5vcmc" },
  { rule: "rubygems-token", value: `rubygems_${random(hex, 48)}`, miss: "rubygems_version_requirement" },
  { rule: "docker-hub-token", value: `dckr_pat_${random(word, 27)}`, miss: "dckr_pat_x" },
  { rule: "artifactory-token", value: `AKCp${random(word, 69)}`, miss: `AKCp${random(word, 30)}` },
  { rule: "vault-token", value: `hvs.${random(word, 90)}`, miss: "hvs.example" },
  {
    rule: "terraform-cloud-token",
    value: `${random(word, 14)}.atlasv1.${random(word, 67)}`,
    miss: `${random(word, 14)}.atlasv1.x`,
  },
  { rule: "pulumi-token", value: `pul-${random(hex, 40)}`, miss: `pul-${random(hex, 39)}` },
  { rule: "digitalocean-token", value: `dop_v1_${random(hex, 64)}`, miss: `dop_v1_${random(hex, 60)}` },
  { rule: "databricks-token", value: `dapi${random(hex, 32)}`, miss: `dapi${random(hex, 31)}` },
  { rule: "cloudflare-origin-key", value: `v1.0-${random(hex, 24)}-${random(hex, 146)}`, miss: "v1.0-rc1" },
  { rule: "alibaba-access-key", value: `LTAI${random(word, 20)}`, miss: "LTAIxxxxxxxxxxxxxxxxxxxx" },
  { rule: "tencent-secret-id", value: `AKID${random(word, 32)}`, miss: "AKIDSHORT" },
  { rule: "azure-storage-key", value: `AccountKey=${random(word, 86)}==`, miss: "AccountKey=Eby8vdM02x" },
  { rule: "azure-shared-key", value: `SharedAccessKey=${random(word, 43)}=`, miss: "SharedAccessKey=<key>" },
  {
    rule: "azure-devops-token",
    value: `${random(word, 76)}AZDO${random(word, 4)}`,
    miss: "AZDO_PERSONAL_ACCESS_TOKEN",
  },
  { rule: "openai-key", value: `sk-${random(word, 20)}T3BlbkFJ${random(word, 20)}`, miss: "sk-T3BlbkFJ" },
  { rule: "anthropic-key", value: `sk-ant-api03-${random(word, 93)}AA`, miss: "sk-ant-api03-your-key" },
  {
    rule: "hugging-face-token",
    value: `hf_${random(upper + lower, 34)}`,
    text: (value) => `HF_TOKEN=${value}`,
    miss: "HF_TOKEN=hf_transfer_is_installed_by_the_way_here",
  },
  {
    rule: "sendgrid-key",
    value: `SG.${random(word, 22)}.${random(word, 43)}`,
    text: (value) => `key="${value}"`,
    miss: 'key="SG.short.one"',
  },
  { rule: "mailgun-key", value: `key-${random(hex, 31)}a`, miss: `key-${random(digits, 32)}` },
  { rule: "newrelic-key", value: `NRAK-${random(upper + digits, 27)}`, miss: "NRAK-XXXX" },
  { rule: "grafana-token", value: `glsa_${random(word, 32)}_${random(hex, 8)}`, miss: `glsa_${random(word, 32)}` },
  { rule: "grafana-cloud-token", value: `glc_eyJ${random(word, 80)}`, miss: "glc_eyJ" },
  {
    rule: "dynatrace-token",
    value: `dt0c01.${random(upper + digits, 24)}.${random(upper + digits, 64)}`,
    miss: "dt0c01.A.B",
  },
  { rule: "sentry-token", value: `sntrys_${random(word, 120)}`, miss: "sntrys_short" },
  { rule: "sonar-token", value: `sqp_${random(hex, 40)}`, miss: `sqp_${random(hex, 39)}` },
  { rule: "postman-key", value: `PMAK-${random(hex, 24)}-${random(hex, 34)}`, miss: "PMAK-x-y" },
  { rule: "doppler-token", value: `dp.pt.${random(word, 43)}`, miss: "dp.pt.abc" },
  { rule: "linear-key", value: `lin_api_${random(word, 40)}`, miss: "lin_api_key" },
  { rule: "figma-token", value: `figd_${random(word, 40)}`, miss: "figd_x" },
  {
    rule: "heroku-key",
    value: `HRKU-${random(hex, 8)}-${random(hex, 4)}-${random(hex, 4)}-${random(hex, 4)}-${random(hex, 12)}`,
    miss: "HRKU-x",
  },
  { rule: "planetscale-token", value: `pscale_tkn_${random(word, 43)}`, miss: "pscale_tkn_x" },
  { rule: "supabase-token", value: `sbp_${random(hex, 40)}`, miss: "sbp_x" },
  { rule: "fly-token", value: `FlyV1 fm2_${random(word, 120)}`, miss: "FlyV1 fm2_x" },
  { rule: "tailscale-key", value: `tskey-auth-${random(word, 12)}-${random(word, 32)}`, miss: "tskey-auth-x" },
  { rule: "one-password-token", value: `ops_eyJ${random(word, 400)}`, miss: "ops_eyJ" },
  { rule: "age-secret-key", value: `AGE-SECRET-KEY-1${random(bech, 58)}`, miss: "AGE-SECRET-KEY-1XYZ" },
  { rule: "facebook-token", value: `EAAC${random(word, 160)}`, miss: `EAAC${random(word, 30)}` },
  {
    rule: "twilio-key",
    value: `SK${random(hex, 32)}`,
    text: (value) => `twilio(${value})`,
    miss: `stripe(SK${random(hex, 32)})`,
  },
  {
    rule: "jwt",
    value: token(),
    miss: `${url64('{"alg":"HS256","typ":"JWT"}')}.${url64('{"sub":"1234567890","name":"John Doe"}')}.${random(word, 43)}`,
  },
  {
    rule: "gcp-service-account",
    value: rsaPem.replace(/-----[^-]+-----/g, "").replaceAll("\n", "\\n"),
    text: (value) =>
      `{"type":"service_account","private_key_id":"a","private_key":"-----BEGIN PRIVATE KEY-----${value}-----END PRIVATE KEY-----\\n"}`,
    miss: '{"private_key_id":"a","private_key":"-----BEGIN PRIVATE KEY-----\\n...\\n-----END PRIVATE KEY-----"}',
  },
  {
    rule: "kubeconfig-client-key",
    value: base64(rsaPem),
    text: (value) => `    client-key-data: ${value}`,
    miss: `    client-key-data: ${random(word, 200)}`,
  },
  {
    rule: "docker-credentials",
    value: base64(`bob:${random(word, 14)}`),
    text: (value) => `{"auths":{"r.example":{"auth":"${value}"}}}`,
    path: "root/.docker/config.json",
    miss: '{"auths":{"r.example":{"auth":"dXNlcjpwYXNzd29yZA=="}}}',
  },
  {
    rule: "registry-password",
    value: random(word, 24),
    text: (value) => `{"auths":{"r.example":{"username":"bob","password":"${value}"}}}`,
    path: "kaniko/.docker/config.json",
    miss: '{"auths":{"r.example":{"username":"bob","password":"${REGISTRY_PASSWORD}"}}}',
  },
  {
    rule: "npmrc-token",
    value: random(hex, 36),
    text: (value) => `//r.example/:_authToken=${value}`,
    path: "root/.npmrc",
    miss: "//r.example/:_authToken=${NPM_TOKEN}",
  },
  {
    rule: "putty-private-key",
    value: random(word, 120),
    text: (value) =>
      `PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\nComment: x\nPublic-Lines: 1\nAAAA\nPrivate-Lines: 2\n${value}\nPrivate-MAC: 0`,
    miss: "PuTTY-User-Key-File-2: ssh-rsa\nEncryption: aes256-cbc\nPrivate-Lines: 2\nAAAA",
  },
  {
    rule: "private-key",
    value: rsaPem.split("\n").slice(1, -2).join(""),
    text: () => rsaPem,
    miss: '"-----BEGIN RSA PRIVATE KEY-----"',
  },
  {
    rule: "private-key",
    value: pem().split("\n")[1] ?? "",
    text: (value) => `KEY="-----BEGIN PRIVATE KEY-----\\n${value}\\n-----END PRIVATE KEY-----"`,
    miss: "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
  },
  {
    rule: "encrypted-private-key",
    value: random(word, 600),
    text: (value) =>
      `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${value.replace(/.{64}/g, "$&\n")}\n-----END ENCRYPTED PRIVATE KEY-----`,
    miss: "-----BEGIN ENCRYPTED PRIVATE KEY-----",
  },
  {
    rule: "netrc-password",
    value: "hunter22x",
    text: (value) => `machine h.example login bob password ${value}`,
    path: "root/.netrc",
    miss: "machine h.example login bob password changeme",
  },
  {
    rule: "pgpass-password",
    value: "Tr0ub4dor",
    text: (value) => `db.example:5432:shop:bob:${value}`,
    path: "root/.pgpass",
    miss: "# host:port:db:user:password",
  },
  {
    rule: "git-credentials",
    value: "hunter22x",
    text: (value) => `https://bob:${value}@git.example`,
    path: "root/.git-credentials",
    miss: "https://git.example/x",
  },
  {
    rule: "password-hash",
    value: `$6$${random(word, 8)}$${random(word, 86)}`,
    text: (value) => `bob:${value}:19000:0:99999:7:::`,
    path: "etc/shadow",
    miss: "bob:!:19000:0:99999:7:::",
  },
  {
    rule: "htpasswd-hash",
    value: `$apr1$${random(word, 8)}$${random(word, 22)}`,
    text: (value) => `bob:${value}`,
    path: "etc/nginx/.htpasswd",
    miss: "bob:plain",
  },
  {
    rule: "password-assignment",
    value: "Xk2-9qLm!w",
    text: (value) => `DB_PASSWORD=${value}`,
    path: "app/.env",
    miss: "DB_PASSWORD=${SECRET_FROM_VAULT}",
  },
  {
    rule: "password-assignment",
    value: "s3cr3t-Pa55",
    text: (value) => `spring:\n  datasource:\n    password: "${value}"`,
    path: "app/application.yml",
    miss: 'password: "changeme"',
  },
  {
    rule: "password-assignment",
    value: "Xk2-9qLm!w",
    text: (value) => `define('DB_PASSWORD', '${value}');`,
    path: "var/www/wp-config.php",
    miss: "define('DB_PASSWORD', 'password');",
  },
  {
    rule: "token-assignment",
    value: random(word, 32),
    text: (value) => `API_TOKEN=${value}`,
    path: "app/.env",
    miss: "API_TOKEN=your-token-goes-here-please-0",
  },
  {
    rule: "url-password",
    value: "Xk29qLmw8",
    text: (value) => `DATABASE_URL=postgres://shop:${value}@db:5432/shop`,
    path: "app/.env",
    miss: "DATABASE_URL=postgres://shop:password@db:5432/shop",
  },
];

function find(text: string, path = "app/main.js") {
  return createSecretSearch().find(fileOf(path, text), testTools);
}

test("every rule has a case", () => {
  const covered = new Set(cases.map((item) => item.rule));
  assert.deepEqual(
    secretRules.map((rule) => rule.id).filter((id) => !covered.has(id)),
    [],
  );
});

for (const [index, item] of cases.entries()) {
  test(`${item.rule} (${index}): fires, a near miss does not, four characters are shown at most`, () => {
    const text = item.text?.(item.value) ?? `const key = "${item.value}";`;
    const found = find(`first line\n${text}\nlast line\n`, item.path);
    assert.deepEqual(
      found.map((secret) => secret.rule),
      [item.rule],
      text,
    );
    assert.ok((found[0]?.line ?? 0) >= 2, "line");
    const told = JSON.stringify(found);
    for (let at = 0; at + 5 <= item.value.length; at += 1) {
      assert.ok(
        !(found[0]?.redacted ?? "").includes(item.value.slice(at, at + 5)),
        `${told} tells ${item.value.slice(at, at + 5)}`,
      );
    }
    assert.deepEqual(
      find(item.miss, item.path).filter((secret) => secret.rule === item.rule),
      [],
      item.miss,
    );
  });
}

test("a token whose checksum does not fit is told as doubtful, and low", () => {
  const [found] = find(`t = "ghp_${random(word, 36)}"`);
  assert.deepEqual([found?.rule, found?.severity], ["github-token", "low"]);
  assert.match(found?.title ?? "", /checksum does not fit/);
});

test("tests' material of packages is counted and not told; in examples and packages a finding is low", () => {
  const search = createSecretSearch();
  assert.deepEqual(search.find(fileOf("usr/lib/python3/dist-packages/x/tests/key.pem", rsaPem), testTools), []);
  assert.equal(search.skipped().get("test-material"), 1);
  assert.equal(search.find(fileOf("app/node_modules/x/lib/key.js", rsaPem), testTools)[0]?.severity, "low");
  assert.equal(search.find(fileOf("app/tests/key.pem", rsaPem), testTools)[0]?.severity, "low");
  assert.equal(search.find(fileOf("app/key.pem", rsaPem), testTools)[0]?.severity, "high");
});

test("a file full of anchors stops at its limits, and no bytes make it throw", () => {
  const many = Array.from({ length: 3000 }, () => `"${checked("ghp_")}"`).join("\n");
  assert.equal(find(many).length, 100);
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 400 }),
      fc.constantFrom(...cases.map((item) => item.value.slice(0, 20))),
      (bytes, head) => {
        const text = Buffer.concat([Buffer.from(head), Buffer.from(bytes)]);
        createSecretSearch().find(fileOf("app/.env", text), testTools);
      },
    ),
  );
});

test("a word that stands in a key by chance makes it no example, one that fills it does", () => {
  const keyFile = (body: string) =>
    `{"private_key_id":"a","private_key":"-----BEGIN PRIVATE KEY-----\\n${body}\\n-----END PRIVATE KEY-----\\n"}`;
  const rulesOf = (text: string) =>
    createSecretSearch()
      .find(fileOf("app/main.json", text), testTools)
      .map(({ rule }) => rule);
  for (const chance of ["FAkEA", "xXxX", "dUmMy", "SAmPLE", "FOObAR"]) {
    const body = `${random(word, 200)}${chance}${random(word, 200)}`;
    assert.ok(rulesOf(keyFile(body)).includes("gcp-service-account"), chance);
  }
  const filled = random(word, 100) + "EXAMPLE".repeat(20);
  assert.ok(!rulesOf(keyFile(filled)).includes("gcp-service-account"));
});
