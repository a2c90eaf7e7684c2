// What the shop's images hold, as tables: enough packages for every screen, with versions that real ones had. Names without an entry were never analysed, which is shown, too.
import { ImageAnalysis } from "../../../model/image-analysis.ts";
import type { AppSpec } from "./catalog.ts";
import { digestOf } from "./make-pod.ts";

interface Part {
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly namespace?: string;
  readonly source?: string;
  readonly path?: string;
  /** Files that a process maps or opens. */
  readonly files?: readonly string[];
  readonly ownedBy?: string;
}

const dpkg = "/var/lib/dpkg/status";
const deb = (name: string, version: string, source: string, ...files: readonly string[]): Part => {
  return { type: "deb", namespace: "debian", name, version, source, path: dpkg, files };
};
const npm = (name: string, version: string): Part => {
  return { type: "npm", name, version, path: `/app/node_modules/${name}/package.json` };
};
const maven = (namespace: string, name: string, version: string, jar: string): Part => {
  return { type: "maven", namespace, name, version, path: `${jar}!/BOOT-INF/lib/${name}-${version}.jar`, files: [jar] };
};
const go = (namespace: string, name: string, version: string, binary: string): Part => {
  return { type: "golang", namespace, name, version, path: binary, files: [binary] };
};
const pypi = (name: string, version: string): Part => {
  return {
    type: "pypi",
    name,
    version,
    path: `/usr/local/lib/python3.11/site-packages/${name}-${version}.dist-info/METADATA`,
  };
};

const libraries = "/usr/lib/x86_64-linux-gnu";

/** Debian 12 as it was released, and as it was two years later. */
const oldDebian: readonly Part[] = [
  deb("libc6", "2.36-9", "glibc", `${libraries}/libc.so.6`),
  deb("libssl3", "3.0.9-1", "openssl", `${libraries}/libssl.so.3`),
  deb("zlib1g", "1:1.2.13.dfsg-1", "zlib", `${libraries}/libz.so.1.2.13`),
  deb("libexpat1", "2.5.0-1", "expat", `${libraries}/libexpat.so.1.8.10`),
  deb("perl-base", "5.36.0-7", "perl", "/usr/bin/perl"),
  deb("bash", "5.2.15-2+b2", "bash", "/usr/bin/bash"),
];
const newDebian: readonly Part[] = [
  deb("libc6", "2.36-9+deb12u10", "glibc", `${libraries}/libc.so.6`),
  deb("libssl3", "3.0.17-1~deb12u2", "openssl", `${libraries}/libssl.so.3`),
  deb("zlib1g", "1:1.2.13.dfsg-1", "zlib", `${libraries}/libz.so.1.2.13`),
];

interface Content {
  /** "" of an image without a system of its own. */
  readonly system: "debian" | "";
  readonly parts: readonly Part[];
  readonly user: string;
  readonly megabytes: number;
  readonly base: string;
  readonly secret?: true;
}

const nodeApp = (...parts: readonly Part[]): Content => ({
  system: "debian",
  base: "node:22-bookworm",
  user: "",
  megabytes: 412,
  parts: [
    ...oldDebian,
    { type: "generic", name: "node", version: "22.11.0", path: "/usr/local/bin/node", files: ["/usr/local/bin/node"] },
    npm("express", "4.18.1"),
    ...parts,
  ],
});

const javaApp = (name: string, log4j: string): Content => ({
  system: "debian",
  base: "eclipse-temurin:21-jre",
  user: "1000",
  megabytes: 287,
  parts: [
    ...newDebian,
    maven("org.apache.logging.log4j", "log4j-core", log4j, `/app/${name}.jar`),
    maven("org.apache.commons", "commons-text", "1.9", `/app/${name}.jar`),
  ],
});

const goApp = (binary: string, net: string): Content => ({
  system: "",
  base: "scratch",
  user: "65532",
  megabytes: 14,
  parts: [go("", "stdlib", "1.24.4", binary), go("golang.org/x", "net", net, binary)],
});

/** By the last part of the repository. */
const contents: Readonly<Record<string, Content>> = {
  storefront: { ...nodeApp(npm("lodash", "4.17.20"), npm("qs", "6.10.0")), secret: true },
  web: nodeApp(npm("lodash", "4.17.20")),
  email: nodeApp(npm("nodemailer", "6.9.1")),
  currency: nodeApp(),
  checkout: javaApp("checkout", "2.24.1"),
  payments: javaApp("payments", "2.14.1"),
  cart: goApp("/app/cart", "v0.12.0"),
  catalog: goApp("/app/catalog", "v0.38.0"),
  search: goApp("/app/search", "v0.38.0"),
  shipping: goApp("/app/shipping", "v0.12.0"),
  recommendations: {
    system: "debian",
    base: "python:3.11-slim",
    user: "1000",
    megabytes: 198,
    parts: [
      ...newDebian,
      pypi("requests", "2.28.1"),
      pypi("jinja2", "3.1.2"),
      {
        ...pypi("certifi", "2022.9.24"),
        path: "/usr/lib/python3/dist-packages/certifi-2022.9.24.egg-info/PKG-INFO",
        ownedBy: "pkg:deb/debian/python3-certifi@2022.9.24-1?arch=all",
      },
    ],
  },
  postgres: {
    system: "debian",
    base: "debian:12-slim",
    user: "postgres",
    megabytes: 431,
    parts: [...newDebian, deb("libxml2", "2.9.14+dfsg-1.3~deb12u1", "libxml2", `${libraries}/libxml2.so.2.9.14`)],
  },
  redis: {
    system: "debian",
    base: "debian:12-slim",
    user: "redis",
    megabytes: 117,
    parts: [
      ...newDebian,
      {
        type: "generic",
        name: "redis",
        version: "7.4.1",
        path: "/usr/local/bin/redis-server",
        files: ["/usr/local/bin/redis-server"],
      },
    ],
  },
};

