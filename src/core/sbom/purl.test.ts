// Package URLs against the specification's rules, and the round trip.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Fault } from "../../base/fault.ts";
import { SoftwarePackage } from "../../model/software-package.ts";
import { buildPurl, parsePurl, printPurl, purlOf, purlWithoutQualifiers, readPurl } from "./purl.ts";

const canonical: readonly (readonly [string, string])[] = [
  ["pkg:npm/@babel/core#/googleapis/api/annotations/", "pkg:npm/%40babel/core#googleapis/api/annotations"],
  ["pkg:npm/%40angular/animation@12.3.1", "pkg:npm/%40angular/animation@12.3.1"],
  ["pkg:PYPI/Django_package@1.11.1.dev1", "pkg:pypi/django-package@1.11.1.dev1"],
  ["pkg:GOLANG/google.golang.org/genproto@abcdedf#/api/", "pkg:golang/google.golang.org/genproto@abcdedf#api"],
  ["pkg:golang/github.com/BurntSushi/toml@v1.0.0", "pkg:golang/github.com/burntsushi/toml@v1.0.0"],
  ["pkg:///maven/org.apache.commons/io", "pkg:maven/org.apache.commons/io"],
  [
    "pkg:Rpm/fedora/curl@7.50.3-1.fc25?Distro=fedora-25&Arch=i386",
    "pkg:rpm/fedora/curl@7.50.3-1.fc25?arch=i386&distro=fedora-25",
  ],
  [
    "pkg:oci/debian@sha256%3A244f?repository_url=docker.io/library/debian",
    "pkg:oci/debian@sha256:244f?repository_url=docker.io%2Flibrary%2Fdebian",
  ],
  ["pkg:deb/debian/attr@1:2.4.47-2%2Bb1?arch=amd64", "pkg:deb/debian/attr@1:2.4.47-2%2Bb1?arch=amd64"],
  ["pkg:huggingface/EleutherAI/gpt-neo-1.3B@797174552AE4", "pkg:huggingface/EleutherAI/gpt-neo-1.3B@797174552ae4"],
  [
    "pkg:mlflow/CreditFraud@3?repository_url=https://adb-1.0.azuredatabricks.net/x",
    "pkg:mlflow/creditfraud@3?repository_url=https:%2F%2Fadb-1.0.azuredatabricks.net%2Fx",
  ],
  ["pkg:generic/x?checksum=sha1:ad95,sha256:41bf&empty=", "pkg:generic/x?checksum=sha1:ad95%2Csha256:41bf"],
  ["pkg:psgallery/Big.Name@1", "pkg:psgallery/big.name@1"],
  ["pkg:brew/node@20@20.10.0", "pkg:brew/node%4020@20.10.0"],
  ["pkg:firefox-extension/%40tool@8.3.8", "pkg:firefox-extension/%40tool@8.3.8"],
  [
    "pkg:firefox-extension/%7B01234567-89ab-cdef-0123-456789abcdef%7D",
    "pkg:firefox-extension/%7B01234567-89ab-cdef-0123-456789abcdef%7D",
  ],
  [
    "pkg:chrome-extension/abcdefghijklmnopabcdefghijklmnop@0.6",
    "pkg:chrome-extension/abcdefghijklmnopabcdefghijklmnop@0.6",
  ],
  ["pkg:generic/a b/c@1 2", "pkg:generic/a%20b/c@1%202"],
  ["pkg:swid/Acme/example.com/Enterprise+Server@1.0.0", "pkg:swid/Acme/example.com/Enterprise%2BServer@1.0.0"],
  ["pkg:cocoapods/GoogleUtilities@7.5.2#./NSData+zlib/..", "pkg:cocoapods/GoogleUtilities@7.5.2#NSData%2Bzlib"],
];

test("canonical forms", () => {
  for (const [text, expected] of canonical) assert.equal(printPurl(parsePurl(text)), expected, text);
});

