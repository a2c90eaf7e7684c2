// Release files of many systems, of which the better one wins.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { catalogFile, catalogTools } from "../../../../../test/support/catalog-file.ts";
import { operatingSystemCataloger, operatingSystemOf, unquote } from "./release.ts";

function systemOf(files: Readonly<Record<string, string>>): ReturnType<typeof operatingSystemOf> {
  const parts = Object.entries(files).flatMap(([path, text]) => {
    const part = operatingSystemCataloger.read(catalogFile(path, text), catalogTools);
    return part === undefined ? [] : [{ path, layer: 0, part }];
  });
  return operatingSystemOf(parts);
}

const osRelease = (lines: string): Record<string, string> => ({ "etc/os-release": lines });

const cases: readonly (readonly [
  what: string,
  files: Readonly<Record<string, string>>,
  id: string,
  versionId: string,
  codename?: string,
])[] = [
  [
    "Debian",
    osRelease('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\n'),
    "debian",
    "12",
    "bookworm",
  ],
  [
    "Debian before VERSION_CODENAME",
    osRelease('ID=debian\nVERSION_ID="8"\nVERSION="8 (jessie)"\n'),
    "debian",
    "8",
    "jessie",
  ],
  [
    "Debian testing",
    { ...osRelease('PRETTY_NAME="Debian GNU/Linux trixie/sid"\nID=debian\n'), "etc/debian_version": "trixie/sid\n" },
    "debian",
    "",
    "trixie",
  ],
  [
    "Ubuntu",
    osRelease(
      'NAME="Ubuntu"\nVERSION="22.04.3 LTS (Jammy Jellyfish)"\nID=ubuntu\nID_LIKE=debian\nVERSION_ID="22.04"\nVERSION_CODENAME=jammy\n',
    ),
    "ubuntu",
    "22.04",
    "jammy",
  ],
  [
    "Ubuntu, codename in VERSION",
    osRelease('VERSION="14.04.6 LTS, Trusty Tahr"\nID=ubuntu\nVERSION_ID="14.04"\n'),
    "ubuntu",
    "14.04",
    "trusty",
  ],
  ["Alpine", osRelease("ID=alpine\nVERSION_ID=3.19.1\n"), "alpine", "3.19.1"],
  ["Alpine by its release file", { "etc/alpine-release": "3.4.6\n" }, "alpine", "3.4.6"],
  ["Wolfi", osRelease('ID=wolfi\nNAME="Wolfi"\nVERSION_ID="20230201"\n'), "wolfi", "20230201"],
  ["Red Hat UBI", osRelease('ID="rhel"\nID_LIKE="fedora"\nVERSION_ID="9.3"\n'), "rhel", "9.3"],
  ["usr/lib only (distroless, links)", { "usr/lib/os-release": "ID=azurelinux\nVERSION_ID=3.0" }, "azurelinux", "3.0"],
  [
    "etc before usr/lib",
    { "usr/lib/os-release": "ID=debian\nVERSION_ID=11", ...osRelease("ID=debian\nVERSION_ID=12") },
    "debian",
    "12",
  ],
  [
    "single quotes, comments, odd lines",
    osRelease("# ID=no\nID='amzn'\nwhat\n=x\nVERSION_ID='2023'\n"),
    "amzn",
    "2023",
  ],
  ["no ID, a name", osRelease('NAME="CBL-Mariner"\nVERSION_ID="2.0"\n'), "mariner", "2.0"],
  [
    "CentOS 6",
    { "etc/redhat-release": "CentOS release 6.10 (Final)\n", "etc/centos-release": "CentOS release 6.10 (Final)\n" },
    "centos",
    "6.10",
    "Final",
  ],
  [
    "Red Hat 5",
    { "etc/redhat-release": "Red Hat Enterprise Linux Server release 5.11 (Tikanga)\n" },
    "rhel",
    "5.11",
    "Tikanga",
  ],
  [
    "Oracle 6, which also says it is Red Hat",
    {
      "etc/oracle-release": "Oracle Linux Server release 6.10\n",
      "etc/redhat-release": "Red Hat Enterprise Linux Server release 6.10 (Santiago)\n",
    },
    "ol",
    "6.10",
  ],
  ["Amazon 1", { "etc/system-release": "Amazon Linux AMI release 2018.03\n" }, "amzn", "2018.03"],
  ["a CPE, old form", { "etc/system-release-cpe": "cpe:/o:centos:linux:6:GA\n" }, "centos", "6"],
  ["a CPE, new form", { "etc/system-release-cpe": "cpe:2.3:o:amazon:amazon_linux:2\n" }, "amzn", "2"],
  [
    "SUSE 11",
    { "etc/SuSE-release": "SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n" },
    "sles",
    "11.4",
  ],
  ["Photon", { "etc/photon-release": "VMware Photon Linux 1.0\nPHOTON_BUILD_NUMBER=62c543d\n" }, "photon", "1.0"],
  ["Mariner 1", { "etc/mariner-release": "CBL-Mariner 1.0.20220805\n" }, "mariner", "1.0.20220805"],
  ["Debian by debian_version", { "etc/debian_version": "9.13\n" }, "debian", "9"],
  [
    "lsb-release",
    {
      "etc/lsb-release":
        'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=12.04\nDISTRIB_CODENAME=precise\nDISTRIB_DESCRIPTION="Ubuntu 12.04.5 LTS"\n',
    },
    "ubuntu",
    "12.04",
    "precise",
  ],
  ["Arch", { "etc/arch-release": "" }, "arch", ""],
  [
    "busybox alone",
    { "bin/busybox": "\u0000\u0000BusyBox v1.36.1 (2023-06-02 00:42:02 UTC)\u0000" },
    "busybox",
    "1.36.1",
  ],
  [
    "busybox in Alpine",
    { "bin/busybox": "BusyBox v1.36.1 ", ...osRelease("ID=alpine\nVERSION_ID=3.18.4") },
    "alpine",
    "3.18.4",
  ],
];

describe("operating systems", () => {
  for (const [what, files, id, versionId, codename = ""] of cases) {
    test(what, () => {
      const { operatingSystem, gaps } = systemOf(files);
      assert.deepEqual(
        [operatingSystem?.id, operatingSystem?.versionId, operatingSystem?.codename],
        [id, versionId, codename],
      );
      assert.deepEqual(gaps, []);
    });
  }
  test("none is a gap that says why", () => {
    assert.equal(systemOf({}).operatingSystem, undefined);
    assert.deepEqual(
      systemOf({}).gaps.map(({ kind }) => kind),
      ["operating-system-unknown"],
    );
    const odd = systemOf(osRelease('NAME="My own Linux"\n'));
    assert.deepEqual([odd.operatingSystem?.id, odd.operatingSystem?.name], ["", "My own Linux"]);
    assert.deepEqual(
      odd.gaps.map(({ kind }) => kind),
      ["operating-system-unknown"],
    );
  });
  test("quoting", () => {
    assert.deepEqual(['"a b"', "'a\"b'", String.raw`"a\"\$b"`, "bare", '"open', "'open", ""].map(unquote), [
      "a b",
      'a"b',
      'a"$b',
      "bare",
      "open",
      "open",
      "",
    ]);
  });
});
