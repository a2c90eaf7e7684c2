// What an image needs and another base may lack: said before somebody finds out at night.
import type { ImageAnalysis } from "../../../model/image-analysis.ts";
import type { BaseProposal } from "../advice.ts";
import type { Variant } from "./families.ts";

/** Sentences, the most certain first. */
export function mindfulOf(
  analysis: ImageAnalysis,
  { kind, lacks }: { readonly kind: BaseProposal["kind"]; readonly lacks: Variant["lacks"] },
): readonly string[] {
  const sentences: string[] = [];
  const hasNothing = lacks.includes("everything");
  if (hasNothing || lacks.includes("shell")) sentences.push(...shellNeeds(analysis));
  if (hasNothing) {
    sentences.push("No certificate authorities, time zones, users or /tmp: copy what the program needs.");
    sentences.push("Whether the program is linked statically was not looked at: one that is not does not start.");
  }
  if (lacks.includes("glibc")) sentences.push(...libcNeeds(analysis));
  if (lacks.includes("shell") && kind === "distroless") sentences.push(...linkNeeds(analysis));
  if (kind === "newer") sentences.push("Packages of the distribution change with the release: build and test.");
  const user = (analysis.config?.user ?? "").split(":")[0] ?? "";
  if (user !== "" && !/^\d+$/.test(user))
    sentences.push(`The user ${user} must exist there too; a number needs no entry.`);
  return sentences;
}

const shells = /(?:^|\/)(?:sh|bash|ash|dash|zsh|ksh|busybox)$/;

function shellNeeds({ config }: ImageAnalysis): readonly string[] {
  if (config === undefined) return ["The entrypoint is not known: it may need a shell."];
  const sentences: string[] = [];
  const start = [...config.entrypoint, ...config.command];
  const [first = ""] = start;
  if (start.some((word) => shells.test(word)))
    sentences.push("Its entrypoint is run by a shell: write it as a JSON array of the program and its arguments.");
  else if (start.some((word) => /\.(?:sh|bash)$|docker-entrypoint/.test(word)))
    sentences.push(`${first} is a script: it needs a shell.`);
  if (config.hasHealthcheck)
    sentences.push("Its health check may need a shell or curl: have Kubernetes probe instead.");
  return sentences;
}

function libcNeeds({ packages }: ImageAnalysis): readonly string[] {
  const sentences = [
    "musl instead of glibc: programs built against glibc do not start, names are resolved a little differently.",
  ];
  const types = new Set(packages.map(({ type }) => type));
  if (types.has("pypi")) sentences.push("Python packages without musllinux wheels are compiled on installation.");
  if (types.has("npm")) sentences.push("Node's native modules have to be built again.");
  if (types.has("maven"))
    sentences.push("Java's native libraries (snappy, netty-tcnative, ...) may lack a build for musl.");
  return sentences;
}

function linkNeeds({ packages }: ImageAnalysis): readonly string[] {
  const natives = packages.filter(
    ({ type, scope }) => (type === "pypi" || type === "gem" || type === "npm") && scope === "installed",
  ).length;
  return natives === 0
    ? []
    : ["Modules with native code may need libraries of the old base: which ones was not looked at."];
}
