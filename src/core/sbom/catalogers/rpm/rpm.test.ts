// rpm databases in all their formats, made by rpm's and Berkeley's own tools; and what lying ones do.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, test, type TestContext } from "node:test";
import * as fc from "fast-check";
import { catalog, catalogFile, catalogTools } from "../../../../../test/support/catalog-file.ts";
import {
  berkeleyDatabase,
  buildSqliteDatabase,
  hasBerkeley,
  hasRpm,
  headersOf,
  ndbDatabase,
} from "../../../../../test/support/rpm-database.ts";
import { skipUnless } from "../../../../../test/support/skip.ts";
import { Fault } from "../../../../base/fault.ts";
import { readRpmManifest, readSourceRpm, rpmCataloger, rpmVersion } from "./rpm.ts";

const files = Array.from({ length: 1500 }, (_, index) => `/usr/share/alpha/a-file-with-a-long-name-${index}`);

const alpha = `
Name: alpha
Epoch: 2
Version: 1.2.3
Release: 4.el9
Summary: s
License: MIT and BSD
BuildArch: noarch
ModularityLabel: alpha:18:9020020230327152102:rhel9
%description
d
%package -n alpha-libs
Summary: libs
%description -n alpha-libs
x
%install
mkdir -p %{buildroot}/usr/share/alpha %{buildroot}/usr/lib/python3/thing
for i in $(seq 0 1499); do echo > %{buildroot}/usr/share/alpha/a-file-with-a-long-name-$i; done
echo 1 > %{buildroot}/usr/lib/python3/thing/two.py
%files
/usr/share/alpha
%ghost /var/log/alpha
%files -n alpha-libs
/usr/lib/python3/thing/two.py
`;

const small = (name: string): string => `
Name: ${name}
Version: 0.${name.length}
Release: 1
Summary: s
License: MIT
BuildArch: noarch
%description
d
%files
`;

const specs = [alpha, ...["beta", "gamma1", "delta22", "gpg-pubkey"].map(small)];
const work = mkdtempSync(path.join(tmpdir(), "rpm-test-"));
after(() => rmSync(work, { recursive: true, force: true }));

let sqlite: Uint8Array | undefined;
function sqliteDatabase(context: TestContext): Uint8Array | undefined {
  if (!skipUnless(context, hasRpm, "rpmbuild and rpm (apt: rpm)")) return undefined;
  sqlite ??= buildSqliteDatabase(work, specs);
  return sqlite;
}

const system = { id: "rhel", versionId: "9.2", codename: "", name: "", idLike: [] };

function checkAll(at: string, bytes: Uint8Array): void {
  const { packages, owned, gaps } = catalog(rpmCataloger, [catalogFile(at, bytes)], system);
  assert.deepEqual(gaps, []);
  const rows = packages.map((entry) => `${entry.namespace}/${entry.name} ${entry.version} ${entry.module}`).toSorted();
  assert.deepEqual(rows, [
    "redhat/alpha 2:1.2.3-4.el9 alpha:18",
    "redhat/alpha-libs 2:1.2.3-4.el9 alpha:18",
    "redhat/beta 0.4-1 ",
    "redhat/delta22 0.7-1 ",
    "redhat/gamma1 0.6-1 ",
  ]);
  const libs = packages.find((entry) => entry.name === "alpha-libs");
  assert.deepEqual(libs?.source, { name: "alpha", version: "2:1.2.3-4.el9" });
  assert.deepEqual(libs?.licenses, ["MIT and BSD"]);
  assert.deepEqual(libs?.qualifiers, { distro: "rhel-9.2" });
  assert.equal(libs?.architecture, "noarch");
  const ofAlpha = owned?.find(({ index }) => packages[index]?.name === "alpha");
  assert.deepEqual(ofAlpha?.paths.toSorted(), files.toSorted());
  assert.equal(packages.find((entry) => entry.name === "alpha")?.source, undefined);
}

