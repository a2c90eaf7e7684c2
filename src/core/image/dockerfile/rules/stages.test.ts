// Rules that look across instructions and stages: leftovers, inheritance, names, copies. What each tells, and near misses.
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { checkRules, countOf } from "../../../../../test/support/dockerfile-cases.ts";

const update = "RUN apt-get update && apt-get install nano";
const clean = `${update} && rm -rf /var/lib/apt/lists/*`;
const cache = (target: string): string => `--mount=type=cache,target=${target}`;

checkRules({
  DL3009: {
    fires: [
      `FROM scratch\n${update}`,
      `FROM ubuntu as one\nRUN hey!\nFROM scratch\n${update}`,
      `FROM ubuntu as one\n${update}\nFROM one\nRUN hey!`,
      `RUN ${cache("/var/cache/apt")} \\\n rm -f /etc/apt/apt.conf.d/docker-clean && \\\n apt-get update && apt-get install nano`,
      `RUN rm -f /etc/apt/apt.conf.d/docker-clean\nRUN ${cache("/var/lib/apt")} \\\n apt-get update && apt-get install nano`,
      `ONBUILD FROM ubuntu as one\nONBUILD ${update}\nONBUILD FROM scratch\nONBUILD RUN hey!`,
    ],
    passes: [
      `FROM ubuntu as one\n${update}\nFROM scratch\nRUN hey!`,
      `FROM ubuntu as one\n${clean}\nFROM one\nRUN hey!`,
      `FROM scratch\n${clean}`,
      `RUN ${cache("/var/lib/apt/lists")} \\\n apt-get update && apt-get install nano`,
      `RUN ${cache("/var/lib/apt")} \\\n ${cache("/var/cache/apt")} \\\n rm -f /etc/apt/apt.conf.d/docker-clean && \\\n apt-get update && apt-get install nano`,
      `RUN rm -f /etc/apt/apt.conf.d/docker-clean\nRUN ${cache("/var/cache/apt")} \\\n ${cache("/var/lib/apt")} \\\n apt-get update && apt-get install nano`,
    ],
  },
  DL3060: {
    fires: [
      "RUN yarn install foo",
      "FROM node:lts as one\nRUN hey!\nFROM scratch\nRUN yarn install",
      "FROM node:lts as one\nRUN yarn install\nFROM one\nRUN hey!",
      "ONBUILD FROM node:lts as one\nONBUILD RUN yarn install foo\nONBUILD FROM scratch\nONBUILD RUN hey!",
    ],
    passes: [
      "RUN foo",
      "RUN yarn install bar && yarn cache clean",
      "FROM node:lts as one\nRUN yarn install && yarn cache clean\nFROM one\nRUN hey!",
      "FROM node:lts as one\nRUN yarn install foo\nFROM scratch\nRUN hey!",
    ],
  },
  DL3042: {
    fires: [
      ...["0", "off", "no", "false"].map((value) => `ENV PIP_NO_CACHE_DIR=${value}\nRUN pip install flask`),
      "FROM debian:12 as base\nENV PIP_NO_CACHE_DIR=1\nFROM debian:12\nRUN pip install six",
    ],
    passes: [
      ...["1", "on", "yes", "true"].map((value) => `ENV PIP_NO_CACHE_DIR=${value}\nRUN pip install flask`),
      "FROM debian:12 as base\nENV PIP_NO_CACHE_DIR=1\nFROM base\nRUN pip install six",
    ],
  },
  DL3022: {
    fires: [
      "COPY --from=one bar .",
      "FROM scratch\nCOPY --from=build foo .\nFROM node as build\nRUN baz",
      "COPY --from=0 bar .",
      "FROM a:1\nCOPY --from=0 x y",
    ],
    passes: [
      "FROM scratch as build\nRUN foo\nFROM node\nCOPY --from=build foo .",
      "FROM scratch as build\nRUN foo\nFROM node\nCOPY --from=BUILD foo .",
      "COPY --from=haskell:latest bar .",
      "COPY --from=docker.io/library/haskell bar .",
      "COPY --from=$IMAGE bar .",
      "FROM scratch as build\nRUN foo\nFROM node\nCOPY --from=0 foo .",
      "FROM scratch\nRUN foo\nFROM node\nCOPY --from=0 foo .",
    ],
  },
  DL3023: {
    fires: ["FROM node as foo\nCOPY --from=foo bar ."],
    passes: ["FROM scratch as build\nRUN foo\nFROM node as run\nCOPY --from=build foo ."],
  },
  DL3024: {
    fires: ["FROM node as foo\nRUN x\nFROM scratch as foo", "FROM node as foo\nFROM scratch as FOO"],
    passes: ["FROM scratch as build\nRUN foo\nFROM node as run", "FROM a:1\nFROM b:1"],
  },
  DL3063: { fires: ["FROM foo:bar AS scratch", "FROM foo:bar AS context"], passes: ["FROM foo:bar AS foobar"] },
  "dockerfile/stage-unused": {
    fires: ["FROM a:1 AS one\nRUN x\nFROM b:1\nRUN y"],
    passes: [
      "FROM a:1 AS one\nRUN x\nFROM b:1\nCOPY --from=one /x /x",
      "FROM a:1 AS one\nFROM one",
      "FROM a:1 AS one\nFROM b:1\nRUN --mount=type=bind,from=one,target=/x cp /x /y",
      "FROM a:1",
    ],
  },
  DL3067: {
    fires: ["COPY --from=build / /", 'COPY --from=build "/" "/"'],
    passes: ["COPY / /", "COPY --from=build /app /", "COPY --from=build / /app"],
  },
  DL3010: {
    fires: [
      "COPY own.tar /usr/src/app\nRUN tar -xf /usr/src/app/own.tar",
      "COPY own.tar /usr/src/app\nWORKDIR /usr/src/app\nRUN foo bar && echo x && tar -xf own.tar",
      "COPY foo/bar/own.tar /foo.tar\nRUN tar -xf /foo.tar",
      'COPY build\\foo\\bar.tar.gz "C:\\Program Files\\Foo"\nRUN tar -xf "C:\\Program Files\\Foo\\bar.tar.gz"',
      'COPY build\\foo\\bar.tar.gz "C:\\Program Files\\foo.tar.gz"\nRUN tar -xf foo.tar.gz',
      "COPY own.tar.gz /\nRUN tar xzf /own.tar.gz",
      "COPY own.tar.gz /\nRUN gunzip /own.tar.gz",
    ],
    passes: [
      "COPY own.tar /usr/src/app\nFROM debian:11 as newstage",
      "COPY package.json /usr/src/app",
      "COPY --from=builder /usr/local/share/some.tar /opt/some.tar",
      "COPY own.tar /x/\nRUN tar -cf /y/own.tar /x",
    ],
  },
  DL3045: {
    fires: [
      "COPY bla.sh blubb.sh",
      'COPY bla.sh "blubb.sh"',
      "COPY a b",
      "FROM debian:12 as one\nWORKDIR /usr\nFROM debian:12\nCOPY foo bar",
      "ONBUILD FROM debian:12 as one\nONBUILD WORKDIR /usr\nONBUILD FROM debian:12\nONBUILD COPY foo bar",
    ],
    passes: [
      "COPY bla.sh /usr/local/bin/blubb.sh",
      'COPY bla.sh "/usr/local/bin/blubb.sh"',
      "COPY bla.sh c:\\system32\\blubb.sh",
      'COPY bla.sh "d:\\mypath\\blubb.sh"',
      "COPY bla.sh c:/system32/blubb.sh",
      "FROM scratch\nWORKDIR /usr\nCOPY bla.sh blubb.sh",
      "FROM scratch\nWORKDIR c:\\system32\nCOPY bla.sh blubb.sh",
      "COPY src.sh ${BASE}",
      "COPY src.sh $BASE",
      'COPY src.sh "${BASE}"',
      'COPY src.sh "$BASE"',
      "FROM debian:12 as base\nWORKDIR /usr\nFROM debian:12 as between\nRUN foo\nFROM base\nCOPY foo bar",
      "FROM debian:12 as base1\nWORKDIR /usr\nFROM base1 as base2\nRUN foo\nFROM base2\nCOPY foo bar",
      "FROM debian:12\nONBUILD WORKDIR /usr/local/lib\nONBUILD COPY foo bar",
      "ONBUILD FROM debian:12 as base\nONBUILD WORKDIR /usr\nONBUILD FROM base\nONBUILD COPY foo bar",
    ],
  },
  DL3002: {
    fires: [
      "FROM scratch\nUSER root",
      "FROM scratch\nUSER 0",
      "FROM scratch\nUSER root:root",
      "FROM scratch\nUSER 0:0",
      "FROM debian as base\nUSER root\nRUN x\nFROM base\nRUN y",
      "FROM debian as base\nUSER root\nRUN x\nFROM scratch\nUSER foo",
    ],
    passes: [
      "FROM scratch\nUSER foo",
      "FROM scratch\nUSER root\nRUN x\nUSER foo",
      "FROM debian as base\nUSER root\nRUN x\nUSER foo\nFROM scratch\nRUN y",
    ],
  },
  "dockerfile/no-user": {
    fires: ["FROM debian:12\nRUN x", "FROM debian:12 AS one\nUSER 5\nFROM debian:12"],
    passes: [
      "FROM debian:12\nUSER 1000",
      "FROM debian:12 AS one\nUSER 5\nFROM one",
      "FROM gcr.io/distroless/static:nonroot",
      "FROM $BASE",
      "RUN x",
    ],
  },
  DL3057: {
    fires: [
      "FROM scratch",
      "FROM scratch AS base\nHEALTHCHECK CMD /bin/bla\nFROM scratch",
      "FROM scratch AS b1\nFROM b1 AS b2\nFROM b2 AS b3.1\nFROM b2 AS b3.2\nFROM b3.1 AS e1\nHEALTHCHECK NONE\nFROM b3.2 AS e2",
    ],
    passes: [
      "FROM scratch\nHEALTHCHECK NONE",
      "FROM scratch\nHEALTHCHECK CMD /bin/bla",
      "FROM scratch AS base\nHEALTHCHECK CMD /bin/bla\nFROM base",
      "FROM golang:1 AS build\nFROM scratch\nCOPY --from=build /a /a\nHEALTHCHECK CMD /a",
      "FROM scratch AS b1\nFROM b1 AS b2\nFROM b2 AS b3\nFROM b3 AS end\nHEALTHCHECK NONE",
    ],
  },
  DL3012: {
    fires: ["FROM scratch\nHEALTHCHECK CMD a\nHEALTHCHECK CMD b"],
    passes: [
      "FROM scratch",
      "FROM scratch\nHEALTHCHECK CMD a",
      "FROM scratch\nHEALTHCHECK CMD a\nFROM scratch\nHEALTHCHECK CMD b",
    ],
  },
  DL4003: {
    fires: [
      "FROM debian\nCMD bash\nRUN foo\nCMD other",
      "FROM debian as a\nCMD bash\nRUN foo\nCMD other\nFROM debian as b\nCMD other",
    ],
    passes: ["FROM debian as a\nCMD bash\nFROM debian as b\nCMD other", "CMD /bin/true"],
  },
  DL4004: {
    fires: [
      "FROM debian\nENTRYPOINT bash\nRUN foo\nENTRYPOINT other",
      "FROM debian as a\nENTRYPOINT bash\nENTRYPOINT other\nFROM debian as b\nENTRYPOINT other",
    ],
    passes: [
      "FROM busybox",
      "FROM debian as a\nENTRYPOINT bash\nFROM debian as b\nENTRYPOINT other",
      "ENTRYPOINT /bin/true",
    ],
  },
  DL4001: {
    fires: [
      "FROM node as foo\nRUN wget my.example\nRUN curl localhost",
      "FROM node as foo\nRUN wget my.example && curl localhost",
      "FROM node as foo\nRUN wget x\nRUN curl y\nFROM scratch\nRUN curl y",
    ],
    passes: ["FROM node as foo\nRUN wget my.example", "FROM node as foo\nRUN wget x\nFROM scratch\nRUN curl y"],
  },
  DL3059: {
    fires: [
      "RUN /a.sh\nRUN /b.sh",
      "RUN /a.sh\n# a comment\nRUN /b.sh",
      "RUN /a.sh\n# a comment\n# another\nRUN /b.sh",
      "RUN --mount=type=secret,id=a /a.sh\nRUN --mount=type=secret,id=a /b.sh",
      "RUN a && b\nRUN a\nRUN b",
    ],
    passes: [
      "FROM debian:10",
      "RUN /a.sh",
      "RUN /a.sh\nWORKDIR /\nRUN /b.sh",
      "# a comment\nRUN /a.sh",
      "RUN --mount=type=secret,id=a /a.sh\nRUN /b.sh",
      "RUN --mount=type=secret,id=a /a.sh\nRUN --mount=type=secret,id=b /b.sh",
      "RUN a && b\nRUN c",
      "RUN a; b\nRUN c",
      "RUN c\nRUN a && b",
      "RUN c\nRUN a; b",
      "RUN a && b\nRUN a; b",
    ],
  },
  "dockerfile/copy-before-install": {
    fires: [
      "FROM node:20\nCOPY . .\nRUN npm ci",
      "FROM python:3.12\nCOPY . /app\nRUN pip3 install -r requirements.txt",
    ],
    passes: [
      "FROM node:20\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .",
      "FROM node:20\nCOPY . .\nRUN npm test",
    ],
  },
  "dockerfile/build-tools-left": {
    fires: ["FROM debian:12\nRUN apt-get install -y gcc"],
    passes: [
      "FROM debian:12 AS b\nRUN apt-get install -y gcc\nFROM debian:12\nCOPY --from=b /x /x",
      "FROM alpine:3\nRUN apk add --no-cache build-base && make && apk del build-base",
      "FROM debian:12\nRUN apt-get install -y libgcc-s1",
    ],
  },
  "dockerfile/single-stage": {
    fires: ["FROM golang:1.22\nRUN go build -o /app ./...", "FROM rust:1 AS b\nFROM b\nRUN cargo build"],
    passes: [
      "FROM golang:1.22 AS b\nRUN go build\nFROM scratch\nCOPY --from=b /x /x",
      "FROM golang:1.22\nRUN go version",
      "FROM debian:12\nRUN make",
    ],
  },
});

