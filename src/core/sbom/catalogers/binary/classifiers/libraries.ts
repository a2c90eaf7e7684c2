// Shared libraries that images often carry without a package of theirs.
import { alone, anywhere, around, behind, three, two, type Classifier } from "./classifier.ts";

const ffmpeg = ["ffmpeg:ffmpeg"];

export const libraryClassifiers: readonly Classifier[] = [
  {
    id: "libcrypto",
    pattern: /^libcrypto(?:-[\d_]+)?\.so/,
    package: "openssl",
    cpes: ["openssl:openssl"],
    evidence: [
      around(
        "OpenSSL ",
        String.raw`^OpenSSL (${three}(?:[a-z]{1,3}|-alpha\d|-beta\d|-rc\d)?)(?:-fips)? {1,2}\d{1,2} [A-Z][a-z]{2} \d{4}`,
      ),
    ],
  },
  {
    id: "libcurl",
    pattern: /^libcurl(?:-gnutls)?\.so/,
    package: "curl",
    cpes: ["haxx:curl", "haxx:libcurl"],
    evidence: [behind("libcurl/", three), around("CLIENT libcurl ", String.raw`^CLIENT libcurl (${three})`)],
  },
  {
    id: "zlib",
    pattern: /^libz\.so\.1/,
    package: "zlib",
    cpes: ["zlib:zlib"],
    evidence: [
      around(" Copyright 1995-", String.raw`(?:deflate|inflate) (\d\.\d{1,2}(?:\.\d{1,2}){0,2}) Copyright 1995-`, {
        before: 32,
        after: 8,
      }),
    ],
  },
  {
    id: "libsqlite",
    pattern: /^libsqlite3\.so/,
    package: "sqlite",
    cpes: ["sqlite:sqlite"],
    evidence: [alone(String.raw`3\.\d{1,3}\.\d{1,3}`)],
  },
  {
    id: "expat",
    pattern: /^libexpat\.so/,
    package: "expat",
    cpes: ["libexpat_project:libexpat"],
    evidence: [behind("expat_", three)],
  },
  {
    id: "glibc",
    pattern: /^libc(?:-\d\.\d+\.so|\.so\.6)$/,
    package: "glibc",
    cpes: ["gnu:glibc"],
    evidence: [around("GNU C Library", String.raw`^GNU C Library .{1,120}release version (\d\.\d{1,3}(?:\.\d{1,3})?)`)],
  },
  {
    id: "musl",
    pattern: /^(?:ld-musl-[a-z0-9_]+\.so\.1|libc\.musl-[a-z0-9_]+\.so\.1|libc\.so)$/,
    package: "musl",
    cpes: ["musl-libc:musl"],
    evidence: [alone(String.raw`1\.\d\.\d{1,3}(?:-git-[0-9a-z-]{1,30})?`)],
  },
  {
    id: "gnutls",
    pattern: /^libgnutls\.so/,
    package: "gnutls",
    cpes: ["gnu:gnutls"],
    evidence: [alone(String.raw`3\.\d{1,2}\.\d{1,3}`)],
  },
  {
    id: "nghttp2",
    pattern: /^libnghttp2\.so/,
    package: "nghttp2",
    cpes: ["nghttp2:nghttp2"],
    evidence: [anywhere(String.raw`[^\d.](1\.\d{1,3}\.\d{1,3})\0`)],
  },
  {
    id: "qtbase",
    pattern: /^libQt[0-9]*Core\.so/,
    package: "qtbase",
    cpes: ["qt:qt", "qt:qtbase"],
    evidence: [around("Qt ", String.raw`\0Qt (${three}) \(`, { before: 2 }), behind("QtCore library version ", three)],
  },
  {
    id: "ffmpeg-library",
    pattern: /^lib(?:av[a-z]+|swresample|swscale)\.so/,
    package: "ffmpeg",
    cpes: ffmpeg,
    evidence: [
      behind("FFmpeg version ", String.raw`${two}(?:\.\d{1,3})?`),
      behind("Lavc", three),
      behind("Lavf", three),
    ],
  },
];