describe("rpm databases", () => {
  test("SQLite, as rpm writes it", (context) => {
    const bytes = sqliteDatabase(context);
    if (bytes !== undefined) checkAll("usr/lib/sysimage/rpm/rpmdb.sqlite", bytes);
  });
  test("ndb", (context) => {
    if (sqliteDatabase(context) !== undefined)
      checkAll("usr/lib/sysimage/rpm/Packages.db", ndbDatabase(headersOf(work)));
  });
  for (const kind of ["hash", "btree"] as const) {
    for (const pageBytes of [512, 4096, 65_536]) {
      test(`Berkeley ${kind}, pages of ${pageBytes}, as its own tool writes it`, (context) => {
        if (sqliteDatabase(context) === undefined) return;
        if (!skipUnless(context, hasBerkeley, "db5.3_load (apt: db5.3-util)")) return;
        checkAll("var/lib/rpm/Packages", berkeleyDatabase(work, kind, pageBytes));
      });
    }
  }
  test("an old database beside the new one does not count", (context) => {
    const bytes = sqliteDatabase(context);
    if (bytes === undefined) return;
    const old = ndbDatabase(headersOf(work).slice(0, 1));
    const read = catalog(rpmCataloger, [
      catalogFile("var/lib/rpm/Packages.db", old),
      catalogFile("var/lib/rpm/rpmdb.sqlite", bytes),
    ]);
    assert.equal(read.packages.length, 5);
    assert.ok(read.packages.every((entry) => entry.evidence[0]?.path.endsWith("sqlite")));
  });
  test("a write-ahead log is a gap", () => {
    const read = catalog(rpmCataloger, [catalogFile("var/lib/rpm/rpmdb.sqlite-wal", "x")]);
    assert.equal(read.gaps?.[0]?.kind, "database-unreadable");
    assert.deepEqual(catalog(rpmCataloger, [catalogFile("var/lib/rpm/rpmdb.sqlite-wal", "")]).gaps, []);
  });
});

/** Reads; a Fault is an answer, anything else that is thrown is not. */
function readOrFault(at: string, bytes: Uint8Array): void {
  try {
    rpmCataloger.read(catalogFile(at, bytes), catalogTools);
  } catch (error) {
    assert.ok(error instanceof Fault, String(error));
  }
}

describe("lying rpm databases", () => {
  test("flipped and cut bytes end in packages or a Fault", (context) => {
    if (sqliteDatabase(context) === undefined) return;
    const headers = headersOf(work).filter(({ blob }) => blob.length < 20_000);
    const kinds = [ndbDatabase(headers), sqlite ?? Buffer.alloc(0)];
    if (hasBerkeley) kinds.push(berkeleyDatabase(work, "hash", 4096), berkeleyDatabase(work, "btree", 4096));
    const flip = fc.record({
      kind: fc.nat({ max: kinds.length - 1 }),
      flips: fc.array(fc.tuple(fc.oneof(fc.nat({ max: 5000 }), fc.nat()), fc.nat({ max: 255 })), { maxLength: 20 }),
      cut: fc.option(fc.nat()),
    });
    const check = ({ kind, flips, cut }: typeof flip extends fc.Arbitrary<infer T> ? T : never): void => {
      const bytes = Uint8Array.from(kinds[kind] ?? []);
      for (const [at, value] of flips) bytes[at % bytes.length] = value;
      readOrFault("var/lib/rpm/Packages", cut === null ? bytes : bytes.subarray(0, cut % bytes.length));
    };
    fc.assert(fc.property(flip, check), { numRuns: 200 });
  });
  test("garbage is a Fault", () => {
    for (const bytes of [Buffer.from("hello"), Buffer.alloc(4096), Buffer.alloc(1)]) {
      assert.throws(() => rpmCataloger.read(catalogFile("var/lib/rpm/Packages", bytes), catalogTools), Fault);
    }
  });
  test("slots, chains and pages that are used again end in a Fault, not in work without end", (context) => {
    if (sqliteDatabase(context) === undefined) return;
    const headers = headersOf(work).toSorted((left, right) => right.blob.length - left.blob.length);
    const shared = ndbDatabase(headers);
    for (let slot = 48; slot < 4096; slot += 16) shared.copyWithin(slot, 32, 48);
    const read = catalog(rpmCataloger, [catalogFile("var/lib/rpm/Packages.db", shared)]);
    assert.deepEqual(
      read.gaps?.map(({ because }) => because),
      ["Not readable: ndb database whose slots share a blob"],
    );
    if (!hasBerkeley) return;
    const chained = berkeleyDatabase(work, "hash", 512);
    // Every overflow page leads to the first one of its kind.
    const pages = Array.from({ length: chained.length / 512 }, (_, page) => page).filter(
      (page) => chained[page * 512 + 25] === 7,
    );
    for (const page of pages) chained.writeUInt32LE(pages[0] ?? 0, page * 512 + 16);
    readOrFault("var/lib/rpm/Packages", chained);
  });
  test("a broken header is counted and the others are read", (context) => {
    if (sqliteDatabase(context) === undefined) return;
    const headers = headersOf(work);
    const broken = { number: 99, blob: new Uint8Array(64).fill(255) };
    const read = catalog(rpmCataloger, [catalogFile("var/lib/rpm/Packages.db", ndbDatabase([broken, ...headers]))]);
    assert.equal(read.packages.length, 5);
    assert.deepEqual(
      read.gaps?.map(({ kind, count }) => [kind, count]),
      [["database-unreadable", 1]],
    );
  });
});

