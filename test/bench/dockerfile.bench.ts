// Dockerfiles linted per CPU-second on one core, over a seeded corpus of many kinds; parsing alone beside it.
import { parseDockerfile } from "../../src/core/image/dockerfile/parse/parse-dockerfile.ts";
import { lintDockerfile } from "../../src/core/image/dockerfile/lint.ts";
import { dockerfileCorpus } from "./dockerfile-corpus.ts";

const goalPerSecond = 2000;
const corpus = dockerfileCorpus(2000, 20_261_126);
const bytes = corpus.reduce((sum, text) => sum + text.length, 0);
const lines = corpus.reduce((sum, text) => sum + text.split("\n").length, 0);
const kinds = new Set<string>();
let findings = 0;

function perCpuSecond(work: (text: string) => void): number {
  for (const text of corpus.slice(0, 500)) work(text);
  const before = process.cpuUsage();
  for (const text of corpus) work(text);
  const { user, system } = process.cpuUsage(before);
  return corpus.length / ((user + system) / 1e6);
}

for (const text of corpus) {
  for (const { rule } of lintDockerfile(text)) {
    kinds.add(rule);
    findings++;
  }
}
const parsed = perCpuSecond((text) => void parseDockerfile(text));
const linted = perCpuSecond((text) => void lintDockerfile(text));
console.log(
  `dockerfile: corpus of ${corpus.length} files, ${(lines / corpus.length).toFixed(0)} lines and ${(bytes / corpus.length).toFixed(0)} bytes each, ${(findings / corpus.length).toFixed(1)} findings each by ${kinds.size} rules`,
);
console.log(
  `dockerfile: ${linted.toFixed(0)} linted per CPU-second (goal ${goalPerSecond}: ${linted >= goalPerSecond ? "met" : "missed"}); parsed alone ${parsed.toFixed(0)}`,
);
