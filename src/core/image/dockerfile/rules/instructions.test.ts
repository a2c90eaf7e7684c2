// Rules that look at one instruction: FROM, paths, users, ports, labels, shells, variables. What each tells, and near misses.
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { lintDockerfile } from "../lint.ts";
import { checkRules, isTold } from "../../../../../test/support/dockerfile-cases.ts";

const digest = `sha256:${"7".repeat(64)}`;

checkRules({
  DL3006: {
    fires: [
      "FROM debian",
      "FROM debian AS builder",
      "FROM golang:1 AS build\nRUN x\nFROM node as test\nRUN y",
      "ONBUILD FROM golang:1 AS build\nONBUILD FROM node as test",
      "FROM localhost:5000/shop/web",
      "ARG BASE=debian\nFROM $BASE",
    ],
    passes: [
      `FROM ruby@${digest}`,
      "FROM ruby:2",
      "FROM ${VALUE}",
      "FROM scratch",
      "FROM golang:1 AS build\nRUN x\nFROM build as test\nRUN y",
      "ONBUILD FROM golang:1 AS build\nONBUILD FROM build as test",
      "ARG BASE=debian:12\nFROM $BASE",
      "FROM debian:${TAG:-12}",
    ],
  },
  DL3007: {
    fires: ["FROM debian:latest", "FROM debian:latest AS builder", "ARG V=latest\nFROM node:${V}"],
    passes: [
      "FROM debian:jessie",
      `FROM hub.docker.io/debian@${digest}`,
      `FROM hub.docker.io/debian:latest@${digest}`,
      "FROM debian:jessie AS builder",
      "FROM latest:1",
    ],
  },
  "dockerfile/no-digest": {
    fires: ["FROM debian:12"],
    passes: [
      `FROM debian:12@${digest}`,
      "FROM scratch",
      "FROM debian",
      "FROM debian:12 AS a\nFROM a".replace("debian:12", `debian@${digest}`),
    ],
  },
  "dockerfile/end-of-life": {
    options: { nowMs: Date.UTC(2026, 0, 1) },
    fires: [
      "FROM debian:9",
      "FROM node:14-buster",
      "FROM python:3.8-alpine3.12",
      "FROM ubuntu:18.04",
      "FROM ubuntu:bionic-20230301",
    ],
    passes: [
      "FROM debian:12",
      "FROM node:20-bookworm-slim",
      "FROM alpine:3.22",
      "FROM example:9",
      "FROM debian",
      "FROM $BASE",
    ],
  },
  DL3029: {
    fires: ["FROM --platform=linux debian:jessie", "FROM --platform=linux/amd64 debian:jessie"],
    passes: [
      "FROM debian:jessie",
      "FROM --platform=$BUILDPLATFORM debian:jessie",
      'FROM --platform="$BUILDPLATFORM" debian:jessie',
      "FROM --platform=${BUILDPLATFORM} debian:jessie",
      "FROM --platform=${BUILDPLATFORM:-} debian:jessie",
      'FROM --platform="${BUILDPLATFORM:-}" debian:jessie',
      "FROM --platform=$TARGETPLATFORM debian:jessie",
    ],
  },
  DL3065: {
    fires: ["FROM --platform=$TARGETPLATFORM alpine:3", "FROM --platform=${TARGETPLATFORM} alpine:3"],
    passes: ["FROM alpine:3", "FROM --platform=$FOO alpine:3", "FROM --platform=foo/arm64 alpine:3"],
  },
  DL3000: {
    fires: ["WORKDIR relative/dir", "WORKDIR 'relative/dir'", 'WORKDIR "relative/dir"'],
    passes: [
      "WORKDIR /usr/local",
      "WORKDIR ${work}",
      "WORKDIR '/usr/local'",
      'WORKDIR "/usr/local"',
      'WORKDIR "${dir}"',
      "WORKDIR 'C:\\'",
      'WORKDIR "C:\\"',
      "WORKDIR C:/",
      'WORKDIR "C:/"',
    ],
  },
  DL3003: {
    fires: ["RUN cd /opt", "RUN cd /tmp && ls"],
    passes: ["WORKDIR /opt", "RUN (cd /tmp && make)", "RUN echo $(cd / && pwd)"],
  },
  DL3001: {
    withTriggers: true,
    fires: ["RUN top", "RUN x && service y start"],
    passes: ["RUN apt-get install ssh", "RUN stop"],
  },
  DL3004: {
    withTriggers: true,
    fires: ["RUN sudo apt-get update", "RUN apt-get update && sudo apt-get install"],
    passes: ["RUN apt-get install sudo"],
  },
  DL3011: {
    fires: ["EXPOSE 80000", "EXPOSE 40000-80000/tcp"],
    passes: ["EXPOSE 60000", "EXPOSE ${PORT}", "EXPOSE 40000-60000/tcp", "EXPOSE 40000-${PORT}"],
  },
  DL3020: {
    fires: ["ADD file /usr/src/app/", "ADD file.zip /usr/src/app/", 'ADD "file.zip" /usr/src/app/'],
    passes: [
      ...["tar", "gz", "bz2", "xz", "tgz"].map((ending) => `ADD file.${ending} /usr/src/app/`),
      "ADD http://file.example /usr/src/app/",
      'ADD "file.tgz" /usr/src/app/',
      'ADD "http://file.example" /usr/src/app/',
      "ADD git@git.example:a/b.git /src",
    ],
  },
  "dockerfile/add-without-checksum": {
    fires: ["ADD https://x.example/a.tgz /"],
    passes: [
      `ADD --checksum=${digest} https://x.example/a.tgz /`,
      "ADD a.tgz /",
      "ADD https://git.example/a.git#v1 /src",
    ],
  },
  DL3021: {
    fires: ["COPY foo bar baz", 'COPY foo bar "baz"'],
    passes: ["COPY foo bar", "COPY foo bar baz/", 'COPY foo bar "baz/"', 'COPY ["a b", "c/"]'],
  },
  DL4007: {
    fires: [
      "FROM scratch\nCOPY . .",
      "FROM scratch\nCOPY . /app",
      "FROM scratch\nCOPY './' /app",
      "FROM node:18 as build\nCOPY . .\nRUN x",
    ],
    passes: [
      "FROM scratch\nCOPY src/ .",
      "FROM scratch\nCOPY package.json yarn.lock /app/",
      "FROM a:1 AS b\nFROM a:1\nCOPY --from=b . .",
    ],
  },
  DL3025: {
    fires: ["FROM node as foo\nENTRYPOINT something", "FROM node as foo\nCMD something", "CMD ['a']"],
    passes: [
      'ENTRYPOINT ["foo", "bar"]',
      'CMD ["foo", "bar"]\nCMD [ "foo", "bar" ]',
      'CMD [ "/bin/sh", "-c", \\\n      "echo foo && \\\n       echo bar" \\\n    ]',
      "HEALTHCHECK CMD curl x",
    ],
  },
  DL3066: { fires: ["USER foobar", "USER foobar:barfoo"], passes: ["USER 12345", "USER 1234:5678", "USER $UID"] },
  DL3046: {
    fires: ["RUN useradd -u 123456 me", "RUN useradd --uid=123456 me"],
    passes: [
      "RUN useradd me",
      "RUN useradd -u 12345 me",
      "RUN useradd -l -u 123456 me",
      "RUN useradd -l me",
      "RUN useradd --no-log-init -u 123456 me",
    ],
  },
  DL3047: {
    withTriggers: true,
    fires: ["RUN wget my.example"],
    passes: [
      "RUN wget --progress=dot:giga my.example",
      "RUN wget -q my.example",
      "RUN wget --quiet my.example",
      "RUN wget -nv my.example",
      "RUN wget --no-verbose my.example",
      "RUN wget --output-file=/tmp/x my.example",
      "RUN wget -o /tmp/x my.example",
      "RUN wget --append-output=/tmp/x my.example",
      "RUN wget -a /tmp/x my.example",
    ],
  },
  DL4005: {
    withTriggers: true,
    fires: ["RUN ln -sfv /bin/bash /bin/sh"],
    passes: ["RUN ln -sf /bin/true /sbin/initctl", "RUN ln -s foo bar && x && y /bin/sh"],
  },
  DL4000: { fires: ["FROM busybox\nMAINTAINER a@b.example", "MAINTAINER Me\nFROM debian"], passes: ["FROM debian"] },
  DL3061: {
    withTriggers: true,
    fires: ["LABEL foo=bar\nFROM foo"],
    passes: [
      "FROM foo\nLABEL foo=bar",
      "ARG A=B\nFROM foo\nLABEL foo=bar",
      "# syntax = docker/dockerfile:1.0-experimental\nFROM node:16-alpine3.13",
      "FROM foo\nARG A=B\nRUN x",
    ],
  },
  DL3043: {
    fires: ["ONBUILD ONBUILD RUN anything", "ONBUILD FROM debian:12", 'ONBUILD MAINTAINER "Me"'],
    passes: [
      ..."ADD a b,USER a,LABEL a=b,STOPSIGNAL a,COPY a b,RUN a,CMD a,SHELL a,WORKDIR a,EXPOSE 69,VOLUME a,ENTRYPOINT a,ENV A=b,ARG a,HEALTHCHECK NONE"
        .split(",")
        .map((one) => `ONBUILD ${one}`),
      "FROM debian:12",
      'MAINTAINER "Me"',
    ],
  },
  DL3044: {
    fires: [
      'ENV A="x" B="$A/$AFOO/x"',
      "ENV PATH=/a:${PATH} PATH=/b:${PATH}",
      'ENV A="x" B="${A}/x"',
      'ENV A="x" B="$A/x"',
      'ENV A="x" B="$A"',
      'ENV A="x" B="${A}"',
    ],
    passes: [
      'ENV A="x"\nENV B="${A}/x"',
      'ENV A="x" B="${FOOA}/x"',
      'ENV A="x" B="${AFOO}/x"',
      'ENV A="x" B="$FOOA/x"',
      'ENV A="x" B="$AFOO/x"',
      'ENV A="x" B="A/$AFOO/A"',
      "ARG A\nENV A=${A}",
      "ENV A x\nENV A=${A}",
      "ENV PATH=/a:${PATH}",
      "ENV PATH=/a:${PATH}\nENV PATH=/b:${PATH}",
      "ENV A=x B='$A'",
      "ENV A=x B=\\$A",
    ],
  },
  DL3064: {
    withTriggers: true,
    fires: [
      "ARG AWS_ACCESS_KEY_ID\nFROM debian:11",
      "ARG openai_api_key\nFROM debian:11",
      "FROM debian:11\nENV AWS_ACCESS_KEY_ID=abcdefghij",
      "FROM debian:11\nENV my_password=abcdefghij",
    ],
    passes: [
      "FROM debian:11\nRUN foobar",
      "ARG foobar\nFROM debian:11",
      "FROM debian:11\nENV foobar=barfoo",
      "ENV POSTGRES_PASSWORD_FILE=/run/secrets/pg",
      "ENV PUBLIC_KEY=x",
    ],
  },
  DL3048: {
    withTriggers: true,
    fires: [
      'LABEL com.docker.label="foo"',
      'LABEL io.docker.label="foo"',
      'LABEL org.dockerproject.label="foo"',
      'LABEL invalid$character="foo"',
      'LABEL .invalid ="foo"',
      'LABEL -invalid="foo"',
      'LABEL 1invalid="foo"',
      'LABEL invalid..character="foo"',
      'LABEL invalid--character="foo"',
    ],
    passes: ['LABEL org.valid-key.label3="foo"', 'LABEL validlabel="foo"'],
  },
});

