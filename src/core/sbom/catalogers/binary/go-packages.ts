// From a Go program's build information to packages: module paths and versions, the standard library, and the main module's version, which a build often tells only in its linker flags.
import type { GoBuildInfo, GoModule } from "./go-build-info.ts";

/** What a part keeps of a program: [module path, version] in the order of the file. */
export interface GoProgram {
  readonly modules: readonly (readonly [path: string, version: string])[];
  /** Architecture and other settings that say which program it is: "amd64", "linux". */
  readonly architecture: string;
}

const modulePathMax = 1024;
const versionMax = 256;

function isPlain(text: string, max: number): boolean {
  return text.length > 0 && text.length <= max && /^[\x21-\x7e]+$/.test(text);
}

/** "1.21.3" of "go1.21.3 X:nocoverageredesign", "1.22rc1" of "go1.22rc1", "1.24-devel" of a build from its branch; "" of what names no release. */
export function goVersion(toolchain: string): string {
  const match = /^(?:devel )?go(\d{1,3}\.\d{1,3}(?:\.\d{1,3})?(?:(?:rc|beta|alpha)\d{1,3})?)(?:[ bB\-+]|$)/.exec(
    toolchain,
  );
  if (match?.[1] === undefined) return "";
  return toolchain.startsWith("devel ") ? `${match[1]}-devel` : match[1];
}

/** "(devel)" is no version. */
function versionOf(version: string): string {
  return version !== "(devel)" && isPlain(version, versionMax) ? version : "";
}

const versionLike = /^v?\d{1,6}\.\d{1,6}(?:\.\d{1,6})?(?:[-+._][0-9A-Za-z.+_-]{1,100})?$/;
/** "main.version", "x/internal/version.gitVersion", "x/mysql.TiDBReleaseVersion", "x/buildinfo.tag". */
const versionNames =
  /\.(?:[A-Za-z0-9_]{0,40}(?:Ver|Version|Tag|VERSION)|(?:[A-Za-z0-9]{0,40}_|git|build|app|release)?(?:ver|version|tag))$/;
/** Those that mean the program itself; a longer name may mean one of its tools: "kubectlVersion". */
const plainNames = /\.(?:git|build|app|release|release_|sem)?_?(?:ver|version|tag)$/i;
const otherNames = /\.(?:go|golang|make|glibc|kernel|schema|proto|api|min)_?version$/i;

/** Words of a command line, quotes of both kinds taken off. Linear. */
function shellWords(text: string): string[] {
  const words: string[] = [];
  let word = "";
  let quote = "";
  for (const letter of text) {
    if (quote !== "") {
      if (letter === quote) quote = "";
      else word += letter;
    } else if (letter === '"' || letter === "'") quote = letter;
    else if (letter !== " " && letter !== "\t" && letter !== "\n") word += letter;
    else {
      if (word !== "") words.push(word);
      word = "";
    }
  }
  if (word !== "") words.push(word);
  return words;
}

/** name=value pairs of -X in linker flags, whichever way they are quoted. */
export function linkerValues(flags: string): Map<string, string> {
  const values = new Map<string, string>();
  const words = shellWords(flags);
  for (const [index, word] of words.entries()) {
    // "all=-X" gives the flags to every package.
    const flag = /^(?:[A-Za-z./]{1,100}=)?--?X(?:=(.*))?$/s.exec(word);
    const next = flag === null ? undefined : (flag[1] ?? words[index + 1]);
    const equals = next?.indexOf("=") ?? -1;
    if (next !== undefined && equals > 0) values.set(next.slice(0, equals), next.slice(equals + 1).slice(0, 300));
  }
  return values;
}

/** A version that the build put into a variable named like one: main's before the module's own packages', before any other's. */
function linkerVersion(info: GoBuildInfo): string {
  const module = info.main?.path ?? "";
  const rank = (name: string): number => {
    const isOwn = module !== "" && name.startsWith(module) && !name.includes("/vendor/");
    const place = name.startsWith("main.") ? 0 : isOwn ? 1 : 2;
    return place * 2 + (plainNames.test(name) ? 0 : 1);
  };
  const found = [...linkerValues(info.settings.get("-ldflags") ?? "")]
    .map(([name, value]) => [name, value.slice(value.lastIndexOf("/") + 1)] as const)
    .filter(([name, value]) => versionNames.test(name) && !otherNames.test(name) && versionLike.test(value))
    .toSorted(([left], [right]) => rank(left) - rank(right));
  const version = found[0]?.[1] ?? "";
  return version === "" || version.startsWith("v") ? version : `v${version}`;
}

/** Go's pseudo-version of a commit: v0.0.0-20240102030405-0123456789ab. */
function commitVersion(settings: ReadonlyMap<string, string>): string {
  const revision = settings.get("vcs.revision") ?? "";
  const time = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z$/.exec(settings.get("vcs.time") ?? "");
  if (!/^[0-9a-f]{12,64}$/.test(revision) || time === null) return "";
  return `v0.0.0-${time.slice(1).join("")}-${revision.slice(0, 12)}`;
}

function mainVersion(info: GoBuildInfo, main: GoModule): string {
  const told = versionOf(main.version);
  const isCommit = /^v0\.0\.0-\d{14}-[0-9a-f]{12}/.test(told);
  if (told !== "" && !isCommit) return told;
  return linkerVersion(info) || told || commitVersion(info.settings);
}

/** Modules with the standard library last. What has a path that cannot be shown is left out. */
export function goProgram(info: GoBuildInfo): GoProgram {
  const modules: (readonly [string, string])[] = [];
  if (info.main !== undefined && isPlain(info.main.path, modulePathMax)) {
    modules.push([info.main.path, mainVersion(info, info.main)]);
  } else if (isPlain(info.package, modulePathMax) && linkerVersion(info) !== "") {
    // Built without modules, as distributions do it: its package's path is all there is.
    modules.push([info.package, linkerVersion(info)]);
  }
  for (const { path, version } of info.modules) {
    if (isPlain(path, modulePathMax)) modules.push([path, versionOf(version)]);
  }
  modules.push(["stdlib", goVersion(info.toolchain)]);
  return { modules, architecture: info.settings.get("GOARCH") ?? "" };
}
