// The base image: how it is recognised, what is proposed instead, what that removes, what it costs.
import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { ImageAnalysis } from "../../../model/image-analysis.ts";
import type { VulnerabilityMatch } from "../../../model/vulnerability-match.ts";
import type { BaseKnowledge } from "../advice.ts";
import { imageName } from "./image-name.ts";
import { mindfulOf } from "./mindful.ts";
import { basePackages, countRemoved, proposeBases } from "./propose.ts";
import { recogniseBase } from "./recognise.ts";

const nowMs = Date.UTC(2026, 0, 1);

function analysis(overrides: object = {}): ImageAnalysis {
  return ImageAnalysis.parse({
    schema: 1,
    source: "registry",
    reference: "shop.example/web:1",
    digest: "sha256:me",
    packages: [],
    config: {},
    ...overrides,
  });
}

const line = (createdBy: string, isEmptyLayer = false): object => ({ created: "", createdBy, isEmptyLayer });
const layers = (...diffIds: readonly string[]): readonly object[] => diffIds.map((diffId) => ({ diffId }));
const debian = { id: "debian", versionId: "12", name: "Debian GNU/Linux 12 (bookworm)" };

test("recognised by annotation first, then layers, Dockerfile, history; else not", () => {
  const known = [
    { image: "debian:12", digest: "sha256:d", diffIds: ["a"] },
    { image: "node:20", digest: "sha256:n", diffIds: ["a", "b"] },
    { image: "other:1", digest: "sha256:o", diffIds: ["a", "x"] },
    { image: "itself", digest: "sha256:me", diffIds: ["a", "b", "c"] },
  ];
  const image = analysis({ layers: layers("a", "b", "c") });
  const byLayers = recogniseBase(image, { known });
  deepEqual([byLayers.how, byLayers.image, byLayers.layers], ["layers", "node:20", 2]);
  const name = "org.opencontainers.image.base.name";
  const byLabel = recogniseBase(analysis({ config: { labels: { [name]: "x:1" } } }), { known });
  deepEqual([byLabel.how, byLabel.image, byLabel.layers], ["annotation", "x:1", 0]);
  const digest = "org.opencontainers.image.base.digest";
  const byDigest = recogniseBase(image, { known, annotations: { [name]: "node:20", [digest]: "sha256:n" } });
  deepEqual([byDigest.how, byDigest.layers], ["annotation", 2]);
  deepEqual(recogniseBase(analysis(), { from: "node:20" }).how, "dockerfile");
  deepEqual(recogniseBase(analysis()), {
    how: "",
    image: "",
    digest: "",
    layers: 0,
    because: "nothing tells what it was built on",
  });
});

test("history: the base ends at the CMD that something was built over", () => {
  const history = [
    line("/bin/sh -c #(nop) ADD file:abc in / "),
    line('/bin/sh -c #(nop)  CMD ["bash"]', true),
    line("/bin/sh -c #(nop)  ENV NODE_VERSION=20.11.1", true),
    line("/bin/sh -c install node"),
    line('/bin/sh -c #(nop)  CMD ["node"]', true),
    line("COPY . . # buildkit"),
    line('CMD ["node" "server.js"]', true),
  ];
  const node = recogniseBase(analysis({ config: { history }, operatingSystem: debian }));
  deepEqual([node.how, node.image, node.layers], ["history", "node:20", 2]);
  ok(node.because.includes("guess"));
  const plain = recogniseBase(
    analysis({
      config: { history: [line("/bin/sh -c #(nop) ADD file:abc in / "), line("RUN x")] },
      operatingSystem: debian,
    }),
  );
  deepEqual([plain.how, plain.image, plain.layers], ["history", "debian:12", 1]);
  const alpine = recogniseBase(
    analysis({
      config: { history: [line("ADD alpine-minirootfs-3.20.tar.gz / # buildkit")] },
      operatingSystem: { id: "alpine", versionId: "3.20.3" },
    }),
  );
  deepEqual([alpine.image, alpine.layers], ["alpine:3.20", 1]);
});

const base: BaseKnowledge = { how: "layers", image: "debian:11", digest: "", layers: 1, because: "" };

test("proposals: newer, slim, distroless, minimal, each with its price", () => {
  const image = analysis({
    operatingSystem: { id: "debian", versionId: "10" },
    config: { entrypoint: ["/bin/sh", "-c", "x"], user: "app" },
  });
  const proposals = proposeBases(image, { base: { ...base, image: "debian:10" }, nowMs });
  deepEqual(
    proposals.map(({ kind, image: name }) => [kind, name]),
    [
      ["newer", "debian:13"],
      ["slim", "debian:13-slim"],
      ["distroless", "gcr.io/distroless/base-debian12:nonroot"],
      ["minimal", "cgr.dev/chainguard/wolfi-base"],
    ],
  );
  ok(proposals[0]?.because.includes("last fixes"));
  const bare = proposals.find(({ kind }) => kind === "distroless");
  ok(bare?.mindful.some((sentence) => sentence.includes("shell")));
  ok(bare?.mindful.some((sentence) => sentence.includes("app")));
  ok(proposals.every(({ removes, removesBecause }) => removes === undefined && removesBecause !== ""));
});

