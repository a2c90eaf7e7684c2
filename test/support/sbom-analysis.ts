// An analysis with something of everything, and arbitrary ones: for the tests of the formats.
import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { ImageAnalysis } from "../../src/model/image-analysis.ts";
import { SoftwarePackage } from "../../src/model/software-package.ts";
import { purlOf } from "../../src/core/sbom/purl.ts";
import type { SbomTools } from "../../src/core/sbom/formats/read-sbom.ts";

export const tools: SbomTools = {
  utf8: (bytes) => new TextDecoder().decode(bytes),
  sha256: (bytes) => createHash("sha256").update(bytes).digest("hex"),
};

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

export const sample = ImageAnalysis.parse({
  schema: 1,
  source: "registry",
  reference: "registry.example:5000/shop/web:1.2",
  digest: `sha256:${"a1".repeat(32)}`,
  otherDigests: [`sha256:${"b2".repeat(32)}`],
  operatingSystem: {
    id: "debian",
    versionId: "12",
    codename: "bookworm",
    name: "Debian GNU/Linux 12 (bookworm)",
    idLike: [],
  },
  layers: [{ diffId: `sha256:${"c3".repeat(32)}` }, { diffId: `sha256:${"d4".repeat(32)}` }],
  config: { os: "linux", architecture: "amd64", created: "2026-03-04T05:06:07.123456789Z" },
  packages: [
    {
      type: "deb",
      namespace: "debian",
      name: "libssl3",
      version: "3.0.11-1~deb12u2",
      architecture: "amd64",
      source: { name: "openssl", version: "3.0.11-1~deb12u2" },
      licenses: ["Apache-2.0"],
      qualifiers: { distro: "debian-12" },
      cataloger: "deb/dpkg",
      evidence: [{ path: "/var/lib/dpkg/status", layer: 0, line: 7, kind: "database" }],
    },
    {
      type: "npm",
      namespace: "@scope",
      name: "thing",
      version: "1.0.0-beta+1",
      licenses: ["MIT OR Apache-2.0", "SEE LICENSE IN LICENSE"],
      scope: "development",
      ownedBy: "pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&distro=debian-12&upstream=openssl",
      cataloger: "npm/lock",
      evidence: [{ path: "/app/package-lock.json", layer: 1, kind: "lockfile" }],
    },
    {
      type: "golang",
      namespace: "github.com/BurntSushi",
      name: "toml",
      version: "v1.3.2",
      cataloger: "go/binary",
      evidence: [{ path: "/usr/bin/tool", layer: 1, kind: "binary" }],
    },
    {
      type: "generic",
      name: "nginx",
      version: "1.25.3",
      cpes: ["cpe:2.3:a:f5:nginx:1.25.3:*:*:*:*:*:*:*"],
      licenses: ["(MIT AND BSD-2-Clause)"],
      cataloger: "binary/classifier",
      evidence: [{ path: "/usr/sbin/nginx", layer: 1, kind: "binary" }],
    },
    {
      type: "rpm",
      namespace: "redhat",
      name: "nodejs",
      version: "1:18.2-1.el8",
      module: "nodejs:18",
      source: { name: "nodejs-src", version: "18.2-1.el8" },
      cataloger: "rpm/db",
      evidence: [{ path: "/var/lib/rpm/rpmdb.sqlite", layer: 0, kind: "database" }],
    },
  ],
  gaps: [{ kind: "file-unreadable", layer: 1, subject: "/app/bad.jar", because: "its central directory is cut off" }],
  catalogers: ["deb/dpkg@1"],
});

const word = fc.string({ minLength: 1, maxLength: 12 });
const path = word.map((text) => `/${text}`);

const subject = fc
  .record({
    type: fc.constantFrom("npm", "deb", "rpm", "apk", "golang", "pypi", "maven", "generic", "gem", "x.y"),
    namespace: fc.oneof(fc.constant(""), word),
    name: word,
    version: fc.oneof(fc.constant(""), word, fc.constant("1:2-3"), fc.constant("0:1")),
    architecture: fc.constantFrom("", "amd64", "noarch"),
    source: fc.option(fc.record({ name: word, version: fc.oneof(fc.constant(""), word, fc.constant("1-2")) }), {
      nil: undefined,
    }),
    module: fc.constantFrom("", "nodejs:18", "a:b:c"),
    licenses: fc.uniqueArray(
      fc.oneof(fc.constantFrom("MIT", "mit", "MIT AND Zlib", "GPL-2.0-only WITH Classpath-exception-2.0"), word),
      { maxLength: 3 },
    ),
    cpes: fc.uniqueArray(fc.oneof(fc.constant("cpe:2.3:a:v:p:1.0:*:*:*:*:*:*:*"), word), { maxLength: 2 }),
    qualifiers: fc.constantFrom({}, { distro: "debian-12" }, { classifier: "x", distro: "y" }),
    scope: fc.constantFrom("installed" as const, "declared" as const, "development" as const),
    ownedBy: fc.constantFrom("", "pkg:deb/debian/a@1"),
    cataloger: fc.constantFrom("sbom", "deb/dpkg"),
    evidence: fc.uniqueArray(
      fc.record({
        path,
        layer: fc.integer({ min: -1, max: 40 }),
        line: fc.nat(9),
        kind: fc.constantFrom("database" as const, "sbom" as const, "binary" as const),
      }),
      { minLength: 1, maxLength: 3, selector: (place) => JSON.stringify(place) },
    ),
  })
  .map((given) => SoftwarePackage.parse(given));

export const analyses = fc
  .record({
    packages: fc.uniqueArray(subject, { maxLength: 6, selector: purlOf }),
    hasSystem: fc.boolean(),
    gaps: fc.uniqueArray(
      fc.record({
        kind: fc.constantFrom("file-unreadable" as const, "feed-missing" as const),
        layer: fc.constantFrom(-1, 2),
        subject: fc.string({ maxLength: 5 }),
        because: word,
        count: fc.integer({ min: 1, max: 3 }),
      }),
      { maxLength: 2, selector: (gap) => JSON.stringify(gap) },
    ),
    digest: fc.constantFrom("", sample.digest),
    reference: fc.oneof(word, fc.constant(sample.reference)),
    source: fc.constantFrom("registry" as const, "archive" as const, "root" as const),
  })
  .map(({ hasSystem, ...given }) => ({
    ...sample,
    ...given,
    ...(hasSystem ? {} : { operatingSystem: undefined }),
  }))
  .map((given) => ImageAnalysis.parse(given));
