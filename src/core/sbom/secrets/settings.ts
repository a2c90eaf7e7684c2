// Passwords in files of settings, by name and value: KEY=value in any of the usual notations, passwords in addresses, and the files that exist to hold
// credentials (.netrc, .pgpass, .git-credentials, shadow, htpasswd). Line by line, linear.
import { classifyName } from "../../redact/secret-name.ts";
import { entropyOf } from "../../redact/secret-name.ts";
import { isPlaceholder, password } from "./checks.ts";
import { secretLimits } from "./files.ts";
import type { SecretSeverity } from "./rules.ts";

export interface SettingsFinding {
  readonly id: string;
  readonly title: string;
  readonly severity: SecretSeverity;
  readonly line: number;
  readonly value: string;
  /** Nothing of the value may be shown: it is short, or it is what a person remembers. */
  readonly isHiddenWhole: boolean;
}

type LineReader = (line: string) => Omit<SettingsFinding, "line"> | undefined;

export interface CredentialFile {
  readonly paths: RegExp;
  readonly read: LineReader;
}

function credentials(id: string, title: string, severity: SecretSeverity, pattern: RegExp): LineReader {
  return (line) => {
    const value = pattern.exec(line)?.[1];
    if (value === undefined || value === "") return undefined;
    // Hashes begin with what a reference in a template begins with.
    if (severityIsOfPassword(severity) && isPlaceholder(value)) return undefined;
    return { id, title, severity, value, isHiddenWhole: true };
  };
}

function severityIsOfPassword(severity: SecretSeverity): boolean {
  return severity === "critical" || severity === "high";
}

/** Files whose lines are credentials. */
export const credentialFiles: readonly CredentialFile[] = [
  {
    paths: /(?:^|\/)[._]netrc$/,
    read: credentials("netrc-password", "Password in a .netrc", "high", /(?:^|\s)password\s{1,8}([^\s#]{1,512})/),
  },
  {
    paths: /(?:^|\/)\.pgpass$/,
    read: credentials(
      "pgpass-password",
      "Password in a .pgpass",
      "high",
      /^[^#:][^:]{0,255}:[^:]{1,16}:[^:]{1,255}:[^:]{1,255}:(.{1,512})$/,
    ),
  },
  {
    paths: /(?:^|\/)\.git-credentials$|\/git\/credentials$/,
    read: credentials(
      "git-credentials",
      "Password in .git-credentials",
      "critical",
      /^https?:\/\/[^:/@\s]{0,255}:([^@\s]{1,512})@/,
    ),
  },
  {
    paths: /(?:^|\/)etc\/shadow-?$/,
    read: credentials(
      "password-hash",
      "Hash of a user's password",
      "medium",
      /^[^:]{1,64}:(\$(?:1|2[aby]|5|6|7|y|gy)\$[^:]{8,256}):/,
    ),
  },
  {
    paths: /(?:^|\/)\.?htpasswd[^/]{0,40}$/,
    read: credentials(
      "htpasswd-hash",
      "Hash of a web server's password",
      "low",
      /^[^:\s]{1,128}:(\$(?:apr1|2[aby])\$\S{8,256}|\{SHA\}\S{28})$/,
    ),
  },
];

const lead =
  /^\s{0,64}(?:-\s{1,4})?(?:export\s{1,8}|set\s{1,8}|ENV\s{1,8}|ARG\s{1,8}|define\(\s{0,4}|<(?:add key=)?)?["']?/;
const assignment = /^([A-Za-z_][A-Za-z0-9_.-]{2,79})["']?\s{0,16}(?:=>|:=|[=:,>])\s{0,16}(.{4,512})$/;

/** KEY=value, key: value, "key": "value", define('KEY', 'value'), <password>value</password>. */
export const readAssignment: LineReader = (line) => {
  const rest = line.slice(lead.exec(line)?.[0].length ?? 0);
  const found = assignment.exec(rest);
  if (found === null) return undefined;
  const name = found[1] ?? "";
  const nameClass = classifyName(name);
  if (nameClass !== "password" && nameClass !== "token") return undefined;
  const value = valueOf(found[2] ?? "");
  if (value === undefined || value.toLowerCase().includes(name.toLowerCase())) return undefined;
  if (nameClass === "password") {
    if (password(value, line) === "none") return undefined;
    return {
      id: "password-assignment",
      title: `Password of a setting (${name.slice(0, 60)})`,
      severity: "medium",
      value,
      isHiddenWhole: true,
    };
  }
  if (value.length < 16 || isPlaceholder(value) || !/\d/.test(value) || entropyOf(value) < 3.2) return undefined;
  return {
    id: "token-assignment",
    title: `Token of a setting (${name.slice(0, 60)})`,
    severity: "medium",
    value,
    isHiddenWhole: value.length < 24,
  };
};

function valueOf(raw: string): string | undefined {
  const quote = raw[0];
  if (quote === '"' || quote === "'") {
    const end = raw.indexOf(quote, 1);
    return end < 0 ? undefined : raw.slice(1, end);
  }
  const value =
    raw
      .split(/\s#|\s;|</)[0]
      ?.trim()
      .replace(/[,;)]+$/, "") ?? "";
  return /\s/.test(value) ? undefined : value;
}

const urlPassword = /[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:@/'"<>]{0,64}:([^\s@/'"<>]{4,256})@[A-Za-z0-9[]/;

export const readUrl: LineReader = (line) => {
  if (!line.includes("://") || !line.includes("@")) return undefined;
  const value = urlPassword.exec(line)?.[1];
  if (value === undefined || password(decodePercent(value), line) === "none") return undefined;
  return { id: "url-password", title: "Password in an address", severity: "high", value, isHiddenWhole: true };
};

function decodePercent(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_whole, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** What the readers find in a text, at most `max`. */
export function readLines(text: string, readers: readonly LineReader[], max: number): SettingsFinding[] {
  const found: SettingsFinding[] = [];
  let line = 0;
  for (let from = 0; from < text.length && found.length < max;) {
    const end = text.indexOf("\n", from);
    const to = end < 0 ? text.length : end;
    line += 1;
    if (to - from >= 8 && to - from <= secretLimits.lineLengthMax) {
      const content = text.slice(from, to).trimEnd();
      for (const read of readers) {
        const finding = read(content);
        if (finding === undefined) continue;
        found.push({ ...finding, line });
        break;
      }
    }
    from = to + 1;
  }
  return found;
}
