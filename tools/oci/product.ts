// What is in Garrison's image, as layers: the machine's libraries, the pinned runtime, the packages, the product. No shell, no package manager.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { entriesOfFolder, entryOfFile, textEntry } from "./entries.ts";
import type { OciImage, OciLayer } from "./layout.ts";
import { libraryEntries } from "./libraries.ts";
import { packageEntries } from "./modules.ts";
import type { TarEntry } from "./tar.ts";

/** Who runs it when nobody says otherwise: "nonroot" of distroless images. */
export const imageUser = 65_532;
const home = "opt/garrison";
const dataParent = "var/lib/garrison";
const runtime = "usr/local/bin/node";

/** Default name of the image; nothing is ever pulled by it. */
export const imageName = "garrison.local/garrison";

/** The image of the repository at `root`, packages installed and the console built. */
export async function productImage(root: string, options: { readonly name?: string }): Promise<OciImage> {
  const node = path.join(root, "node_modules", `node-linux-${process.arch}`, "bin", "node");
  const version = (JSON.parse(await readFile(path.join(root, "package.json"), "utf8")) as { version: string }).version;
  for (const [needed, how] of [
    [node, "npm ci"],
    [path.join(root, "ui", "dist", "index.html"), "node tools/ready.cjs --ui"],
  ] as const) {
    if (!existsSync(needed)) throw new Error(`${path.relative(root, needed)} is missing: run ${how} first`);
  }
  const source = await sourceOf(root);
  return {
    name: options.name ?? `${imageName}:${version}`,
    layers: await layersOf(root, node),
    entrypoint: [`/${runtime}`, `/${home}/bin/garrison.js`],
    command: ["--help"],
    user: `${imageUser}:${imageUser}`,
    workingFolder: "/",
    environment: {
      PATH: "/usr/local/bin",
      HOME: `/${dataParent}`,
      GARRISON_DATA: `/${dataParent}/data`,
    },
    architecture: process.arch === "arm64" ? "arm64" : "amd64",
    createdAt: source.time,
    labels: {
      "org.opencontainers.image.title": "garrison",
      "org.opencontainers.image.version": version,
      "org.opencontainers.image.revision": source.revision,
      "org.opencontainers.image.created": source.time,
      "org.opencontainers.image.licenses": "Apache-2.0",
    },
  };
}

async function layersOf(root: string, node: string): Promise<readonly OciLayer[]> {
  const packages = await packageEntries(root, home);
  const isStore = (entry: TarEntry): boolean => entry.path.startsWith(`${home}/node_modules/@chdb/`);
  const natives = packages
    .map(({ path: name }) => path.join(root, path.relative(home, name)))
    .filter((name) => /\.(?:node|so)$/.test(name) && name.includes("linux"));
  const libraries = await libraryEntries([node, ...natives], { own: root, extra: ["libbpf.so.1"] });
  return [
    { comment: "libraries of Debian", entries: [...libraries, ...systemEntries()] },
    {
      comment: "Node, as package-lock.json pins it",
      entries: [
        await entryOfFile(node, runtime),
        await entryOfFile(path.join(path.dirname(node), "..", "LICENSE"), "usr/share/doc/node/LICENSE"),
      ],
    },
    { comment: "the embedded store", entries: packages.filter(isStore) },
    { comment: "npm packages", entries: packages.filter((entry) => !isStore(entry)) },
    { comment: "garrison", entries: await ownEntries(root) },
  ];
}

/** Who is who, and how names are looked up. Trusted authorities are the runtime's own, never those of the machine that built the image. */
function systemEntries(): readonly TarEntry[] {
  return [
    textEntry(
      "etc/passwd",
      `root:x:0:0:root:/:/sbin/nologin\nnonroot:x:${imageUser}:${imageUser}:nonroot:/${dataParent}:/sbin/nologin\n`,
    ),
    textEntry("etc/group", `root:x:0:\nnonroot:x:${imageUser}:\n`),
    textEntry("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
    textEntry("etc/os-release", 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Garrison on libraries of Debian 12"\n'),
    // Where runtimes mount their own: a read-only root cannot get folders later.
    ...["proc", "sys", "dev", "run"].map((name): TarEntry => ({ type: "folder", path: name })),
    { type: "folder", path: "tmp", mode: 0o1777 },
    { type: "folder", path: dataParent, mode: 0o750, user: imageUser },
  ];
}

/** The product as the repository has it, tests left out: sources run as they are. */
async function ownEntries(root: string): Promise<readonly TarEntry[]> {
  const below = (name: string, isWanted?: (relative: string) => boolean): Promise<readonly TarEntry[]> =>
    entriesOfFolder(path.join(root, name), `${home}/${name}`, isWanted);
  const isRun = (name: string): boolean => !/\.(?:test|fixture)\.ts$|\.md$/.test(name);
  return [
    ...(await below("src", isRun)),
    ...(await below("bin")),
    ...(await below("bpf/objects")),
    ...(await below("deploy/kustomize")),
    ...(await below("ui/dist", (name) => !name.endsWith(".map"))),
    await entryOfFile(path.join(root, "package.json"), `${home}/package.json`),
    await entryOfFile(path.join(root, "LICENSE"), `${home}/LICENSE`),
    textEntry(`${home}/node_modules/.ready`, "image\n"),
    textEntry("usr/local/bin/garrison", `#!/${runtime}\nimport("/${home}/bin/garrison.js");\n`, 0o755),
  ];
}

/** Revision and time of the newest commit; "-modified" when files differ from it. Without git both say that they are not known. */
async function sourceOf(root: string): Promise<{ readonly revision: string; readonly time: string }> {
  const git = async (...words: string[]): Promise<string> =>
    (await promisify(execFile)("git", ["-C", root, ...words])).stdout.trim();
  if (!existsSync(path.join(root, ".git"))) return { revision: "unknown", time: "1970-01-01T00:00:00Z" };
  const time = await git("log", "-1", "--format=%cI");
  const isModified = (await git("status", "--porcelain", "--untracked-files=no")) !== "";
  const revision = `${await git("rev-parse", "HEAD")}${isModified ? "-modified" : ""}`;
  return { revision, time: new Date(time).toISOString().replace(".000Z", "Z") };
}
