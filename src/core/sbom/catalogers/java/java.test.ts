import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { catalog, gapsOf, rowsOf } from "../../../../../test/support/catalog.ts";
import type { ZipFile } from "../../../../../test/support/zip.ts";
import { writeZip } from "../../../../../test/support/zip.ts";
import { archiveLimits, javaArchive } from "./archive.ts";
import { javaBuildFiles } from "./build-files.ts";
import { groupOf, readArchiveName, readManifest } from "./manifest.ts";
import { readPomProperties } from "./pom.ts";

const fileNames: readonly (readonly [string, string, string])[] = [
  ["log4j-core-2.14.1.jar", "log4j-core", "2.14.1"],
  ["opt/lib/prefix.thing-4.jar", "prefix.thing", "4"],
  ["my-http2-server-5.jar", "my-http2-server", "5"],
  ["jetpack-build235-rc5.jar", "jetpack", "build235-rc5"],
  ["ironman-r4-2009.jar", "ironman", "r4-2009"],
  ["commons-lang3-3.12.0.jar", "commons-lang3", "3.12.0"],
  ["log4j-1.2-api-2.17.0.jar", "log4j-1.2-api", "2.17.0"],
  ["guava-31.1-jre.jar", "guava", "31.1-jre"],
  ["org.eclipse.osgi_3.16.0.v20200828-0759.jar", "org.eclipse.osgi", "3.16.0.v20200828-0759"],
  ["thing.1.2.3.jar", "thing", "1.2.3"],
  ["spring-core-6.0.0-SNAPSHOT.jar", "spring-core", "6.0.0-SNAPSHOT"],
  ["app.jar", "app", ""],
  ["log4j-1.2-api.jar", "log4j-1.2-api", ""],
  ["spring3-core-3.x.jar", "spring3-core", ""],
  ["the-yolo-package_1.2.3-jre.jar", "the-yolo-package", "1.2.3-jre"],
  ["the-yolo-package.1.2.3-jre.jar", "the-yolo-package", "1.2.3-jre"],
  ["yolo-rc1asd-1.2.3.jar", "yolo-rc1asd", "1.2.3"],
  ["servlet.3.api.jar", "servlet.3.api", ""],
  ["tool-v2.1.jar", "tool", "2.1"],
];

for (const [path, name, version] of fileNames) {
  test(`file name ${path}`, () => assert.deepEqual(readArchiveName(path), { name, version }));
}

test("a manifest: continuation lines, sections, lines without a colon", () => {
  const manifest = readManifest(
    "Manifest-Version: 1.0\r\nBundle-SymbolicName: org.acme.tools.tool-\r\n core;singleton:=true\r\nodd\r\n\r\nName: x\r\nImplementation-Version: 2\r\n",
  );
  assert.equal(manifest.get("bundle-symbolicname"), "org.acme.tools.tool-core;singleton:=true");
  assert.equal(manifest.get("implementation-version"), "2");
  assert.equal(manifest.has("name"), false);
});

const groups: readonly (readonly [string, string, string])[] = [
  ["Bundle-SymbolicName: org.acme.tools.tool-core;singleton:=true", "tool-core", "org.acme.tools"],
  ["Bundle-SymbolicName: com.acme.thing", "other", "com.acme.thing"],
  ["Implementation-Vendor-Id: net.acme", "thing", "net.acme"],
  ["Implementation-Vendor: ACME Corporation", "thing", ""],
  ["Automatic-Module-Name: io.acme.mod", "thing", "io.acme.mod"],
  ["Main-Class: com.acme.app.Main", "thing", "com.acme.app"],
  ["Group-Id: org.jenkins-ci.plugins", "git", "org.jenkins-ci.plugins"],
  ["X: y", "com.acme.src.yolo", "com.acme.src"],
  ["X: y", "jackson-databind", "com.fasterxml.jackson.core"],
];

for (const [line, artifact, group] of groups) {
  test(`group of ${artifact} by ${line}`, () => assert.equal(groupOf(readManifest(line), artifact), group));
}

test("pom.properties: separators, comments, values that were never filled in", () => {
  const read = readPomProperties("#Generated\n!x\ngroupId = org.acme\nartifactId:thing\nversion=${project.version}\n");
  assert.deepEqual(read, { group: "org.acme", artifact: "thing", version: "" });
});

