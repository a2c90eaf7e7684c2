// Which package sources, source version and packages the build of Kubernetes takes: from texts as Debian has them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { sourceStanzas, sourceVersion } from "./apt-sources.ts";
import { linkerFlags, openApiPackages } from "./build-kubernetes.ts";

const deb822 = `Types: deb
# a comment in between
URIs: http://mirror.invalid/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/some.gpg

Types: deb
URIs: http://mirror.invalid/other
Suites: nodistro
Components: main

Enabled: no
Types: deb
URIs: http://mirror.invalid/off
Suites: bookworm
Components: main
`;

const cases: readonly { readonly what: string; readonly texts: readonly string[]; readonly expected: string }[] = [
  {
    what: "deb822, of this suite and enabled only",
    texts: [deb822],
    expected:
      "Types: deb-src\nURIs: http://mirror.invalid/debian\nSuites: bookworm bookworm-updates\nComponents: main\nSigned-By: /usr/share/keyrings/some.gpg\n",
  },
  {
    what: "the one-line form, with options; a source line that is there already is not asked twice",
    texts: [
      "deb [arch=amd64 signed-by=/k.gpg] http://mirror.invalid/debian bookworm main contrib # why\n" +
        "deb-src [signed-by=/k.gpg] http://mirror.invalid/debian bookworm main contrib\n#deb http://mirror.invalid/x bookworm main\n",
    ],
    expected:
      "Types: deb-src\nURIs: http://mirror.invalid/debian\nSuites: bookworm\nComponents: main contrib\nSigned-By: /k.gpg\n",
  },
  {
    what: "another suite whose name only begins the same",
    texts: ["deb http://mirror.invalid/debian bookwormy main\ndeb http://mirror.invalid/debian trixie main\n"],
    expected: "",
  },
  {
    what: "an indented key block stays as it is",
    texts: [
      "Types: deb\nURIs: http://mirror.invalid/d\nSuites: bookworm\nComponents: main\nSigned-By:\n -----BEGIN\n .\n abc\n",
    ],
    expected:
      "Types: deb-src\nURIs: http://mirror.invalid/d\nSuites: bookworm\nComponents: main\nSigned-By:\n -----BEGIN\n .\n abc\n",
  },
  { what: "nothing", texts: [], expected: "" },
];

for (const { what, texts, expected } of cases)
  test(`package sources: ${what}`, () => assert.equal(sourceStanzas(texts, "bookworm"), expected));

test("the source version is the one with the wanted upstream part", () => {
  const showsrc = (...versions: string[]) =>
    versions.map((version) => `Package: kubernetes\nVersion: ${version}\nFormat: 3.0\n`).join("\n");
  assert.equal(
    sourceVersion(showsrc("1.20.5+really1.20.2-1", "1.20.5+really1.20.2-1.1+deb12u1"), "1.20.2"),
    "1.20.5+really1.20.2-1.1+deb12u1",
  );
  assert.equal(sourceVersion(showsrc("1:1.20.2-1"), "1.20.2"), "1:1.20.2-1");
  assert.equal(sourceVersion(showsrc("1.20.5-1", "1.31.4+ds-1", "11.20.2-1"), "1.20.2"), undefined);
  assert.equal(sourceVersion("", "1.20.2"), undefined);
});

test("OpenAPI is made of tagged packages, each once, staging by its vendored name, without the generators' own", () => {
  const files = [
    "staging/src/k8s.io/api/core/v1/types.go",
    "staging/src/k8s.io/api/core/v1/doc.go",
    "pkg/apis/abac/v0/doc.go",
    "vendor/k8s.io/kube-openapi/pkg/generators/extension.go",
    "staging/src/k8s.io/code-generator/x/doc.go",
    "staging/src/k8s.io/api/README.md",
    "",
  ];
  assert.deepEqual(openApiPackages(files), [
    "k8s.io/kubernetes/pkg/apis/abac/v0",
    "k8s.io/kubernetes/vendor/k8s.io/api/core/v1",
  ]);
});

test("the programs tell their version", () => {
  const flags = linkerFlags("1.20.2");
  assert.match(flags, /^-s -w /);
  for (const value of ["gitVersion=v1.20.2", "gitMajor=1", "gitMinor=20"]) assert.equal(flags.split(value).length, 3);
});
