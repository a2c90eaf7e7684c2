// A file of invariants: what must hold for every flow that can be, whoever changes the policies. `garrison policy prove` checks it; see docs/guides/policy.md.
import { z } from "zod";

const labels = z.record(z.string().max(317), z.string().max(63));

const endFields = {
  /** Any of these. */
  namespaces: z.array(z.string().min(1).max(63)).min(1).max(1000).optional(),
  /** "web", "Deployment/web" or "shop/Deployment/web"; any of these. */
  workloads: z.array(z.string().min(1).max(400)).min(1).max(1000).optional(),
  /** All of these. */
  labels: labels.optional(),
  /** In Calico's language, over own and inherited labels (pcns., pcsa., projectcalico.org/). */
  selector: z.string().min(1).max(1024).optional(),
  /** Addresses and prefixes; any of these. Endpoints count by their addresses. */
  nets: z.array(z.string().min(1).max(64)).min(1).max(1000).optional(),
  /** Addresses that are no part of the cluster. */
  outside: z.literal(true).optional(),
};

const InvariantSide = z.strictObject(endFields);

/** One end of the flows that an invariant is about. Everything given must hold; nothing given: every endpoint and every address. */
export const InvariantEnd = z.strictObject({ ...endFields, not: InvariantSide.optional() });
export type InvariantEnd = z.infer<typeof InvariantEnd>;

const portText = /^(?:(?:\d{1,5}(?:-\d{1,5})?\/)?(?:tcp|udp|sctp)|icmp|icmpv6|\d{1,3})$/;

const InvariantFlows = z.strictObject({
  from: InvariantEnd.default({}),
  to: InvariantEnd.default({}),
  /** "5432/tcp", "8000-8100/tcp", "udp", "icmp", "47" (a protocol's number); without: every protocol and port. */
  ports: z
    .array(z.string().regex(portText, 'expected "5432/tcp", "8000-8100/tcp", "udp", "icmp" or a protocol number'))
    .min(1)
    .max(256)
    .optional(),
});
export type InvariantFlows = z.infer<typeof InvariantFlows>;

/** Exactly one of the three. deny: none of the flows is allowed. allowOnly: of all flows to `to`, only those from `from`. allow: each one is. */
export const Invariant = z
  .strictObject({
    name: z.string().min(1).max(200),
    deny: InvariantFlows.optional(),
    allowOnly: InvariantFlows.optional(),
    allow: InvariantFlows.optional(),
  })
  .refine(
    ({ deny, allowOnly, allow }) => [deny, allowOnly, allow].filter((one) => one !== undefined).length === 1,
    "expected exactly one of deny, allowOnly, allow",
  );
export type Invariant = z.infer<typeof Invariant>;

export const PolicyInvariants = z.strictObject({
  invariants: z.array(Invariant).min(1).max(1000),
});
export type PolicyInvariants = z.infer<typeof PolicyInvariants>;