function pom(group: string, artifact: string, version: string): ZipFile {
  const content = `#x\nversion=${version}\ngroupId=${group}\nartifactId=${artifact}\n`;
  return { name: `META-INF/maven/${group}/${artifact}/pom.properties`, content };
}

function manifest(...lines: readonly string[]): ZipFile {
  return { name: "META-INF/MANIFEST.MF", content: ["Manifest-Version: 1.0", ...lines, ""].join("\r\n") };
}

const classes: ZipFile = { name: "com/acme/A.class", content: "\u00ca\u00fe" };
const dataBind = writeZip([manifest(), classes, pom("com.fasterxml.jackson.core", "jackson-databind", "2.9.8")]);

const shapes: readonly (readonly [string, string, Buffer, readonly string[]])[] = [
  [
    "Maven's own",
    "lib/jackson-databind-2.9.8.jar",
    dataBind,
    ["com.fasterxml.jackson.core/jackson-databind@2.9.8 installed"],
  ],
  [
    "a shaded jar: its own pom and others'",
    "app/tool-1.0.jar",
    writeZip([
      manifest(),
      pom("org.acme", "tool", "1.0"),
      pom("org.yaml", "snakeyaml", "1.26"),
      pom("io.acme", "other", "3"),
    ]),
    ["io.acme/other@3 installed", "org.acme/tool@1.0 installed", "org.yaml/snakeyaml@1.26 installed"],
  ],
  [
    "only a manifest",
    "lib/gson-2.8.5.jar",
    writeZip([manifest("Bundle-SymbolicName: com.google.gson")]),
    ["com.google.code.gson/gson@2.8.5 installed"],
  ],
  [
    "a manifest's version",
    "lib/mystery.jar",
    writeZip([manifest("Implementation-Version: 4.5 (build 7)", "Implementation-Vendor-Id: org.acme")]),
    ["org.acme/mystery@4.5 installed"],
  ],
  ["nothing but the file's name", "lib/log4j-1.2.17.jar", writeZip([classes]), ["log4j/log4j@1.2.17 installed"]],
  ["nothing at all", "lib/plain.jar", writeZip([classes]), []],
  [
    "a Jenkins plugin",
    "plugins/git.jpi",
    writeZip([manifest("Short-Name: git", "Group-Id: org.jenkins-ci.plugins", "Plugin-Version: 4.11.0")]),
    ["org.jenkins-ci.plugins/git@4.11.0 installed"],
  ],
  [
    "pom.xml without properties, version of the parent",
    "lib/thing.jar",
    writeZip([
      manifest(),
      {
        name: "META-INF/maven/org.acme/thing/pom.xml",
        content:
          "<project><parent><groupId>org.acme</groupId><artifactId>p</artifactId><version>7</version></parent><artifactId>thing</artifactId><licenses><license><name>MIT</name></license></licenses></project>",
      },
    ]),
    ["org.acme/thing@7 installed"],
  ],
  [
    "Spring Boot: libraries in BOOT-INF, stored; and a war in it",
    "app/shop-0.1.jar",
    writeZip([
      manifest("Start-Class: com.acme.Shop", "Implementation-Version: 0.1", "Implementation-Vendor-Id: com.acme"),
      { name: "BOOT-INF/lib/jackson-databind-2.9.8.jar", content: dataBind, isStored: true },
      { name: "inner.war", content: writeZip([{ name: "WEB-INF/lib/jackson-databind-2.9.8.jar", content: dataBind }]) },
    ]),
    [
      "com.acme/shop@0.1 installed",
      "com.fasterxml.jackson.core/jackson-databind@2.9.8 installed",
      "com.fasterxml.jackson.core/jackson-databind@2.9.8 installed",
    ],
  ],
];

for (const [name, path, bytes, expected] of shapes) {
  test(`an archive with ${name}`, () => {
    const result = catalog(javaArchive, { [path]: bytes });
    assert.deepEqual([rowsOf(result), gapsOf(result), result.broken], [expected, [], []]);
  });
}