test("each RUN that uses one of two tools is told once the other was seen", () => {
  const base = "FROM node as foo\nRUN wget x\nRUN curl y\nRUN echo hello";
  deepEqual([countOf("DL4001", base), countOf("DL4001", `${base}\nRUN wget z`)], [1, 2]);
});

test("missing labels are told for stages that no labelled image comes of", () => {
  const options = { labelSchema: { foo: "text" } } as const;
  const label = 'LABEL foo="bar"';
  const table: readonly (readonly [text: string, count: number])[] = [
    ["FROM base", 1],
    ['FROM base\nLABEL bar="baz"', 1],
    [`FROM base\n${label}`, 0],
    ["FROM one\nFROM two", 2],
    ['FROM one\nLABEL bar="x"\nFROM two\nLABEL buzz="x"', 2],
    [`FROM one\n${label}\nFROM two`, 1],
    [`FROM one\nFROM two\n${label}`, 1],
    ["FROM one as base\nFROM base", 2],
    [`FROM one as base\nFROM base\n${label}`, 0],
    [`FROM one as base\nFROM two\n${label}\nCOPY --from=base /a /b`, 0],
    [`FROM one as base\nFROM two\n${label}`, 1],
    [`FROM one as base\n${label}\nFROM base`, 0],
    [`FROM one as base\nFROM two\n${label}\nCOPY --from=base /a /b\n\nFROM two\nCOPY --from=base /a /b`, 1],
    [`FROM one as base\nFROM base\n${label}\n\nFROM base`, 1],
    [`FROM one as base\nFROM base\n\nFROM base\n${label}`, 1],
    ["ONBUILD FROM base", 1],
    [`ONBUILD FROM base\nONBUILD ${label}`, 0],
  ];
  for (const [text, count] of table) deepEqual([text, countOf("DL3049", text, options)], [text, count]);
});
