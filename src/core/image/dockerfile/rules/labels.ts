// LABEL: keys, and the schema that an organisation asks for.
import type { Instruction, Pair } from "../parse/model.ts";
import { defineRules, type LintView, type Rule, type Tell } from "../rule.ts";
import type { LabelKind } from "../options.ts";
import { isLabelValue } from "./label-formats.ts";
import { stagesWithout } from "./once.ts";

const key = /^[a-z](?:[a-z0-9]|[.-](?=[a-z0-9]))*$/;
const reservedPrefix = /^(?:com\.docker|io\.docker|org\.dockerproject)\./;

function onLabels(
  check: (label: Pair, tell: Tell, at: { readonly instruction: Instruction; readonly view: LintView }) => void,
): NonNullable<Rule["onInstruction"]> {
  return {
    keywords: ["LABEL"],
    check(instruction, tell, { view }) {
      for (const pair of instruction.pairs) check(pair, tell, { instruction, view });
    },
  };
}

interface KindRule {
  readonly id: `dockerfile/${string}`;
  readonly hadolint: string;
  readonly kind: LabelKind;
  readonly words: string;
  readonly fix: string;
}

function kindRule({ id, hadolint, kind, words, fix }: KindRule): Rule {
  return {
    id,
    hadolint,
    severity: "warning",
    title: `a label that must be ${words} and is not`,
    fix,
    onInstruction: onLabels(({ name, value, offset }, tell, { instruction, view }) => {
      if (view.labelSchema.get(name) !== kind || isLabelValue(kind, value)) return;
      tell.instruction(instruction, `the label ${name} is not ${words}`, { offset });
    }),
  };
}

export const labelRules = defineRules(
  {
    id: "dockerfile/label-key",
    hadolint: "DL3048",
    severity: "style",
    title: "a label's key that is reserved or malformed",
    fix: "Use lower-case letters, digits, single dots and dashes; begin with your own domain.",
    onInstruction: onLabels(({ name, offset }, tell, { instruction }) => {
      if (reservedPrefix.test(name))
        tell.instruction(instruction, `the key ${name} is reserved for Docker`, { offset });
      else if (!key.test(name)) tell.instruction(instruction, `the key ${name} is not a well-formed one`, { offset });
    }),
  },
  {
    id: "dockerfile/label-missing",
    hadolint: "DL3049",
    severity: "info",
    title: "a label that the schema asks for is missing",
    fix: "Add LABEL name=value.",
    onFile(view, tell) {
      for (const label of view.labelSchema.keys()) {
        for (const stages of [view.stages, view.triggers]) {
          const without = stagesWithout(stages, ({ instructions }) =>
            instructions.some(({ keyword, pairs }) => keyword === "LABEL" && pairs.some(({ name }) => name === label)),
          );
          for (const { from } of without)
            if (from !== undefined) tell.instruction(from, `the label ${label} is missing`);
        }
      }
    },
  },
  {
    id: "dockerfile/label-superfluous",
    hadolint: "DL3050",
    severity: "info",
    title: "a label that a strict schema does not have",
    fix: "Take it out, or add it to the schema.",
    onInstruction: onLabels(({ name, offset }, tell, { instruction, view }) => {
      if (view.hasStrictLabels && !view.labelSchema.has(name)) {
        tell.instruction(instruction, `the schema has no label ${name}`, { offset });
      }
    }),
  },
  {
    id: "dockerfile/label-empty",
    hadolint: "DL3051",
    severity: "warning",
    title: "a label of the schema without a value",
    fix: "Give it a value.",
    onInstruction: onLabels(({ name, value, offset }, tell, { instruction, view }) => {
      if (value === "" && view.labelSchema.has(name))
        tell.instruction(instruction, `the label ${name} is empty`, { offset });
    }),
  },
  kindRule({
    id: "dockerfile/label-url",
    hadolint: "DL3052",
    kind: "url",
    words: "an address",
    fix: "Write https://...",
  }),
  kindRule({
    id: "dockerfile/label-time",
    hadolint: "DL3053",
    kind: "rfc3339",
    words: "a time of RFC 3339",
    fix: "Write 2026-01-31T12:00:00Z.",
  }),
  kindRule({
    id: "dockerfile/label-license",
    hadolint: "DL3054",
    kind: "spdx",
    words: "an SPDX licence",
    fix: "Write an identifier of the SPDX list: Apache-2.0.",
  }),
  kindRule({
    id: "dockerfile/label-hash",
    hadolint: "DL3055",
    kind: "hash",
    words: "a git hash",
    fix: "Write 7 to 40 hexadecimal digits.",
  }),
  kindRule({
    id: "dockerfile/label-version",
    hadolint: "DL3056",
    kind: "semver",
    words: "a semantic version",
    fix: "Write 1.2.3.",
  }),
  kindRule({
    id: "dockerfile/label-email",
    hadolint: "DL3058",
    kind: "email",
    words: "an e-mail address",
    fix: "Write name@example.com.",
  }),
);
