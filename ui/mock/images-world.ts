// The mock's images: what is in them, found in them, and where they run. Made up, with the shapes of real ones.
import type { VulnerabilityMatch } from "../../src/model/vulnerability-match.ts";
import type { SoftwarePackage } from "../../src/model/software-package.ts";

export interface MockFinding {
  readonly id: string;
  readonly severity: VulnerabilityMatch["severity"];
  readonly title: string;
  /** Index into the image's packages. */
  readonly package: number;
  readonly fixed: string;
  readonly cvss: number;
  readonly epss?: number;
  readonly isExploited?: true;
  readonly isUpstream?: true;
  readonly isLoaded?: true;
  readonly isAccepted?: true;
}

export interface MockPackage {
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly layer: number;
  readonly path: string;
  readonly namespace?: string;
  readonly source?: string;
  readonly ownedBy?: string;
}

export interface MockImage {
  readonly reference: string;
  readonly system: string;
  readonly sizeMegabytes: number;
  readonly packages: readonly MockPackage[];
  readonly findings: readonly MockFinding[];
  readonly workloads: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly count: number;
    readonly isExposed?: true;
  }[];
  readonly user: string;
  readonly gaps: number;
}

const dpkg = "/var/lib/dpkg/status";
const debian: readonly MockPackage[] = [
  { type: "deb", namespace: "debian", name: "libc6", version: "2.36-9", layer: 0, path: dpkg, source: "glibc" },
  { type: "deb", namespace: "debian", name: "libssl3", version: "3.0.9-1", layer: 0, path: dpkg, source: "openssl" },
  {
    type: "deb",
    namespace: "debian",
    name: "zlib1g",
    version: "1:1.2.13.dfsg-1",
    layer: 0,
    path: dpkg,
    source: "zlib",
  },
  { type: "deb", namespace: "debian", name: "perl-base", version: "5.36.0-7", layer: 0, path: dpkg, source: "perl" },
  { type: "deb", namespace: "debian", name: "libexpat1", version: "2.5.0-1", layer: 1, path: dpkg, source: "expat" },
];

