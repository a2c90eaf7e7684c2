// Repository and tag of a base image's name, roughly: names come from labels and FROM, and a wrong one is just not recognised.

/** "docker.io/library/node:20-slim" -> { repository: "node", tag: "20-slim" }; a registry's host is left out. */
export function imageName(image: string): { readonly repository: string; readonly tag: string } {
  const named = image.split("@")[0] ?? "";
  const colon = named.indexOf(":", named.lastIndexOf("/") + 1);
  const path = colon < 0 ? named : named.slice(0, colon);
  const parts = path.split("/");
  const hasHost = parts.length > 1 && /[.:]|^localhost$/.test(parts[0] ?? "");
  const repository = parts
    .slice(hasHost ? 1 : 0)
    .join("/")
    .replace(/^library\//, "");
  return { repository, tag: colon < 0 ? "" : named.slice(colon + 1) };
}
