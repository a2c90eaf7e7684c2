// Every rule of redaction as data, in this one file: which names mean a secret, which flags of which programs carry one, and what keys
// look like by themselves. A new rule is one line here and one in the test's table.

export type RedactionKind =
  | "password-flag"
  | "token-flag"
  | "credentials-flag"
  | "password-assignment"
  | "token-assignment"
  | "query-secret"
  | "url-password"
  | "authorization-header"
  | "cookie"
  | "aws-access-key"
  | "aws-secret-key"
  | "github-token"
  | "gitlab-token"
  | "slack-token"
  | "stripe-key"
  | "google-key"
  | "npm-token"
  | "garrison-token"
  | "cloud-token"
  | "jwt"
  | "private-key"
  | "key-like"
  | "over-limit";

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(/\s+/));
}

export const redactionLimits = {
  argumentsMax: 4096,
  /** Characters of one argument or text; the rest is replaced, never passed on unread. */
  textLengthMax: 65_536,
  /** Characters of a name before "=" or ":". */
  nameLengthMax: 80,
  /** Scripts in scripts: sh -c "bash -c '...'". */
  nestingMax: 3,
  /** Words looked back for the subcommand that makes an argument secret by its place. */
  placesBackMax: 12,
} as const;

/** A word of a name that ends with one of these is a secret: "password", "PGPASSWORD", "github_token", "clientSecret". */
export const passwordEndings = ["password", "passwd", "passphrase", "passwort", "pwd", "storepass", "keypass"] as const;
export const tokenEndings = [
  "secret",
  "token",
  "apikey",
  "bearer",
  "secretkey",
  "accesskey",
  "privatekey",
  "accountkey",
] as const;
/** Only as a whole last word, because many harmless words hold them ("bypass", "-pass-exit-codes"). */
export const passwordWords = words("pass dbpass userpass mysqlpass ftppass psk");
export const tokenWords = words("credential credentials creds totp otp");
/** "<word> key" is a secret: api-key, ACCESS_KEY. */
export const keyQualifiers = words(
  "api access private secret account signing encryption master shared license app auth root",
);
/** A secret only when the value itself looks like a key. */
export const keyishWords = words("key auth sig signature session sid sessionid authtoken hmac");
/** The last word of a header whose whole value is secret, also behind a short flag: -HAuthorization. */
export const headerWords = ["authorization", "cookie"] as const;
/** Last word of a name that speaks *about* a secret: --password-file, --token-ttl, secretName. */
export const aboutWords =
  words(`file files filename path dir directory url uri endpoint stdin fd env prompt length len size min max count
  limit ttl timeout expiry expires expiration expire lifetime age id ids name names type types policy mode
  modes provider store manager backend helper enabled disabled required version alg algorithm issuer
  audience audiences scope scopes ref namespace class rotation days format command cmd title index label
  column field jar review method hint strength pem crt cert sock socket kubeconfig webhook plugin driver
  mount volume projection request endpoints`);

/** A value after a secret's name that is none: switches, where to read it from, placeholders. */
export const harmlessValue =
  /^(?:\d|true|false|yes|no|on|off|none|null|nil|undefined|stdin|prompt|ask|-|\*+|x{3,}|<[^<>]*>|\[[^[\]]*\]|%[sdv]|(?:env|fd|file):[^\s]*|@[./~][^\s]*|(?:id|type)=[^\s]*)?$/i;
/** In a shell's text a reference is not yet a value. */
export const shellReference = /^\$(?:[A-Z_][A-Z0-9_]*|\{[A-Za-z_][A-Za-z0-9_]*\})$/;

export interface FlagRule {
  readonly flags: readonly string[];
  /** attached: -pVALUE. next: -p VALUE. both. */
  readonly takes: "attached" | "next" | "both";
  readonly kind: RedactionKind;
  /** Only what stands after this text in the value is secret; a value without it is left. */
  readonly after?: string;
  /** Only in command lines with this word: `docker login -p`, but not `docker run -p`. */
  readonly onlyWith?: string;
}

