// The two kinds of patches that our overlays use: strategic merge (Kubernetes' lists with keys) and JSON patch (RFC 6902: add, replace,
// remove, test). What is not understood is a fault, so that `kubectl kustomize` and this never differ in silence.
import { Fault } from "../../../base/fault.ts";
import { isList, isTree, textAt, type Json, type Tree } from "./object.ts";

/** Lists whose items are merged by a key; every other list is replaced as a whole. From the merge keys of Kubernetes' core/v1 types. */
const mergeKeys: Readonly<Record<string, string>> = {
  containers: "name",
  initContainers: "name",
  volumes: "name",
  env: "name",
  volumeMounts: "mountPath",
  ports: "containerPort",
};

/** The tree with the patch over it: null takes away, trees merge, keyed lists merge with what is new in front, the rest replaces. */
export function mergePatch(tree: Tree, patch: Tree): Tree {
  const merged: Record<string, Json> = { ...tree };
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith("$")) throw unknown(`strategic merge directive ${key}`);
    const old = merged[key];
    if (value === null) delete merged[key];
    else if (isTree(value)) merged[key] = mergePatch(isTree(old) ? old : {}, value);
    else if (isList(value) && isList(old) && mergeKeys[key] !== undefined)
      merged[key] = mergeLists(old, value, mergeKeys[key]);
    else merged[key] = value;
  }
  return merged;
}

function mergeLists(old: readonly Json[], patch: readonly Json[], key: string): readonly Json[] {
  const nameOf = (item: Json): Json | undefined => (isTree(item) ? item[key] : undefined);
  const added = patch.filter((item) => !old.some((other) => nameOf(other) === nameOf(item)));
  const kept = old.map((item) => {
    const change = patch.find((other) => nameOf(other) === nameOf(item));
    return isTree(item) && isTree(change) ? mergePatch(item, change) : item;
  });
  return [...added, ...kept];
}

/** The tree after each operation in turn. Throws a Fault when a path does not lead anywhere, or a test fails. */
export function jsonPatch(tree: Tree, operations: readonly Json[]): Tree {
  let current: Json = tree;
  for (const operation of operations) {
    const [op, path] = [textAt(operation, "op"), textAt(operation, "path")];
    const steps = path
      .split("/")
      .slice(1)
      .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
    const value = isTree(operation) ? operation["value"] : undefined;
    current = applyAt(current, steps, { op, path, value });
  }
  if (!isTree(current)) throw unknown("a patch that replaces the whole object");
  return current;
}

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly value: Json | undefined;
}

function applyAt(current: Json, steps: readonly string[], operation: Operation): Json {
  const [step, ...rest] = steps;
  if (step === undefined) throw unknown("a patch of the whole object");
  if (isList(current)) {
    const at = step === "-" ? current.length : Number(step);
    const isInside =
      Number.isInteger(at) &&
      at >= 0 &&
      (at < current.length || (rest.length === 0 && operation.op === "add" && at === current.length));
    if (!isInside) throw nowhere(operation);
    if (rest.length > 0) return current.map((item, index) => (index === at ? applyAt(item, rest, operation) : item));
    const value = applied(current[at], operation);
    const next = value === undefined ? [] : [value];
    return [...current.slice(0, at), ...next, ...current.slice(operation.op === "add" ? at : at + 1)];
  }
  if (!isTree(current)) throw nowhere(operation);
  const child = current[step];
  if (rest.length > 0) {
    if (child === undefined) throw nowhere(operation);
    return { ...current, [step]: applyAt(child, rest, operation) };
  }
  const value = applied(child, operation);
  const { [step]: _, ...others } = current;
  return value === undefined ? others : { ...current, [step]: value };
}

/** What stands in the place afterwards; undefined: nothing. */
function applied(old: Json | undefined, operation: Operation): Json | undefined {
  const { op, value } = operation;
  if (op !== "add" && old === undefined) throw nowhere(operation);
  switch (op) {
    case "remove":
      return undefined;
    case "test":
      if (JSON.stringify(old) !== JSON.stringify(value)) throw nowhere(operation);
      return old;
    case "add":
    case "replace":
      if (value === undefined) throw unknown(`${op} without a value`);
      return value;
    default:
      throw unknown(`operation "${op}"`);
  }
}

function nowhere({ op, path }: Operation): Fault {
  return new Fault(`the patch's "${op}" does not fit at ${path}`, {
    code: "install/patch",
    kind: "internal",
    hint: "base and overlay of deploy/kustomize belong together: take both from one version",
  });
}

function unknown(what: string): Fault {
  return new Fault(`${what} is not understood by this renderer`, {
    code: "install/kustomize",
    kind: "internal",
    hint: "render it with kubectl kustomize, or keep to what src/apps/cli/install knows",
  });
}
