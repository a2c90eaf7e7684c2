// The commands that built the image, as its history has them, under the Dockerfile rules that matter for what was built.
import { lintDockerfile } from "../dockerfile/lint.ts";
import { defineImageRules, type ImageView, type Told } from "../image-rule.ts";

const looked = new Set([
  "dockerfile/download-to-shell",
  "dockerfile/unverified-download",
  "dockerfile/unsigned-packages",
  "dockerfile/add-without-checksum",
  "dockerfile/world-writable",
  "dockerfile/setuid-given",
  "dockerfile/password-set",
]);
const linesMax = 500;

/** "RUN |2 A=1 B=2 /bin/sh -c x # buildkit", "/bin/sh -c #(nop) ADD a in b", "/bin/sh -c x" as an instruction; "" when it is none of these. */
export function instructionOf(createdBy: string): string {
  const text = createdBy
    .replaceAll("\n", " ")
    .replace(/\s*# buildkit\s*$/, "")
    .trim();
  const classic = /^\/bin\/sh -c #\(nop\)\s+/.exec(text);
  if (classic !== null) return text.slice(classic[0].length).replace(/ in (?=\S+\s*$)/, " ");
  const instruction =
    /^(?:ADD|COPY|ENV|EXPOSE|USER|CMD|ENTRYPOINT|LABEL|WORKDIR|VOLUME|HEALTHCHECK|ARG|STOPSIGNAL|SHELL)\s/.exec(text);
  if (instruction !== null) return text;
  const shell = /\/bin\/(?:sh|bash) (?:\S+ ){0,6}?-[a-z]*c /.exec(text);
  if (shell === null) return text.startsWith("RUN ") ? text : "";
  return `RUN ${text.slice(shell.index + shell[0].length)}`;
}

function* findingsOf({ config }: ImageView): Iterable<Told> {
  let layer = -1;
  for (const { createdBy, isEmptyLayer } of (config?.history ?? []).slice(0, linesMax)) {
    if (!isEmptyLayer) layer++;
    const instruction = instructionOf(createdBy);
    if (instruction === "" || !/^(?:RUN|ADD|COPY) /.test(instruction)) continue;
    for (const finding of lintDockerfile(instruction)) {
      if (!looked.has(finding.rule)) continue;
      const { message, fix, rule, severity } = finding;
      const subject = rule.slice("dockerfile/".length);
      yield {
        message: `${subject}: ${message}`,
        fix,
        severity,
        subject: instruction.slice(0, 120),
        layer: isEmptyLayer ? -1 : layer,
      };
    }
  }
}

export const historyRules = defineImageRules({
  id: "image/history",
  hadolint: "",
  severity: "warning",
  title: "a step of the build that should not be in it",
  fix: "Change the Dockerfile.",
  references: [],
  check: findingsOf,
});
