// Conditions on paths, said so that the trees of paths can answer more of them. What comes out holds for the same paths.
import type { CheckNode, Operator } from "../falco/ast.ts";
import { join, never, resolve, type Check, type Interner, type Node } from "./resolve.ts";
import { withChecks } from "./with-checks.ts";

/** For a path that was asked for as it is and lies in no folder of the host: the path as asked for is the path, and there is none on the host. */
export function forPlainPath(interner: Interner, node: Node): Node {
  return withChecks(interner, node, (check) => {
    if (check.left.name === "garrison.host_path") return never;
    const texts = textsOf(check);
    if (check.left.name !== "fd.nameraw" || texts === undefined) return check;
    return resolve(interner, checkOfName(check.operator, texts));
  });
}

/** A glob holds only where its beginning and its end stand as they are: nearly all paths fall by these, without a look at the rest. */
export function withEndsOfGlobs(interner: Interner, node: Node): Node {
  return withChecks(interner, node, (check) => {
    const [glob] = textsOf(check) ?? [];
    if (check.left.name !== "fd.name" || check.operator !== "glob" || glob === undefined) return check;
    const begin = /^[^*?[\\]*/.exec(glob)?.[0] ?? "";
    const end = /[^*?\]\\]*$/.exec(glob)?.[0] ?? "";
    return join(interner, "and", [
      ...(begin === "" ? [] : [resolve(interner, checkOfName("startswith", [begin]))]),
      ...(end === "" ? [] : [resolve(interner, checkOfName("endswith", [end]))]),
      check,
    ]);
  });
}

/** Undefined: it is compared with another field. */
function textsOf({ right }: Check): readonly string[] | undefined {
  const texts = right.flatMap((one) => (one.kind === "text" ? [one.text] : []));
  return texts.length === right.length ? texts : undefined;
}

function checkOfName(operator: Operator, texts: readonly string[]): CheckNode {
  return {
    kind: "check",
    left: { field: "fd.name", argument: undefined, transformers: [] },
    operator,
    values: texts.map((text) => ({ kind: "text", text, isQuoted: true })),
  };
}
