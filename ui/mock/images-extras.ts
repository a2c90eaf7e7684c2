// The mock's smaller answers about images: layers, advice, secrets, jobs, exceptions, explanations.
import type { Asked } from "./asked.ts";
import { mockDigest, mockImages, type MockImage } from "./images-world.ts";

const iso = (ms: number): string => new Date(ms).toISOString();
const dayMs = 86_400_000;

function layersOf(image: MockImage) {
  const made = [
    "/bin/sh -c #(nop) ADD file:rootfs.tar in /",
    "RUN /bin/sh -c apt-get update && apt-get install -y python3-certifi libexpat1",
    "COPY /build /app",
    "RUN /bin/sh -c chmod -R go-w /app",
  ];
  return made.map((createdBy, index) => ({
    digest: mockDigest(`${image.reference} blob ${index}`),
    diffId: mockDigest(`${image.system} layer ${index}`),
    mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
    sizeBytes: [29_000_000, 41_000_000, image.sizeMegabytes * 600_000, 3_100_000][index] ?? 0,
    inflatedBytes: [77_000_000, 118_000_000, image.sizeMegabytes * 1_500_000, 3_200_000][index] ?? 0,
    files: [3402, 1204, 9120, 12][index] ?? 0,
    createdBy,
    isBase: index === 0,
    packages: image.packages.filter(({ layer }) => layer === index).length,
    findings: image.findings.filter(({ package: at }) => image.packages[at]?.layer === index).length,
  }));
}

function adviceOf(image: MockImage) {
  const place = { line: 0, column: 0, layer: -1 };
  const isRoot = image.user === "";
  return [
    ...(isRoot
      ? [
          {
            rule: "image/root-user",
            hadolint: "DL3002",
            severity: "warning" as const,
            message: "The image runs as root",
            fix: "End the Dockerfile with USER and a number that is not 0.",
            subject: "",
            ...place,
          },
        ]
      : []),
    {
      rule: "image/shell",
      hadolint: "",
      severity: "info" as const,
      message: "A shell is in the image",
      fix: "Use a distroless base, or remove it in the last stage.",
      subject: "/bin/sh, /bin/bash",
      ...place,
      accepted: { name: "shells-in-shop", owner: "platform", expiresAt: "2027-01-31" },
    },
    {
      rule: "image/setuid",
      hadolint: "",
      severity: "warning" as const,
      message: "7 files are setuid or setgid",
      fix: "Remove the bits: RUN find / -xdev -perm /6000 -type f -exec chmod a-s {} +",
      subject: "/usr/bin/passwd, /usr/bin/su, ...",
      ...place,
    },
  ];
}

function base() {
  return {
    how: "layers" as const,
    image: "debian:12-slim",
    digest: mockDigest("debian"),
    layers: 1,
    because: "its first layer is that of an analysed image",
    proposals: [
      {
        image: "debian:12-slim (newer)",
        kind: "newer" as const,
        because: "it was rebuilt with fixed packages",
        removes: { total: 4, critical: 1, high: 3 },
        removesBecause: "",
        packagesRemoved: 0,
        mindful: [],
      },
      {
        image: "gcr.io/distroless/nodejs22-debian12",
        kind: "distroless" as const,
        because: "the entrypoint needs node and nothing else",
        removesBecause: "it was not analysed here",
        mindful: ["no shell: a health check by shell has to change"],
      },
    ],
  };
}

export function imageExtras(image: MockImage, nowMs: number) {
  const [id = "", versionId = ""] = image.system.split(" ");
  return {
    operatingSystem: { id, versionId, codename: "", name: `${id} ${versionId}`, idLike: [] },
    config: {
      os: "linux",
      architecture: "amd64",
      variant: "",
      created: iso(nowMs - 47 * dayMs),
      user: image.user,
      entrypoint: ["node", "server.js"],
      command: [],
      workingDirectory: "/app",
      environment: ["PATH", "NODE_ENV"],
      exposedPorts: ["8080/tcp"],
      volumes: [],
      hasHealthcheck: false,
      stopSignal: "",
      labels: {},
      history: [],
    },
    layers: layersOf(image),
    secrets:
      image.user === ""
        ? [
            {
              rule: "aws-access-key",
              title: "AWS access key",
              severity: "critical" as const,
              path: "/app/.env",
              layer: 2,
              line: 4,
              redacted: "AWS_ACCESS_KEY_ID=AKIA… (20 characters)",
              isHidden: true,
            },
          ]
        : [],
    secretsSearched: true,
    facts: {},
    advice: adviceOf(image),
    base: base(),
    gaps:
      image.gaps === 0
        ? []
        : [
            {
              kind: "version-unknown" as const,
              layer: 2,
              subject: "/app/requirements.txt",
              because: "a requirement without a version cannot be judged",
              count: image.gaps,
            },
          ],
  };
}

