// Version orders against tables that were written from the specifications, and the laws of an order on generated versions.
import assert from "node:assert/strict";
import test from "node:test";
import * as fc from "fast-check";
import type { VersionScheme } from "../advisory.ts";
import { isFuzzyApk } from "./apk.ts";
import { compareVersions, isAffected } from "./compare.ts";
import { goToolchainVersion } from "./golang.ts";

/** "left sign right": the sign is <, =, > or ? for "no order". */
const tables: Readonly<Record<VersionScheme, readonly string[]>> = {
  deb: [
    "1.0 = 1.0",
    "1.0 = 1.0-0",
    "0:1.0 = 1.0",
    "1:0 > 2",
    "1.0~rc1 < 1.0",
    "1.0~~ < 1.0~",
    "1.0~ < 1.0",
    "1.0 < 1.0a",
    "1.0a < 1.0+",
    "1.2.3-1 < 1.2.3-1+deb12u1",
    "2.36-9 < 2.36-9+deb12u4",
    "2.36-9+deb12u4 < 2.36-9+deb12u10",
    "1.0-1~bpo12+1 < 1.0-1",
    "7.6p2-4 > 7.6-0",
    "1.0.0-2-1 > 1.0.0-1-9",
    "1.001 = 1.1",
    "18446744073709551617 > 18446744073709551616",
    "1:1:2 > 1:1",
    "2.5.0-1+b1 > 2.5.0-1",
  ],
  apk: [
    "23_foo > 4_beta",
    "1.0 < 1.0bc",
    "0.1.0_alpha2 > 0.1.0_alpha",
    "1.1 > 1.1_alpha1",
    "1.06-r6 < 006",
    "9.3.4-r2 > 9.3.4",
    "1.39 > 1.00_beta2",
    "1.2.07.8 < 1.2.12.04",
    "1.07 < 1.19",
    "1.1 > 1.09",
    "2.5.1-r8 < 2.5.1a-r1",
    "1.6.8_p12-r1 > 1.6.8_p9-r2",
    "013 < 014-r1",
    "1.0_p10-r0 > 1.0_p9-r0",
    "0.1.0_alpha_pre2 < 0.1.0_alpha",
    "10.0.0_b2-r0 < 10.0.0_b3-r0",
    "1.2_git20230101-r0 > 1.2-r9",
    "1.0_hg < 1.0_p",
    "1.0_cvs < 1.0_svn",
    "1.0.1~abc-r1 > 1.0.1-r1",
    "3.1.4-r5 < 3.1.4-r10",
    "edge ? 1.0",
    "1.0 ? ",
  ],
  rpm: [
    "2.0.1a > 2.0.1",
    "5.5p10 > 5.5p1",
    "10xyz < 10.1xyz",
    "xyz10 < xyz10.1",
    "xyz.4 < 8",
    "5.6p1 < 6.5p1",
    "6.0.rc1 > 6.0",
    "10b2 > 10a1",
    "10.0001 = 10.1",
    "2_0 = 2.0",
    "a = a+",
    "1.0~rc1 < 1.0",
    "1.0~rc1~git123 < 1.0~rc1",
    "1.0^ > 1.0",
    "1.0^git1 < 1.01",
    "1.0^20160101 < 1.0.1",
    "1.0^20160101^git1 > 1.0^20160101",
    "1.0~rc1^git1 > 1.0~rc1",
    "1.0^git1~pre < 1.0^git1",
    "1:1.0-1 > 2.0-1",
    "0:1.0-1 = 1.0-1",
    "1.0-1.el8 < 1.0-2.el8",
    "1.0-1.el8_4.2 > 1.0-1.el8",
    "1.0 = 1.0-5",
    "1- > 1",
    " ? 1",
  ],
  pep440: [
    "1.0.dev456 < 1.0a1",
    "1.0a2.dev456 < 1.0a12.dev456",
    "1.0a12.dev456 < 1.0a12",
    "1.0b2.post345.dev456 < 1.0b2.post345",
    "1.0b2-346 > 1.0b2.post345",
    "1.0rc2 < 1.0c3",
    "1.0 < 1.0.post456.dev34",
    "1.0.15 < 1.1.dev1",
    "1.0+abc.5 < 1.0+abc.7",
    "1.0+5 > 1.0+abc",
    "1.0+abc > 1.0",
    "1!1.0 > 2.0",
    "1.0.0 = 1",
    "v1.0-ALPHA.1 = 1.0a1",
    "1.0-1 = 1.0.post1",
    "0.1-bulbasaur < 0.1",
    "foo < 1.0",
    "2.0-foo-alpha < 2.0-foo-beta",
    "1.foo-2 < 1.foo-10",
    "99999999999999999999 > 9999999999999999999",
  ],
  maven: [
    "1 = 1.0",
    "1.0-alpha-1 < 1.0-beta-1",
    "1.0-beta-1 < 1.0-SNAPSHOT",
    "1.0-rc1 < 1.0-SNAPSHOT",
    "1.0-SNAPSHOT < 1.0",
    "1.0-alpha-1-SNAPSHOT < 1.0-alpha-1",
    "1.0 < 1.0-1",
    "2.0.1-klm > 2.0.1",
    "2.0.1-xyz < 2.0.1-123",
    "1.0-sp > 1.0",
    "1-ga = 1",
    "1-release = 1",
    "1.0.RC2 < 1.0-RC3",
    "1a1 = 1-alpha-1",
    "1rc1 = 1cr1",
    "6.1.0rc3 < 6.1.0",
    "6.1.0rc3 < 6.1H.5-beta",
    "6.1.0 < 6.1H.5-beta",
    "31.1-android < 31.1-jre",
    "4.1.94.Final < 4.1.100.Final",
    "2.0.0.M1 < 2.0.0.RC1",
    "20190722212119 < 20190726023322",
    "2.0.0.v200706041905-7C78EK9E_EkMNfNOd2d8qq < 2.0.0.v200706041906-7C78EK9E_EkMNfNOd2d8qq",
    "1-0.ga = 1.0",
    "5.0.7 < 5.0.7.RELEASE-1",
    " ? 1",
  ],
  gem: [
    "1.13.0-java = 1.13.0",
    "1.12.0-x86_64-linux < 1.13.0",
    "1.16.2-aarch64-linux-musl = 1.16.2-arm64-darwin",
    "1.13.1-x64-mingw-ucrt = 1.13.1-universal-darwin-22",
    "1.0 = 1",
    "1.0.a < 1",
    "1.8.2.b9 < 1.8.2.b10",
    "1.8.2 > 1.8.2.a",
    "0.beta.1 = 0.0.beta.1",
    "0.0.beta < 0.0.beta.1",
    "5.a < 5.0.0.rc2",
    "5.x > 5.0.0.rc2",
    "1.9.3 < 1.9.3.1",
    "1.0.0-1 < 1.0.0",
    "1 > 1beta",
    "1.0/2 ? 1",
  ],
  semver: [
    "1.0.0-alpha < 1.0.0-alpha.1",
    "1.0.0-alpha.1 < 1.0.0-alpha.beta",
    "1.0.0-beta.2 < 1.0.0-beta.11",
    "1.0.0-rc.1 < 1.0.0",
    "1.0.0+a = 1.0.0+b",
    "1.0.0-1+a-b = 1.0.0-1",
    "v1 = 1.0.0",
    "99999999999999999999.0.0 > 9.0.0",
    "0.0.0-0 < 0.0.0",
    "1.2.3.4 > 1.2.3",
    "01.2 = 1.2.0",
    "1.0.0rc1 < 1.0.0",
    "main ? 1.0.0",
  ],
  nuget: [
    "1.0.0-Beta = 1.0.0-beta",
    "1.0 = 1.0.0.0",
    "1.0.0.1 > 1.0.0",
    "1.0.0-alpha < 1.0.0",
    "1.0.0+A = 1.0.0+b",
    "1.0.0-rc.2 < 1.0.0-rc.10",
  ],
  composer: [
    "1.0.0-beta1 < 1.0.0-RC1",
    "1.0.0-alpha < 1.0.0-beta",
    "1.0.0-dev < 1.0.0-alpha",
    "1.0.0 < 1.0.0-p1",
    "v1.2 = 1.2.0.0",
    "1.0.0-beta < 1.0.0-beta1",
    "1.0.0-beta1 < 1.0.0-beta2",
    "1.x-dev > 1.99",
    "1.x-dev < 2.0",
    "1.0.0pl2 > 1.0.0pl1",
    "1.0.0-RC1 < 1.0.0",
    "1.0.0+build = 1.0.0",
    "dev-main ? 1.0",
    "dev-main = dev-main",
  ],
  golang: [
    "v1.0.0+incompatible = 1.0.0",
    "v0.0.0-20190101000000-abcdefabcdef < 0.0.0-20220101000000-000000000000",
    "v1.2.4-0.20200101000000-abcdefabcdef < v1.2.4",
    "v1.2.4-0.20200101000000-abcdefabcdef > v1.2.3",
    "go1.21rc1 < go1.21.0",
    "go1.21rc1 = 1.21.0-rc.1",
    "go1.9 < go1.10",
    "1.21.0-0 < go1.21beta1",
    "(devel) ? 1.0.0",
  ],
  generic: [
    "1.1.1k < 1.1.1l",
    "1.0.2 < 1.0.2a",
    "1.0.2z < 1.0.2za",
    "1.20.1 < 1.21",
    "7.2-rc1 < 7.2",
    "1.8.0_382 > 1.8.0_372",
    "9.0p1 > 9.0",
    "2.3.4-beta2 < 2.3.4",
    "3.0.0alpha1 < 3.0.0beta1",
    "10.3.39-mariadb ? 10.3.38",
    "abcdef0 ? 1.0",
  ],
};

