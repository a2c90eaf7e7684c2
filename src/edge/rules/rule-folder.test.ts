// Rule folders: order, confinement, limits, and the real rule sets that this machine has.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, test } from "node:test";
import { skipUnless } from "../../../test/support/skip.ts";
import { parseRuleSet } from "../../core/waf/seclang/parse-rule-set.ts";
import { globMatches } from "./glob.ts";
import { ruleFolderLimits } from "./limits.ts";
import { openRuleFolder, openRules } from "./rule-folder.ts";
import { findSystemRules } from "./system-rules.ts";

function folderOf(files: Readonly<Record<string, string>>): { readonly root: string } & Disposable {
  const root = mkdtempSync(path.join(tmpdir(), "garrison-rules-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text, "latin1");
  }
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }) };
}

const rule = (id: number): string => `SecRule ARGS "@rx a" "id:${id},phase:2,pass"\n`;

describe("openRuleFolder", () => {
  test("a Core Rule Set comes in its own order, templates left out", () => {
    using folder = folderOf({
      "crs/crs-setup.conf": 'SecAction "id:1,phase:1,pass"\n',
      "crs/crs-setup.conf.example": rule(2),
      "crs/rules/REQUEST-901-INITIALIZATION.conf": `SecComponentSignature "OWASP_CRS/4.99.1-dev"\n${rule(3)}`,
      "crs/rules/REQUEST-900-EXCLUSION-RULES-BEFORE-CRS.conf.example": rule(4),
      "crs/rules/RESPONSE-950.conf": rule(5),
      "crs/rules/words.data": "one",
      "crs/plugins/x-after.conf": rule(6),
      "crs/plugins/x-before.conf": rule(7),
      "crs/plugins/x-config.conf": rule(8),
    });
    const opened = openRuleFolder(path.join(folder.root, "crs"));
    assert.deepEqual(
      opened.files.map(({ file }) => file),
      [
        "crs-setup.conf",
        "plugins/x-config.conf",
        "plugins/x-before.conf",
        "rules/REQUEST-901-INITIALIZATION.conf",
        "rules/RESPONSE-950.conf",
        "plugins/x-after.conf",
      ],
    );
    assert.equal(opened.kind, "crs4");
    assert.equal(opened.version, "4.99.1-dev");
    assert.deepEqual(opened.problems, []);
  });

  test("a plain folder gives its .conf files by name, bytes as latin1", () => {
    using folder = folderOf({ "b.conf": rule(2), "a.conf": 'SecMarker "\u00e9"\n', "c.txt": rule(3) });
    const opened = openRuleFolder(folder.root);
    assert.deepEqual(
      opened.files.map(({ file }) => file),
      ["a.conf", "b.conf"],
    );
    assert.equal(opened.files[0]?.text, 'SecMarker "\u00e9"\n');
    assert.equal(opened.kind, "files");
  });

  test("a path that is not there, and a folder without rules, are faults", () => {
    using folder = folderOf({ "a.txt": "" });
    assert.throws(() => openRuleFolder(path.join(folder.root, "nowhere")), { code: "rules/not-found" });
    assert.throws(() => openRuleFolder(folder.root), { code: "rules/empty" });
    assert.throws(() => openRules([path.join(folder.root, "nowhere.conf")]), { code: "rules/not-found" });
  });
});

test("several paths are one set: their files in the order given, told apart by their paths", () => {
  using first = folderOf({ "a.conf": rule(1), "w.data": "one" });
  using second = folderOf({ "a.conf": `SecRule ARGS "@pmFromFile w.data" "id:2,pass"`, "w.data": "two" });
  const opened = openRules([first.root, path.join(second.root, "a.conf")]);
  assert.deepEqual(
    opened.files.map(({ file }) => file),
    ["a.conf", path.join(second.root, "a.conf")],
  );
  assert.equal(opened.reader.wordList("w.data", "a.conf"), "one");
  assert.equal(opened.reader.wordList("w.data", path.join(second.root, "a.conf")), "two");
});

