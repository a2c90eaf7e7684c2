// A condition of Falco's language as a tree. Macros and lists are names until expand.ts writes them out.

export const operators = [
  "=",
  "==",
  "!=",
  "<=",
  "<",
  ">=",
  ">",
  "contains",
  "icontains",
  "bcontains",
  "startswith",
  "bstartswith",
  "endswith",
  "glob",
  "iglob",
  "regex",
  "in",
  "intersects",
  "pmatch",
  "exists",
] as const;
export type Operator = (typeof operators)[number];

/** Operators that take a list in brackets. */
export const listOperators: readonly Operator[] = ["in", "intersects", "pmatch"];

export const transformers = ["tolower", "toupper", "b64", "basename", "len"] as const;
export type Transformer = (typeof transformers)[number];

/** A field, its argument in square brackets, and what is done to its value, the innermost first. */
export interface FieldTerm {
  readonly field: string;
  readonly argument: string | undefined;
  readonly transformers: readonly Transformer[];
}

export type Operand =
  | {
      readonly kind: "text";
      readonly text: string;
      /** A bare word may be a list's name. */ readonly isQuoted: boolean;
    }
  /** `val(fd.nameraw)`: the value of another field. */
  | { readonly kind: "field"; readonly term: FieldTerm };

export interface CheckNode {
  readonly kind: "check";
  readonly left: FieldTerm;
  readonly operator: Operator;
  /** None of "exists"; one, or those of the list. */
  readonly values: readonly Operand[];
}

export type ConditionNode =
  | { readonly kind: "and" | "or"; readonly children: readonly ConditionNode[] }
  | { readonly kind: "not"; readonly child: ConditionNode }
  | { readonly kind: "macro"; readonly name: string }
  | CheckNode;

/** Nodes of a tree; values of lists are not counted. */
export function countNodes(node: ConditionNode): number {
  switch (node.kind) {
    case "and":
    case "or":
      return node.children.reduce((sum, child) => sum + countNodes(child), 1);
    case "not":
      return 1 + countNodes(node.child);
    case "macro":
    case "check":
      return 1;
  }
}
