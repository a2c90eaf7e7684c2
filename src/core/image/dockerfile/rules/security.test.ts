// Our own rules: secrets, downloads, permissions, ports, structure. What each tells, and near misses.
import { equal } from "node:assert/strict";
import { test } from "node:test";
import { lintDockerfile } from "../lint.ts";
import { checkRules } from "../../../../../test/support/dockerfile-cases.ts";

const token = `ghp_${"a1B2c3D4e5F6g7H8i9J0".repeat(2).slice(0, 36)}`;

checkRules({
  "dockerfile/secret-value": {
    fires: [`ENV X=${token}`, `ARG X=${token}`, `LABEL x="${token}"`],
    passes: [
      "ENV X=hello",
      "ENV X=$TOKEN",
      `ENV X=/usr/share/${"a".repeat(40)}`,
      "ENV PATH=/usr/local/sbin:/usr/local/bin",
    ],
  },
  "dockerfile/secret-file": {
    fires: [
      "COPY id_rsa /home/app/.ssh/id_rsa",
      "COPY .env /app/",
      "COPY server.key /etc/",
      "COPY .aws/credentials /home/app/.aws/",
      "ADD .npmrc /home/app/",
    ],
    passes: ["COPY id_rsa.pub /x", "COPY .env.example /app/.env", "COPY ca.pem /x", "COPY src /x", "COPY keys.ts /x"],
  },
  "dockerfile/secret-in-run": {
    fires: [
      "RUN curl -u bob:hunter2secret https://x.example",
      `RUN git clone https://bob:${token}@git.example/a.git`,
      "RUN mysql -psecretvalue",
    ],
    passes: [
      'RUN curl -H "Authorization: Bearer $TOKEN" https://x.example',
      "RUN PASSWORD=$(cat /run/secrets/p) x --password=$PASSWORD",
      "RUN curl -u $USER:$PASSWORD https://x.example",
      "RUN curl https://x.example",
      "RUN echo hello",
      'RUN curl -H "Authorization: Bearer $(cat /run/secrets/t)" https://x.example',
    ],
  },
  "dockerfile/password-set": {
    fires: ["RUN echo 'root:x' | chpasswd", "RUN useradd -p x me"],
    passes: ["RUN useradd me", "RUN passwd -l root", "RUN adduser -D me"],
  },
  "dockerfile/download-to-shell": {
    fires: [
      "RUN curl -s https://x.example | sh",
      "RUN curl -s https://x.example | sudo -E bash -",
      "RUN wget -O- https://x.example | tar xz | bash",
      "RUN bash <(curl -s https://x.example)",
      'RUN sh -c "$(curl -fsSL https://x.example)"',
      'RUN eval "$(curl -s https://x.example)"',
      "RUN bash -c 'curl https://x.example | sh'",
      "RUN <<EOF\ncurl https://x.example | sh\nEOF",
    ],
    passes: [
      "RUN curl -o x https://x.example && sh x",
      "RUN curl https://x.example | tar xz",
      "RUN echo a | sh; curl x",
      "RUN curl https://x.example && bash run.sh",
    ],
  },
  "dockerfile/unverified-download": {
    fires: [
      "RUN curl -k https://x",
      "RUN curl -fsSLk https://x",
      "RUN wget --no-check-certificate https://x",
      "RUN npm config set strict-ssl false",
      "RUN git config --global http.sslVerify false",
    ],
    passes: [
      "RUN curl -fsSL https://x",
      "RUN curl -o kubectl https://x",
      "RUN curl -okubectl https://x",
      "RUN git config user.name k",
    ],
  },
  "dockerfile/verification-off": {
    fires: ["ENV NODE_TLS_REJECT_UNAUTHORIZED=0"],
    passes: ["ENV NODE_TLS_REJECT_UNAUTHORIZED=1"],
  },
  "dockerfile/unsigned-packages": {
    fires: [
      "RUN apt-get install --allow-unauthenticated x",
      "RUN apk add --allow-untrusted x",
      "RUN yum install --nogpgcheck x",
    ],
    passes: ["RUN apt-get install x"],
  },
  "dockerfile/world-writable": {
    fires: [
      "RUN chmod 777 /x",
      "RUN chmod -R 0777 /x",
      "RUN chmod a+rwx /x",
      "RUN chmod o+w /x",
      "COPY --chmod=777 a /b",
      "RUN install -m 0666 a b",
    ],
    passes: [
      "RUN chmod 755 /x",
      "RUN chmod 1777 /tmp",
      "RUN chmod +x /x",
      "RUN chmod u+w /x",
      "COPY --chmod=755 a /b",
      "RUN chmod 644 777",
    ],
  },
  "dockerfile/setuid-given": {
    fires: ["RUN chmod 4755 /x", "RUN chmod u+s /x"],
    passes: ["RUN chmod 0755 /x", "RUN chmod a-s /x"],
  },
  "dockerfile/run-insecure": {
    fires: ["RUN --security=insecure x", "RUN --network=host x"],
    passes: ["RUN --network=none x"],
  },
  "dockerfile/remote-shell-port": { fires: ["EXPOSE 22", "EXPOSE 80 22/tcp"], passes: ["EXPOSE 80 2222"] },
  "dockerfile/remote-shell-server": {
    fires: ["RUN apt-get install -y openssh-server"],
    passes: ["RUN apt-get install -y openssh-client"],
  },
  "dockerfile/onbuild": { fires: ["ONBUILD RUN x"], passes: ["RUN x"] },
  "dockerfile/legacy-form": { fires: ["ENV A b", "LABEL a b"], passes: ["ENV A=b"] },
  "dockerfile/mixed-case": { fires: ["FROM a:1\nrun x"], passes: ["FROM a:1\nRUN x", "from a:1\nrun x"] },
  "dockerfile/as-case": { fires: ["FROM a:1 as b"], passes: ["FROM a:1 AS b", "from a:1 as b"] },
  "dockerfile/frontend-in-env": {
    fires: ["ENV DEBIAN_FRONTEND=noninteractive"],
    passes: ["ARG DEBIAN_FRONTEND=noninteractive"],
  },
  "dockerfile/undefined-arg": {
    fires: ["FROM node:${V}", "ARG W\nFROM node:$V"],
    passes: ["ARG V\nFROM node:$V", "FROM node:${V:-20}", "FROM --platform=$BUILDPLATFORM node:20"],
  },
  "dockerfile/no-from": { fires: ["", "# nothing", "ARG A=b"], passes: ["FROM a:1"] },
  "dockerfile/unknown-instruction": { fires: ["FROM a:1\nRUNN x", "FROM a:1\n&& x"], passes: ["FROM a:1\nRUN x"] },
  "dockerfile/unknown-flag": {
    fires: ["COPY --form=a b c", "RUN --mout=x y"],
    passes: ["COPY --from=a b c", "CMD --help"],
  },
  "dockerfile/empty-continuation": { fires: ["RUN a \\\n\n b"], passes: ["RUN a \\\n# c\n b"] },
  "dockerfile/bad-pragma": {
    fires: ["# hadolint ignore=crazy\nFROM a:1"],
    passes: ["# hadolint ignore=DL3006\nFROM a:1", "# about hadolint\nFROM a:1"],
  },
  "dockerfile/parse": {
    fires: [
      "RUN",
      "FROM a b",
      "COPY a",
      "ENV A",
      "ENV A=b C",
      "SHELL bash",
      "HEALTHCHECK curl x",
      "RUN <<EOF\nx",
      "# escape=x\nFROM a:1",
      "FROM a:1\nRUN \uFFFD",
    ],
    passes: [
      "FROM a:1\nRUN <<EOF\nx\nEOF",
      "# escape=`\nFROM a:1\nRUN a `\n b",
      "HEALTHCHECK NONE",
      "\uFEFFFROM a:1\r\nRUN x\r\n",
    ],
  },
  "dockerfile/setuid-kept": {
    options: { override: { info: ["dockerfile/setuid-kept"] } },
    fires: ["FROM debian:12"],
    passes: ["FROM scratch", "FROM debian:12\nRUN find / -perm /6000 -exec chmod a-s {} +"],
  },
});

test("no message repeats a secret", () => {
  const text = `ENV A_TOKEN=${token}\nRUN curl -u bob:hunter2secret https://x.example && git clone https://bob:${token}@git.example/a`;
  const words = lintDockerfile(text)
    .map(({ message, fix, subject }) => message + fix + subject)
    .join("\n");
  equal(/hunter2|ghp_/.test(words), false);
});