function signOf(scheme: VersionScheme, left: string, right: string): string {
  const differs = compareVersions(scheme, left, right);
  return differs === undefined ? "?" : differs < 0 ? "<" : differs > 0 ? ">" : "=";
}

const mirrored: Readonly<Record<string, string>> = { "<": ">", ">": "<", "=": "=", "?": "?" };

for (const [scheme, rows] of Object.entries(tables) as [VersionScheme, readonly string[]][])
  test(`${scheme}: the specification's examples, both ways round`, () => {
    for (const row of rows) {
      const [left = "", sign = "", right = ""] = row.split(" ");
      assert.equal(signOf(scheme, left, right), sign, row);
      assert.equal(signOf(scheme, right, left), mirrored[sign], `${row}, turned round`);
    }
  });

const number = fc.oneof(fc.nat({ max: 12 }).map(String), fc.constantFrom("0", "00", "01", "007", "20240101"));
const dotted = fc.array(number, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("."));
const word = fc.constantFrom("alpha", "beta", "rc", "a", "b", "p", "dev", "post", "x", "final", "sp", "snapshot");

/** Versions that the scheme accepts and whose order is a total one (for rpm: all with a release). */
const generated: Readonly<Record<VersionScheme, fc.Arbitrary<string>>> = {
  deb: fc
    .tuple(
      fc.constantFrom("", "0:", "1:"),
      dotted,
      fc.stringMatching(/^[a-z0-9.+~]{0,4}$/),
      fc.constantFrom("", "-1", "-0", "-1+deb12u1", "-1~bpo"),
    )
    .map((parts) => parts.join("")),
  apk: fc
    .tuple(
      dotted,
      fc.constantFrom("", "a", "b"),
      fc.constantFrom("", "_alpha", "_rc1", "_p2", "_git3", "_alpha_p1"),
      fc.constantFrom("", "-r0", "-r10"),
    )
    .map((parts) => parts.join("")),
  rpm: fc
    .tuple(
      fc.constantFrom("", "0:", "1:"),
      dotted,
      fc.stringMatching(/^[a-z0-9.^~]{0,4}$/),
      fc.constantFrom("-1", "-1.el9", "-2.el9_4"),
    )
    .map((parts) => parts.join("")),
  pep440: fc.oneof(
    fc
      .tuple(
        fc.constantFrom("", "1!"),
        dotted,
        fc.constantFrom("", "a1", "b2", "rc1"),
        fc.constantFrom("", ".post1"),
        fc.constantFrom("", ".dev2"),
        fc.constantFrom("", "+1", "+abc.2"),
      )
      .map((parts) => parts.join("")),
    fc.tuple(dotted, word).map(([numbers, tail]) => `${numbers}-${tail}-zz`),
  ),
  maven: fc
    .tuple(dotted, fc.array(fc.tuple(fc.constantFrom("-", ".", ""), fc.oneof(word, number)), { maxLength: 3 }))
    .map(([numbers, tail]) => numbers + tail.flat().join("")),
  gem: fc.tuple(dotted, fc.constantFrom("", ".a", ".beta2", "-rc", ".x.1")).map((parts) => parts.join("")),
  semver: fc
    .tuple(dotted, fc.constantFrom("", "-alpha", "-alpha.1", "-1", "-rc.2", "-0"))
    .map((parts) => parts.join("")),
  nuget: fc.tuple(dotted, fc.constantFrom("", "-Alpha", "-alpha.1", "-1")).map((parts) => parts.join("")),
  composer: fc
    .tuple(dotted, fc.constantFrom("", "-dev", "-alpha", "-beta2", "-RC1", "-p1", "-p2"))
    .map((parts) => parts.join("")),
  golang: fc
    .tuple(fc.constantFrom("v", "", "go"), dotted, fc.constantFrom("", "-rc.1", "-0.20200101000000-abcdefabcdef"))
    .map(([prefix, numbers, tail]) => (prefix === "go" ? `${prefix}1.2rc1` : prefix + numbers + tail)),
  generic: fc.tuple(dotted, fc.constantFrom("", "a", "k", "-rc1", "-beta2", "p1")).map((parts) => parts.join("")),
};

