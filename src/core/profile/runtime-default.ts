// RuntimeDefault as a set of names, for the difference that a written profile makes.
import { allowedWithCapability, neverAllowed } from "./data/runtime-default.ts";
import { systemCallNames, type Architecture } from "./system-calls.ts";

/** What the runtime's default profile allows a container with these capabilities. What it allows with some arguments only (`conditionalCalls`) counts as allowed. */
export function runtimeDefault(architecture: Architecture, capabilities: readonly string[]): ReadonlySet<string> {
  const held = new Set(capabilities);
  const refused = new Set(neverAllowed);
  const conditional = Object.entries(allowedWithCapability);
  for (const [, names] of conditional) for (const name of names) refused.add(name);
  for (const [capability, names] of conditional)
    if (held.has(capability)) for (const name of names) refused.delete(name);
  return new Set(systemCallNames(architecture).filter((name) => !refused.has(name)));
}
