// Tree of a condition -> text that parses to the same tree: what lint, the API and the console show.
import { listOperators, type ConditionNode, type FieldTerm, type Operand } from "./ast.ts";

/** One line. parseCondition(printCondition(tree)) equals the tree. */
export function printCondition(node: ConditionNode): string {
  switch (node.kind) {
    case "or":
      return node.children.map((child) => bracketed(child, child.kind === "or")).join(" or ");
    case "and":
      return node.children.map((child) => bracketed(child, child.kind === "or" || child.kind === "and")).join(" and ");
    case "not":
      return `not ${bracketed(node.child, node.child.kind === "or" || node.child.kind === "and")}`;
    case "macro":
      return node.name;
    case "check":
      break;
  }
  const left = printTerm(node.left);
  if (node.operator === "exists") return `${left} exists`;
  const values = node.values.map(printOperand).join(", ");
  return `${left} ${node.operator} ${listOperators.includes(node.operator) ? `(${values})` : values}`;
}

function bracketed(node: ConditionNode, needed: boolean): string {
  return needed ? `(${printCondition(node)})` : printCondition(node);
}

/** "tolower(proc.name)", "proc.aname[2]". */
export function printTerm({ field, argument, transformers }: FieldTerm): string {
  const plain = argument === undefined ? field : `${field}[${printArgument(argument)}]`;
  return transformers.reduce((inner, name) => `${name}(${inner})`, plain);
}

function printArgument(argument: string): string {
  return /^[^\]"'\\\s]+$/.test(argument) ? argument : quoted(argument);
}

function printOperand(operand: Operand): string {
  if (operand.kind === "field")
    return operand.term.transformers.length > 0 ? printTerm(operand.term) : `val(${printTerm(operand.term)})`;
  return operand.isQuoted ? quoted(operand.text) : operand.text;
}

const escapes: Readonly<Record<string, string>> = {
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  '"': '\\"',
  "\\": "\\\\",
};

function quoted(text: string): string {
  return `"${text.replaceAll(/[\b\f\n\r\t"\\]/g, (character) => escapes[character] ?? character)}"`;
}
