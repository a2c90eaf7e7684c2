// Image rules: each tells in one case and is silent in a near miss; what was not looked at is never told as good or bad.
import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { ImageAnalysis } from "../../model/image-analysis.ts";
import { adviseImage, imageAdviceLimits, type ImageAdviceOptions } from "./advise-image.ts";
import { instructionOf } from "./rules/history.ts";
import { imageRules } from "./rules/list.ts";

const nowMs = Date.UTC(2026, 10, 1);

/** Overrides are of the schema's input: the rest has its defaults. */
function analysis(overrides: object = {}): ImageAnalysis {
  const config = "config" in overrides ? overrides.config : {};
  return ImageAnalysis.parse({
    schema: 1,
    source: "registry",
    reference: "shop.example/web:1.2",
    digest: `sha256:${"a".repeat(64)}`,
    packages: [],
    ...overrides,
    config,
  });
}

function rulesOf(overrides: object, options: ImageAdviceOptions = { nowMs }): readonly string[] {
  return adviseImage(analysis(overrides), options).map(({ rule }) => rule);
}

const file = (path: string): object => ({ path, layer: 1 });
const line = (createdBy: string, isEmptyLayer = false, created = ""): object => ({ created, createdBy, isEmptyLayer });
const deb = (count: number): readonly object[] =>
  Array.from({ length: count }, (_, index) => ({ type: "deb", name: `p${index}`, cataloger: "deb/dpkg" }));
const users = [
  { name: "app", uid: 1000, gid: 1000, shell: "/bin/sh" },
  { name: "toor", uid: 0, gid: 0, shell: "/bin/sh" },
];

interface Case {
  readonly fires: readonly object[];
  readonly passes: readonly object[];
  readonly options?: ImageAdviceOptions;
}

const base = { how: "layers", image: "debian:12", digest: "", layers: 1, because: "" } as const;

const cases: Readonly<Record<string, Case>> = {
  "image/root-user": {
    fires: [
      {},
      { config: { user: "0" } },
      { config: { user: "root:root" } },
      { config: { user: "toor" }, facts: { users } },
    ],
    passes: [
      { config: { user: "1000" } },
      { config: { user: "app" }, facts: { users } },
      { config: { user: "app" } },
      { config: undefined },
    ],
  },
  "image/user-unknown": {
    fires: [{ config: { user: "web" }, facts: { users } }],
    passes: [
      { config: { user: "app" }, facts: { users } },
      { config: { user: "web" } },
      { config: { user: "5" }, facts: { users } },
    ],
  },
  "image/user-by-name": {
    fires: [{ config: { user: "app" }, facts: { users } }],
    passes: [{ config: { user: "1000" }, facts: { users } }, { config: { user: "app" } }],
  },
  "image/secret": {
    fires: [
      {
        secrets: [
          {
            rule: "private-key",
            title: "Private key",
            severity: "high",
            path: "/k",
            layer: 0,
            line: 1,
            redacted: "",
            isHidden: true,
          },
        ],
      },
    ],
    passes: [{ secretsSearched: true }],
  },
  "image/secret-history": {
    fires: [{ config: { history: [line("RUN curl -u ‹redacted:credentials-flag› x")] } }],
    passes: [{ config: { history: [line("RUN curl x")] } }],
  },
  "image/secret-environment": {
    fires: [{ config: { environment: ["DB_PASSWORD"] } }],
    passes: [{ config: { environment: ["PATH", "DB_PASSWORD_FILE"] } }],
  },
  "image/latest-tag": {
    fires: [{ reference: "nginx" }, { reference: "nginx:latest" }],
    passes: [
      {},
      { reference: `nginx@sha256:${"a".repeat(64)}` },
      { reference: "nginx", source: "archive" },
      { reference: "Not A Reference" },
    ],
  },
  "image/no-digest": { fires: [{}], passes: [{ reference: `nginx@sha256:${"a".repeat(64)}` }, { source: "archive" }] },
  "image/no-healthcheck": { fires: [{}], passes: [{ config: { hasHealthcheck: true } }, { config: undefined }] },
  "image/port": {
    fires: [{ config: { exposedPorts: ["80/tcp"] } }, { config: { exposedPorts: ["22"] } }],
    passes: [{ config: { exposedPorts: ["8080/tcp"] } }],
  },
  "image/volume": {
    fires: [{ config: { volumes: ["/etc"] } }, { config: { volumes: ["/var/run/docker.sock"] } }],
    passes: [{ config: { volumes: ["/etc/app", "/data"] } }],
  },
  "image/labels": {
    fires: [{}, { config: { labels: { "org.opencontainers.image.source": "x" } } }],
    passes: [
      { config: { labels: { "org.opencontainers.image.source": "x", "org.opencontainers.image.revision": "y" } } },
      { config: undefined },
    ],
  },
  "image/ssh-server": {
    fires: [{ facts: { tools: [file("/usr/sbin/sshd")] } }],
    passes: [{ facts: { tools: [file("/usr/bin/ssh")] } }, {}],
  },
  "image/sudo": {
    fires: [{ facts: { tools: [file("/usr/bin/sudo")] } }],
    passes: [{ facts: { tools: [file("/usr/bin/su")] } }],
  },
  "image/setuid": {
    fires: [
      { facts: { setuid: [{ ...file("/opt/x"), mode: 0o104755, uid: 0, gid: 0 }] } },
      { facts: { setuid: [{ ...file("/bin/su"), mode: 0o104755, uid: 0, gid: 0 }] } },
    ],
    passes: [{ facts: { setuid: [] } }, {}],
  },
  "image/world-writable": {
    fires: [{ facts: { worldWritable: [file("/app/x")] } }],
    passes: [{ facts: { worldWritable: [] } }],
  },
  "image/compiler": {
    fires: [{ facts: { tools: [file("/usr/bin/gcc")] } }],
    passes: [{ facts: { tools: [file("/usr/bin/curl")] } }],
  },
  "image/debugger": {
    fires: [{ facts: { tools: [file("/usr/bin/gdb")] } }],
    passes: [{ facts: { tools: [file("/usr/bin/gcc")] } }],
  },
  "image/downloader": {
    fires: [{ facts: { tools: [file("/usr/bin/curl")] } }],
    passes: [{ facts: { tools: [file("/usr/bin/gcc")] } }],
  },
  "image/package-manager": {
    fires: [{ facts: { packageManagers: [file("/usr/bin/apt")] } }],
    passes: [{ facts: { packageManagers: [] } }],
  },
  "image/shell": { fires: [{ facts: { shells: [file("/bin/sh")] } }], passes: [{ facts: { shells: [] } }] },
  "image/end-of-life": {
    fires: [{ operatingSystem: { id: "debian", versionId: "9" } }],
    passes: [{ operatingSystem: { id: "debian", versionId: "13" } }, {}],
  },
  "image/stale-base": {
    options: { nowMs, base },
    fires: [
      {
        config: {
          history: [line("ADD x", false, "2025-01-01T00:00:00Z"), line("RUN y", false, "2026-10-30T00:00:00Z")],
        },
      },
    ],
    passes: [
      { config: { history: [line("ADD x", false, "2026-10-01T00:00:00Z")] } },
      { config: { history: [line("ADD x", false, "1970-01-01T00:00:00Z")] } },
      {},
    ],
  },
  "image/old": {
    fires: [{ config: { created: "2025-01-01T00:00:00Z" } }],
    passes: [
      { config: { created: "2026-10-30T00:00:00Z" } },
      { config: { created: "1980-01-01T00:00:00Z" } },
      { config: { created: "x" } },
    ],
  },
  "image/fat-base": { fires: [{ packages: deb(250) }], passes: [{ packages: deb(100) }] },
  "image/large": { fires: [{ layers: [{ inflatedBytes: 2e9 }] }], passes: [{ layers: [{ inflatedBytes: 2e8 }] }] },
  "image/many-layers": { fires: [{ layers: Array.from({ length: 61 }, () => ({})) }], passes: [{ layers: [{}] }] },
  "image/history": {
    fires: [
      { config: { history: [line("/bin/sh -c curl https://x.example | sh")] } },
      { config: { history: [line("RUN |1 A=b /bin/sh -c chmod 777 /x # buildkit")] } },
      { config: { history: [line("ADD https://x.example/a /a # buildkit")] } },
    ],
    passes: [{ config: { history: [line("/bin/sh -c apt-get update"), line('/bin/sh -c #(nop)  CMD ["sh"]', true)] } }],
  },
};

