// Interpreters, compilers and virtual machines.
import {
  alone,
  anywhere,
  around,
  before,
  behind,
  four,
  three,
  two,
  type Classifier,
  type Evidence,
} from "./classifier.ts";

const python = ["python_software_foundation:python", "python:python"];
const ruby = behind("ruby ", String.raw`${three}(?:(?:p|preview|rc|dev)\d{0,4})?`, " ");
const otp = String.raw`\d{1,3}\.\d{1,3}(?:\.\d{1,4}){0,2}(?:-rc\d)?`;
const otpPaths = [
  behind("/src/otp_src_", otp, "/erts/"),
  behind("/usr/local/src/otp-", otp, "/erts/"),
  behind("/erlang-", otp, String.raw`(?:\+[a-z]{1,8})?/erts/`),
];
const php = [behind("X-Powered-By: PHP/", String.raw`${three}(?:(?:alpha|beta|RC)\d{0,3}|-dev)?`)];
const elixir = String.raw`${three}(?:-[a-z0-9]{1,20}(?:\.\d{1,4})?)?`;

/** "3.11" of python3.11 and of libpython3.11.so.1.0: the version in the bytes begins with it. */
function pythonEvidence(base: string): readonly Evidence[] {
  const minor = /(\d{1,2}\.\d{1,3})/.exec(base)?.[1]?.replace(".", String.raw`\.`) ?? String.raw`[23]\.\d{1,2}`;
  return [
    anywhere(String.raw`\0(${minor}\.\d{1,3}[-._a-zA-Z0-9+]{0,20})\0`),
    anywhere(String.raw`\0(${minor}[-._a-zA-Z0-9+]{1,20})\0`),
  ];
}

