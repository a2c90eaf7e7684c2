// Secrets that come in by COPY, by RUN's words, or as passwords of users. Values are never repeated in messages.
import { redactArguments } from "../../../redact/redact.ts";
import { bare } from "../parse/model.ts";
import { defineRules } from "../rule.ts";
import { hasFlag } from "../shell/arguments.ts";

const secretFiles =
  /(?:^|\/)(?:id_(?:rsa|dsa|ecdsa|ed25519)|\.env(?:\.[a-z]+)?|\.netrc|_netrc|\.pgpass|\.my\.cnf|\.git-credentials|\.pypirc|\.npmrc|\.yarnrc\.yml|\.dockercfg|\.htpasswd|\.vault-token|kubeconfig|credentials\.(?:json|csv|ya?ml)|service-?account(?:-key)?\.json|secrets?\.(?:json|ya?ml|env|toml)|wallet\.dat|terraform\.tfstate)$|\.(?:pem|key|p12|pfx|jks|keystore|kdbx|ovpn|ppk|tfvars)$|(?:^|\/)\.(?:aws|ssh|gnupg|kube|docker)(?:\/(?:credentials|config|config\.json|id_[a-z0-9]+))?\/?$/i;
const publicFile =
  /(?:\.pub|\.crt|\.cer|(?:ca|chain|fullchain|cert|certificate|public)[^/]*\.pem|example|sample|template)[^/]*$/i;

/** What variables and substitutions give is not in the history: "Bearer $TOKEN" says nothing, "Bearer abc$X" does. */
function withoutOpenParts(text: string): string {
  const rest = text.replace(openParts, "");
  return /(?:[:=\s]|bearer|basic|token)\s*$/i.test(rest.slice(-32)) ? "" : rest;
}

const openParts = /\$(?:\{[^}]{0,200}\}|[A-Za-z_]\w*|\(\))/g;

export const secretRules = defineRules(
  {
    id: "dockerfile/secret-file",
    hadolint: "",
    severity: "warning",
    title: "COPY of a file that usually holds a secret",
    fix: "Use RUN --mount=type=secret, and name the file in .dockerignore.",
    references: ["CIS Docker 4.10", "CIS-DI-0010"],
    onInstruction: {
      keywords: ["COPY", "ADD"],
      check(instruction, tell) {
        for (const { text, offset } of instruction.words.slice(0, -1)) {
          const path = bare(text);
          if (path.length > 1024 || !secretFiles.test(path) || publicFile.test(path)) continue;
          tell.instruction(instruction, `${path} goes into a layer, where it stays even when it is removed later`, {
            offset,
          });
        }
      },
    },
  },
  {
    id: "dockerfile/secret-in-run",
    hadolint: "",
    severity: "error",
    title: "a secret in the words of RUN",
    fix: "Revoke it, and use RUN --mount=type=secret.",
    references: ["CIS Docker 4.10", "CIS-DI-0010"],
    onCommand: {
      names: ["*"],
      check(command, tell, { run }) {
        if (command.arguments.length === 0) return;
        const words = [command.name];
        for (const { text, isOpen } of command.arguments) words.push(isOpen ? withoutOpenParts(text) : text);
        const { redacted } = redactArguments(words);
        if (redacted.every((kind) => kind === "over-limit")) return;
        tell.command(
          run,
          command,
          `${command.name} gets what looks like a secret (${redacted.join(", ")}): it is in the history`,
        );
      },
    },
  },
  {
    id: "dockerfile/password-set",
    hadolint: "",
    severity: "warning",
    title: "a user's password is set",
    fix: "Leave accounts without passwords; nobody logs in to a container.",
    onCommand: {
      names: ["chpasswd", "passwd", "useradd", "usermod", "adduser"],
      check(command, tell, { run }) {
        const { name } = command;
        if (
          name === "passwd" &&
          (hasFlag(command, "l", "lock", "d", "delete", "e", "expire") || command.arguments.length === 0)
        )
          return;
        if ((name === "useradd" || name === "usermod") && !hasFlag(command, "p", "password")) return;
        if (name === "adduser") return;
        tell.command(run, command, "every container of the image has this password");
      },
    },
  },
);
