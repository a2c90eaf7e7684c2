// Until when the makers of an operating system fix its packages for everybody. After that day silence of their advisories says nothing: a gap, not "clean".
// Dates are the makers' own announcements; what only paying customers get does not count, Debian's LTS (open to all) does.
import { parseInstantMs } from "../../base/instant.ts";
import type { OperatingSystem } from "../../model/image-analysis.ts";

/** rolling: there are no releases to end. unknown: this table does not know the release, and `because` says so. */
export interface EndOfLife {
  readonly state: "supported" | "ended" | "rolling" | "unknown";
  /** Last day with fixes, "2024-06-30"; "" when rolling or unknown. */
  readonly endsOn: string;
  readonly because: string;
}

type Releases = Readonly<Record<string, string>>;

const debian: Releases = {
  "6": "2016-02-29",
  "7": "2018-05-31",
  "8": "2020-06-30",
  "9": "2022-06-30",
  "10": "2024-06-30",
  "11": "2026-08-31",
  "12": "2028-06-30",
  "13": "2030-06-30",
};

const ubuntu: Releases = {
  "12.04": "2017-04-28",
  "14.04": "2019-04-25",
  "16.04": "2021-04-30",
  "17.10": "2018-07-19",
  "18.04": "2023-05-31",
  "18.10": "2019-07-18",
  "19.04": "2020-01-23",
  "19.10": "2020-07-17",
  "20.04": "2025-05-31",
  "20.10": "2021-07-22",
  "21.04": "2022-01-20",
  "21.10": "2022-07-14",
  "22.04": "2027-04-30",
  "22.10": "2023-07-20",
  "23.04": "2024-01-25",
  "23.10": "2024-07-11",
  "24.04": "2029-05-31",
  "24.10": "2025-07-10",
  "25.04": "2026-01-15",
};

const alpine: Releases = {
  "3.0": "2016-05-01",
  "3.1": "2016-11-01",
  "3.2": "2017-05-01",
  "3.3": "2017-11-01",
  "3.4": "2018-05-01",
  "3.5": "2018-11-01",
  "3.6": "2019-05-01",
  "3.7": "2019-11-01",
  "3.8": "2020-05-01",
  "3.9": "2020-11-01",
  "3.10": "2021-05-01",
  "3.11": "2021-11-01",
  "3.12": "2022-05-01",
  "3.13": "2022-11-01",
  "3.14": "2023-05-01",
  "3.15": "2023-11-01",
  "3.16": "2024-05-23",
  "3.17": "2024-11-22",
  "3.18": "2025-05-09",
  "3.19": "2025-11-01",
  "3.20": "2026-04-01",
  "3.21": "2026-11-01",
  "3.22": "2027-05-01",
};

const fedora: Releases = {
  "30": "2020-05-26",
  "31": "2020-11-24",
  "32": "2021-05-25",
  "33": "2021-11-30",
  "34": "2022-06-07",
  "35": "2022-12-13",
  "36": "2023-05-16",
  "37": "2023-12-05",
  "38": "2024-05-21",
  "39": "2024-11-26",
  "40": "2025-05-13",
  "41": "2025-12-15",
  "42": "2026-05-13",
};

const rhel: Releases = {
  "4": "2012-02-29",
  "5": "2017-03-31",
  "6": "2020-11-30",
  "7": "2024-06-30",
  "8": "2029-05-31",
  "9": "2032-05-31",
  "10": "2035-05-31",
};

const sles: Releases = {
  "11.4": "2019-03-31",
  "12": "2016-06-30",
  "12.1": "2017-05-31",
  "12.2": "2018-03-31",
  "12.3": "2019-06-30",
  "12.4": "2020-06-30",
  "12.5": "2024-10-31",
  "15": "2019-12-31",
  "15.1": "2021-01-31",
  "15.2": "2021-12-31",
  "15.3": "2022-12-31",
  "15.4": "2023-12-31",
  "15.5": "2024-12-31",
  "15.6": "2025-12-31",
  "15.7": "2031-07-31",
};

const leap: Releases = {
  "42.1": "2017-05-17",
  "42.2": "2018-01-26",
  "42.3": "2019-06-30",
  "15.0": "2019-12-03",
  "15.1": "2021-02-02",
  "15.2": "2022-01-04",
  "15.3": "2022-12-31",
  "15.4": "2023-12-07",
  "15.5": "2024-12-31",
  "15.6": "2026-04-30",
};

interface System {
  /** Which part of VERSION_ID names a release. */
  readonly names: "major" | "minor" | "all";
  readonly releases: Releases;
}

