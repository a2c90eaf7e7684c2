// Documents as other tools write them, in every format and wrapping; and what is broken in them becomes gaps, not an end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../../base/fault.ts";
import type { ImageAnalysis } from "../../../model/image-analysis.ts";
import { bytesOf, sample, tools } from "../../../../test/support/sbom-analysis.ts";
import { writeCycloneDx } from "./cyclonedx/write.ts";
import { readSbom } from "./read-sbom.ts";

const read = (value: unknown): ImageAnalysis =>
  readSbom(bytesOf(typeof value === "string" ? value : JSON.stringify(value)), tools, { reference: "web.json" });
const property = (name: string, value: string): object => ({ name, value });

const diffIds = [`sha256:${"1".repeat(64)}`, `sha256:${"2".repeat(64)}`];

const trivy = {
  bomFormat: "CycloneDX",
  specVersion: "1.6",
  metadata: {
    component: {
      type: "container",
      name: "web:1",
      purl: `pkg:oci/web@sha256%3A${"e".repeat(64)}?arch=amd64`,
      properties: [
        property("aquasecurity:trivy:ImageID", `sha256:${"f".repeat(64)}`),
        ...diffIds.map((id) => property("aquasecurity:trivy:DiffID", id)),
      ],
    },
  },
  components: [
    { type: "operating-system", name: "redhat", version: "8.9" },
    {
      type: "application",
      name: "app/package-lock.json",
      properties: [property("aquasecurity:trivy:Class", "lang-pkgs")],
    },
    {
      type: "library",
      name: "nodejs",
      version: "1:18.2-1.el8",
      purl: "pkg:rpm/redhat/nodejs@18.2-1.el8?arch=x86_64&distro=redhat-8.9&epoch=1&modularitylabel=nodejs%3A18%3A80600%3Aabc",
      properties: [
        property("aquasecurity:trivy:SrcName", "nodejs-src"),
        property("aquasecurity:trivy:SrcVersion", "18.2"),
        property("aquasecurity:trivy:SrcRelease", "1.el8"),
        property("aquasecurity:trivy:SrcEpoch", "1"),
        property("aquasecurity:trivy:LayerDiffID", diffIds[1] ?? ""),
      ],
    },
    {
      type: "library",
      group: "@angular",
      name: "core",
      version: "1.0.0",
      purl: "pkg:npm/%40angular/core@1.0.0",
      licenses: [{ license: { id: "MIT" } }, { license: { name: "Own" } }],
      properties: [
        property("aquasecurity:trivy:FilePath", "app/node_modules/@angular/core/package.json"),
        property("aquasecurity:trivy:LayerDiffID", diffIds[1] ?? ""),
      ],
      components: [{ type: "library", name: "inner", version: "2", purl: "pkg:npm/inner@2" }],
    },
  ],
};

test("Trivy's CycloneDX: system, epoch, module, source, places, nested components, aggregates left out", () => {
  const { packages, operatingSystem, gaps, otherDigests, source } = read(trivy);
  assert.equal(source, "sbom");
  assert.deepEqual([operatingSystem?.id, operatingSystem?.versionId], ["rhel", "8.9"]);
  assert.deepEqual(
    packages.map(({ name }) => name),
    ["nodejs", "core", "inner"],
  );
  const [node, core] = packages;
  assert.equal(node?.version, "1:18.2-1.el8");
  assert.deepEqual(node?.source, { name: "nodejs-src", version: "1:18.2-1.el8" });
  assert.deepEqual([node?.module, node?.architecture], ["nodejs:18", "x86_64"]);
  assert.deepEqual(node?.evidence, [{ path: "web.json", layer: -1, line: 0, kind: "sbom" }]);
  assert.deepEqual([core?.namespace, core?.licenses], ["@angular", ["MIT", "Own"]]);
  assert.deepEqual(core?.evidence, [
    { path: "/app/node_modules/@angular/core/package.json", layer: 1, line: 0, kind: "sbom" },
  ]);
  assert.deepEqual(gaps, []);
  assert.deepEqual(otherDigests, [`sha256:${"e".repeat(64)}`, `sha256:${"f".repeat(64)}`]);
});

