// Names of what a descriptor stands for, by the number that the kernel programs use.
import type { DescriptorFacts } from "../../core/sense/deed-events.ts";
import { descriptorKind } from "./layout.gen.ts";

/** undefined: none. */
export const kindNames: readonly (DescriptorFacts["kind"] | undefined)[] = Object.entries(descriptorKind).reduce<
  (DescriptorFacts["kind"] | undefined)[]
>((names, [name, number]) => {
  names[number] = name === "none" ? undefined : (name as DescriptorFacts["kind"]);
  return names;
}, []);
