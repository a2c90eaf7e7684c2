// Families of base images, as facts: names, variants, releases, what each variant leaves out. A new one is a row here.

export type BaseKind = "newer" | "slim" | "distroless" | "scratch" | "minimal";

export interface Variant {
  readonly kind: Exclude<BaseKind, "newer">;
  /** "{release}" stands for the release's name in tags. */
  readonly image: string;
  readonly because: string;
  /** What it lacks, for the warning. */
  readonly lacks: readonly ("shell" | "package-manager" | "glibc" | "everything")[];
}

export interface Family {
  readonly id: string;
  /** Repositories without registry and "library/". */
  readonly repositories: readonly string[];
  /** Newest last; what tags begin with. Empty: nothing newer is proposed. */
  readonly releases: readonly string[];
  /** "{release}" again; the plain image of a release. */
  readonly image: string;
  /** The variable in the history that tells the release, "" for none. */
  readonly variable: string;
  readonly variants: readonly Variant[];
}

const noShell = ["shell", "package-manager"] as const;

function slim(image: string): Variant {
  return { kind: "slim", image, because: "the same, without what is only for building and reading", lacks: [] };
}

function alpine(image: string): Variant {
  return { kind: "minimal", image, because: "Alpine: a few packages, its own libc", lacks: ["glibc"] };
}

function distroless(image: string): Variant {
  return { kind: "distroless", image, because: "the runtime alone: no shell, no package manager", lacks: noShell };
}

/** Language runtimes; found by the base's name, by the history's variable, or by what is installed. */
export const runtimeFamilies: readonly Family[] = [
  {
    id: "node",
    repositories: ["node"],
    releases: ["18", "20", "22", "24"],
    image: "node:{release}",
    variable: "NODE_VERSION",
    variants: [
      slim("node:{release}-slim"),
      distroless("gcr.io/distroless/nodejs{release}-debian12"),
      alpine("node:{release}-alpine"),
    ],
  },
  {
    id: "python",
    repositories: ["python"],
    releases: ["3.9", "3.10", "3.11", "3.12", "3.13", "3.14"],
    image: "python:{release}",
    variable: "PYTHON_VERSION",
    variants: [
      slim("python:{release}-slim"),
      distroless("gcr.io/distroless/python3-debian12"),
      alpine("python:{release}-alpine"),
    ],
  },
  {
    id: "java",
    repositories: ["eclipse-temurin", "openjdk", "amazoncorretto"],
    releases: ["8", "11", "17", "21", "25"],
    image: "eclipse-temurin:{release}",
    variable: "JAVA_VERSION",
    variants: [
      slim("eclipse-temurin:{release}-jre"),
      distroless("gcr.io/distroless/java{release}-debian12"),
      alpine("eclipse-temurin:{release}-jre-alpine"),
    ],
  },
  {
    id: "ruby",
    repositories: ["ruby"],
    releases: ["3.2", "3.3", "3.4"],
    image: "ruby:{release}",
    variable: "RUBY_VERSION",
    variants: [slim("ruby:{release}-slim"), alpine("ruby:{release}-alpine")],
  },
  {
    id: "php",
    repositories: ["php"],
    releases: ["8.2", "8.3", "8.4"],
    image: "php:{release}",
    variable: "PHP_VERSION",
    variants: [alpine("php:{release}-alpine")],
  },
  {
    id: "dotnet",
    repositories: ["dotnet/aspnet", "dotnet/runtime", "dotnet/sdk"],
    releases: ["8.0", "9.0", "10.0"],
    image: "mcr.microsoft.com/dotnet/aspnet:{release}",
    variable: "DOTNET_VERSION",
    variants: [
      distroless("mcr.microsoft.com/dotnet/aspnet:{release}-noble-chiseled"),
      alpine("mcr.microsoft.com/dotnet/aspnet:{release}-alpine"),
    ],
  },
  {
    id: "nginx",
    repositories: ["nginx", "nginxinc/nginx-unprivileged"],
    releases: ["1.26", "1.28"],
    image: "nginx:{release}",
    variable: "NGINX_VERSION",
    variants: [alpine("nginx:{release}-alpine-slim")],
  },
];

const staticVariant: Variant = {
  kind: "distroless",
  image: "gcr.io/distroless/static-debian12:nonroot",
  because: "certificates, time zones and a user, nothing else",
  lacks: noShell,
};

const scratch: Variant = {
  kind: "scratch",
  image: "scratch",
  because: "nothing at all beside the program",
  lacks: ["everything"],
};

/** For programs that were built to run alone: Go, Rust. */
export const programFamily: Family = {
  id: "program",
  repositories: ["golang", "rust"],
  releases: [],
  image: "",
  variable: "",
  variants: [
    staticVariant,
    {
      ...staticVariant,
      image: "gcr.io/distroless/cc-debian12:nonroot",
      because: "as static, with glibc and libgcc for programs that are linked against them",
    },
    scratch,
  ],
};

const distrolessBase = distroless("gcr.io/distroless/base-debian12:nonroot");
const wolfi: Variant = {
  kind: "minimal",
  image: "cgr.dev/chainguard/wolfi-base",
  because: "Wolfi: few packages, rebuilt daily, glibc",
  lacks: [],
};

/** Operating systems, by os-release's ID. */
export const systemFamilies: readonly Family[] = [
  {
    id: "debian",
    repositories: ["debian"],
    releases: ["11", "12", "13"],
    image: "debian:{release}",
    variable: "",
    variants: [slim("debian:{release}-slim"), distrolessBase, wolfi],
  },
  {
    id: "ubuntu",
    repositories: ["ubuntu"],
    releases: ["20.04", "22.04", "24.04"],
    image: "ubuntu:{release}",
    variable: "",
    variants: [
      { ...slim("debian:13-slim"), because: "Debian without what is only for reading; the packages are kin" },
      distrolessBase,
      wolfi,
    ],
  },
  {
    id: "alpine",
    repositories: ["alpine"],
    releases: ["3.19", "3.20", "3.21", "3.22"],
    image: "alpine:{release}",
    variable: "",
    variants: [],
  },
  ...["rhel", "centos", "rocky", "almalinux", "ol"].map((id) => ({
    id,
    repositories: [id, "ubi8/ubi", "ubi9/ubi", "rockylinux", "oraclelinux"],
    releases: [],
    image: "",
    variable: "",
    variants: [
      {
        ...slim("registry.access.redhat.com/ubi9/ubi-minimal"),
        because: "the same packages, with microdnf and far fewer of them",
      },
      distroless("registry.access.redhat.com/ubi9/ubi-micro"),
    ],
  })),
];

export function imageOfRelease(template: string, release: string): string {
  return template.replaceAll("{release}", release);
}