test("Syft's CycloneDX: distro by qualifier, upstream, locations, CPE names, letter case of Go modules by the component's name", () => {
  const { packages, operatingSystem, gaps } = read({
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    metadata: { component: { type: "container", name: "web", version: `sha256:${"a".repeat(64)}` } },
    components: [
      {
        type: "library",
        name: "libc6",
        version: "2.36-9+deb12u4",
        cpe: "cpe:2.3:a:libc6:libc6:2.36-9:*:*:*:*:*:*:*",
        purl: "pkg:deb/debian/libc6@2.36-9%2Bdeb12u4?arch=amd64&upstream=glibc%402.36-9&distro=debian-12",
        properties: [
          property("syft:cpe23", "cpe:2.3:a:gnu:libc6:2.36-9:*:*:*:*:*:*:*"),
          property("syft:location:0:path", "/var/lib/dpkg/status"),
          property("syft:location:0:layerID", "sha256:x"),
          property("syft:location:1:path", "/usr/share/doc/libc6/copyright"),
        ],
      },
      {
        type: "library",
        name: "github.com/BurntSushi/toml",
        version: "v1.3.2",
        purl: "pkg:golang/github.com/burntsushi/toml@v1.3.2",
      },
      { type: "file", name: "/etc/passwd" },
    ],
  });
  assert.deepEqual([operatingSystem?.id, operatingSystem?.versionId], ["debian", "12"]);
  const [libc, toml] = packages;
  assert.deepEqual(libc?.source, { name: "glibc", version: "2.36-9" });
  assert.deepEqual(
    libc?.evidence.map(({ path }) => path),
    ["/var/lib/dpkg/status", "/usr/share/doc/libc6/copyright"],
  );
  assert.equal(libc?.cpes.length, 2);
  assert.equal(toml?.namespace, "github.com/BurntSushi");
  assert.deepEqual(gaps, []);
});

test("the same as XML; XML with a DTD, or cut off, is refused", () => {
  const xml = `<?xml version="1.0"?><bom xmlns="http://cyclonedx.org/schema/bom/1.4" version="1"><!-- c --><components>
    <component type="library" bom-ref="a"><group>org.x</group><name>a&amp;b</name><version>1</version><licenses><license><id>MIT</id></license></licenses>
    <purl>pkg:maven/org.x/a%26b@1</purl><properties><property name="syft:location:0:path">/a.jar</property></properties>
    <components><component type="library"><name>in</name><version>2</version><purl><![CDATA[pkg:maven/org.x/in@2]]></purl></component></components></component>
    </components></bom>`;
  const { packages } = read(xml);
  assert.deepEqual(
    packages.map(({ namespace, name, version }) => [namespace, name, version]),
    [
      ["org.x", "a&b", "1"],
      ["org.x", "in", "2"],
    ],
  );
  assert.deepEqual(packages[0]?.evidence[0]?.path, "/a.jar");
  for (const broken of [
    `<!DOCTYPE bom [<!ENTITY x "y">]><bom/>`,
    "<bom><components>",
    "<bom></x>",
    "<a>".repeat(200),
    "<html/>",
  ])
    assert.throws(() => read(broken), Fault, broken);
});

const spdxText = `SPDXVersion: SPDX-2.3
DataLicense: CC0-1.0
SPDXID: SPDXRef-DOCUMENT
DocumentName: web
PackageName: web
SPDXID: SPDXRef-image
PackageVersion: sha256:${"a".repeat(64)}
PrimaryPackagePurpose: CONTAINER
PackageName: libssl3
SPDXID: SPDXRef-1
PackageVersion: 3.0.11
PackageSourceInfo: built package from: openssl 3.0.10
PackageLicenseDeclared: <text>Apache-2.0
AND MIT</text>
ExternalRef: PACKAGE-MANAGER purl pkg:deb/debian/libssl3@3.0.11?arch=amd64&distro=debian-12.5
FileName: ./x
SPDXID: SPDXRef-file
Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-image
`;

const spdxPackage = {
  name: "musl",
  SPDXID: "SPDXRef-2",
  versionInfo: "1.2.4-r2",
  sourceInfo: "acquired package info from APK DB: /lib/apk/db/installed",
  licenseConcluded: "MIT",
  licenseDeclared: "NOASSERTION",
  externalRefs: [
    {
      referenceCategory: "SECURITY",
      referenceType: "cpe23Type",
      referenceLocator: "cpe:2.3:a:musl:musl:1.2.4:*:*:*:*:*:*:*",
    },
    {
      referenceCategory: "PACKAGE_MANAGER",
      referenceType: "http://spdx.org/rdf/references/purl",
      referenceLocator: "pkg:apk/alpine/musl@1.2.4-r2?distro=3.19.1",
    },
  ],
};

test("SPDX 2 as tag-value and as JSON", () => {
  const tagged = read(spdxText);
  assert.deepEqual(
    tagged.packages.map(({ name, source, licenses }) => [name, source?.name, source?.version, licenses[0]]),
    [["libssl3", "openssl", "3.0.10", "Apache-2.0\nAND MIT"]],
  );
  assert.deepEqual([tagged.operatingSystem?.versionId, tagged.otherDigests[0]], ["12.5", `sha256:${"a".repeat(64)}`]);
  const json = read({ spdxVersion: "SPDX-2.2", packages: [spdxPackage] });
  assert.deepEqual([json.operatingSystem?.id, json.operatingSystem?.versionId], ["alpine", "3.19.1"]);
  assert.deepEqual(json.packages[0]?.evidence[0]?.path, "/lib/apk/db/installed");
  assert.deepEqual([json.packages[0]?.licenses, json.packages[0]?.cpes.length], [["MIT"], 1]);
});

