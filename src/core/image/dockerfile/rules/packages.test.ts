// Package managers of distributions: apt, apk, yum, dnf, zypper. What each rule tells, and near misses.
import { checkRules } from "../../../../../test/support/dockerfile-cases.ts";

const runs = (...commands: readonly string[]): readonly string[] => commands.map((command) => `RUN ${command}`);

checkRules({
  DL3005: {
    withTriggers: true,
    fires: runs("apt-get update && apt-get dist-upgrade"),
    passes: runs("apt-get upgrade", "echo apt-get dist-upgrade"),
  },
  DL3008: {
    withTriggers: true,
    fires: runs(
      "apt-get update && apt-get install ruby",
      "apt-get install -y a=1 b",
      "sudo apt-get install nano",
      "bash -lc 'apt-get install nano'",
    ),
    passes: [
      ...runs(
        "apt-get install -y perl=5.36",
        "apt-get -y --no-install-recommends install php=8",
        "apt-get install ./tool_1.0_amd64.deb",
        "apt-get install nginx/bookworm-backports",
        "apt-get install $(cat packages.txt)",
        "apt-get update",
        "apt-get -o Acquire::Retries=3 install -y jq=1.6*",
        "echo apt-get install nano",
      ),
      "RUN apt-get update \\\n && apt-get -yqq --no-install-recommends install go=1.2 \\\n && rm -rf /var/lib/apt/lists/*",
      "RUN apt-get update && apt-get install -y \\\na=2.2.2* \\\nb=1.16.1* \\\nc=1:2.5.0* \\\nd=1:2.1.*",
      'RUN set -e &&\\\n echo "deb http://mirror.example/debian sid main" > /etc/apt/sources.list.d/sid.list &&\\\n apt-get install -y -t sid tool=8u131-b11-1~bpo8+1',
    ],
  },
  DL3014: {
    withTriggers: true,
    fires: runs("apt-get install nano", "apt-get install -q nano", "apt-get install --quiet nano"),
    passes: runs(
      "apt-get install -yq nano",
      "apt-get install -qq nano",
      "apt-get install -q -q nano",
      "apt-get install -q=2 nano",
      "apt-get install --quiet --quiet nano",
      "apt-get -y install nano",
      "apt-get --yes install nano",
      "apt-get --assume-yes install nano",
      "apt-get install -y nano",
    ),
  },
  DL3015: {
    withTriggers: true,
    fires: runs("apt-get install nano", "apt-get -y install nano"),
    passes: runs(
      "apt-get install --no-install-recommends nano",
      "apt-get -o APT::Install-Recommends=false install nano",
    ),
  },
  DL3027: {
    withTriggers: true,
    fires: runs("apt install nano", "apt update"),
    passes: runs("apt-get install nano", "apt-cache policy nano"),
  },
  "dockerfile/update-alone": {
    fires: runs("apt-get update"),
    passes: runs("apt-get update && apt-get install -y nano"),
  },
  DL3018: {
    withTriggers: true,
    fires: ["RUN apk add nano", "RUN apk add --no-cache \\\na=2.6.4-r1 \\\nb \\\nc=1.0.6-r5"],
    passes: [
      ...runs(
        "apk add nano=2.6.4-r1",
        "apk add --no-cache git~2.52",
        "apk add own-1.1.1.apk",
        "apk add --no-cache --repository https://mirror.example/edge/testing flow=0.78.0-r0",
        "apk add --no-cache --repository=https://mirror.example/edge/testing flow=0.78.0-r0",
        "apk add --no-cache -X https://mirror.example/edge/testing flow=0.78.0-r0",
        "apk del nano",
      ),
      "RUN apk add --virtual .deps \\\na=1.1.1 b=2.2.2 \\\n&& make \\\n&& apk del .deps",
      "RUN apk add --no-cache a=2.6.4-r1 \\\n && pip install -r requirements.txt",
    ],
  },
  DL3019: {
    withTriggers: true,
    fires: runs("apk add nano=1", "--mount=type=cache,target=/var/cache/other apk add -U nano=1"),
    passes: runs(
      "apk add --no-cache nano=1",
      "--mount=type=cache,target=/var/cache/apk apk add -U nano=1",
      "--mount=type=cache,target=/var/cache/other apk add --no-cache -U nano=1",
    ),
  },
});