describe("the port for includes and word lists", () => {
  test("globs are sorted and lie beside the including file", () => {
    using folder = folderOf({
      "main.conf": "",
      "more/b.conf": rule(2),
      "more/a.conf": rule(1),
      "more/c/x.conf": rule(3),
    });
    const { reader } = openRules([path.join(folder.root, "main.conf")]);
    const named = (pattern: string, from = "main.conf"): unknown => {
      const found = reader.include(pattern, from);
      return "refused" in found ? found.refused : found.map(({ file }) => file);
    };
    assert.deepEqual(named("more/*.conf"), ["more/a.conf", "more/b.conf"]);
    assert.deepEqual(named("*/[ab].conf"), ["more/a.conf", "more/b.conf"]);
    assert.deepEqual(named("c/*.conf", "more/a.conf"), ["more/c/x.conf"]);
    assert.deepEqual(named("../more/a.conf", "more/a.conf"), ["more/a.conf"]);
    assert.deepEqual(named("nowhere/*.conf"), []);
    assert.deepEqual(named("nowhere.conf"), []);
    assert.match(String(named(`${path.dirname(folder.root)}/*.conf`)), /outside/);
  });

  test("nothing outside the folder is read: dots, absolute paths, links of files and folders", () => {
    using outside = folderOf({ "secret.data": "secret", "s.conf": rule(9) });
    using folder = folderOf({ "main.conf": "", "in.data": "in" });
    symlinkSync(path.join(outside.root, "secret.data"), path.join(folder.root, "link.data"));
    symlinkSync(outside.root, path.join(folder.root, "linked"));
    symlinkSync("in.data", path.join(folder.root, "inner.data"));
    symlinkSync("circle.data", path.join(folder.root, "circle.data"));
    const { reader } = openRules([path.join(folder.root, "main.conf")]);
    const dots = `../${path.basename(outside.root)}/secret.data`;
    for (const name of [dots, path.join(outside.root, "secret.data"), "link.data", "linked/secret.data"]) {
      const found = reader.wordList(name, "main.conf");
      assert.deepEqual(found, { refused: "it lies outside the folder of the rules" }, name);
    }
    for (const pattern of ["linked/*.conf", "linked/s.conf", `../${path.basename(outside.root)}/*.conf`]) {
      const found = reader.include(pattern, "main.conf");
      assert.match("refused" in found ? found.refused : "", /outside/, pattern);
    }
    assert.equal(reader.wordList("inner.data", "main.conf"), "in");
    assert.deepEqual(reader.wordList("circle.data", "main.conf"), { refused: "its links go in a circle" });
    assert.deepEqual(reader.wordList("in.data\0.conf", "main.conf"), { refused: "a path holds no NUL" });
    assert.deepEqual(reader.wordList("nowhere", "main.conf"), { refused: "it is not there" });
    assert.deepEqual(reader.wordList(".", "main.conf"), { refused: "it is no regular file" });
  });

  test("a pipe is not waited for", () => {
    using folder = folderOf({ "main.conf": "" });
    execFileSync("mkfifo", [path.join(folder.root, "pipe.data")]);
    const { reader } = openRules([path.join(folder.root, "main.conf")]);
    assert.deepEqual(reader.wordList("pipe.data", "main.conf"), { refused: "it is no regular file" });
  });

  test("each limit refuses and says so", () => {
    using folder = folderOf({
      "main.conf": rule(1),
      "large.data": "x".repeat(100),
      "b.conf": rule(2),
      "c.conf": rule(3),
    });
    const main = path.join(folder.root, "main.conf");
    const withLimits = (limits: Partial<typeof ruleFolderLimits>): ReturnType<typeof openRules> =>
      openRules([main], { ...ruleFolderLimits, ...limits });
    assert.deepEqual(withLimits({ fileBytesMax: 99 }).reader.wordList("large.data", "main.conf"), {
      refused: "it is larger than 99 bytes",
    });
    assert.match(
      JSON.stringify(withLimits({ totalBytesMax: 120 }).reader.wordList("large.data", "main.conf")),
      /larger/,
    );
    assert.match(
      JSON.stringify(withLimits({ filesMax: 2 }).reader.include("*.conf", "main.conf")),
      /more than 2 files/,
    );
    assert.match(JSON.stringify(withLimits({ entriesMax: 2 }).reader.include("*.conf", "main.conf")), /2 entries/);
    const { files, problems } = withLimits({ fileBytesMax: 3 });
    assert.equal(files.length, 0);
    assert.equal(problems[0]?.code, "waf/unreadable-file");
  });
});