test("evidence names the place in the archive", () => {
  const bytes = writeZip([{ name: "WEB-INF/lib/jackson-databind-2.9.8.jar", content: dataBind }]);
  const [found] = catalog(javaArchive, { "srv/a.war": bytes }).packages;
  assert.equal(found?.evidence[0]?.path, "/srv/a.war!/WEB-INF/lib/jackson-databind-2.9.8.jar");
});

test("an unidentified archive keeps its digest for an index of the user's own", () => {
  const [found] = catalog(javaArchive, { "lib/unheard-of-1.0.jar": writeZip([manifest()]) }).packages;
  assert.match(found?.qualifiers["checksum"] ?? "", /^sha1:[0-9a-f]{40}$/);
});

for (const [name, options] of [
  ["zip64", { isZip64: true }],
  ["junk in front", { prefix: Buffer.from("#!/bin/sh\nexec java -jar $0\n") }],
  [
    "both, and a comment that holds an end record",
    { isZip64: true, prefix: Buffer.from("MZ junk"), comment: "PK\u0005\u0006 is no end" },
  ],
] as const) {
  test(`zip: ${name}`, () => {
    const bytes = writeZip([manifest(), { ...pom("org.acme", "tool", "1.0"), hasDescriptor: true }], options);
    assert.deepEqual(rowsOf(catalog(javaArchive, { "tool-1.0.jar": bytes })), ["org.acme/tool@1.0 installed"]);
  });
}

test("entries that lie in the bytes of others are counted and not read; the first stays", () => {
  const content = writeZip([pom("org.acme", "inner", "1.0")]);
  const names = ["lib/a.jar", "lib/b.jar", "lib/c.jar"];
  const bytes = writeZip([pom("org.acme", "a", "1.0"), ...names.map((name) => ({ name, content }))]);
  const records: number[] = [];
  for (let at = bytes.indexOf("PK\u0001\u0002"); at >= 0; at = bytes.indexOf("PK\u0001\u0002", at + 4))
    records.push(at);
  const own = records.slice(-4);
  // The second is the first under another name, the third begins inside it.
  const place = bytes.readUInt32LE(own[1]! + 42);
  bytes.writeUInt32LE(place, own[2]! + 42);
  bytes.writeUInt32LE(place + 40, own[3]! + 42);
  const result = catalog(javaArchive, { "a-1.0.jar": bytes });
  assert.deepEqual(
    result.packages.map((item) => item.evidence[0]?.path),
    ["/a-1.0.jar", "/a-1.0.jar!/lib/a.jar"],
  );
  assert.deepEqual(gapsOf(result), [
    "file-unreadable /a-1.0.jar x2: entries that lie in the bytes of others, as in a bomb, are not read",
  ]);
});

test("bad entries are gaps with their place, and the rest goes on", () => {
  let deep = dataBind;
  for (let level = 0; level < 8; level += 1) deep = writeZip([{ name: `l${level}.jar`, content: deep }]);
  const bytes = writeZip([
    manifest(),
    pom("org.acme", "a", "1.0"),
    { name: "lib/secret.jar", content: dataBind, isEncrypted: true },
    { name: "lib/cut.jar", content: dataBind.subarray(0, 60) },
    { name: "lib/deep.jar", content: deep },
    { name: "lib/lie.jar", content: dataBind, toldSize: archiveLimits.nestedBytesMax + 1 },
    { name: "lib/e\u001b[2Jvil.jar", content: "PK" },
  ]);
  const result = catalog(javaArchive, { "a-1.0.jar": bytes });
  assert.deepEqual(rowsOf(result), ["org.acme/a@1.0 installed"]);
  assert.deepEqual(gapsOf(result), [
    "file-unreadable /a-1.0.jar!/lib/secret.jar x1: an entry of a zip archive is encrypted",
    "file-unreadable /a-1.0.jar!/lib/cut.jar x1: a zip archive without its directory: cut off, or no archive",
    "limit-reached /a-1.0.jar!/lib/deep.jar!/l7.jar!/l6.jar!/l5.jar!/l4.jar!/l3.jar x1: archives nested over 5 deep",
    "file-too-large /a-1.0.jar!/lib/lie.jar x1: an entry of a zip archive is too large",
    "file-unreadable /a-1.0.jar!/(a name with control characters) x1: a zip archive without its directory: cut off, or no archive",
  ]);
});