checkRules({
  DL3030: {
    withTriggers: true,
    fires: runs("yum install nano-1.2 && yum clean all"),
    passes: runs("yum install -y nano-1.2 && yum clean all", "bash -c `# no yum here`"),
  },
  DL3032: {
    withTriggers: true,
    fires: runs("yum install -y nano-1.2", "yum clean all && yum install -y nano-1.2"),
    passes: runs(
      "yum install -y nano-1.2 && yum clean all",
      "yum install -y nano-1.2 && rm -rf /var/cache/yum/*",
      "bash -c `# no yum here`",
    ),
  },
  DL3033: {
    withTriggers: true,
    fires: runs("yum install -y nano && yum clean all", "yum module install -y nano", "yum install -y java-11-openjdk"),
    passes: runs(
      "yum install -y nano-9.2",
      "yum module install -y nano:9",
      "yum install -y openssl-1:1.1.1k",
      "yum install -y rpm-build-4.16.1.3",
      "yum install -y gcc-c++-1.1.1",
      'yum install -y "git-core-${GIT}"',
      "yum install -y nano-$VERSION",
      "yum --enablerepo extras install -y nano-9.2",
      "yum install -y https://mirror.example/nano.rpm",
    ),
  },
  DL3034: {
    withTriggers: true,
    fires: runs("zypper install nano=2.4 && zypper clean"),
    passes: runs(
      "zypper install -n nano=2.4",
      "zypper install --non-interactive nano=2.4",
      "zypper install -y nano=2.4",
      "zypper install --no-confirm nano=2.4",
      "zypper -n install nano=2.4",
    ),
  },
  DL3035: { withTriggers: true, fires: runs("zypper dist-upgrade", "zypper dup"), passes: runs("zypper refresh") },
  DL3036: {
    withTriggers: true,
    fires: runs("zypper install -y nano=10"),
    passes: runs("zypper install -y nano=10 && zypper clean", "zypper install -y nano=10 && zypper cc"),
  },
  DL3037: {
    withTriggers: true,
    fires: runs("zypper install -y nano && zypper clean"),
    passes: runs(
      "zypper install -y nano=9.0.39",
      "zypper install -y nano\\>=9.0",
      "zypper install -y nano\\>9.0",
      "zypper install -y nano\\<=9.0",
      "zypper install -y nano\\<9.0",
      "zypper install -y nano-9.0.39-1.rpm",
    ),
  },
  DL3038: {
    withTriggers: true,
    fires: runs("dnf install nano-2 && dnf clean all", "microdnf install nano-2"),
    passes: runs("dnf install -y nano-2", "mydnf install nano"),
  },
  DL3040: {
    withTriggers: true,
    fires: runs("dnf install -y nano-1", "microdnf install -y nano-1", "dnf install -y nano-1 && microdnf clean all"),
    passes: runs(
      "dnf install -y nano-1 && dnf clean all",
      "microdnf install -y nano-1 && microdnf clean all",
      "dnf install -y nano-1 && rm -rf /var/cache/yum/*",
      "--mount=type=cache,target=/var/cache/dnf dnf install -y nano-1",
      "mydnf install nano",
    ),
  },
  DL3041: {
    withTriggers: true,
    fires: runs(
      "dnf install -y nano",
      "microdnf install -y nano",
      "dnf install -y rpm-build",
      "dnf module install -y nano",
    ),
    passes: runs(
      "dnf install -y nano-9.0.1",
      "dnf install -y rpm-build-4.16.1.3",
      "dnf install -y gcc-c++-1.1.1",
      "dnf install -y openssl-1:1.1.1k",
      "dnf module install -y nano:9",
      'dnf install -y "git-core-${V}"',
      "dnf install -y nano-$V",
      "mydnf install nano",
    ),
  },
});
