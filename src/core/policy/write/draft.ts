// A policy to be written for a person: what recommendation and "nearest allow" make, before it takes the words of a dialect.
export interface PortDraft {
  /** IANA number. */
  readonly protocol: number;
  /** Both included; 0 and 65535: every port. */
  readonly from: number;
  readonly to: number;
}

export type PeerDraft =
  | {
      readonly kind: "pods";
      /** Name of the namespace; "" for the policy's own. */
      readonly namespace: string;
      /** Empty: all pods there. */
      readonly labels: Readonly<Record<string, string>>;
    }
  | { readonly kind: "nets"; readonly nets: readonly string[] }
  | { readonly kind: "domains"; readonly names: readonly string[] }
  | { readonly kind: "any" };

export interface RuleDraft {
  readonly direction: "ingress" | "egress";
  readonly peer: PeerDraft;
  readonly ports: readonly PortDraft[];
  /** One line for the reader: why it is there. */
  readonly comment: string;
}

export interface PolicyDraft {
  readonly namespace: string;
  readonly name: string;
  /** Of the pods it applies to; empty: the whole namespace. */
  readonly labels: Readonly<Record<string, string>>;
  readonly directions: readonly ("ingress" | "egress")[];
  readonly rules: readonly RuleDraft[];
  readonly annotations: Readonly<Record<string, string>>;
}

export const writeDialects = ["kubernetes", "cluster", "calico"] as const;
export type WriteDialect = (typeof writeDialects)[number];
