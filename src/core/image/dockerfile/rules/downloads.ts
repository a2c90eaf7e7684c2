// What is fetched and run, and how far it is verified.
import { defineRules } from "../rule.ts";
import { hasArgument, hasFlag } from "../shell/arguments.ts";
import type { ShellCommand } from "../shell/script.ts";

const downloaders = new Set(["curl", "wget", "fetch", "aria2c", "http", "https"]);
const interpreters = [
  "sh",
  "bash",
  "ash",
  "dash",
  "zsh",
  "ksh",
  "python",
  "perl",
  "ruby",
  "node",
  "php",
  "tclsh",
] as const;

/** Downloads whose output goes into `command`: before it in its pipe, or in its substitutions. */
function isFed(command: ShellCommand, commands: readonly ShellCommand[]): boolean {
  const at = commands.indexOf(command);
  for (let index = at - 1; index >= 0 && at - index < 64; index--) {
    const other = commands[index];
    if (other === undefined || !downloaders.has(other.name)) continue;
    if (command.pipe >= 0 && other.pipe === command.pipe) return true;
    if (other.isNested && !command.isWrapped && other.offset > command.offset) return true;
  }
  return false;
}

const curlSwitches = /^-[fsSLvgiIjNORJZ0-9#]*k[fsSLvgiIjNORJZ0-9#ko]*$/;

export const downloadRules = defineRules(
  {
    id: "dockerfile/download-to-shell",
    hadolint: "",
    severity: "warning",
    title: "a download that is run at once",
    fix: "Fetch to a file, check its sha256, then run it.",
    onCommand: {
      names: [...interpreters, "eval", "source", "."],
      check(command, tell, { run }) {
        const commands = run.script?.commands ?? [];
        if (isFed(command, commands))
          tell.command(run, command, "whoever answers for that address on the day of the build runs code in it");
      },
    },
  },
  {
    id: "dockerfile/unverified-download",
    hadolint: "",
    severity: "warning",
    title: "a download without certificate verification",
    fix: "Take the flag out; add the certificate authority instead.",
    onCommand: {
      names: ["curl", "wget", "npm", "git", "pip", "yarn"],
      check(command, tell, { run }) {
        if (isUnverified(command)) tell.command(run, command, "anybody between the build and the server can answer");
      },
    },
  },
  {
    id: "dockerfile/unsigned-packages",
    hadolint: "",
    severity: "warning",
    references: ["CIS Docker 4.11", "CIS-DI-0011"],
    title: "packages without signature verification",
    fix: "Add the repository's key instead.",
    onCommand: {
      names: ["apt-get", "apt", "apk", "yum", "dnf", "microdnf", "zypper", "rpm"],
      check(command, tell, { run }) {
        const isOff =
          hasFlag(
            command,
            "allow-unauthenticated",
            "force-yes",
            "allow-untrusted",
            "nogpgcheck",
            "no-gpg-checks",
            "nosignature",
            "allow-insecure-repositories",
          ) || hasArgument(command, "--setopt=gpgcheck=0");
        if (isOff) tell.command(run, command, "nobody checks who made these packages");
      },
    },
  },
);

function isUnverified(command: ShellCommand): boolean {
  switch (command.name) {
    case "curl":
      return hasFlag(command, "insecure") || command.arguments.some(({ text }) => curlSwitches.test(text));
    case "wget":
      return hasFlag(command, "no-check-certificate");
    case "npm":
    case "yarn":
      return hasArgument(command, "strict-ssl")
        ? hasArgument(command, "false")
        : hasArgument(command, "--strict-ssl=false");
    case "git":
      return (
        command.arguments.some(
          ({ text }, index) => /^http\.sslVerify$/i.test(text) && command.arguments[index + 1]?.text === "false",
        ) || command.arguments.some(({ text }) => /^http\.sslVerify=(?:false|0)$/i.test(text))
      );
    default:
      return hasFlag(command, "trusted-host");
  }
}