test("what is no package URL is refused, by parsing and by building", () => {
  for (const text of [
    "EnterpriseLibrary.Common@6.0.1304",
    "pkg:EnterpriseLibrary.Common@6",
    "pkg:n&g?inx/nginx@0.8.9",
    "pkg:3nginx/nginx@0.8.9",
    "pkg:nginx:a/nginx@1",
    "pkg:npm/x@1?in%20production=true",
    "pkg:maven/@1.3.4",
    "pkg%3Amaven/org.apache.commons/io",
    "pkg:swift/Alamofire@5.4.3",
    "pkg:swift/github.com/Alamofire/@5.4.3",
    "pkg:cran/A3",
    "pkg:julia/Dates",
    "pkg:otp/namespace/hex@2.1.1",
    "pkg:cpan/LWP::UserAgent@6",
    "pkg:cpan/GDT/URI::PackageURL",
    "pkg:vscode-extension/java@1",
    "pkg:openvsx/java@1",
    "pkg:vcpkg/boost/asio@1.84.0",
    "pkg:smartsetup/a/b@1.2",
    "pkg:chrome-extension/dogs",
    "pkg:chrome-extension/44444algnefjeiefhmpklpfiohadpglk",
    "pkg:edge-extension/abcdefghijklmnopabcdefghijklmnop@1.2.3.4.5",
    "pkg:edge-extension/abcdefghijklmnopabcdefghijklmnop@1.2-beta",
    "pkg:firefox-extension/a-title@1.2",
    "pkg:firefox-extension/%7Bd10d0bf8-f5b5%7D@4",
    "pkg:npm/%zz",
    "pkg:npm/",
    "pkg:npm",
    "",
    "pkg:x/y?a=1&a=2",
    "pkg:x/y#a%2Fb",
    `pkg:x/${"y".repeat(5000)}`,
  ]) {
    assert.throws(
      () => parsePurl(text),
      (error) => error instanceof Fault && error.code === "sbom/bad-purl",
      text,
    );
  }
  const parts = { type: "npm", namespace: "", name: "x", version: "", qualifiers: {}, subpath: "" };
  for (const broken of [
    { ...parts, type: "" },
    { ...parts, name: "" },
    { ...parts, qualifiers: { "in production": "true" } },
    { ...parts, type: "cran", name: "A3" },
  ])
    assert.throws(() => buildPurl(broken), Fault);
});

test("what others wrote is read as far as it goes", () => {
  assert.equal(readPurl("pkg:cran/A3").name, "A3");
  assert.equal(readPurl("pkg:golang/github.com/BurntSushi/toml@v1").namespace, "github.com/BurntSushi");
  assert.deepEqual(readPurl("pkg:deb/debian/a@1?arch=x&arch=y&b c=1").qualifiers, { arch: "x" });
});

test("a package's URL carries epoch, source, module and architecture as the field writes them", () => {
  const of = (given: Partial<SoftwarePackage>): string =>
    purlOf(
      SoftwarePackage.parse({
        type: "deb",
        namespace: "debian",
        name: "libc6",
        version: "2.36-9",
        cataloger: "t",
        ...given,
      }),
    );
  assert.equal(
    of({ architecture: "amd64", source: { name: "glibc", version: "2.36-9" }, qualifiers: { distro: "debian-12" } }),
    "pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=debian-12&upstream=glibc",
  );
  assert.equal(
    of({ source: { name: "glibc", version: "2.36-8" } }),
    "pkg:deb/debian/libc6@2.36-9?upstream=glibc%402.36-8",
  );
  assert.equal(of({ source: { name: "libc6", version: "2.36-9" } }), "pkg:deb/debian/libc6@2.36-9");
  assert.equal(of({ version: "1:2" }), "pkg:deb/debian/libc6@1:2");
  assert.equal(
    of({ type: "rpm", namespace: "redhat", name: "nodejs", version: "1:18.2-1.el8", module: "nodejs:18" }),
    "pkg:rpm/redhat/nodejs@18.2-1.el8?epoch=1&rpmmod=nodejs:18",
  );
  assert.equal(purlWithoutQualifiers(parsePurl("pkg:deb/debian/a@1?arch=x#y")), "pkg:deb/debian/a@1");
});

test("property: any parts print to a text that parses to the same text again", () => {
  const word = fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 12 })
    .filter((text) => text.replaceAll("/", "") !== "");
  const type = fc.constantFrom(
    "npm",
    "pypi",
    "golang",
    "deb",
    "rpm",
    "generic",
    "maven",
    "oci",
    "huggingface",
    "github",
    "x.y-z",
  );
  const key = fc.stringMatching(/^[a-z][a-z0-9._-]{0,8}$/);
  const parts = fc.record({
    type,
    namespace: fc.oneof(fc.constant(""), word),
    name: word,
    version: fc.oneof(fc.constant(""), word),
    qualifiers: fc.dictionary(key, fc.string({ unit: "binary", maxLength: 10 })),
    subpath: fc.oneof(fc.constant(""), word),
  });
  fc.assert(
    fc.property(parts, (given) => {
      const text = buildPurl(given);
      const again = parsePurl(text);
      assert.equal(printPurl(again), text);
      assert.match(text, /^[A-Za-z0-9.\-_~%:/@?=&#+]*$/);
    }),
  );
});

test("property: no text makes the reader throw anything but its fault", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((rest) => `pkg:${rest}`),
        fc.string().map((rest) => `pkg:npm/${rest}`),
      ),
      (text) => {
        try {
          readPurl(text);
        } catch (error) {
          assert.ok(error instanceof Fault);
        }
      },
    ),
  );
});
