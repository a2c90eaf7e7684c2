// A seeded corpus of Dockerfiles of many kinds: languages, distributions, stages, heredocs, good and bad habits. The same seed gives the same bytes.

/** mulberry32: small, fast, good enough for a corpus. */
function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const packages =
  "curl git jq nginx openssl ca-certificates python3 gcc make unzip vim-tiny libpq5 tzdata procps rsync".split(" ");
const names = "app web api worker site shop billing search mailer proxy".split(" ");

/** `count` Dockerfiles, 10 to 90 lines each. */
export function dockerfileCorpus(count: number, seed: number): readonly string[] {
  const random = chance(seed);
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!;
  const some = (least: number, most: number): readonly string[] =>
    Array.from({ length: least + Math.floor(random() * (most - least + 1)) }, () => pick(packages));
  return Array.from({ length: count }, () => oneFile({ random, pick, some }));
}

interface Dice {
  readonly random: () => number;
  readonly pick: <Item>(items: readonly Item[]) => Item;
  readonly some: (least: number, most: number) => readonly string[];
}

function oneFile(dice: Dice): string {
  const { random, pick } = dice;
  const name = pick(names);
  const lines: string[] = [];
  if (random() < 0.4) lines.push("# syntax=docker/dockerfile:1");
  if (random() < 0.3) lines.push(`ARG VERSION=${pick(["20", "3.12", "1.22"])}`);
  if (random() < 0.6) lines.push(...buildStage(dice, name));
  lines.push(
    `FROM ${pick(["debian:12-slim", "alpine:3.20", "node:20-alpine", "python:3.12", "ubuntu", "scratch", "gcr.io/distroless/static:nonroot", "registry.example:5000/base/run:1.4"])}`,
  );
  lines.push(
    `LABEL org.opencontainers.image.source="https://git.example/${name}" \\`,
    `      org.opencontainers.image.version=1.2.${Math.floor(random() * 50)}`,
  );
  if (random() < 0.7)
    lines.push("ENV LANG=C.UTF-8 \\", `    ${name.toUpperCase()}_PORT=8080 PATH="/opt/${name}/bin:$PATH"`);
  lines.push(...installs(dice));
  if (random() < 0.5) lines.push(...script(dice, name));
  lines.push(random() < 0.5 ? `WORKDIR /srv/${name}` : `WORKDIR ${name}`);
  lines.push(
    random() < 0.4
      ? `COPY --from=build /out/${name} /usr/local/bin/`
      : `COPY ${pick([".", "src/ package.json", "dist"])} /srv/${name}/`,
  );
  if (random() < 0.5) lines.push("EXPOSE 8080/tcp 9090");
  if (random() < 0.5)
    lines.push("HEALTHCHECK --interval=30s --timeout=3s CMD curl -f http://localhost:8080/ || exit 1");
  if (random() < 0.6) lines.push(`USER ${pick(["1000:1000", "app", "root", "65532"])}`);
  lines.push(
    random() < 0.6 ? `ENTRYPOINT ["/usr/local/bin/${name}", "--listen", ":8080"]` : `CMD ${name} --listen :8080`,
  );
  return `${lines.join("\n")}\n`;
}

function buildStage({ pick, random }: Dice, name: string): readonly string[] {
  const kind = pick(["go", "node", "python", "java", "rust"] as const);
  const start = {
    go: "golang:1.22",
    node: "node:${VERSION:-20}",
    python: "python:3.12-bookworm",
    java: "maven:3-eclipse-temurin-21",
    rust: "rust:1.79",
  }[kind];
  const steps: Readonly<Record<typeof kind, readonly string[]>> = {
    go: [
      "COPY go.mod go.sum ./",
      "RUN --mount=type=cache,target=/go/pkg/mod go mod download",
      "COPY . .",
      `RUN CGO_ENABLED=0 go build -ldflags="-s -w" -o /out/${name} ./cmd/${name}`,
    ],
    node: [
      "COPY package.json package-lock.json ./",
      "RUN npm ci && npm cache clean --force",
      "COPY . .",
      "RUN npm run build && npm prune --omit=dev",
    ],
    python: [
      "COPY requirements.txt .",
      "RUN pip install --no-cache-dir -r requirements.txt",
      "RUN python -m pip install gunicorn==22.0.0 uvicorn",
    ],
    java: ["COPY pom.xml .", "RUN mvn -B -q dependency:go-offline", "COPY src src", "RUN mvn -B package -DskipTests"],
    rust: ["COPY . .", `RUN cargo build --release && cp target/release/${name} /out/`],
  };
  return [
    `FROM ${start} AS build`,
    "WORKDIR /src",
    ...(random() < 0.3 ? ["# what changes seldom comes first"] : []),
    ...steps[kind],
    "",
  ];
}

function installs({ pick, some, random }: Dice): readonly string[] {
  const list = some(2, 9);
  switch (pick(["apt", "apt", "apk", "dnf", "none"] as const)) {
    case "apt":
      return [
        "RUN apt-get update && \\",
        `    apt-get install -y ${random() < 0.6 ? "--no-install-recommends " : ""}\\`,
        ...list.map((one) => `      ${one}${random() < 0.2 ? "=1.2*" : ""} \\`),
        "    # lists are not needed any more",
        random() < 0.7 ? "    && rm -rf /var/lib/apt/lists/*" : "    && apt-get clean",
      ];
    case "apk":
      return [`RUN apk add ${random() < 0.6 ? "--no-cache " : ""}${list.join(" ")}`];
    case "dnf":
      return [`RUN dnf install -y ${list.join(" ")} && dnf clean all`];
    case "none":
      return [];
  }
}

function script({ pick, random }: Dice, name: string): readonly string[] {
  const bodies: readonly (readonly string[])[] = [
    [
      "RUN <<EOF",
      "set -eu",
      `addgroup -S ${name}`,
      `adduser -S -G ${name} ${name}`,
      `for folder in /var/lib/${name} /var/log/${name}; do`,
      '  mkdir -p "$folder" && chown ' + name + ' "$folder"',
      "done",
      "EOF",
    ],
    [
      `RUN set -eux; arch="$(uname -m)"; case "$arch" in x86_64) a=amd64 ;; aarch64) a=arm64 ;; *) exit 1 ;; esac; \\`,
      `    curl -fsSL -o /tmp/x.tgz "https://files.example/${name}-$a.tgz"; \\`,
      "    tar -xzf /tmp/x.tgz -C /usr/local/bin; rm /tmp/x.tgz",
    ],
    [`RUN curl -sSL https://get.example/${name} | sh`, `RUN chmod 755 /usr/local/bin/${name}`],
    [
      `RUN groupadd -r ${name} && useradd -r -g ${name} -u ${random() < 0.5 ? 1000 : 1_234_567} ${name} \\`,
      `    && if [ ! -d /data ]; then mkdir /data; fi`,
    ],
  ];
  return pick(bodies);
}