/** The analysis of an app's image; undefined: nobody ever made one. `hexOf` gives 64 digits for a text, the same ones for the same text. */
export function imageOf(spec: AppSpec, version: string, hexOf: (text: string) => string): ImageAnalysis | undefined {
  const content = contents[spec.image.split("/").at(-1) ?? ""];
  if (content === undefined) return undefined;
  const reference = `${spec.image}:${version}`;
  const files = content.parts.flatMap(({ files: own = [] }, owner) => own.map((path) => ({ path, owner })));
  const unique = [...new Map(files.map((each) => [each.path, each])).values()].toSorted((left, right) =>
    left.path < right.path ? -1 : 1,
  );
  return ImageAnalysis.parse({
    schema: 1,
    source: "registry",
    reference,
    digest: digestOf(reference),
    ...(content.system === ""
      ? {}
      : {
          operatingSystem: {
            id: "debian",
            versionId: "12",
            codename: "bookworm",
            name: "Debian GNU/Linux 12 (bookworm)",
            idLike: [],
          },
        }),
    layers: layersOf(content, spec, hexOf),
    config: {
      os: "linux",
      architecture: "amd64",
      user: content.user,
      entrypoint: spec.command,
      exposedPorts: [`${spec.port}/tcp`],
      environment: ["PATH"],
      labels: { "org.opencontainers.image.base.name": content.base },
    },
    packages: content.parts.map((part) => packageOf(part, content)),
    secrets: content.secret === true ? [forgottenKey] : [],
    secretsSearched: true,
    facts: factsOf(content),
    loadable: { paths: unique.map(({ path }) => path), owners: unique.map(({ owner }) => owner) },
    catalogers: ["demo@1"],
  });
}

const forgottenKey = {
  rule: "aws-access-key",
  title: "AWS access key",
  severity: "critical",
  path: "/app/.env.example",
  layer: 1,
  line: 4,
  redacted: "AWS_ACCESS_KEY_ID=AKIA… (20 characters)",
  isHidden: true,
} as const;

function isOfBase({ type }: Part): boolean {
  return type === "deb" || type === "generic";
}

function layersOf({ base, megabytes }: Content, { name }: AppSpec, hexOf: (text: string) => string) {
  const layer = (text: string, createdBy: string, sizeBytes: number) => ({
    digest: `sha256:${hexOf(`blob ${text}`)}`,
    diffId: `sha256:${hexOf(`layer ${text}`)}`,
    mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
    sizeBytes,
    inflatedBytes: sizeBytes * 3,
    files: Math.round(sizeBytes / 20_000),
    createdBy,
    isBase: false,
  });
  const app = layer(name, `COPY --from=build /out /app`, megabytes * 250_000);
  return base === "scratch" ? [app] : [{ ...layer(base, `FROM ${base}`, megabytes * 750_000), isBase: true }, app];
}

function packageOf(part: Part, { base }: Content) {
  const { type, name, version, namespace = "", source, path = "", ownedBy = "" } = part;
  const kind = type === "deb" ? "database" : type === "golang" || type === "generic" ? "binary" : "manifest";
  return {
    type,
    namespace,
    name,
    version,
    architecture: type === "deb" ? "amd64" : "",
    ...(source === undefined ? {} : { source: { name: source, version } }),
    ownedBy,
    cataloger: "demo",
    evidence: [{ path, layer: isOfBase(part) || base === "scratch" ? 0 : 1, kind }],
  };
}

function factsOf({ system, user }: Content) {
  const fact = (path: string) => ({ path, layer: 0 });
  if (system === "") return { setuid: [], shells: [], packageManagers: [], tools: [], worldWritable: [], users: [] };
  return {
    setuid: ["/usr/bin/su", "/usr/bin/mount", "/usr/bin/passwd"].map((path) => ({
      ...fact(path),
      mode: 0o4755,
      uid: 0,
      gid: 0,
    })),
    shells: [fact("/usr/bin/bash"), fact("/usr/bin/dash")],
    packageManagers: [fact("/usr/bin/apt-get"), fact("/usr/bin/dpkg")],
    tools: user === "" ? [fact("/usr/bin/curl")] : [],
    worldWritable: [],
    users: [{ name: "root", uid: 0, gid: 0, shell: "/bin/bash" }],
  };
}