test("SPDX 3, Syft's JSON, GitHub's snapshot", () => {
  const three = read({
    "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
    "@graph": [
      {
        type: "software_Package",
        spdxId: "urn:a",
        name: "curl",
        software_packageVersion: "8",
        software_packageUrl: "pkg:deb/ubuntu/curl@8?distro=ubuntu-22.04",
      },
      { type: "simplelicensing_LicenseExpression", spdxId: "urn:l", simplelicensing_licenseExpression: "MIT" },
      { type: "Relationship", from: "urn:a", relationshipType: "hasDeclaredLicense", to: ["urn:l"] },
      { type: "software_File", spdxId: "urn:f", name: "x" },
    ],
  });
  assert.deepEqual(
    three.packages.map(({ name, licenses }) => [name, licenses]),
    [["curl", ["MIT"]]],
  );
  assert.equal(three.operatingSystem?.versionId, "22.04");
  const syft = read({
    artifacts: [
      {
        name: "a",
        version: "1",
        purl: "pkg:npm/a@1",
        locations: [{ path: "/a", layerID: "sha256:l1" }],
        licenses: [{ value: "MIT" }],
        cpes: [{ cpe: "cpe:2.3:a:a:a:1:*:*:*:*:*:*:*" }],
      },
    ],
    source: {
      metadata: {
        layers: [{ digest: "sha256:l0" }, { digest: "sha256:l1" }],
        repoDigests: [`r@sha256:${"9".repeat(64)}`],
      },
    },
    distro: { id: "amzn", versionID: "2", idLike: ["fedora"] },
  });
  assert.equal(syft.packages[0]?.evidence[0]?.layer, 1);
  assert.deepEqual([syft.operatingSystem?.id, syft.otherDigests.length], ["amzn", 1]);
  const github = read({
    detector: {},
    manifests: {
      m: {
        name: "m",
        file: { source_location: "go.mod" },
        resolved: { a: { package_url: "pkg:golang/a/b@v1", scope: "development" } },
      },
    },
  });
  assert.deepEqual(
    github.packages.map(({ name, scope }) => [name, scope]),
    [["b", "development"]],
  );
});

test("wrapped: in-toto, DSSE, sigstore bundle, older attestations with a text", () => {
  const text = writeCycloneDx(sample, { toolVersion: "1" });
  const statement = {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: "w", digest: { sha256: "5".repeat(64) } }],
    predicateType: "https://cyclonedx.org/bom",
    predicate: JSON.parse(text) as unknown,
  };
  const dsse = {
    payloadType: "application/vnd.in-toto+json",
    payload: Buffer.from(JSON.stringify(statement)).toString("base64"),
    signatures: [],
  };
  for (const wrapped of [
    statement,
    dsse,
    { mediaType: "x", dsseEnvelope: dsse },
    { ...statement, predicate: { Data: text } },
  ]) {
    const { packages, otherDigests } = read(wrapped);
    assert.equal(packages.length, sample.packages.length);
    assert.ok(otherDigests.includes(`sha256:${"5".repeat(64)}`));
  }
  let deep: object = dsse;
  for (let depth = 0; depth < 6; depth += 1)
    deep = { payloadType: "x", payload: Buffer.from(JSON.stringify(deep)).toString("base64") };
  assert.throws(() => read(deep), /wrapped more than/);
});

test("Syft's Go modules: what it writes as the subpath is part of the module's path", () => {
  const component = (name: string, purl: string): object => ({ type: "library", name, version: "v1.0.0", purl });
  const { packages } = read({
    bomFormat: "CycloneDX",
    components: [
      component("github.com/go-jose/go-jose/v3", "pkg:golang/github.com/go-jose/go-jose@v1.0.0#v3"),
      component("github.com/Azure/Sdk/service/s3", "pkg:golang/github.com/azure/sdk@v1.0.0#service/s3"),
      component("", "pkg:golang/gopkg.in/yaml.v3@v3.0.0"),
    ],
  });
  assert.deepEqual(
    packages.map(({ namespace, name }) => `${namespace} ${name}`),
    ["github.com/go-jose/go-jose v3", "github.com/Azure/Sdk/service s3", "gopkg.in yaml.v3"],
  );
});

test("an rpm's source has the package's epoch when it is of the same version and release, and none when it is not", () => {
  const component = (purl: string): object => ({
    type: "library",
    name: "x",
    version: "1",
    purl: `pkg:rpm/redhat/${purl}`,
  });
  const { packages } = read({
    bomFormat: "CycloneDX",
    components: [
      component("bind-libs@9.16.23-18.el9?distro=redhat-9.4&epoch=32&upstream=bind-9.16.23-18.el9.src.rpm"),
      component("perl-Errno@1.28-424.el8?distro=redhat-8.9&epoch=0&upstream=perl-5.26.3-424.el8.src.rpm"),
      component("libfoo@2-1?distro=redhat-8.9&epoch=3&upstream=foo-1-1.src.rpm"),
    ],
  });
  assert.deepEqual(
    packages.map(({ source }) => `${source?.name} ${source?.version}`),
    ["bind 32:9.16.23-18.el9", "perl 5.26.3-424.el8", "foo 1-1"],
  );
});