test("proposals follow the runtime: node by name, a lone Go program, python by its packages; a current base has no newer", () => {
  const kinds = (overrides: object, image: string) =>
    proposeBases(analysis(overrides), { base: { ...base, image }, nowMs }).map((one) => one.image);
  deepEqual(kinds({}, "docker.io/library/node:20-bookworm"), [
    "node:24",
    "node:20-slim",
    "gcr.io/distroless/nodejs20-debian12",
    "node:20-alpine",
  ]);
  equal(kinds({}, "node:24").includes("node:24"), false);
  const go = { type: "golang", name: "example.com/a", cataloger: "x", evidence: [{ path: "/app", kind: "binary" }] };
  ok(kinds({ packages: [go], operatingSystem: debian }, "").includes("scratch"));
  const flask = { type: "pypi", name: "flask", cataloger: "x" };
  equal(kinds({ packages: [go, flask], operatingSystem: debian }, "").includes("scratch"), false);
  ok(
    kinds({ packages: [flask], operatingSystem: debian }, "").some((name) =>
      name.startsWith("gcr.io/distroless/python3"),
    ),
  );
  deepEqual(kinds({}, ""), []);
});

const match = (vulnerability: string, index: number, severity = "high", extra: object = {}): VulnerabilityMatch =>
  ({ vulnerability, aliases: [], package: index, severity, ...extra }) as unknown as VulnerabilityMatch;

test("what another base removes: each vulnerability once; what stays elsewhere, comes with the other base or is suppressed is not counted", () => {
  const image = analysis({
    layers: layers("a", "b"),
    packages: [
      { type: "deb", name: "libc6", cataloger: "x", evidence: [{ path: "/s", layer: 0, kind: "database" }] },
      { type: "deb", name: "perl", cataloger: "x", evidence: [{ path: "/s", layer: 0, kind: "database" }] },
      { type: "npm", name: "app", cataloger: "x", evidence: [{ path: "/app", layer: 1, kind: "manifest" }] },
    ],
  });
  const inside = basePackages(image, base);
  deepEqual([...inside], [0, 1]);
  const other = analysis({ packages: [{ type: "deb", name: "libc6", version: "2", cataloger: "x" }] });
  const matches = [
    match("CVE-1", 0, "critical"),
    match("CVE-1", 1, "high"),
    match("CVE-2", 1),
    match("CVE-3", 1),
    match("CVE-3", 2),
    match("CVE-4", 0, "low", { aliases: ["GHSA-4"] }),
    match("CVE-5", 0, "low", { suppressed: {} }),
    match("CVE-6", 2),
  ];
  const matchPackage = (): readonly VulnerabilityMatch[] => [match("GHSA-4", 0)];
  deepEqual(countRemoved(matches, inside, { analysis: other, matchPackage }), { total: 2, critical: 1, high: 1 });
  const [first] = proposeBases(
    { ...image, operatingSystem: { id: "debian", versionId: "11", codename: "", name: "", idLike: [] } },
    { base, nowMs, matches, matchPackage, analysisOf: () => other },
  );
  deepEqual(
    [first?.removes, first?.packagesRemoved, first?.removesBecause],
    [{ total: 2, critical: 1, high: 1 }, 1, ""],
  );
});

test("analysed candidates come first, as what they are", () => {
  const others = new Map([
    ["own/bare:1", analysis({ facts: { shells: [] } })],
    ["own/next:1", analysis({ operatingSystem: { id: "debian", versionId: "13" } })],
    ["own/small:1", analysis({ operatingSystem: { id: "alpine", versionId: "3.22" } })],
  ]);
  const image = analysis({ operatingSystem: { id: "debian", versionId: "12" } });
  const proposals = proposeBases(image, {
    base,
    nowMs,
    candidates: [...others.keys(), "unknown"],
    analysisOf: (name) => others.get(name),
  });
  deepEqual(
    proposals.slice(0, 3).map(({ image: name, kind }) => [name, kind]),
    [
      ["own/bare:1", "distroless"],
      ["own/next:1", "newer"],
      ["own/small:1", "minimal"],
    ],
  );
});

test("what to mind: musl, scratch, scripts, health checks; a number as user needs nothing", () => {
  const sentences = (
    overrides: object,
    kind: "minimal" | "scratch" | "distroless",
    lacks: readonly ("shell" | "glibc" | "everything")[],
  ) => mindfulOf(analysis(overrides), { kind, lacks }).join(" ");
  ok(
    sentences({ packages: [{ type: "pypi", name: "a", cataloger: "x" }] }, "minimal", ["glibc"]).includes("musllinux"),
  );
  ok(sentences({}, "scratch", ["everything"]).includes("statically was not looked at"));
  ok(sentences({ config: { entrypoint: ["/docker-entrypoint.sh"] } }, "distroless", ["shell"]).includes("script"));
  ok(sentences({ config: { hasHealthcheck: true } }, "distroless", ["shell"]).includes("health check"));
  equal(sentences({ config: { entrypoint: ["/app"], user: "1000" } }, "distroless", ["shell"]), "");
});

test("names of images, roughly", () => {
  deepEqual(imageName("docker.io/library/node:20-slim"), { repository: "node", tag: "20-slim" });
  deepEqual(imageName("localhost:5000/a/b@sha256:c"), { repository: "a/b", tag: "" });
  deepEqual(imageName("mcr.microsoft.com/dotnet/aspnet:8.0"), { repository: "dotnet/aspnet", tag: "8.0" });
  deepEqual(imageName(""), { repository: "", tag: "" });
});
