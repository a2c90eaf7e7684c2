// ENV and ARG: references inside one statement, names of secrets, settings that switch safety off.
import { classifyName } from "../../../redact/secret-name.ts";
import { redactText } from "../../../redact/redact.ts";
import { referencesOf } from "../parse/expand.ts";
import { placeAt, type Instruction } from "../parse/model.ts";
import type { Stage } from "../parse/stages.ts";
import { defineRules } from "../rule.ts";

const secretPart =
  /(?:api|access|client|private|encryption|signing|master)_?key|secret|token|passw(?:or)?d|passphrase|credential/i;
const harmlessEnd =
  /(?:_FILE|_PATH|_DIR|_URL|_URI|_NAME|_HEADER|_TTL|_LENGTH|_EXPIRY|_EXPIRES(?:_IN)?|_TYPE|_POLICY)$/i;

/** Whether a variable of this name holds a secret. */
export function isSecretName(name: string): boolean {
  if (name.length > 256 || harmlessEnd.test(name) || /public/i.test(name)) return false;
  if (secretPart.test(name)) return true;
  const kind = classifyName(name);
  return kind === "password" || kind === "token";
}

/** Variables that hold before the instruction: ARG and ENV of the stage and of those it builds on. */
function isDefinedBefore(name: string, instruction: Instruction, stage: Stage): boolean {
  for (let one: Stage | undefined = stage; one !== undefined; one = one.parent) {
    for (const before of one.instructions) {
      if (before === instruction) break;
      if ((before.keyword === "ENV" || before.keyword === "ARG") && before.pairs.some((pair) => pair.name === name))
        return true;
    }
  }
  return false;
}

const unsafe: ReadonlyMap<string, RegExp> = new Map([
  ["NODE_TLS_REJECT_UNAUTHORIZED", /^0$/],
  ["GIT_SSL_NO_VERIFY", /^(?:1|true)$/i],
  ["PYTHONHTTPSVERIFY", /^0$/],
  ["NPM_CONFIG_STRICT_SSL", /^false$/i],
  ["CURL_INSECURE", /^(?:1|true)$/i],
  ["GONOSUMCHECK", /^(?:1|true)$/i],
  ["GONOSUMDB", /^\*$/],
  ["GOFLAGS", /-insecure/],
]);

export const environmentRules = defineRules(
  {
    id: "dockerfile/env-refers-to-itself",
    hadolint: "DL3044",
    severity: "error",
    title: "ENV refers to a variable of the same ENV",
    fix: "Set it in an ENV before.",
    onInstruction: {
      keywords: ["ENV"],
      check(instruction, tell, { stage, view }) {
        const { pairs } = instruction;
        if (pairs.length < 2) return;
        const names = new Map<string, number>();
        for (const { name } of pairs) names.set(name, (names.get(name) ?? 0) + 1);
        for (const { name, raw, offset } of pairs) {
          const wrong = referencesOf(raw, view.file.escape).find((reference) => {
            const count = names.get(reference) ?? 0;
            return (reference === name ? count > 1 : count > 0) && !isDefinedBefore(reference, instruction, stage);
          });
          if (wrong === undefined) continue;
          tell.instruction(instruction, `${wrong} has its value only after the whole ENV`, { offset });
          return;
        }
      },
    },
  },
  {
    id: "dockerfile/secret-name",
    hadolint: "DL3064",
    severity: "warning",
    title: "ENV or ARG with a secret's name",
    fix: "Use RUN --mount=type=secret in the build, and the platform's secrets at run time.",
    references: ["CIS Docker 4.10", "CIS-DI-0010"],
    onInstruction: {
      keywords: ["ENV", "ARG"],
      check(instruction, tell) {
        for (const { name, offset } of instruction.pairs) {
          if (!isSecretName(name)) continue;
          tell.instruction(instruction, `what ${name} holds is in the image's history for everybody who can pull it`, {
            offset,
          });
        }
      },
    },
  },
  {
    id: "dockerfile/secret-value",
    hadolint: "",
    severity: "error",
    title: "a secret in ENV, ARG or LABEL",
    fix: "Revoke it, take it out, and use RUN --mount=type=secret.",
    references: ["CIS Docker 4.10", "CIS-DI-0010"],
    onInstruction: {
      keywords: ["ENV", "ARG", "LABEL"],
      check(instruction, tell) {
        for (const { name, value, offset } of instruction.pairs) {
          if (value.length < 8 || value.startsWith("$") || redactText(value.slice(0, 4096)).redacted.length === 0)
            continue;
          tell.instruction(instruction, `the value of ${name} has the shape of a secret`, { offset });
        }
      },
    },
  },
  {
    id: "dockerfile/verification-off",
    hadolint: "",
    severity: "warning",
    title: "ENV that switches certificate or checksum verification off",
    fix: "Take it out; add the certificate authority instead.",
    onInstruction: {
      keywords: ["ENV"],
      check(instruction, tell) {
        for (const { name, value, offset } of instruction.pairs) {
          if (unsafe.get(name)?.test(value) === true)
            tell.instruction(instruction, `${name} lets anybody in between answer, at run time too`, { offset });
        }
      },
    },
  },
  {
    id: "dockerfile/frontend-in-env",
    hadolint: "",
    severity: "info",
    title: "DEBIAN_FRONTEND in ENV",
    fix: "Write ARG DEBIAN_FRONTEND=noninteractive.",
    onInstruction: {
      keywords: ["ENV"],
      check(instruction, tell) {
        const pair = instruction.pairs.find(({ name }) => name === "DEBIAN_FRONTEND");
        if (pair !== undefined)
          tell.instruction(instruction, "it stays set in every container", { offset: pair.offset });
      },
    },
  },
  {
    id: "dockerfile/undefined-arg",
    hadolint: "",
    severity: "warning",
    title: "FROM with a variable that no ARG declares",
    fix: "Declare it with ARG before the first FROM.",
    onInstruction: {
      keywords: ["FROM"],
      check(instruction, tell, { stage, view }) {
        if (stage.isTrigger) return;
        const word = instruction.words[0];
        if (word === undefined) return;
        const missing = referencesOf(word.text, view.file.escape).filter(
          (name) => !view.globals.has(name) && !platformArguments.has(name) && !hasDefault(word.text, name),
        );
        if (missing.length === 0) return;
        const place = placeAt(instruction, word.offset);
        tell.place(place, `no ARG before the first FROM declares ${missing.slice(0, 3).join(", ")}`);
      },
    },
  },
);

const platformArguments = new Set(
  "TARGETPLATFORM TARGETOS TARGETARCH TARGETVARIANT BUILDPLATFORM BUILDOS BUILDARCH BUILDVARIANT TARGETSTAGE".split(
    " ",
  ),
);

function hasDefault(text: string, name: string): boolean {
  return (
    text.includes(`\${${name}:-`) ||
    text.includes(`\${${name}-`) ||
    text.includes(`\${${name}:+`) ||
    text.includes(`\${${name}+`)
  );
}
