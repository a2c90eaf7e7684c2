// FROM: tag, digest, registry, platform.
import { endOfLife } from "../../../vuln/end-of-life.ts";
import { flagOf, type Instruction } from "../parse/model.ts";
import type { ImageName, Stage } from "../parse/stages.ts";
import { defineRules, type Tell } from "../rule.ts";

/** The image of a FROM that names one: not scratch, not a stage. */
function imageOf(stage: Stage): ImageName | undefined {
  return stage.parent !== undefined || stage.image?.name.toLowerCase() === "scratch" ? undefined : stage.image;
}

function onImage(check: (image: ImageName, from: Instruction, tell: Tell) => void) {
  return (stage: Stage, tell: Tell): void => {
    const image = imageOf(stage);
    if (image !== undefined && !image.isOpen && stage.from !== undefined) check(image, stage.from, tell);
  };
}

const wordsOfPlatform =
  /^["']?\$(?:BUILDPLATFORM|TARGETPLATFORM|\{(?:BUILDPLATFORM|TARGETPLATFORM)(?::[-+][^}]*)?\})["']?$/;

export const fromImageRules = defineRules(
  {
    id: "dockerfile/untagged-image",
    hadolint: "DL3006",
    severity: "warning",
    title: "an image without a tag",
    fix: "Write the release that you test with: image:1.2.3.",
    references: ["DKL-DI-0006"],
    onStage: onImage((image, from, tell) => {
      if (image.tag === "" && image.digest === "" && image.repository !== "") {
        tell.instruction(from, `${image.name} has no tag: it means latest, whatever that is on the day of the build`, {
          offset: from.words[0]?.offset ?? 0,
        });
      }
    }),
  },
  {
    id: "dockerfile/latest-tag",
    hadolint: "DL3007",
    severity: "warning",
    title: "the tag latest",
    fix: "Write a release's tag, or pin the digest.",
    references: ["DKL-DI-0006"],
    onStage: onImage((image, from, tell) => {
      if (image.tag === "latest" && image.digest === "") {
        tell.instruction(from, `${image.name} changes under the same name`, { offset: from.words[0]?.offset ?? 0 });
      }
    }),
  },
  {
    id: "dockerfile/no-digest",
    hadolint: "",
    severity: "info",
    title: "an image that is not pinned by digest",
    fix: "Add the digest, image:tag@sha256:..., and let a bot raise it.",
    onStage: onImage((image, from, tell) => {
      if (image.digest === "" && image.tag !== "" && image.tag !== "latest") {
        tell.instruction(from, `${image.name} can be replaced under its tag`, { offset: from.words[0]?.offset ?? 0 });
      }
    }),
  },
  {
    id: "dockerfile/untrusted-registry",
    hadolint: "DL3026",
    severity: "error",
    references: ["CIS Docker 4.2"],
    title: "an image from a registry that is not on the list",
    fix: "Take the image from a registry on the list, or add its registry there.",
    onStage(stage, tell, view) {
      const image = imageOf(stage);
      const { from } = stage;
      if (image === undefined || from === undefined || image.isOpen || view.trustedRegistries.length === 0) return;
      if (view.trustedRegistries.some((pattern) => isMatch(image.registry, pattern))) return;
      tell.instruction(from, `${image.registry} is not a trusted registry`, { offset: from.words[0]?.offset ?? 0 });
    },
  },
  {
    id: "dockerfile/end-of-life",
    hadolint: "",
    severity: "error",
    title: "a base whose operating system gets no more fixes",
    fix: "Take a release that does.",
    onStage(stage, tell, view) {
      const image = imageOf(stage);
      const { from } = stage;
      if (image === undefined || from === undefined || image.isOpen || view.nowMs === undefined) return;
      const system = systemOf(image);
      if (system === undefined) return;
      const { state, endsOn } = endOfLife({ ...system, codename: "", name: "", idLike: [] }, view.nowMs);
      if (state !== "ended") return;
      tell.instruction(from, `${system.id} ${system.versionId} got its last fixes on ${endsOn}`, {
        offset: from.words[0]?.offset ?? 0,
      });
    },
  },
  {
    id: "dockerfile/platform-fixed",
    hadolint: "DL3029",
    severity: "warning",
    title: "FROM --platform with a fixed platform",
    fix: "Leave the platform to the build's --platform, or use $BUILDPLATFORM.",
    onInstruction: {
      keywords: ["FROM"],
      check(instruction, tell) {
        const flag = flagOf(instruction, "platform");
        if (flag === undefined || wordsOfPlatform.test(flag.value ?? "")) return;
        tell.instruction(instruction, `the stage is always built for ${flag.value ?? "one platform"}`, {
          offset: flag.offset,
        });
      },
    },
  },
  {
    id: "dockerfile/platform-redundant",
    hadolint: "DL3065",
    severity: "warning",
    title: "FROM --platform=$TARGETPLATFORM",
    fix: "Take the flag out.",
    onInstruction: {
      keywords: ["FROM"],
      check(instruction, tell) {
        const flag = flagOf(instruction, "platform");
        if (flag?.value !== "$TARGETPLATFORM" && flag?.value !== "${TARGETPLATFORM}") return;
        tell.instruction(instruction, "the target platform is the default", { offset: flag.offset });
      },
    },
  },
);

/** "docker.io", "*.example.com", "example.*", "*"; Docker Hub has two names. */
function isMatch(registry: string, pattern: string): boolean {
  if (pattern === "*" || pattern === registry) return true;
  if (registry === "docker.io" && pattern === "hub.docker.com") return true;
  if (pattern.startsWith("*") && registry.endsWith(pattern.slice(1))) return true;
  return pattern.endsWith("*") && registry.startsWith(pattern.slice(0, -1));
}

const systems: ReadonlyMap<string, string> = new Map([
  ["debian", "debian"],
  ["ubuntu", "ubuntu"],
  ["alpine", "alpine"],
  ["fedora", "fedora"],
  ["centos", "centos"],
  ["rockylinux", "rocky"],
  ["almalinux", "almalinux"],
  ["amazonlinux", "amzn"],
]);
const codenames: ReadonlyMap<string, readonly [id: string, version: string]> = new Map([
  ["jessie", ["debian", "8"]],
  ["stretch", ["debian", "9"]],
  ["buster", ["debian", "10"]],
  ["bullseye", ["debian", "11"]],
  ["bookworm", ["debian", "12"]],
  ["trixie", ["debian", "13"]],
  ["xenial", ["ubuntu", "16.04"]],
  ["bionic", ["ubuntu", "18.04"]],
  ["focal", ["ubuntu", "20.04"]],
  ["jammy", ["ubuntu", "22.04"]],
  ["noble", ["ubuntu", "24.04"]],
]);

/** "debian:10", "node:14-buster", "python:3.8-alpine3.12": the system that the tag names; undefined when it names none. */
function systemOf({ repository, tag }: ImageName): { readonly id: string; readonly versionId: string } | undefined {
  if (tag.length > 128) return undefined;
  for (const part of tag.toLowerCase().split("-")) {
    const named = codenames.get(part);
    if (named !== undefined) return { id: named[0], versionId: named[1] };
    const alpine = /^alpine(\d+\.\d+)$/.exec(part)?.[1];
    if (alpine !== undefined) return { id: "alpine", versionId: alpine };
  }
  const id = systems.get(repository.replace(/^library\//, ""));
  const version = /^\d+(?:\.\d+)?/.exec(tag)?.[0];
  return id === undefined || version === undefined ? undefined : { id, versionId: version };
}
