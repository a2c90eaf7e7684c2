// Kubernetes objects as plain data, with the few ways in which manifests are changed: by path, by container, by argument. Nothing is changed in place.
export type Json = string | number | boolean | null | readonly Json[] | Tree;
export interface Tree {
  readonly [key: string]: Json;
}

export function isTree(value: Json | undefined): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** The value at the path, or undefined. */
export function valueAt(value: Json | undefined, ...path: readonly string[]): Json | undefined {
  let current = value;
  for (const key of path) current = isTree(current) && Object.hasOwn(current, key) ? current[key] : undefined;
  return current;
}

/** The text at the path; "" when there is none. */
export function textAt(value: Json | undefined, ...path: readonly string[]): string {
  const found = valueAt(value, ...path);
  return typeof found === "string" ? found : "";
}

/** With another value at the path; trees on the way are made. An undefined value takes the key away. */
export function withValue(tree: Tree, path: readonly string[], value: Json | undefined): Tree {
  const [key, ...rest] = path;
  if (key === undefined) return tree;
  const child = tree[key];
  const next = rest.length === 0 ? value : withValue(isTree(child) ? child : {}, rest, value);
  const { [key]: _, ...others } = tree;
  return next === undefined ? others : { ...tree, [key]: next };
}

const podSpec = ["spec", "template", "spec"] as const;

/** The object with each of its containers changed; an object without containers is as it was. */
export function mapContainers(object: Tree, change: (container: Tree) => Tree): Tree {
  const containers = valueAt(object, ...podSpec, "containers");
  if (!isList(containers)) return object;
  const next = containers.map((container) => (isTree(container) ? change(container) : container));
  return withValue(object, [...podSpec, "containers"], next);
}

/** With `--name=value` in the place of the argument of that name, or at the end; undefined takes it away. */
export function withArgument(container: Tree, name: string, value: string | undefined): Tree {
  const given = valueAt(container, "args");
  const old = isList(given) ? given : [];
  const isIt = (argument: Json): boolean => typeof argument === "string" && argument.startsWith(`${name}=`);
  const next = value === undefined ? [] : [`${name}=${value}`];
  const at = old.findIndex(isIt);
  const others = old.filter((argument) => !isIt(argument));
  return { ...container, args: at < 0 ? [...old, ...next] : [...others.slice(0, at), ...next, ...others.slice(at)] };
}

/** With another source of a pod's volume; undefined takes the volume and its mounts away. */
export function withVolume(object: Tree, name: string, source: Tree | undefined): Tree {
  const volumes = valueAt(object, ...podSpec, "volumes");
  if (!isList(volumes)) return object;
  const next = volumes.flatMap((volume) => {
    if (textAt(volume, "name") !== name) return [volume];
    return source === undefined ? [] : [{ name, ...source }];
  });
  const changed = withValue(object, [...podSpec, "volumes"], next);
  if (source !== undefined) return changed;
  return mapContainers(changed, (container) => {
    const mounts = valueAt(container, "volumeMounts");
    return isList(mounts)
      ? { ...container, volumeMounts: mounts.filter((mount) => textAt(mount, "name") !== name) }
      : container;
  });
}
