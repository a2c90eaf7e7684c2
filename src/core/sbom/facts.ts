// Facts about the visible files that build advice looks at: setuid, shells, package managers, tools, files that anybody may write, users. All from names and modes, and from etc/passwd.
import type { ImageFacts } from "../../model/image-analysis.ts";
import { defineCataloger, type CatalogedFile } from "./cataloger.ts";
import type { SquashedImage } from "./squash.ts";

type FileFact = NonNullable<ImageFacts["shells"]>[number];
type User = NonNullable<ImageFacts["users"]>[number];

const shellNames = words("sh bash dash ash zsh ksh mksh csh tcsh fish busybox rbash pwsh");
const managerNames = words(
  "apt apt-get dpkg aptitude apk rpm yum dnf dnf5 microdnf tdnf zypper pacman emerge opkg xbps-install nix-env snap flatpak pip pip3 npm npx yarn pnpm gem bundle composer conda cargo",
);
const toolNames = words(
  "curl wget nc ncat netcat nc.openbsd nc.traditional socat telnet ftp tftp ssh scp sftp sshd rsync sudo su doas gcc g++ cc c++ clang cpp make cmake ld as go rustc gdb strace ltrace perf tcpdump nmap git svn hg docker kubectl xxd openssl javac",
);

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(" "));
}

const limits = { setuid: 10_000, others: 1000 } as const;
/** Folders whose whole point is that anybody writes there, and what is not a file of the image. */
const openFolders = /^(?:tmp|var\/tmp|dev|proc|sys|run)(?:\/|$)/;

/** Names and numbers only: no field of a password leaves. */
export const passwdCataloger = defineCataloger<readonly User[]>({
  id: "facts/passwd",
  version: 1,
  wants: { paths: ["etc/passwd"], bytesMax: 1024 * 1024 },
  read(file) {
    const users: User[] = [];
    for (const line of file.text().split("\n")) {
      const [name, , uid, gid, , , shell] = line.split(":");
      if (name === undefined || name === "" || !/^\d{1,10}$/.test(uid ?? "") || !/^\d{1,10}$/.test(gid ?? "")) continue;
      users.push({ name: name.slice(0, 256), uid: Number(uid), gid: Number(gid), shell: (shell ?? "").slice(0, 4096) });
      if (users.length === limits.others) break;
    }
    return users;
  },
  combine: () => ({ packages: [] }),
});

/** `passwd`: parts of `passwdCataloger`. Lists are sorted by path and cut at their limits, which are the model's. */
export function factsOf(image: SquashedImage, passwd: readonly CatalogedFile<unknown>[]): ImageFacts {
  const setuid: NonNullable<ImageFacts["setuid"]> = [];
  const shells: FileFact[] = [];
  const packageManagers: FileFact[] = [];
  const tools: FileFact[] = [];
  const worldWritable: FileFact[] = [];
  const isProgramFolder = programFolders(image);
  for (const node of image.visible()) {
    const kind = image.kindOf(node);
    if (kind === "other" || node === 0) continue;
    const mode = image.modeOf(node);
    const fact = (): FileFact => ({ path: `/${image.pathOf(node)}`.slice(0, 8192), layer: image.layerOf(node) });
    if (kind === "file" && (mode & 0o6000) !== 0) {
      const [uid, gid] = image.layers[image.layerOf(node)]!.owners.get(image.entryOf(node)) ?? [0, 0];
      setuid.push({ ...fact(), mode, uid, gid });
    }
    const isOpen = (mode & 0o002) !== 0 && kind !== "symlink" && !(kind === "directory" && (mode & 0o1000) !== 0);
    if (isOpen && !openFolders.test(image.pathOf(node))) worldWritable.push(fact());
    if (kind === "directory" || !isProgramFolder(image.parentOf(node))) continue;
    const name = image.nameOf(node);
    if (shellNames.has(name)) shells.push(fact());
    else if (managerNames.has(name)) packageManagers.push(fact());
    else if (toolNames.has(name)) tools.push(fact());
  }
  const users = passwd.flatMap((file) => file.part as readonly User[]).slice(0, limits.others);
  return {
    setuid: byPath(setuid, limits.setuid),
    shells: byPath(shells, limits.others),
    packageManagers: byPath(packageManagers, limits.others),
    tools: byPath(tools, limits.others),
    worldWritable: byPath(worldWritable, limits.others),
    users,
  };
}

function byPath<Fact extends FileFact>(facts: Fact[], countMax: number): Fact[] {
  return facts.toSorted((left, right) => (left.path < right.path ? -1 : 1)).slice(0, countMax);
}

/** Whether a folder is one of programs: its name is bin or sbin. */
function programFolders(image: SquashedImage): (node: number) => boolean {
  let last = -1;
  let answer = false;
  return (node) => {
    if (node !== last) {
      last = node;
      const name = image.nameOf(node);
      answer = name === "bin" || name === "sbin";
    }
    return answer;
  };
}
