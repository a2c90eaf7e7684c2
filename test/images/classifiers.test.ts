// Classifiers against real programs: Debian's packages are downloaded and unpacked, and what their bytes say must be the upstream version in the package's own name.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, test } from "node:test";
import { classify } from "../../src/core/sbom/catalogers/binary/classify.ts";
import { executableCataloger } from "../../src/core/sbom/catalogers/binary/executables.ts";
import { catalog, catalogFile, catalogTools } from "../support/catalog-file.ts";
import { skipUnless } from "../support/skip.ts";

/** Kept between runs: packages are large. */
const cache = path.join(tmpdir(), "garrison-test-debian-packages");

/** Package, its program or library, classifier. */
const programs = [
  ["busybox-static", "bin/busybox", "busybox"],
  ["nginx", "usr/sbin/nginx", "nginx"],
  ["redis-tools", "usr/bin/redis-check-rdb", "redis"],
  ["libnode108", "usr/lib/x86_64-linux-gnu/libnode.so.108", "libnode"],
  ["haproxy", "usr/sbin/haproxy", "haproxy"],
  ["memcached", "usr/bin/memcached", "memcached"],
  ["lighttpd", "usr/sbin/lighttpd", "lighttpd"],
  ["apache2-bin", "usr/sbin/apache2", "httpd"],
  ["postgresql-15", "usr/lib/postgresql/15/bin/postgres", "postgresql"],
  ["mariadb-client-core", "usr/bin/mariadb", "mariadb"],
  ["php8.2-cli", "usr/bin/php8.2", "php"],
  ["perl-base", "usr/bin/perl", "perl"],
  ["python3.11-minimal", "usr/bin/python3.11", "python"],
  ["openssl", "usr/bin/openssl", "openssl"],
  ["libssl3", "usr/lib/x86_64-linux-gnu/libcrypto.so.3", "libcrypto"],
  ["curl", "usr/bin/curl", "curl"],
  ["git", "usr/bin/git", "git"],
  ["jq", "usr/bin/jq", "jq"],
  ["zstd", "usr/bin/zstd", "zstd"],
  ["xz-utils", "usr/bin/xz", "xz"],
  ["gzip", "bin/gzip", "gzip"],
  ["varnish", "usr/sbin/varnishd", "varnish"],
  ["erlang-base", "usr/lib/erlang/erts-13.1.5/bin/beam.smp", "erlang-beam"],
  ["zlib1g", "lib/x86_64-linux-gnu/libz.so.1.2.13", "zlib"],
  ["libsqlite3-0", "usr/lib/x86_64-linux-gnu/libsqlite3.so.0.8.6", "libsqlite"],
  ["libexpat1", "lib/x86_64-linux-gnu/libexpat.so.1.8.10", "expat"],
  ["libc6", "lib/x86_64-linux-gnu/libc.so.6", "glibc"],
  ["musl", "lib/x86_64-linux-musl/libc.so", "musl"],
  ["openssh-client", "usr/bin/ssh", "ssh"],
  ["dnsmasq-base", "usr/sbin/dnsmasq", "dnsmasq"],
  ["unbound", "usr/sbin/unbound", "unbound"],
  ["squid", "usr/sbin/squid", "squid"],
  ["slapd", "usr/sbin/slapd", "slapd"],
  ["rsync", "usr/bin/rsync", "rsync"],
  ["openvpn", "usr/sbin/openvpn", "openvpn"],
  ["tini", "usr/bin/tini", "tini"],
] as const;

function download(name: string): string | undefined {
  mkdirSync(cache, { recursive: true });
  const find = (): string | undefined =>
    readdirSync(cache).find((file) => file.startsWith(`${name}_`) && file.endsWith(".deb"));
  if (find() === undefined) spawnSync("apt-get", ["download", "-q", name], { cwd: cache, stdio: "ignore" });
  return find();
}

/** "1.22.1" of "nginx_1.22.1-9+deb12u1_amd64.deb"; epochs and what Debian adds to upstream's name taken off. */
function upstreamVersion(file: string): string {
  const version = decodeURIComponent(file.split("_")[1] ?? "")
    .replace(/^\d+:/, "")
    .replace(/-[^-]*$/, "");
  return version.replace(/[+~](?:ds|dfsg|repack|really).*$/, "");
}

function unpack(file: string): string {
  const folder = path.join(cache, file.replace(/\.deb$/, ""));
  if (!existsSync(folder)) execFileSync("dpkg-deb", ["-x", path.join(cache, file), folder]);
  return folder;
}

const hasTools = ["apt-get", "dpkg-deb"].every(
  (tool) => spawnSync(tool, ["--version"], { stdio: "ignore" }).status === 0,
);

describe("programs of Debian's packages", () => {
  for (const [name, program, classifier] of programs) {
    test(name, (context) => {
      if (!skipUnless(context, hasTools, "apt-get and dpkg-deb")) return;
      const file = download(name);
      if (!skipUnless(context, file !== undefined, `the Debian package ${name}`) || file === undefined) return;
      const where = path.join(unpack(file), program);
      if (!skipUnless(context, existsSync(where), `${program} in ${name} of this Debian release`)) return;
      const found = classify(catalogFile(program, readFileSync(where)), catalogTools);
      const row = found.find((one) => one.classifier === classifier);
      const expected = upstreamVersion(file);
      // Releases that upstream names by more than a version: "9.2p1" is "1:9.2p1-2", "5.2.15" is in "5.2.15-2".
      assert.ok(
        row !== undefined && (row.version === expected || expected.startsWith(`${row.version}.`)),
        `${JSON.stringify(found)} ${expected}`,
      );
    });
  }
});

describe("Go programs of Debian's packages", () => {
  for (const [name, program] of [
    ["umoci", "usr/bin/umoci"],
    ["docker-registry", "usr/bin/docker-registry"],
    ["skopeo", "usr/bin/skopeo"],
  ] as const) {
    test(name, (context) => {
      if (!skipUnless(context, hasTools, "apt-get and dpkg-deb")) return;
      const file = download(name);
      if (!skipUnless(context, file !== undefined, `the Debian package ${name}`) || file === undefined) return;
      const where = path.join(unpack(file), program);
      const told = spawnSync("go", ["version", where], { encoding: "utf8" });
      if (!skipUnless(context, told.status === 0, "go (apt: golang-go)")) return;
      const { packages } = catalog(executableCataloger, [catalogFile(program, readFileSync(where), 0o755)]);
      const stdlib = packages.find((one) => one.name === "stdlib");
      assert.equal(`go${stdlib?.version}`, told.stdout.trim().split(" ").at(-1));
    });
  }
});