const password = "password-flag" satisfies RedactionKind;
const token = "token-flag" satisfies RedactionKind;
const credentials = "credentials-flag" satisfies RedactionKind;

function rule(flags: string, takes: FlagRule["takes"], kind: RedactionKind, more: Partial<FlagRule> = {}): FlagRule {
  return { flags: flags.split(" "), takes, kind, ...more };
}

/** [programs, their rules]. Sources: the programs' manual pages. */
const flagTable: readonly (readonly [string, readonly FlagRule[]])[] = [
  [
    "mysql mysqldump mysqladmin mysqlimport mysqlshow mysqlcheck mysqlslap mysqlbinlog mysqlpump mysqlsh mariadb mariadb-dump mariadb-admin mariadb-check mariadb-import mariabackup xtrabackup",
    [rule("-p", "both", password)],
  ],
  [
    "mongo mongosh mongodump mongorestore mongoexport mongoimport mongostat cqlsh rdesktop sshpass evil-winrm nxc crackmapexec hydra psexec ncftpput",
    [rule("-p", "both", password)],
  ],
  [
    "docker podman nerdctl buildah helm oras az oc cf argocd regctl crane skopeo",
    [
      rule("-p", "both", password, { onlyWith: "login" }),
      rule("--creds --src-creds --dest-creds", "next", credentials, { after: ":" }),
    ],
  ],
  [
    "curl",
    [
      rule("-u -U", "both", credentials, { after: ":" }),
      rule("--user --proxy-user --cert -E", "next", credentials, { after: ":" }),
      rule("-b", "both", "cookie", { after: "=" }),
    ],
  ],
  ["http https xh", [rule("-a --auth", "both", credentials, { after: ":" })]],
  [
    "ldapsearch ldapadd ldapmodify ldapdelete ldapwhoami ldappasswd ldapcompare ldapmodrdn",
    [rule("-w", "both", password)],
  ],
  [
    "openssl",
    [
      rule("-passin -passout -pass -password", "next", password, { after: "pass:" }),
      rule("-k -K -hmac -psk", "next", token),
    ],
  ],
  ["redis-cli valkey-cli keydb-cli", [rule("-a", "both", password)]],
  ["smbclient rpcclient net smbmap", [rule("-U", "both", credentials, { after: "%" })]],
  ["sqlcmd bcp osql tsql ipmitool zip unzip", [rule("-P", "both", password)]],
  ["7z 7za 7zr 7zz rar unrar", [rule("-p -hp", "attached", password)]],
  ["ssh-keygen", [rule("-N -P", "next", password)]],
  ["snmpwalk snmpget snmpset snmpbulkwalk", [rule("-c -A -X", "both", password)]],
  ["plink pscp psftp", [rule("-pw", "next", password)]],
  ["lftp", [rule("-u --user", "next", credentials, { after: "," })]],
  ["xfreerdp wlfreerdp", [rule("/p:", "attached", password)]],
  ["kubectl oc", [rule("--from-literal", "next", token, { after: "=", onlyWith: "secret" })]],
];

/** Programs whose --password takes no value (it asks). */
export const promptingPrograms = words("psql pg_dump pg_restore pg_basebackup createdb dropdb vacuumdb");

function toRulesByProgram(): ReadonlyMap<string, readonly FlagRule[]> {
  const rules = new Map<string, readonly FlagRule[]>();
  for (const [programs, own] of flagTable) {
    for (const program of programs.split(" ")) rules.set(program, [...(rules.get(program) ?? []), ...own]);
  }
  return rules;
}

export const flagRulesByProgram = toRulesByProgram();