export const mockImages: readonly MockImage[] = [
  {
    reference: "registry.shop.example/shop/web:1.42.0",
    system: "debian 12",
    sizeMegabytes: 214,
    user: "",
    gaps: 1,
    packages: [
      ...debian,
      { type: "npm", name: "lodash", version: "4.17.20", layer: 2, path: "/app/node_modules/lodash/package.json" },
      { type: "npm", name: "express", version: "4.18.1", layer: 2, path: "/app/node_modules/express/package.json" },
      {
        type: "pypi",
        name: "certifi",
        version: "2022.9.24",
        layer: 1,
        path: "/usr/lib/python3/dist-packages/certifi-2022.9.24.egg-info/PKG-INFO",
        ownedBy: "pkg:deb/debian/python3-certifi@2022.9.24-1?arch=all",
      },
    ],
    findings: [
      {
        id: "CVE-2023-4911",
        severity: "high",
        title: "Buffer overflow in ld.so while processing GLIBC_TUNABLES",
        package: 0,
        fixed: "2.36-9+deb12u3",
        cvss: 7.8,
        epss: 0.97,
        isExploited: true,
        isLoaded: true,
      },
      {
        id: "CVE-2024-2961",
        severity: "critical",
        title: "iconv writes past its buffer for ISO-2022-CN-EXT",
        package: 0,
        fixed: "2.36-9+deb12u6",
        cvss: 8.8,
        epss: 0.99,
        isLoaded: true,
      },
      {
        id: "CVE-2023-5363",
        severity: "high",
        title: "Wrong key and IV lengths are processed late",
        package: 1,
        fixed: "3.0.11-1~deb12u2",
        cvss: 7.5,
        epss: 0.61,
        isLoaded: true,
      },
      {
        id: "CVE-2023-45853",
        severity: "critical",
        title: "Integer overflow in MiniZip's zipOpenNewFileInZip4_6",
        package: 2,
        fixed: "",
        cvss: 9.8,
        epss: 0.74,
        isAccepted: true,
      },
      {
        id: "CVE-2023-31484",
        severity: "high",
        title: "CPAN.pm does not verify TLS certificates",
        package: 3,
        fixed: "5.36.0-7+deb12u1",
        cvss: 8.1,
        epss: 0.55,
      },
      {
        id: "CVE-2024-28757",
        severity: "high",
        title: "XML entity expansion through isolated parsers",
        package: 4,
        fixed: "2.5.0-1+deb12u4",
        cvss: 7.5,
        epss: 0.34,
      },
      {
        id: "CVE-2021-23337",
        severity: "high",
        title: "Command injection through templates",
        package: 5,
        fixed: "4.17.21",
        cvss: 7.2,
        epss: 0.66,
        isLoaded: true,
      },
      {
        id: "CVE-2020-28500",
        severity: "medium",
        title: "Trimming long strings takes very long",
        package: 5,
        fixed: "4.17.21",
        cvss: 5.3,
        epss: 0.71,
      },
      {
        id: "CVE-2024-29041",
        severity: "medium",
        title: "Open redirect through malformed addresses",
        package: 6,
        fixed: "4.19.2",
        cvss: 6.1,
      },
      {
        id: "CVE-2023-37920",
        severity: "critical",
        title: "Root certificates of e-Tugra are trusted",
        package: 7,
        fixed: "2023.7.22",
        cvss: 9.8,
        epss: 0.4,
        isUpstream: true,
      },
    ],
    workloads: [
      { namespace: "shop", name: "frontend", count: 3, isExposed: true },
      { namespace: "shop-staging", name: "frontend", count: 1 },
    ],
  },
  {
    reference: "registry.shop.example/shop/payments:7.1",
    system: "debian 12",
    sizeMegabytes: 331,
    user: "10001",
    gaps: 0,
    packages: [
      ...debian,
      {
        type: "maven",
        namespace: "org.apache.logging.log4j",
        name: "log4j-core",
        version: "2.14.1",
        layer: 2,
        path: "/app/payments.jar!/BOOT-INF/lib/log4j-core-2.14.1.jar",
      },
    ],
    findings: [
      {
        id: "CVE-2021-44228",
        severity: "critical",
        title: "Log4Shell: JNDI lookups in messages run code from elsewhere",
        package: 5,
        fixed: "2.15.0",
        cvss: 10,
        epss: 0.99,
        isExploited: true,
        isLoaded: true,
      },
      {
        id: "CVE-2023-5363",
        severity: "high",
        title: "Wrong key and IV lengths are processed late",
        package: 1,
        fixed: "3.0.11-1~deb12u2",
        cvss: 7.5,
        epss: 0.61,
      },
      {
        id: "CVE-2023-4911",
        severity: "high",
        title: "Buffer overflow in ld.so while processing GLIBC_TUNABLES",
        package: 0,
        fixed: "2.36-9+deb12u3",
        cvss: 7.8,
        epss: 0.97,
        isExploited: true,
      },
    ],
    workloads: [{ namespace: "shop", name: "payments", count: 2 }],
  },
  {
    reference: "nginx:1.27",
    system: "debian 12",
    sizeMegabytes: 72,
    user: "",
    gaps: 0,
    packages: debian.slice(0, 3),
    findings: [
      {
        id: "CVE-2024-2961",
        severity: "critical",
        title: "iconv writes past its buffer for ISO-2022-CN-EXT",
        package: 0,
        fixed: "2.36-9+deb12u6",
        cvss: 8.8,
        epss: 0.99,
      },
    ],
    workloads: [{ namespace: "ingress", name: "edge", count: 2, isExposed: true }],
  },
  {
    reference: "ghcr.io/platform/reporter:0.9",
    system: "distroless 12",
    sizeMegabytes: 19,
    user: "65532",
    gaps: 2,
    packages: [
      {
        type: "golang",
        namespace: "github.com/gin-gonic",
        name: "gin",
        version: "v1.9.1",
        layer: 1,
        path: "/reporter",
      },
    ],
    findings: [],
    workloads: [],
  },
];

/** Of a name: sixty-four hexadecimal digits that do not change. */
export function mockDigest(name: string): string {
  let seed = 2_166_136_261;
  let hex = "";
  for (let round = 0; hex.length < 64; round += 1) {
    for (const character of `${name}${round}`)
      seed = Math.imul(seed ^ (character.codePointAt(0) ?? 0), 16_777_619) >>> 0;
    hex += seed.toString(16).padStart(8, "0");
  }
  return `sha256:${hex.slice(0, 64)}`;
}

export function purlOfMock({ type, namespace = "", name, version }: MockPackage): string {
  return `pkg:${type}/${namespace === "" ? "" : `${namespace}/`}${name}@${version}`;
}

export function packageOfMock(given: MockPackage): SoftwarePackage {
  const { type, namespace = "", name, version, layer, path, source, ownedBy = "" } = given;
  return {
    type,
    namespace,
    name,
    version,
    architecture: type === "deb" ? "amd64" : "",
    ...(source === undefined ? {} : { source: { name: source, version } }),
    module: "",
    licenses: ["MIT"],
    cpes: [],
    qualifiers: {},
    scope: "installed",
    ownedBy,
    cataloger: type === "deb" ? "deb/dpkg" : `${type}/installed`,
    evidence: [{ path, layer, line: type === "deb" ? 120 : 0, kind: type === "deb" ? "database" : "manifest" }],
  };
}