for (const [rule, { fires, passes, options = { nowMs } }] of Object.entries(cases)) {
  test(rule, () => {
    deepEqual(
      fires.filter((one) => !rulesOf(one, options).includes(rule)),
      [],
    );
    deepEqual(
      passes.filter((one) => rulesOf(one, options).includes(rule)),
      [],
    );
  });
}

test("each rule has its cases, an id of its own, a fix", () => {
  deepEqual(imageRules.map(({ id }) => id).toSorted(), Object.keys(cases).toSorted());
  for (const { fix, title } of imageRules) ok(fix.endsWith(".") && title !== "");
});

test("without a clock nothing is said of age", () => {
  const old = { config: { created: "2001-01-01T00:00:00Z" }, operatingSystem: { id: "debian", versionId: "9" } };
  deepEqual(
    rulesOf(old, {}).filter((rule) => ["image/old", "image/end-of-life"].includes(rule)),
    [],
  );
});

test("findings are bounded, sorted by severity, ignored and overridden by name or number", () => {
  const many = analysis({ facts: { worldWritable: Array.from({ length: 100 }, (_, index) => file(`/x${index}`)) } });
  const told = adviseImage(many).filter(({ rule }) => rule === "image/world-writable");
  equal(told.length, imageAdviceLimits.findingsPerRuleMax + 1);
  equal(told.at(-1)?.message, "80 more are not shown");
  equal(
    adviseImage(many, { ignored: ["DL3057"] }).some(({ rule }) => rule === "image/no-healthcheck"),
    false,
  );
  equal(adviseImage(many, { override: { error: ["image/no-healthcheck"] } })[0]?.rule, "image/no-healthcheck");
});

test("lines of the history become instructions", () => {
  const table: readonly (readonly [createdBy: string, instruction: string])[] = [
    ["/bin/sh -c apt-get update", "RUN apt-get update"],
    ["RUN /bin/sh -c a | b # buildkit", "RUN a | b"],
    ["RUN |2 A=1 B=2 /bin/bash -o pipefail -c a # buildkit", "RUN a"],
    ["/bin/sh -c #(nop) ADD file:abc in / ", "ADD file:abc /"],
    ['CMD ["a"]', 'CMD ["a"]'],
    ["# debian.sh --arch 'amd64' out/", ""],
    ["", ""],
  ];
  for (const [createdBy, instruction] of table)
    deepEqual([createdBy, instructionOf(createdBy)], [createdBy, instruction]);
});
