// Rebuilds the kernel objects from source in a temporary folder and compares them byte for byte with the committed ones.
// Needs clang 14, llvm-strip 14 and libbpf-dev (Debian 12). Exit 0: the same; 1: different, or the tools are missing.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const readOptional = (path: string): Buffer | undefined => (existsSync(path) ? readFileSync(path) : undefined);
const source = fileURLToPath(new URL("../bpf", import.meta.url));
const work = mkdtempSync(join(tmpdir(), "garrison-bpf-"));
try {
  const copy = join(work, "bpf");
  cpSync(source, copy, { recursive: true, filter: (path) => !path.endsWith(".o") });
  execFileSync("make", ["-s", "-C", copy], { stdio: ["ignore", "inherit", "inherit"] });
  const objectsOf = (folder: string): readonly string[] =>
    readdirSync(join(folder, "objects")).filter((name) => name.endsWith(".o"));
  for (const name of new Set([...objectsOf(source), ...objectsOf(copy)])) {
    const [committed, rebuilt] = [source, copy].map((folder) => readOptional(join(folder, "objects", name)));
    const isSame = committed !== undefined && rebuilt !== undefined && committed.equals(rebuilt);
    console.log(
      `bpf/objects/${name}: ${isSame ? "the rebuilt object is the committed one" : "DIFFERS from its sources: make -C bpf"}`,
    );
    if (!isSame) process.exitCode = 1;
  }
} catch (error) {
  console.error(`bpf objects could not be rebuilt: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true });
}