test("a bomb stops at what one file may inflate to", () => {
  const zeros = Buffer.alloc(4 * 1024 * 1024);
  const bytes = writeZip([manifest(), { name: "META-INF/maven/g/a/pom.properties", content: zeros }]);
  const result = catalog(javaArchive, { "a-1.0.jar": bytes });
  assert.match(gapsOf(result).join(), /file-too-large \/a-1.0.jar!\/META-INF\/maven\/g\/a\/pom.properties/);
});

test("any damage is a fault, a gap or a smaller result, and never anything else", () => {
  const good = writeZip([manifest(), pom("org.acme", "tool", "1.0"), { name: "lib/x.jar", content: dataBind }]);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      fc.nat(good.length),
      (changes, cut) => {
        const bytes = Buffer.from(good.subarray(0, cut % 3 === 0 ? cut : good.length));
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        const result = catalog(javaArchive, { "tool-1.0.jar": bytes });
        assert.ok(result.packages.length <= 10);
      },
    ),
    { numRuns: 500 },
  );
});

const project = `<?xml version="1.0"?>
<!DOCTYPE project [<!ENTITY xxe SYSTEM "file:///etc/passwd">]>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <groupId>org.acme</groupId><artifactId>shop</artifactId><version>2.0</version>
  <properties><jackson.version>2.9.8</jackson.version><a>\${b}</a><b>\${a}</b></properties>
  <dependencyManagement><dependencies>
    <dependency><groupId>org.yaml</groupId><artifactId>snakeyaml</artifactId><version>1.26</version></dependency>
  </dependencies></dependencyManagement>
  <dependencies>
    <dependency><groupId>com.fasterxml.jackson.core</groupId><artifactId>jackson-databind</artifactId><version>\${jackson.version}</version></dependency>
    <dependency><groupId>org.yaml</groupId><artifactId>snakeyaml</artifactId></dependency>
    <dependency><groupId>\${project.groupId}</groupId><artifactId>shop-api</artifactId><version>\${project.version}</version></dependency>
    <dependency><groupId>junit</groupId><artifactId>junit</artifactId><version>[4.12]</version><scope>test</scope></dependency>
    <dependency><groupId>x</groupId><artifactId>ranged</artifactId><version>[1.0,2.0)</version></dependency>
    <dependency><groupId>x</groupId><artifactId>loop</artifactId><version>\${a}</version></dependency>
    <dependency><groupId>x</groupId><artifactId>e&xxe;e</artifactId><version>1</version></dependency>
    <!-- <dependency><artifactId>comment</artifactId></dependency> -->
  </dependencies>
</project>`;

test("pom.xml and gradle.lockfile", () => {
  const result = catalog(javaBuildFiles, {
    "app/pom.xml": project,
    "app/gradle.lockfile":
      "# This is a Gradle generated file\norg.slf4j:slf4j-api:1.7.30=compileClasspath,runtimeClasspath\norg.junit:junit-api:5.7.0=testCompileClasspath,testRuntimeClasspath\nodd line\nempty=annotationProcessor\n",
    "app/gradle/verification-metadata.xml":
      "<?xml version='1.0'?><verification-metadata xmlns='x'><components><component group='org.pgp' name='pgp' version='1.0'><artifact name='a'/></component></components></verification-metadata>",
    "bad/pom.xml": "<project><dependencies></project",
    "deep/pom.xml": "<a>".repeat(500),
  });
  assert.deepEqual(rowsOf(result), [
    "com.fasterxml.jackson.core/jackson-databind@2.9.8 declared",
    "junit/junit@4.12 development",
    "org.acme/shop-api@2.0 declared",
    "org.junit/junit-api@5.7.0 development",
    "org.pgp/pgp@1.0 declared",
    "org.slf4j/slf4j-api@1.7.30 declared",
    "org.yaml/snakeyaml@1.26 declared",
    "x/e&xxe;e@1 declared",
    "x/loop@ declared",
    "x/ranged@ declared",
  ]);
  assert.deepEqual(gapsOf(result), [
    "version-unknown /app/pom.xml x2: named without an exact version: x/ranged, x/loop",
    "file-unreadable /app/gradle.lockfile x1: lines that are no group:artifact:version",
  ]);
  assert.equal(result.broken.length, 2);
});