for (const [scheme, arbitrary] of Object.entries(generated) as [VersionScheme, fc.Arbitrary<string>][])
  test(`${scheme}: reflexive, antisymmetric and transitive on generated versions`, () => {
    fc.assert(
      fc.property(arbitrary, arbitrary, arbitrary, (first, second, third) => {
        const sorted = [first, second, third];
        for (const left of sorted) {
          assert.equal(compareVersions(scheme, left, left), 0, left);
          for (const right of sorted)
            assert.equal(signOf(scheme, left, right), mirrored[signOf(scheme, right, left)], `${left} ${right}`);
        }
        const notAfter = (left: string, right: string): boolean => signOf(scheme, left, right) !== ">";
        for (const left of sorted)
          for (const middle of sorted)
            for (const right of sorted)
              if (notAfter(left, middle) && notAfter(middle, right))
                assert.ok(notAfter(left, right), `${left} <= ${middle} <= ${right}`);
      }),
      { numRuns: 400 },
    );
  });

test("any text: no order throws, and every order answers for a megabyte in bounded time", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (left, right) => {
      for (const scheme of Object.keys(generated) as VersionScheme[]) compareVersions(scheme, left, right);
    }),
  );
  for (const piece of ["1.", "a-", "-", "1a", "~", "_p", "0", ".x"]) {
    const long = `1${piece.repeat(200_000)}`;
    for (const scheme of Object.keys(generated) as VersionScheme[]) compareVersions(scheme, long, `${long}1`);
  }
});