const piped = "RUN wget -O - https://some.example | wc -l > /number";

checkRules({
  DL4006: {
    fires: [
      `FROM scratch\n${piped}`,
      `FROM scratch as build\nSHELL ["/bin/sh", "-o", "pipefail", "-c"]\n${piped}`,
      `FROM scratch as build\nSHELL ["/bin/bash", "-o", "pipefail", "-c"]\n${piped}\nFROM scratch as build2\n${piped}`,
      `FROM scratch as build\nSHELL ["/bin/bash", "-o", "pipefail", "-c"]\n${piped}\nSHELL ["/bin/sh", "-c"]\n${piped}`,
    ],
    passes: [
      "FROM scratch\nRUN wget -O - https://some.example && wc -l file > /number",
      "FROM scratch\nRUN a || b",
      `FROM scratch\nSHELL ["/bin/bash", "-eo", "pipefail", "-c"]\n${piped}`,
      `FROM scratch\nSHELL ["/bin/bash", "-e", "-o", "pipefail", "-c"]\n${piped}`,
      `FROM scratch\nSHELL ["/bin/bash", "-o", "errexit", "-o", "pipefail", "-c"]\n${piped}`,
      `FROM scratch\nSHELL ["/bin/zsh", "-o", "pipefail", "-c"]\n${piped}`,
      `FROM scratch\nSHELL ["/usr/bin/bash", "-o", "pipefail", "-c"]\n${piped}`,
      `FROM scratch\nSHELL ["pwsh", "-c"]\nRUN Get-Variable X | Select-Object Y`,
      `FROM scratch\nSHELL [ "powershell.exe" ]\nRUN Get-Variable X | Select-Object Y`,
      `FROM scratch\nSHELL [ "cmd.exe", "/c" ]\nRUN a | b`,
      `FROM mcr.microsoft.com/windows/servercore:1\nRUN a | b`,
      `# hadolint shell=powershell # foobar\nFROM scratch\nRUN a | b`,
      `FROM scratch\n# hadolint shell = powershell.exe\nRUN a | b`,
      `FROM scratch\nRUN set -o pipefail && a | b`,
      `FROM scratch AS a\nSHELL ["/bin/bash", "-o", "pipefail", "-c"]\nFROM a\n${piped}`,
    ],
  },
  DL3050: {
    withTriggers: true,
    options: { labelSchema: { required: "text" }, strictLabels: true },
    fires: ['LABEL other="bar"', 'LABEL required="foo" other="bar"'],
    passes: ["", 'LABEL required="foo"'],
  },
  DL3051: {
    withTriggers: true,
    options: { labelSchema: { empty: "text" } },
    fires: ['LABEL empty=""'],
    passes: ['LABEL empty="foo"', 'LABEL other=""'],
  },
  DL3052: {
    options: { labelSchema: { a: "url" } },
    fires: ['LABEL a="not-url"'],
    passes: ['LABEL a="http://example.com"', 'LABEL b="foo"'],
  },
  DL3053: {
    options: { labelSchema: { a: "rfc3339" } },
    fires: ['LABEL a="not-date"', 'LABEL a="2021-13-10T10:26:33Z"', 'LABEL a="2021-03-10"'],
    passes: ['LABEL a="2021-03-10T10:26:33.564595127+01:00"', 'LABEL a="2021-03-10T10:26:33Z"', 'LABEL b="x"'],
  },
  DL3054: {
    options: { labelSchema: { a: "spdx" } },
    fires: ['LABEL a="not-spdx"', 'LABEL a="MIT OR"'],
    passes: [
      'LABEL a="BSD-3-Clause"',
      'LABEL a="MIT"',
      'LABEL a="(MIT OR Apache-2.0)"',
      'LABEL a="GPL-2.0-only WITH Classpath-exception-2.0"',
      'LABEL b="x"',
    ],
  },
  DL3055: {
    options: { labelSchema: { a: "hash" } },
    fires: ['LABEL a="not-git-hash"'],
    passes: ['LABEL a="2dbfae9"', 'LABEL a="43c572f1272b6b3171dd1db9e41b7027128ce080"', 'LABEL b="x"'],
  },
  DL3056: {
    options: { labelSchema: { a: "semver" } },
    fires: ['LABEL a="not-sem-ver"', 'LABEL a="1.0"'],
    passes: ['LABEL a="1.0.0"', 'LABEL a="2.0.1-rc1"', 'LABEL b="x"'],
  },
  DL3058: {
    options: { labelSchema: { a: "email" } },
    fires: ['LABEL a="not-email"'],
    passes: ['LABEL a="abcd@example.com"', 'LABEL b="x"'],
  },
});