test("globs within a segment", () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ["*.conf", "a.conf", true],
    ["*.conf", "a.conf.example", false],
    ["a*b*c", "aXXbYYbc", true],
    ["a*b*c", "aXXbYYb", false],
    ["?.conf", "ab.conf", false],
    ["[a-c]x", "bx", true],
    ["[!a-c]x", "bx", false],
    ["[", "[", true],
    ["*", "", true],
    ["a.b", "axb", false],
    [`${"*a".repeat(100)}b`, "a".repeat(255), false],
  ];
  for (const [glob, name, expected] of cases) assert.equal(globMatches(glob, name), expected, `${glob} ${name}`);
});

describe("system rules", () => {
  test("Debian's layout: set-up and local exclusions lie in /etc", () => {
    using root = folderOf({
      "usr/share/modsecurity-crs/rules/REQUEST-901-INITIALIZATION.conf": 'SecComponentSignature "OWASP_CRS/3.3.4"\n',
      "etc/modsecurity/crs/crs-setup.conf": rule(1),
      "etc/modsecurity/crs/REQUEST-900-EXCLUSION-RULES-BEFORE-CRS.conf": rule(2),
      "etc/modsecurity/crs/RESPONSE-999-EXCLUSION-RULES-AFTER-CRS.conf": rule(3),
    });
    const found = findSystemRules(root.root);
    assert.deepEqual(found, [path.join(root.root, "usr/share/modsecurity-crs")]);
    const opened = openRuleFolder(found[0] ?? "");
    assert.equal(opened.kind, "crs3");
    assert.deepEqual(
      opened.files.map(({ file }) => path.basename(file)),
      [
        "crs-setup.conf",
        "REQUEST-900-EXCLUSION-RULES-BEFORE-CRS.conf",
        "REQUEST-901-INITIALIZATION.conf",
        "RESPONSE-999-EXCLUSION-RULES-AFTER-CRS.conf",
      ],
    );
  });

  test("the same rules under two names are found once", () => {
    using root = folderOf({ "opt/owasp-crs/rules/a.conf": rule(1), "opt/owasp-crs/crs-setup.conf.example": rule(2) });
    mkdirSync(path.join(root.root, "etc/modsecurity.d"), { recursive: true });
    symlinkSync(path.join(root.root, "opt/owasp-crs"), path.join(root.root, "etc/modsecurity.d/owasp-crs"));
    assert.equal(findSystemRules(root.root).length, 1);
  });

  test("what the system has loads without an error", (context) => {
    const [found] = findSystemRules();
    if (!skipUnless(context, found !== undefined, "a packaged Core Rule Set (Debian: modsecurity-crs)")) return;
    const opened = openRuleFolder(found ?? "");
    const { problems, counts } = parseRuleSet(opened);
    assert.deepEqual(
      [...opened.problems, ...problems].filter(({ severity }) => severity === "error"),
      [],
    );
    assert.ok(counts.rules > 500, String(counts.rules));
    assert.notEqual(opened.kind, "files");
  });

  test("the Core Rule Set of the shared data opens", (context) => {
    const folder = path.resolve(import.meta.dirname, "../../..", "../shared/data/crs");
    if (!skipUnless(context, existsSync(folder), "the Core Rule Set (../shared/data/crs)")) return;
    const opened = openRuleFolder(folder);
    assert.equal(opened.kind, "crs4");
    assert.equal(opened.files[0]?.file, "crs-setup.conf.example");
    assert.equal(
      opened.files.some(({ file }) => file.includes("900-EXCLUSION")),
      false,
    );
    assert.equal(parseRuleSet(opened).counts.refused, 0);
  });
});