test("ranges and lists: either holds; an unknown bound is neither yes nor no", () => {
  const range = (
    introduced: string,
    fixed: string,
    lastAffected = "",
  ): { introduced: string; fixed: string; lastAffected: string } => ({
    introduced,
    fixed,
    lastAffected,
  });
  const record = {
    scheme: "semver" as const,
    ranges: [range("0", "1.2.0"), range("2.0.0", "", "2.4.1")],
    versions: ["3.0"],
  };
  const cases: readonly (readonly [string, boolean, string])[] = [
    ["1.1.9", true, "1.1.9 < 1.2.0 (semantic version order)"],
    [
      "1.2.0",
      false,
      "1.2.0 is not in [first, 1.2.0); 1.2.0 is not in [2.0.0, 2.4.1]; not among 1 listed (semantic version order)",
    ],
    ["2.4.1", true, "2.0.0 <= 2.4.1 <= 2.4.1 (semantic version order)"],
    ["2.4.2", false, ""],
    ["3.0.0", true, "3.0.0 is listed"],
  ];
  for (const [version, affected, comparison] of cases) {
    const verdict = isAffected(record, version);
    assert.equal(verdict?.affected, affected, version);
    if (comparison !== "") assert.equal(verdict?.comparison, comparison);
  }
  assert.equal(isAffected(record, "1.1.9")?.fixed, "1.2.0");
  assert.equal(isAffected(record, "main"), undefined);
  assert.equal(isAffected({ scheme: "semver", ranges: [], versions: [] }, "main")?.affected, true);
  assert.equal(
    isAffected({ scheme: "semver", ranges: [range("0", "")], versions: [] }, "x")?.comparison,
    "x: every version (semantic version order)",
  );
});

test("Go's toolchain versions are written as its advisories write them", () => {
  const cases = [
    ["go1.21", "1.21.0"],
    ["go1.21rc2", "1.21.0-rc.2"],
    ["1.21rc2", "1.21.0-rc.2"],
    ["go1.22.1 X:boringcrypto", "1.22.1"],
    ["go1.20.4-fips", "1.20.4"],
    ["devel go1.22-abc", "devel go1.22-abc"],
    ["v1.2.3", "v1.2.3"],
    ["1.21.0-0", "1.21.0-0"],
  ];
  for (const [given = "", expected] of cases) assert.equal(goToolchainVersion(given), expected, given);
});

test("apk: a fuzzy bound holds for every version that begins with its parts", () => {
  assert.ok(isFuzzyApk("1.2.3-r4", "1.2"));
  assert.ok(isFuzzyApk("1.2", "1.2"));
  assert.ok(!isFuzzyApk("1.20.3", "1.2"));
  assert.ok(!isFuzzyApk("1.2", "1.2.3"));
});