test("trusted registries: exact, wildcards, both names of Docker Hub, scratch and stages", () => {
  const table: readonly (readonly [text: string, trusted: readonly string[], isTold: boolean])[] = [
    ["FROM random.com/debian", [], false],
    ["FROM random.com/debian", ["docker.io"], true],
    ["FROM random.com/debian", ["x.com", "random.com"], false],
    ["FROM scratch", ["x.com"], false],
    ["FROM ubuntu:1\nFROM me/ubuntu:1\nFROM docker.io/me/ubuntu:1", ["docker.io"], false],
    ["FROM random.com/foo AS one\nFROM one AS two", ["random.com"], false],
    ["FROM x.com/debian", ["*.random.com"], true],
    ["FROM foo.random.com/debian", ["x.com", "*.random.com"], false],
    ["FROM ubuntu:1\nFROM me/ubuntu:1", ["*"], false],
  ];
  for (const [text, trustedRegistries, expected] of table) {
    deepEqual([text, isTold("DL3026", text, { trustedRegistries })], [text, expected]);
  }
});

test("comments ignore rules for the next instruction, or for the file; others' names make them void", () => {
  const ignored = (text: string, rule: string): boolean => !isTold(rule, text);
  deepEqual(
    [
      ignored("FROM ubuntu\n# hadolint ignore=DL3002\nUSER root", "DL3002"),
      ignored("FROM scratch\n# hadolint ignore=DL3001\nUSER root", "DL3002"),
      ignored("FROM scratch\n# hadolint ignore=DL3001,DL3002\nUSER root", "DL3002"),
      ignored("# hadolint ignore=DL3001,DL3002\nFROM ubuntu\nUSER root", "DL3002"),
      ignored("FROM scratch\n# hadolint ignore=crazy,DL3002\nUSER root", "DL3002"),
      ignored("FROM node as foo\n# hadolint ignore=DL3023, DL3021\nCOPY --from=foo bar baz .", "DL3021"),
      ignored("# hadolint global ignore=DL3002\nFROM ubuntu\nUSER root", "DL3002"),
      ignored("# hadolint global ignore = DL3023 , DL3021\nFROM node as foo\nCOPY --from=foo bar baz .", "DL3023"),
      ignored("FROM ubuntu\n# hadolint ignore=DL3002 # because\nUSER root", "DL3002"),
      ignored("FROM ubuntu\n# garrison ignore=dockerfile/root-user\nUSER root", "DL3002"),
    ],
    [true, false, true, false, false, true, true, true, true, true],
  );
  deepEqual(isTold("DL3002", "FROM ubuntu\n# hadolint ignore=DL3002\nUSER root", { disableIgnorePragma: true }), true);
  const override = { override: { info: ["DL1001"] } } as const;
  deepEqual(isTold("DL1001", "# hadolint ignore=DL3003\nRUN foo bar", override), true);
  deepEqual(isTold("DL1001", "# hadolint shell=powershell\nRUN foo bar", override), false);
  deepEqual(isTold("DL1001", "# foobar\nRUN foo bar", override), false);
  deepEqual(isTold("DL1001", "# hadolint ignore=DL3003\nRUN foo bar"), false);
});

test("options take rules out and change severities", () => {
  deepEqual(isTold("DL3006", "FROM debian", { ignored: ["DL3006"] }), false);
  deepEqual(isTold("DL3006", "FROM debian", { ignored: ["dockerfile/untagged-image"] }), false);
  const findings = lintDockerfile("FROM debian", { override: { error: ["DL3006"] } });
  deepEqual(findings.find(({ hadolint }) => hadolint === "DL3006")?.severity, "error");
});
