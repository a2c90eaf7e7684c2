// Comments that speak to the linter: "# hadolint ignore=DL3006", "# hadolint global ignore=...", "# hadolint shell=powershell"; the same with garrison.
import type { ParseProblem, Pragma } from "./model.ts";
import type { Comment } from "./lines.ts";

const form = /^\s*(hadolint|garrison)\s+(?:(global)\s+)?(ignore|shell)\s*=\s*([^#]*)/i;
const ruleName = /^(?:(?:DL|SC)\d{4}|(?:dockerfile|image)\/[a-z0-9-]+)$/;

/** What the comment says, or undefined. A list with a name that no rule can have is refused whole, and said. */
export function pragmaOf(comment: Comment, problems: ParseProblem[]): Pragma | undefined {
  if (!/hadolint|garrison/i.test(comment.text)) return undefined;
  const match = form.exec(comment.text);
  if (match === null) return undefined;
  const [, tool = "", global, kind = "", list = ""] = match;
  const values = list
    .split(",")
    .map((value) => value.trim())
    .filter((value) => value !== "");
  const { line, column } = comment;
  const common = {
    tool: tool.toLowerCase() === "hadolint" ? ("hadolint" as const) : ("garrison" as const),
    line,
    column,
  };
  if (kind.toLowerCase() === "shell") return { ...common, kind: "shell", values };
  const wrong = values.find((value) => !ruleName.test(value));
  if (wrong !== undefined || values.length === 0) {
    const message = `the comment ignores nothing: ${wrong === undefined ? "it names no rule" : "one of its names is no rule's"}`;
    problems.push({ kind: "pragma", line, column, message, fix: "Name rules as DL3006 or dockerfile/untagged-image." });
    return undefined;
  }
  return { ...common, kind: global === undefined ? "ignore" : "global-ignore", values };
}
