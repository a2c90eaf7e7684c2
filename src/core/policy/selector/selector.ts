// The selector language as a tree: what the parser makes, what indexes, evaluation and compilation read.
// Labels are an endpoint's effective ones: its own, those it inherits (pcns., pcsa.) and projectcalico.org/*; see ../README.md.

export type SelectorNode =
  | { readonly op: "all" }
  | { readonly op: "has"; readonly key: string }
  | {
      readonly op: "eq" | "ne" | "contains" | "starts-with" | "ends-with";
      readonly key: string;
      readonly value: string;
    }
  /** Sorted, without duplicates. */
  | { readonly op: "in" | "not-in"; readonly key: string; readonly values: readonly string[] }
  | { readonly op: "and" | "or"; readonly nodes: readonly SelectorNode[] }
  | { readonly op: "not"; readonly node: SelectorNode };

export interface Selector {
  readonly node: SelectorNode;
  /** Canonical text: equal selectors in equal spelling have equal text. */
  readonly text: string;
  /** "s:" and the base64url hash of `text`; names sets in the kernel. */
  readonly id: string;
}