/** Arguments that are secret by their place: after these words, the n-th argument that is no flag (1 = the next). */
export interface PlaceRule {
  readonly programs: readonly string[];
  readonly words: readonly string[];
  readonly places: readonly number[];
  /** Instead of places: in every later argument, what stands after this one character. */
  readonly after?: string;
}

export const placeRules: readonly PlaceRule[] = [
  { programs: ["rabbitmqctl"], words: ["add_user"], places: [2] },
  { programs: ["rabbitmqctl"], words: ["change_password"], places: [2] },
  { programs: ["rabbitmqctl"], words: ["authenticate_user"], places: [2] },
  { programs: ["vault", "bao"], words: ["login"], places: [1] },
  { programs: ["vault", "bao"], words: ["unwrap"], places: [1] },
  { programs: ["vault", "bao"], words: ["operator", "unseal"], places: [1] },
  { programs: ["vault", "bao"], words: ["kv", "put"], places: [], after: "=" },
  { programs: ["vault", "bao"], words: ["kv", "patch"], places: [], after: "=" },
  { programs: ["vault", "bao"], words: ["write"], places: [], after: "=" },
  { programs: ["mc", "mcli"], words: ["alias", "set"], places: [3, 4] },
  { programs: ["wpa_passphrase"], words: [], places: [2] },
  { programs: ["htpasswd"], words: ["-b"], places: [3] },
  { programs: ["htpasswd"], words: ["-bc"], places: [2] },
  { programs: ["htpasswd"], words: ["-cb"], places: [2] },
  { programs: ["htpasswd"], words: ["-nb"], places: [2] },
  { programs: ["htpasswd"], words: ["-nbB"], places: [2] },
  { programs: ["nmcli"], words: ["password"], places: [1] },
];

/** `echo SECRET | program flag`: what is piped into a program with this flag is a secret; "" for a program that always reads one. */
export const pipedSecrets: readonly (readonly [program: string, flag: string])[] = [
  ["sudo", "-S"],
  ["passwd", "--stdin"],
  ["chpasswd", ""],
  ["gh", "--with-token"],
  ["gpg", "--passphrase-fd"],
  ["", "--password-stdin"],
];
export const pipingPrograms = words("echo printf");

/** user/password@database as first argument. */
export const slashLoginPrograms = words("sqlplus sqlldr expdp impdp rman");

/** Programs that run another one: the program named later in the line has its rules too. */
export const wrappers =
  words(`sudo doas env nohup nice ionice timeout time xargs strace ltrace watch setsid flock chroot unshare
  nsenter runuser su ssh docker podman nerdctl kubectl oc crictl busybox systemd-run exec stdbuf parallel
  chronic proxychains proxychains4 torsocks tini dumb-init gosu su-exec`);

export interface ValuePattern {
  readonly kind: RedactionKind;
  /** One of these stands in every match: checked first, it is much cheaper. */
  readonly hints: readonly string[];
  /** Global; bounded repetitions of one character class after a literal, so that matching is linear. */
  readonly pattern: RegExp;
}