function jobs(asked: Asked) {
  const job = (reference: string, over: Record<string, unknown>) => ({
    id: mockDigest(reference).slice(7, 23),
    reference,
    state: "done",
    because: "",
    digest: mockDigest(reference),
    author: "garrison",
    layersDone: 4,
    layers: 4,
    bytes: 214_000_000,
    askedAt: iso(asked.nowMs - 3_600_000),
    endedAt: iso(asked.nowMs - 3_590_000),
    ...over,
  });
  return {
    jobs: [
      job("registry.shop.example/shop/web:1.43.0-rc1", {
        state: "running",
        layersDone: 2,
        bytes: 98_000_000,
        author: "admin",
        askedAt: iso(asked.nowMs - 20_000),
        endedAt: undefined,
      }),
      job("registry.shop.example/shop/old:1", {
        state: "failed",
        because: "the registry answers 404: no such manifest",
      }),
      job("registry.shop.example/shop/web:1.42.0", {}),
    ],
    registries: ["registry.shop.example", "ghcr.io"],
    waitingMax: 200,
  };
}

function exceptions(asked: Asked) {
  const row = (name: string, over: Record<string, unknown>, spec: Record<string, unknown>) => ({
    scope: "global",
    name,
    spec: { reason: "", owner: "platform", status: "accepted", ...spec },
    state: "in-force",
    covers: 1,
    images: 1,
    author: "admin",
    changedAt: iso(asked.nowMs - 5 * dayMs),
    ...over,
  });
  return {
    rows: [
      row(
        "zlib-minizip",
        {},
        {
          vulnerability: "CVE-2023-45853",
          scope: { purl: "pkg:deb/debian/zlib1g" },
          reason: "Debian does not build minizip into zlib1g",
          expires: iso(asked.nowMs + 40 * dayMs).slice(0, 10),
          status: "not_affected",
          justification: "vulnerable_code_not_present",
        },
      ),
      row(
        "certifi-web",
        { state: "ends-soon" },
        {
          vulnerability: "CVE-2023-37920",
          scope: { repository: "registry.shop.example/shop/web" },
          reason: "The list of authorities comes from the system",
          owner: "shop-team",
          expires: iso(asked.nowMs + 3 * dayMs).slice(0, 10),
        },
      ),
      row(
        "old-perl",
        { state: "expired", covers: 2, images: 2 },
        {
          vulnerability: "CVE-2023-31484",
          scope: { any: true },
          reason: "No CPAN at run time",
          expires: iso(asked.nowMs - 30 * dayMs).slice(0, 10),
        },
      ),
    ],
  };
}

export const imageExtraAnswers: Readonly<Record<string, (asked: Asked) => unknown>> = {
  listImageJobs: jobs,
  scanImage: (asked) => ({ job: { ...jobs(asked).jobs[0], state: "waiting" } }),
  submitImage: () => ({ digest: mockDigest("submitted"), gaps: 0 }),
  removeImage: () => ({ removed: true }),
  imageSbom: () => ({ bomFormat: "CycloneDX", specVersion: "1.6", components: [] }),
  listExceptions: exceptions,
  previewException: () => ({ covers: 1, images: 1, runningContainers: 4, rows: [], omitted: 0, notes: [] }),
  explainMatch: ({ query }) => ({
    vulnerability: query["vulnerability"] ?? "",
    names: [query["vulnerability"] ?? ""],
    verdict: "does-not-hold",
    summary: `no package of ${mockImages[0]?.reference ?? "the image"} is affected by it`,
    steps: [
      {
        verdict: "does-not-hold",
        purl: "pkg:deb/debian/liblzma5@5.4.1-0.2",
        feed: "debian-tracker",
        record: query["vulnerability"] ?? "",
        because: "installed 5.4.1-0.2 is not in the range from 5.6.0 up to before 5.6.1+really5.4.5-1 (dpkg order)",
      },
    ],
    omitted: 0,
    gaps: ["osv-maven is 9 days old"],
  }),
};
