// The compiler, the linter and the formatter hold; and the purity wall bites when somebody leans on it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { runWall, walls } from "./check.ts";

const root = path.resolve(import.meta.dirname, "..");

for (const wall of walls) {
  test(`wall: ${wall.name}`, () => {
    const { ok, output } = runWall(wall);
    assert.ok(ok, output.slice(0, 8000));
  });
}

test("the pure project refuses node:fs, process, timers and the DOM", async (t) => {
  await mkdir(path.join(root, "build"), { recursive: true });
  const folder = await mkdtemp(path.join(root, "build", "wall-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const cases = ['import "node:fs";\n', "process.exit(1);\n", "setTimeout(() => 1, 1);\n", "document.title;\n"];
  for (const [index, text] of cases.entries())
    await writeFile(path.join(folder, `case-${index}.ts`), `${text}export {};\n`);
  const config = path.join(folder, "tsconfig.json");
  const options = { composite: false, emitDeclarationOnly: false, declaration: false, noEmit: true, rootDir: root };
  await writeFile(
    config,
    JSON.stringify({ extends: "../../tsconfig.pure.json", compilerOptions: options, include: ["case-*.ts"] }),
  );
  const result = spawnSync(path.join(root, "node_modules", ".bin", "tsc"), ["-p", config], { encoding: "utf8" });
  for (const [index, text] of cases.entries())
    assert.match(result.stdout, new RegExp(`case-${index}\\.ts\\(1,\\d+\\): error TS`), `accepted: ${text}`);
});