export const valuePatterns: readonly ValuePattern[] = [
  // This program's own: join tokens (edge/trust/join-token.ts) and callers' secrets (apps/server/http/callers.ts). 32 random bytes
  // always have a digit or a capital, a function's long name ("got_...") has none.
  {
    kind: "garrison-token",
    hints: ["gat_", "got_", "gst_", "glt_"],
    pattern: /(?<![a-z])g(?:at|ot|st|lt)_(?=[a-z_-]{0,42}[0-9A-Z])[A-Za-z0-9_-]{32,255}/g,
  },
  {
    kind: "garrison-token",
    hints: ["gj1."],
    pattern: /(?<![a-z])gj1\.(?=[a-z_-]{0,42}[0-9A-Z])[A-Za-z0-9_-]{20,4096}/g,
  },
  { kind: "aws-access-key", hints: ["AKIA", "ASIA"], pattern: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g },
  { kind: "github-token", hints: ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], pattern: /gh[pousr]_[A-Za-z0-9]{20,255}/g },
  { kind: "github-token", hints: ["github_pat_"], pattern: /github_pat_[A-Za-z0-9_]{20,255}/g },
  {
    kind: "gitlab-token",
    hints: ["glpat-", "gldt-", "glrt-", "glptt-", "glcbt-"],
    pattern: /gl(?:pat|dt|rt|ptt|cbt)-[A-Za-z0-9_.-]{16,255}/g,
  },
  { kind: "slack-token", hints: ["xox", "xapp-"], pattern: /(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,255}/g },
  {
    kind: "slack-token",
    hints: ["hooks.slack.com/"],
    pattern: /hooks\.slack\.com\/(?:services|workflows)\/[A-Za-z0-9_/-]{20,200}/g,
  },
  {
    kind: "stripe-key",
    hints: ["sk_live_", "rk_live_", "sk_test_", "rk_test_", "whsec_"],
    pattern: /(?:[sr]k_(?:live|test)|whsec)_[A-Za-z0-9]{10,255}/g,
  },
  { kind: "google-key", hints: ["AIza"], pattern: /AIza[0-9A-Za-z_-]{35}/g },
  { kind: "google-key", hints: ["ya29.", "GOCSPX-"], pattern: /(?:ya29\.|GOCSPX-)[0-9A-Za-z_-]{20,512}/g },
  { kind: "npm-token", hints: ["npm_"], pattern: /\bnpm_[A-Za-z0-9]{36}\b/g },
  { kind: "cloud-token", hints: ["hvs.", "hvb.", "hvr."], pattern: /\bhv[sbr]\.[A-Za-z0-9_-]{20,255}/g },
  {
    kind: "cloud-token",
    hints: ["dckr_pat_", "dop_v1_", "shpat_", "shpss_"],
    pattern: /(?:dckr_pat|dop_v1|shpat|shpss)_[A-Za-z0-9_-]{20,255}/g,
  },
  {
    kind: "cloud-token",
    hints: ["pypi-", "SG."],
    pattern: /(?:pypi-AgE[A-Za-z0-9_-]{20,512}|\bSG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,128})/g,
  },
  { kind: "cloud-token", hints: ["sk-"], pattern: /\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,255}/g },
  { kind: "cloud-token", hints: ["AGE-SECRET-KEY-1"], pattern: /AGE-SECRET-KEY-1[0-9A-Z]{50,64}/g },
  { kind: "cloud-token", hints: [":AA"], pattern: /(?<!\d)\d{8,10}:AA[A-Za-z0-9_-]{30,40}/g },
  {
    kind: "jwt",
    hints: ["eyJ"],
    pattern: /\beyJ[A-Za-z0-9_-]{6,1024}\.[A-Za-z0-9_-]{6,16384}(?:\.[A-Za-z0-9_-]{0,4096})?/g,
  },
];

/** Ends of files and the like: a value with one of these is a name, not a key. */
export const fileEnding =
  /\.(?:pem|key|crt|cer|pub|json|ya?ml|txt|conf|cfg|ini|env|toml|sh|py|js|ts|go|log|sock|db|tar|gz|zip|xml|html?)$/i;

/** Nothing can match in a text that has none of these: the fast path. Must cover every rule above that is not bound to a program. */
export const suspicion =
  /pass|pwd|psk|secret|token|otp|key|auth|cred|cookie|bearer|sig|hmac|session|sid|:\/\/|@tcp\(|@unix\(|PRIVATE|AKIA|ASIA|gh[pousr]_|github_pat|gl(?:pat|dt|rt|ptt|cbt)-|xox|xapp-|slack|[sr]k_|whsec|AIza|ya29|GOCSPX|npm_|hv[sbr]\.|dckr_|dop_v1|shp|pypi-|SG\.|sk-|AGE-|:AA|eyJ|g[aols]t_|gj1\.|‹/i;
