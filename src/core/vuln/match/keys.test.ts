// Names: of systems among ecosystems, of packages among advisories.
import assert from "node:assert/strict";
import test from "node:test";
import type { OperatingSystem } from "../../../model/image-analysis.ts";
import type { SoftwarePackage } from "../../../model/software-package.ts";
import { osEcosystems } from "./ecosystems.ts";
import { advisoryName, cpeParts, keysOf } from "./keys.ts";
import { debian, subjectOf } from "./match-world.fixture.ts";

const glibc = subjectOf({
  type: "deb",
  namespace: "debian",
  name: "libc6",
  version: "2.36-9+b1",
  architecture: "amd64",
  source: { name: "glibc", version: "2.36-9" },
});

test("names of systems and what judges derivatives", () => {
  const cases: readonly (readonly [Partial<OperatingSystem>, readonly string[]])[] = [
    [{ id: "debian", versionId: "12" }, ["Debian:12"]],
    [{ id: "debian", codename: "trixie" }, ["Debian:13"]],
    [{ id: "debian", codename: "sid" }, []],
    [{ id: "raspbian", versionId: "12" }, ["Debian:12"]],
    [{ id: "devuan", versionId: "5" }, ["Debian:12"]],
    [{ id: "ubuntu", versionId: "22.04" }, ["Ubuntu:22.04"]],
    [{ id: "kali", versionId: "2026.1", idLike: ["debian"] }, []],
    [{ id: "alpine", versionId: "3.19.1" }, ["Alpine:v3.19"]],
    [{ id: "alpine", versionId: "3.21_alpha20240807" }, ["Alpine:edge"]],
    [{ id: "wolfi", versionId: "20230201" }, ["Wolfi"]],
    [{ id: "chainguard" }, ["Chainguard", "Wolfi"]],
    [{ id: "rhel", versionId: "9.4" }, ["Red Hat:9"]],
    [{ id: "centos", versionId: "7" }, ["Red Hat:7"]],
    [{ id: "almalinux", versionId: "9.4" }, ["AlmaLinux:9"]],
    [{ id: "rocky", versionId: "8.9" }, ["Rocky Linux:8"]],
    [{ id: "ol", versionId: "8.9" }, ["Oracle Linux:8"]],
    [{ id: "amzn", versionId: "2023" }, ["Amazon Linux:2023"]],
    [{ id: "amzn", versionId: "2018.03" }, ["Amazon Linux:1"]],
    [{ id: "azurelinux", versionId: "3.0" }, ["Azure Linux:3"]],
    [{ id: "photon", versionId: "5.0" }, ["Photon OS:5.0"]],
    [{ id: "opensuse-leap", versionId: "15.5" }, ["openSUSE:Leap 15.5"]],
    [{ id: "openeuler", versionId: "22.03", name: "openEuler 22.03 (LTS-SP1)" }, ["openEuler:22.03-LTS-SP1"]],
    [{ id: "" }, []],
  ];
  for (const [system, expected] of cases) {
    const found = osEcosystems({ id: "", versionId: "", codename: "", name: "", idLike: [], ...system });
    assert.deepEqual(found.ecosystems, expected, JSON.stringify(system));
    assert.equal(found.problem === "", expected.length > 0);
  }
  const suse = osEcosystems({ id: "sles", versionId: "15.5", codename: "", name: "", idLike: [] }).ecosystems;
  assert.equal(suse[0], "SUSE:Linux Enterprise Server 15 SP5");
  assert.ok(suse.includes("SUSE:Linux Enterprise Module for Basesystem 15 SP5"));
});

test("keys: source packages, registries' spelling, CPEs of binaries", () => {
  const short = (subject: SoftwarePackage, system?: OperatingSystem): string[] =>
    keysOf(subject, system).map(({ ecosystem, name, version }) => `${ecosystem} ${name} ${version}`);
  assert.deepEqual(short(glibc, debian), ["Debian:12 glibc 2.36-9"]);
  assert.equal(keysOf(glibc, debian)[0]?.because, "source package glibc of libc6");
  assert.deepEqual(short(subjectOf({ type: "deb", name: "curl", version: "7.88.1-10+b2" }), debian), [
    "Debian:12 curl 7.88.1-10",
  ]);
  const distro = subjectOf({ type: "deb", name: "curl", qualifiers: { distro: "debian-11" } });
  assert.deepEqual(short(distro), ["Debian:11 curl 1.0"]);
  const rows: readonly (readonly [SoftwarePackage, string])[] = [
    [subjectOf({ type: "pypi", name: "Zope.Interface_x" }), "PyPI zope-interface-x 1.0"],
    [subjectOf({ type: "npm", namespace: "@angular", name: "core" }), "npm @angular/core 1.0"],
    [subjectOf({ type: "maven", namespace: "org.x", name: "y" }), "Maven org.x:y 1.0"],
    [
      subjectOf({ type: "golang", namespace: "github.com/gin-gonic", name: "gin", version: "v1.5.0" }),
      "Go github.com/gin-gonic/gin v1.5.0",
    ],
    [subjectOf({ type: "golang", name: "stdlib", version: "go1.21rc1" }), "Go stdlib 1.21.0-rc.1"],
    [subjectOf({ type: "bitnami", name: "redis", version: "7.2.4-12" }), "Bitnami redis 7.2.4"],
    [subjectOf({ type: "nuget", name: "Newtonsoft.Json" }), "NuGet newtonsoft.json 1.0"],
    [
      subjectOf({ type: "generic", name: "redis", cpes: ["cpe:2.3:a:redis:redis:7.0:*:*:*:*:*:*:*"] }),
      "CPE redis:redis 1.0",
    ],
  ];
  for (const [subject, expected] of rows) assert.deepEqual(short(subject), [expected]);
  const withCpe = subjectOf({ type: "npm", name: "x", cpes: ["cpe:2.3:a:y:z:1:*:*:*:*:*:*:*"] });
  assert.deepEqual(short(withCpe), ["npm x 1.0"]);
  assert.deepEqual(cpeParts("cpe:2.3:a:b\\:c:d\\.e:1"), ["a", "b:c", "d.e", "1"]);
  assert.equal(advisoryName("PyPI", "A__b"), "a-b");
});