const systems = new Map<string, System>([
  ["debian", { names: "major", releases: debian }],
  ["raspbian", { names: "major", releases: debian }],
  ["ubuntu", { names: "minor", releases: ubuntu }],
  ["alpine", { names: "minor", releases: alpine }],
  ["fedora", { names: "major", releases: fedora }],
  ["rhel", { names: "major", releases: rhel }],
  [
    "centos",
    { names: "major", releases: { "5": "2017-03-31", "6": "2020-11-30", "7": "2024-06-30", "8": "2021-12-31" } },
  ],
  ["centos-stream", { names: "major", releases: { "8": "2024-05-31", "9": "2027-05-31" } }],
  ["rocky", { names: "major", releases: { "8": "2029-05-31", "9": "2032-05-31", "10": "2035-05-31" } }],
  ["almalinux", { names: "major", releases: { "8": "2029-03-01", "9": "2032-05-31", "10": "2035-05-31" } }],
  [
    "ol",
    {
      names: "major",
      releases: {
        "5": "2017-06-30",
        "6": "2021-03-31",
        "7": "2024-12-31",
        "8": "2029-07-31",
        "9": "2032-06-30",
        "10": "2035-06-30",
      },
    },
  ],
  [
    "amzn",
    {
      names: "major",
      releases: {
        "2016": "2023-12-31",
        "2017": "2023-12-31",
        "2018": "2023-12-31",
        "2": "2026-06-30",
        "2023": "2029-06-30",
      },
    },
  ],
  ["sles", { names: "all", releases: sles }],
  ["sled", { names: "all", releases: sles }],
  ["opensuse-leap", { names: "all", releases: leap }],
  [
    "photon",
    {
      names: "minor",
      releases: { "1.0": "2022-02-28", "2.0": "2022-12-31", "3.0": "2024-03-01", "4.0": "2026-03-01" },
    },
  ],
  ["mariner", { names: "minor", releases: { "1.0": "2023-07-31", "2.0": "2025-07-31" } }],
  ["azurelinux", { names: "minor", releases: { "3.0": "2027-07-31" } }],
]);

const rolling = new Set([
  "wolfi",
  "chainguard",
  "arch",
  "archlinux",
  "archarm",
  "manjaro",
  "gentoo",
  "opensuse-tumbleweed",
  "opensuse-microos",
  "kali",
  "void",
  "minimos",
]);

/** Debian's and Alpine's development branches have no VERSION_ID, or one that says "not yet". */
function isRolling({ id, versionId, codename }: OperatingSystem): boolean {
  if (rolling.has(id)) return true;
  if (id === "alpine") return versionId === "edge" || /_(?:alpha|beta|rc|git)/.test(versionId);
  return id === "debian" && versionId === "" && (codename === "sid" || codename === "");
}

function releaseName(versionId: string, names: System["names"]): string {
  if (names === "all") return versionId;
  const parts = /^(\d+)(?:\.(\d+))?/.exec(versionId);
  const [, major = "", minor] = parts ?? [];
  return names === "major" || minor === undefined ? major : `${major}.${minor}`;
}

/** Whether fixes are still made at `nowMs` (milliseconds since the epoch). The last day counts as supported until it ends (UTC). */
export function endOfLife(operatingSystem: OperatingSystem | undefined, nowMs: number): EndOfLife {
  if (operatingSystem === undefined || operatingSystem.id === "") {
    return { state: "unknown", endsOn: "", because: "the operating system is not known" };
  }
  const { id, versionId, name } = operatingSystem;
  if (isRolling(operatingSystem)) return { state: "rolling", endsOn: "", because: `${id} has no releases that end` };
  const isStream = id === "centos" && (/stream/i.test(name) || /^(?:9|1\d)/.test(versionId));
  const system = systems.get(isStream ? "centos-stream" : id);
  const release = releaseName(versionId, system?.names ?? "all");
  const endsOn =
    system !== undefined && Object.hasOwn(system.releases, release) ? (system.releases[release] ?? "") : "";
  const endMs = parseInstantMs(endsOn);
  if (endMs === undefined) {
    return { state: "unknown", endsOn: "", because: `no end date is known of ${id} ${versionId}`.trim() };
  }
  const isEnded = nowMs >= endMs + 86_400_000;
  const because = isEnded
    ? `fixes for ${id} ${release} ended on ${endsOn}`
    : `${id} ${release} gets fixes until ${endsOn}`;
  return { state: isEnded ? "ended" : "supported", endsOn, because };
}
