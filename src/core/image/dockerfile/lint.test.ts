// The linter as a whole: any text is answered, hostile shapes in linear work, limits are told, rules are well-formed, settings are read.
import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { lintLimits } from "./collector.ts";
import { lintDockerfile } from "./lint.ts";
import { readLintConfiguration } from "./options.ts";
import { parseLimits } from "./parse/model.ts";
import { parseDockerfile } from "./parse/parse-dockerfile.ts";
import { dockerfileRules } from "./rules/list.ts";

test("any text is answered, with places inside it", () => {
  const words = fc.constantFrom(
    "FROM",
    "RUN",
    "COPY",
    "ENV",
    "ARG",
    "ONBUILD",
    "HEALTHCHECK",
    "SHELL",
    "LABEL",
    "a",
    "A=b",
    "$A",
    "${A:-b}",
    "--from=a",
    "AS",
    "<<E",
    "E",
    "\\",
    "\n",
    "\n",
    " ",
    "'",
    '"',
    "[",
    "]",
    "#",
    "`",
    "|",
    "&&",
    "$(",
    ")",
    "apt-get install",
    "curl",
    "sh",
    "\uFEFF",
    "\u0000",
    "\uD800",
  );
  fc.assert(
    fc.property(fc.array(words, { maxLength: 80 }), fc.constantFrom("", " "), (parts, separator) => {
      const text = parts.join(separator);
      const lines = text.split("\n").length;
      for (const { line, column, message, rule } of lintDockerfile(text)) {
        ok(line >= 1 && line <= lines && column >= 1, `${rule} at ${line}:${column}`);
        ok(message !== "");
      }
    }),
  );
  const units = fc.array(fc.integer({ min: 0, max: 0xff_ff }), { maxLength: 300 });
  fc.assert(fc.property(units, (codes) => void lintDockerfile(String.fromCharCode(...codes))));
});

test("hostile shapes of a megabyte end", () => {
  const megabyte = 1_000_000;
  const shapes = [
    "\\",
    '"',
    "$(",
    "`",
    "${",
    "(",
    "$((",
    "<<A ",
    "A=$B ",
    "case x in a) ",
    "sh -c ",
    "sudo ",
    "yum install a && ",
    "'",
  ];
  for (const shape of shapes) {
    const text = shape.repeat(Math.ceil(megabyte / shape.length));
    ok(Array.isArray(lintDockerfile(`RUN ${text}`)));
    for (const keyword of ["ENV ", "FROM "]) ok(Array.isArray(lintDockerfile(keyword + text.slice(0, megabyte / 10))));
  }
  for (const line of [
    "ONBUILD ",
    "FROM a AS b\n",
    "RUN a \\\n",
    "COPY a b\n",
    "# hadolint ignore=DL3000\n",
    "RUN pip install a\n",
    "\0",
  ]) {
    ok(Array.isArray(lintDockerfile(line.repeat(Math.ceil(megabyte / line.length)))));
  }
});

test("what is over a limit is told", () => {
  const many = lintDockerfile("RUN sudo a\n".repeat(parseLimits.instructionsMax + 1));
  ok(many.some(({ rule, message }) => rule === "dockerfile/parse" && message.includes("was not looked at")));
  ok(many.some(({ rule, message }) => rule === "dockerfile/limit" && message.includes("dockerfile/sudo")));
  equal(many.filter(({ rule }) => rule === "dockerfile/sudo").length, lintLimits.findingsPerRuleMax);
  ok(parseDockerfile("A".repeat(parseLimits.charactersMax + 1)).problems.some(({ kind }) => kind === "limit"));
});

test("rules are well-formed: one id each, a title, a fix", () => {
  const ids = dockerfileRules.map(({ id }) => id);
  equal(new Set(ids).size, ids.length);
  for (const { id, title, fix, hadolint } of dockerfileRules) {
    ok(/^dockerfile\/[a-z0-9-]+$/.test(id), id);
    ok(title !== "" && (fix.endsWith(".") || fix === ""), id);
    ok(hadolint === "" || /^DL\d{4}$/.test(hadolint), id);
  }
});

test("Hadolint's released numbers are all there, but for those that it withdrew", () => {
  const numbers = new Set(dockerfileRules.map(({ hadolint }) => hadolint));
  const wanted = ["DL1001", "DL4000", "DL4001", "DL4003", "DL4004", "DL4005", "DL4006", "DL4007"];
  // 3017, 3031 and 3039 (no upgrades) were withdrawn: upgrading brings fixes.
  for (let number = 3000; number <= 3077; number++)
    if (![3017, 3031, 3039].includes(number)) wanted.push(`DL${number}`);
  deepEqual(
    wanted.filter((number) => !numbers.has(number)),
    [],
  );
});

test("settings: Hadolint's file", () => {
  const settings = readLintConfiguration({
    ignored: ["DL3000"],
    override: { error: ["DL3006"] },
    trustedRegistries: "docker.io",
    "label-schema": { author: "text", created: "rfc3339" },
    "strict-labels": true,
    "failure-threshold": "warning",
    "disable-ignore-pragma": true,
    colour: 1,
  });
  deepEqual(settings.ignored, ["DL3000"]);
  deepEqual(settings.override?.error, ["DL3006"]);
  deepEqual(settings.trustedRegistries, ["docker.io"]);
  deepEqual({ ...settings.labelSchema }, { author: "text", created: "rfc3339" });
  deepEqual([settings.strictLabels, settings.failureThreshold, settings.disableIgnorePragma], [true, "warning", true]);
  deepEqual(settings.unknownKeys, ["colour"]);
  equal(readLintConfiguration({ "no-fail": true }).failureThreshold, "none");
  equal(readLintConfiguration(undefined).failureThreshold, undefined);
  for (const wrong of [
    [],
    "x",
    { ignored: 5 },
    { override: [] },
    { "label-schema": { a: "colour" } },
    { "failure-threshold": "bad" },
  ]) {
    throws(() => readLintConfiguration(wrong), { code: "image/bad-lint-configuration" });
  }
});
