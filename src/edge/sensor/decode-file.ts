// Records of deeds on files -> events. The kernel resolved the path of what has a descriptor; the others are walked here (path-places.ts).
import { fileDeeds, type FileDeed, type FileDeedEvent } from "../../core/sense/deed-events.ts";
import { flagsOf, header, processWords, rememberDeed, timeMsOf, wide, type Source } from "./decode-source.ts";
import { fileCalls } from "./deed-programs.ts";
import { eventFlag, layout } from "./layout.gen.ts";
import { joinAsWritten, type PathQuestion } from "./path-places.ts";
import { kindNames } from "./descriptor-kinds.ts";

const fields = layout.fileEvent;

/** Deeds that go through a link in the last place; of calls that can be told not to, `flags` decides. */
const followingDeeds: ReadonlySet<FileDeed> = new Set(["open", "create", "chmod", "chown", "mount"]);
const truncating: ReadonlySet<string> = new Set(["truncate", "ftruncate"]);
const O_WRONLY = 1;
const O_TRUNC = 0o1000;
const isCut = { isCut: true } as const;
const ENOENT = 2;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_SYMLINK_FOLLOW = 0x400;
const AT_REMOVEDIR = 0x200;
const O_NOFOLLOW = process.arch === "arm64" ? 0o100000 : 0o400000;

/** Returns undefined when the record says to be longer than it is. */
export function decodeFile(source: Source, at: number, length: number): FileDeedEvent | undefined {
  const { words, halves } = source;
  const { bytes } = source.views;
  const pathAt = at + fields.size;
  const requestedAt = pathAt + (halves[(at + fields.pathBytes) >> 1] ?? 0);
  const directoryAt = requestedAt + (halves[(at + fields.requestedBytes) >> 1] ?? 0);
  const targetAt = directoryAt + (halves[(at + fields.directoryBytes) >> 1] ?? 0);
  const targetDirectoryAt = targetAt + (halves[(at + fields.targetBytes) >> 1] ?? 0);
  const end = targetDirectoryAt + (halves[(at + fields.targetDirectoryBytes) >> 1] ?? 0);
  if (end > at + length) return undefined;
  const flags = flagsOf(source, at);
  const who = source.texts.process(words, processWords, at >> 2);
  const { first: resolved, second: requested } = source.context.strings.pair(
    source.views,
    pathAt,
    requestedAt,
    directoryAt,
  );
  const call = fileCalls[halves[(at + fields.call) >> 1] ?? 0] ?? "";
  const openFlags = truncating.has(call) ? O_WRONLY | O_TRUNC : (words[(at + fields.openFlags) >> 2] ?? 0);
  const told = fileDeeds[halves[(at + fields.deed) >> 1] ?? 0] ?? "open";
  // unlinkat removes folders too when it is told to.
  const deed = told === "unlink" && call === "unlinkat" && (openFlags & AT_REMOVEDIR) !== 0 ? "rmdir" : told;
  const error = words[(at + fields.error) >> 2] ?? 0;
  let path = resolved;
  let targetPath = "";
  let isWalked = false;
  if (path === "" && requested !== "" && (flags & eventFlag.pathCut) === 0) {
    const asked = whole(bytes.toString("utf8", directoryAt, targetAt), requested);
    // A name that is not there leads nowhere: loaders look for hundreds of them.
    isWalked = error !== ENOENT;
    path = isWalked ? place(source, at, asked, follows(deed, call, openFlags)) : joinAsWritten(asked.path);
  }
  if (targetDirectoryAt > targetAt || end > targetDirectoryAt) {
    isWalked = true;
    targetPath = targetOf(source, at, {
      deed,
      call,
      asked: bytes.toString("utf8", targetAt, targetDirectoryAt),
      directory: bytes.toString("utf8", targetDirectoryAt, end),
    });
  }
  const hostPath = error === ENOENT ? undefined : hostPathOf(source, at, { path, deed });
  const event: FileDeedEvent = {
    type: "file",
    timeMs: timeMsOf(source, at),
    process: who.process,
    comm: who.comm,
    cgroupId: wide(words, at + header.cgroupId),
    deed,
    call,
    way: (flags & eventFlag.ioUring) === 0 ? "syscall" : "io_uring",
    path,
    requestedPath: requested,
    targetPath,
    flags: openFlags,
    mode: words[(at + fields.mode) >> 2] ?? 0,
    device: words[(at + fields.device) >> 2] ?? 0,
    inode: wide(words, at + fields.inode),
    error,
    isUpper: (flags & eventFlag.upper) !== 0,
    kind: kindNames[halves[(at + fields.kind) >> 1] ?? 0],
    count: 1,
    ...((flags & eventFlag.requestCut) === 0 ? undefined : isCut),
    ...(hostPath === undefined ? undefined : { hostPath }),
  };
  // Decoded again nobody is asked where a path leads or lies.
  rememberDeed(source, { words, at, length }, at + fields.key, isWalked || hostPath !== undefined ? event : undefined);
  return event;
}

function hostPathOf(
  { words, context }: Source,
  at: number,
  { path, deed }: { readonly path: string; readonly deed: FileDeed },
): string | undefined {
  if (context.hosts === undefined || path === "") return undefined;
  const mountNamespace = words[(at + fields.mountNamespace) >> 2] ?? 0;
  if (deed === "mount" || deed === "umount") context.hosts.changed(mountNamespace);
  return context.hosts.pathOf({
    path,
    pid: words[(at + header.tgid) >> 2] ?? 0,
    parentPid: words[(at + fields.parentTgid) >> 2] ?? 0,
    mountNamespace,
  });
}

/** Of an absolute path the folder is the process's root, "" when that is the top. */
function whole(directory: string, path: string): Pick<PathQuestion, "path" | "root"> {
  if (!path.startsWith("/")) return { path: `${directory}/${path}` };
  return { path: directory + path, root: directory === "" ? "/" : directory };
}

function follows(deed: FileDeed, call: string, flags: number): boolean {
  if (call === "linkat") return (flags & AT_SYMLINK_FOLLOW) !== 0;
  if (call === "lchown" || !followingDeeds.has(deed)) return deed === "umount";
  if (deed === "open" || deed === "create") return (flags & O_NOFOLLOW) === 0;
  return deed === "mount" || (flags & AT_SYMLINK_NOFOLLOW) === 0;
}

/** The new name, through links in its folders; the text of a symbolic link and the source of a mount as they are. */
function targetOf(
  source: Source,
  at: number,
  target: { readonly deed: FileDeed; readonly call: string; readonly asked: string; readonly directory: string },
): string {
  const { deed, call, asked, directory } = target;
  if (deed === "symlink" || call === "mount") return asked;
  if (asked === "") return directory;
  const from = whole(directory, asked);
  // A folder that was too long is not the top.
  const isRootKnown = (flagsOf(source, at) & eventFlag.pathCut) === 0;
  return place(source, at, isRootKnown ? from : { path: from.path }, false);
}

function place(source: Source, at: number, asked: ReturnType<typeof whole>, followsLast: boolean): string {
  const { words, context } = source;
  if (context.places === undefined) return joinAsWritten(asked.path);
  return context.places.resolve({
    ...asked,
    followsLast,
    pid: words[(at + header.tgid) >> 2] ?? 0,
    parentPid: words[(at + fields.parentTgid) >> 2] ?? 0,
    mountNamespace: words[(at + fields.mountNamespace) >> 2] ?? 0,
  });
}