test("the manifest of distroless Mariner", () => {
  const text = [
    "mariner-release\t2.0-12.cm2\t1653816591\t1653628955\tMicrosoft Corporation\t(none)\t580\tnoarch\t0\tmariner-release-2.0-12.cm2.src.rpm",
    "openssl-libs\t1.1.1k-15.cm2\t1653816591\t1653628955\tMicrosoft Corporation\t1\t580\tx86_64\t1\topenssl-1.1.1k-15.cm2.src.rpm",
    "\u0007broken\t1-1\t",
    "",
  ].join("\n");
  const part = readRpmManifest(text);
  assert.equal(part.refused, 1);
  const read = catalog(rpmCataloger, [catalogFile("var/lib/rpmmanifest/container-manifest-2", text)]);
  assert.deepEqual(
    read.packages.map(({ name, version, source }) => [name, version, source?.name]),
    [
      ["mariner-release", "2.0-12.cm2", undefined],
      ["openssl-libs", "1:1.1.1k-15.cm2", "openssl"],
    ],
  );
});

test("a source's epoch is that of the package of its own version, not of any subpackage", () => {
  const row = (name: string, version: string, epoch: string, source: string): string =>
    `${name}\t${version}\t1\t1\tRed Hat\t${epoch}\t1\tx86_64\t${epoch}\t${source}.src.rpm`;
  const read = catalog(rpmCataloger, [
    catalogFile(
      "var/lib/rpmmanifest/container-manifest-2",
      [
        row("perl-Errno", "1.28-424.el8", "(none)", "perl-5.26.3-424.el8"),
        row("perl-libs", "5.26.3-424.el8", "4", "perl-5.26.3-424.el8"),
        row("odd", "2-1", "7", "lonely-1-1"),
      ].join("\n"),
    ),
  ]);
  assert.deepEqual(
    read.packages.map(({ name, version, source }) => `${name} ${version} of ${source?.name} ${source?.version}`),
    [
      "perl-Errno 1.28-424.el8 of perl 4:5.26.3-424.el8",
      "perl-libs 4:5.26.3-424.el8 of perl 4:5.26.3-424.el8",
      "odd 7:2-1 of lonely 1-1",
    ],
  );
});

test("names of source packages", () => {
  assert.deepEqual(readSourceRpm("bash-5.1.8-9.el9.src.rpm"), { name: "bash", version: "5.1.8", release: "9.el9" });
  assert.deepEqual(readSourceRpm("gcc-c++-a-1-2.nosrc.rpm"), { name: "gcc-c++-a", version: "1", release: "2" });
  for (const file of ["", "(none)", "bash.src.rpm", "a-b.src.rpm", "a-1-2.rpm"])
    assert.equal(readSourceRpm(file), undefined);
  assert.equal(rpmVersion({ epoch: 0, version: "1", release: "" }), "1");
});
