// Which files the secret search looks at: text of a sane size that somebody may have put there. What is left out is counted by its reason.

import type { SecretSkipReason } from "../../../model/image-analysis.ts";

/** Why a file was not searched (or not to its end: "too-many-hits"), or a value in it was not told ("test-material"). */
export type SkipReason = SecretSkipReason;

export const secretLimits = {
  fileBytesMax: 1024 * 1024,
  /** Files in which assignments (password = ...) are read, too. */
  configBytesMax: 128 * 1024,
  findingsPerFileMax: 100,
  /** All that patterns are run over in one file, around its anchors; a file full of them is no file of secrets. */
  lookedBytesMax: 8 * 1024 * 1024,
  lineLengthMax: 4096,
} as const;

const binaryEndings = new Set(
  `png jpg jpeg gif bmp ico icns webp tif tiff svgz avif heic psd ttf otf woff woff2 eot pfb afm pcf so a o ko la dylib dll exe pyc pyo pyd class jar
  war ear whl egg gem deb rpm apk gz tgz bz2 xz zst lz4 lzma zip 7z rar tar cpio z br mo gmo db sqlite sqlite3 bin dat img iso pdf ps eps mp3 mp4 ogg
  oga wav flac avi mkv webm mov wasm node elc beam hi dyn_hi bc pak rdb idx pack res tzif pem.gz swp map snap trie dic aff tdb ldb mdb ibd frm
  frx myd myi blk lock sum`.split(/\s+/),
);

/** Folders of packages' documents and tables: they hold no configuration of this image. */
const documentFolders = [
  "usr/share/doc/",
  "usr/share/man/",
  "usr/share/info/",
  "usr/share/locale/",
  "usr/share/i18n/",
  "usr/share/zoneinfo/",
  "usr/share/help/",
  "usr/share/gtk-doc/",
  "usr/share/licenses/",
  "usr/share/common-licenses/",
  "usr/share/fonts/",
  "usr/share/icons/",
  "usr/share/mime/",
  "usr/share/perl/",
  "usr/share/vim/",
  "usr/share/bash-completion/",
  "usr/share/zsh/",
  "usr/include/",
  "usr/local/include/",
  "usr/lib/locale/",
  "usr/lib/gcc/",
  "var/lib/dpkg/info/",
  "var/lib/dpkg/status",
  "var/lib/apt/",
  "var/cache/apt/",
  "var/cache/apk/",
  "var/cache/debconf/",
  "var/cache/dnf/",
  "var/cache/fontconfig/",
  "var/cache/ldconfig/",
  "var/cache/man/",
  "var/cache/yum/",
  "var/cache/zypp/",
  "lib/apk/db/",
  "usr/share/ca-certificates/",
  "proc/",
  "sys/",
  "dev/",
];

/** undefined: the file is searched. */
export function skipReasonOf(path: string, sizeBytes: number): SkipReason | undefined {
  if (sizeBytes < 8) return "empty";
  if (sizeBytes > secretLimits.fileBytesMax) return "too-large";
  const slash = path.lastIndexOf("/");
  const dot = path.lastIndexOf(".");
  if (dot > slash + 1 && binaryEndings.has(path.slice(dot + 1))) return "binary-name";
  if (path.includes(".so.", slash + 1)) return "binary-name";
  const first = path.charCodeAt(0);
  // Most paths begin with "usr/": the other letters of the list are checked only when they can fit.
  if (
    first === 0x75 ||
    first === 0x76 ||
    first === 0x65 ||
    first === 0x6c ||
    first === 0x70 ||
    first === 0x73 ||
    first === 0x64
  ) {
    for (const folder of documentFolders) if (path.startsWith(folder)) return "documentation";
  }
  return undefined;
}

const testPath =
  /(?:^|\/)(?:tests?|testing|testdata|test-data|test_data|__tests__|specs?|fixtures?|examples?|samples?|mocks?|demos?|benchmarks?)(?:\/|$)|\/(?:usr\/)?lib\/go[^/]*\/src\/|[._-](?:test|spec|example|sample|mock|stories)s?\.[a-z]{1,5}$|\.(?:example|sample|dist|template|tmpl|md|rst|adoc|d\.ts)$/i;
const packageFolder =
  /(?:^|\/)(?:node_modules|site-packages|dist-packages|gems|vendor\/bundle|usr\/lib\/(?:python|ruby|go|jvm|node)[^/]*|usr\/share\/(?:nodejs|javascript|ruby|php|python3?|perl5?)|usr\/local\/lib\/(?:python|ruby)[^/]*|usr\/local\/go|go\/pkg\/mod|\.cargo\/registry)\//;

/** Tests' material of somebody's package: keys and tokens there are made to be read. Tests of one's own code count: their tokens are often real. */
export function isTestMaterial(path: string): boolean {
  return packageFolder.test(path) && testPath.test(path.slice(path.search(packageFolder) + 1));
}

export function isInPackage(path: string): boolean {
  return packageFolder.test(path);
}

/** A file whose whole purpose is an example: ".env.example", "config.sample.yml", a README. */
export function isExampleFile(path: string): boolean {
  return testPath.test(path);
}

const configName =
  /(?:^|\/)(?:\.env(?:\.[A-Za-z0-9_-]{1,40})?|[^/]{1,100}\.(?:env|properties|ini|cfg|conf|cnf|config|tfvars|yml|yaml|toml)|\.?(?:pip|my|mysql|redis|odbc|s3cfg|boto|pypirc|netrc|curlrc|wgetrc|gitconfig|npmrc|yarnrc)(?:\.conf|\.cnf)?|config|credentials|\.git-credentials|secrets?\.(?:json|ya?ml|toml)|(?:config|credentials|settings|appsettings[^/]{0,40}|local\.settings|application[^/]{0,40})\.json|wp-config\.php|settings\.xml|settings\.py|local_settings\.py|database\.yml|environment|docker-compose[^/]{0,40}|entrypoint\.sh|start\.sh|run\.sh)$/;
const systemFolder = /^(?:usr\/(?:share|lib|libexec|src|include)|lib|var\/lib\/(?:dpkg|apt|systemd))\//;

/** A file of settings that people write: assignments in it are read. */
export function isConfigFile(path: string, sizeBytes: number): boolean {
  return (
    sizeBytes <= secretLimits.configBytesMax &&
    configName.test(path) &&
    !systemFolder.test(path) &&
    !packageFolder.test(path)
  );
}
