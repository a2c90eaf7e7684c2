// The sensor tells calls that do the same by one name. A rule that asks for one spelling of such a call is judged as if it asked for the name that arrives.
import { resolve, type Check, type Interner, type Node } from "./resolve.ts";
import { withChecks } from "./with-checks.ts";

/** Spelling -> names under which its events arrive. */
const arrivesAs: Readonly<Record<string, readonly string[]>> = {
  execveat: ["execve"],
  fork: ["clone"],
  vfork: ["clone"],
  clone3: ["clone"],
  dup2: ["dup"],
  dup3: ["dup"],
  accept: ["accept4"],
  accept4: ["accept"],
  sendmsg: ["sendto"],
  sendmmsg: ["sendto"],
  recvmsg: ["recvfrom"],
  recvmmsg: ["recvfrom"],
  umount: ["umount2"],
};

/** The node for events of the sensor. Only what must hold is widened: "not evt.type = execveat" stays what it says. */
export function inToldTypes(interner: Interner, node: Node): Node {
  return withChecks(interner, node, (check, isNegated) => (isNegated ? check : widened(interner, check)));
}

function widened(interner: Interner, check: Check): Node {
  const { left, operator, right } = check;
  const isType = left.name === "evt.type" || left.name === "syscall.type";
  if (!isType || !["=", "==", "in", "intersects"].includes(operator)) return check;
  const asked = right.flatMap((one) => (one.kind === "text" ? [one.text] : []));
  const all = [...new Set(asked.flatMap((type) => [type, ...(arrivesAs[type] ?? [])]))];
  if (all.length === asked.length) return check;
  return resolve(interner, {
    kind: "check",
    left: { field: left.name, argument: undefined, transformers: [] },
    operator: "in",
    values: all.map((text) => ({ kind: "text", text, isQuoted: true })),
  });
}

/** Events are told when calls end: a check that only their begin could pass. */
export function asksForBegin({ left, operator, right }: Check): boolean {
  const [value] = right;
  return (
    left.name === "evt.dir" &&
    ["=", "==", "in"].includes(operator) &&
    right.length === 1 &&
    value?.kind === "text" &&
    value.text === ">"
  );
}