export const languageClassifiers: readonly Classifier[] = [
  {
    id: "python",
    pattern: /^python(?:\d(?:\.\d{1,3})?[a-z]?)?(?:\.exe)?$/,
    package: "python",
    cpes: python,
    evidence: pythonEvidence,
  },
  { id: "libpython", pattern: /^libpython\d.*\.so/, package: "python", cpes: python, evidence: pythonEvidence },
  { id: "pypy", pattern: /^libpypy.*\.so/, package: "pypy", cpes: [], evidence: [behind("[PyPy ", three)] },
  {
    id: "go",
    names: ["go", "go.exe"],
    package: "go",
    cpes: ["golang:go"],
    evidence: [anywhere(String.raw`go(\d{1,2}\.\d{1,3}(?:\.\d{1,3}|beta\d|alpha\d|rc\d)?)\0`)],
  },
  {
    id: "go-version-file",
    names: ["VERSION"],
    path: /(?:^|\/)go(?:-?[\d.]+)?\/VERSION$/,
    package: "go",
    cpes: ["golang:go"],
    evidence: [anywhere(String.raw`^go(\d{1,2}\.\d{1,3}(?:\.\d{1,3}|beta\d|alpha\d|rc\d|-[_0-9a-z]{1,20})?)`)],
  },
  {
    id: "node",
    names: ["node", "nodejs", "node.exe"],
    package: "node",
    cpes: ["nodejs:node.js"],
    evidence: [behind("node.js/v", three), anywhere(String.raw`\0(?:node )?v((?:0|4|5|6)\.\d{1,3}\.\d{1,3})\0`)],
  },
  {
    id: "libnode",
    pattern: /^libnode\.so/,
    package: "node",
    cpes: ["nodejs:node.js"],
    evidence: [behind("node.js/v", three)],
  },
  {
    id: "deno",
    names: ["deno"],
    package: "deno",
    cpes: ["deno:deno"],
    evidence: [behind("Deno/", three), anywhere(String.raw`deno[\s-]{0,8}(${three})`)],
  },
  {
    id: "bun",
    names: ["bun"],
    package: "bun",
    cpes: ["bun:bun"],
    evidence: [behind("Bun/", three), behind("bun/", three)],
  },
  { id: "ruby", names: ["ruby"], package: "ruby", cpes: ["ruby-lang:ruby"], evidence: [ruby] },
  { id: "libruby", pattern: /^libruby(?:-[\d.]+)?\.so/, package: "ruby", cpes: ["ruby-lang:ruby"], evidence: [ruby] },
  {
    id: "perl",
    names: ["perl"],
    package: "perl",
    cpes: ["perl:perl"],
    evidence: [behind("/usr/local/lib/perl5/", three), around("perl", String.raw`perl5?/(5\.\d{1,3}\.\d{1,3})`)],
  },
  {
    id: "libperl",
    pattern: /^libperl\.so/,
    package: "perl",
    cpes: ["perl:perl"],
    evidence: [around("perl", String.raw`perl5?/(5\.\d{1,3}\.\d{1,3})`)],
  },
  {
    id: "php",
    pattern: /^(?:php|php-cgi|php-cli|php-fpm|phpdbg)(?:-?\d{1,2}(?:\.\d{1,2})?)?$/,
    package: "php",
    cpes: ["php:php"],
    evidence: php,
  },
  { id: "php-fpm", pattern: /^php-fpm\d/, package: "php", cpes: ["php:php"], evidence: php },
  { id: "libphp", pattern: /^libphp[\d.]*\.so/, package: "php", cpes: ["php:php"], evidence: php },
  {
    id: "composer",
    pattern: /^composer(?:\.phar)?$/,
    package: "composer",
    cpes: ["getcomposer:composer"],
    evidence: [
      around(
        "'pretty_version'",
        String.raw`^'pretty_version'\s{0,10}=>\s{0,10}'(${three}(?:(?:beta|alpha|RC)\d{1,3})?)'`,
      ),
    ],
  },
  {
    id: "erlang",
    names: ["erlexec", "liberts_internal.a"],
    package: "erlang",
    cpes: ["erlang:erlang\\/otp"],
    evidence: otpPaths,
  },
  {
    id: "erlang-beam",
    names: ["beam.smp"],
    package: "erlang",
    cpes: ["erlang:erlang\\/otp"],
    evidence: [
      ...otpPaths,
      around("Erlang/OTP", String.raw`\0(${otp})\0{1,40}Erlang/OTP`, { before: 80 }),
      around("Erlang/OTP", String.raw`^Erlang/OTP.{1,150}\0(${otp})\0`, { after: 300 }),
    ],
  },
  {
    id: "elixir",
    names: ["elixir"],
    package: "elixir",
    cpes: ["elixir-lang:elixir"],
    evidence: [behind("ELIXIR_VERSION=", elixir)],
  },
  {
    id: "elixir-library",
    names: ["elixir.app"],
    package: "elixir",
    cpes: ["elixir-lang:elixir"],
    evidence: [behind('{vsn,"', elixir, '"'), around("{vsn,", String.raw`^\{vsn,\s{0,20}"(${elixir})"`)],
  },
  {
    id: "julia",
    pattern: /^libjulia-internal\.so/,
    package: "julia",
    cpes: ["julialang:julia"],
    evidence: [around("__init__", String.raw`^__init__\0(${three})\0verify`)],
  },
  {
    id: "rust-library",
    pattern: /^libstd-[0-9a-f]{16}\.(?:so|dylib)$/,
    package: "rust",
    cpes: ["rust-lang:rust"],
    evidence: [
      behind("clang LLVM (rustc version ", String.raw`\d{1,3}\.\d{1,4}(?:\.\d{1,4})?`),
      behind("rustc version ", three),
      anywhere(String.raw`c (\d{1,3}\.\d{1,4}\.\d{1,4}) \(\w{7,12} \d{4}-\d{2}-\d{2}\)`),
    ],
  },
  {
    id: "swipl",
    names: ["swipl"],
    package: "swipl",
    cpes: ["swi-prolog:swi-prolog"],
    evidence: [behind("swipl-", three, "/")],
  },
  {
    id: "dart",
    names: ["dart"],
    package: "dart",
    cpes: ["dart:dart_software_development_kit"],
    evidence: [
      anywhere(String.raw`\0(${three}(?:-\d{1,5}(?:\.\d{1,4})?\.beta)?) \((?:stable|beta|dev)`),
      anywhere(String.raw`\0(${three}(?:-\d{1,5}(?:\.\d{1,4})?\.beta)?) `),
    ],
  },
  {
    id: "ghc",
    pattern: /^ghc(?:-[\d.]+)?$/,
    package: "ghc",
    namespace: "haskell",
    cpes: ["haskell:ghc"],
    evidence: [
      alone(three, "GHC "),
      around("libHSghc-", String.raw`^libHSghc-(${three})-(?:[a-zA-Z0-9]{1,40}-)?ghc${three}\.so`),
    ],
  },
  {
    id: "cabal",
    names: ["cabal"],
    package: "cabal",
    namespace: "haskell",
    cpes: ["haskell:cabal"],
    evidence: [
      around("Cabal-", String.raw`^Cabal-(${three}(?:\.\d{1,4})?)-`),
      around("cabal-install-", String.raw`^cabal-install-(${three}(?:\.\d{1,4})?)-[a-zA-Z0-9]{1,40}\0`),
    ],
  },
  {
    id: "stack",
    names: ["stack"],
    package: "stack",
    namespace: "haskell",
    cpes: ["haskell:stack"],
    evidence: [around("Version", String.raw`^Version\s{0,4}(${three}),\s{0,4}Git`)],
  },
  {
    id: "gcc",
    pattern: /^gcc(?:-\d{1,2})?$/,
    package: "gcc",
    cpes: ["gnu:gcc"],
    evidence: [behind("GCC: (GNU) ", three)],
  },
  {
    id: "lua",
    pattern: /^(?:lua(?:5\.\d)?|liblua5\.\d\.so.*)$/,
    package: "lua",
    cpes: ["lua:lua"],
    evidence: [behind("$LuaVersion: Lua ", three)],
  },
  {
    id: "dotnet",
    names: ["libcoreclr.so"],
    package: "dotnet",
    cpes: ["microsoft:.net"],
    evidence: [behind("@(#)Version ", String.raw`\d{1,2}\.\d{1,2}`, String.raw`\.\d`), before(four, "-servicing")],
  },
  {
    id: "r",
    names: ["libR.so"],
    package: "r",
    cpes: ["r-project:r"],
    evidence: [around("R version ", String.raw`^R version (${three})`), before(two + String.raw`\.\d`, " (")],
  },
];
