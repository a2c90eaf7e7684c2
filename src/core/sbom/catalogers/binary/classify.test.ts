// Every classifier with the bytes it is known by, near misses, large files, and that hostile bytes cost no more than others.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { catalog, catalogFile, catalogTools } from "../../../../../test/support/catalog-file.ts";
import { classifiedCataloger, cpeOf } from "./classified.ts";
import { classifiers, classify, evidenceOf, needlesOf } from "./classify.ts";
import { readJvmRelease } from "./jvm-release.ts";

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0) & 0xff);

/** "id=version ..." of what is found at the path. */
function found(path: string, content: Uint8Array): string {
  return classify(catalogFile(path, content), catalogTools)
    .map(({ classifier, version }) => `${classifier}=${version}`)
    .join(" ");
}

/** Over the edge of a piece of the search. */
function behindOthers(content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1024 * 1024 - 6 + content.length).fill(0x7e);
  bytes.set(content, 1024 * 1024 - 6);
  return bytes;
}

const nul = "\0";
const cases: readonly (readonly [path: string, content: string, expected: string])[] = [
  ["usr/local/bin/python3.11", `\0x\0${nul}3.11.2\0`, "python=3.11.2"],
  ["usr/local/bin/python3.9", "\x003.11.2\0", ""],
  ["opt/python3", "\x003.12.0rc1\0", "python=3.12.0rc1"],
  ["usr/lib/libpython2.7.so.1.0", "\x002.7.18\0", "libpython=2.7.18"],
  ["usr/lib/libpython3.10.so.1.0", "\x003.10\x003.10.13+\0", "libpython=3.10.13+"],
  ["opt/libpypy3.9-c.so", "x [PyPy 7.3.12 with GCC", "pypy=7.3.12"],
  ["usr/local/go/bin/go", "go1.21.3\0", "go=1.21.3"],
  ["usr/local/go/VERSION", "go1.21.3\ntime 2023", "go-version-file=1.21.3"],
  ["srv/other/VERSION", "go1.21.3\n", ""],
  ["usr/bin/node", "x node.js/v22.9.0 y", "node=22.9.0"],
  ["usr/bin/node", "\0node v0.10.48\0", "node=0.10.48"],
  ["usr/bin/node", "\0v0.12.18\0", "node=0.12.18"],
  ["usr/lib/libnode.so.108", "node.js/v18.20.4", "libnode=18.20.4"],
  ["usr/bin/deno", "Deno/1.41.0", "deno=1.41.0"],
  ["usr/bin/bun", "Bun/1.1.8", "bun=1.1.8"],
  ["usr/bin/ruby", "\0ruby 3.2.1 (2023-02-08 revision 31819e82c8)", "ruby=3.2.1"],
  ["usr/bin/ruby", "ruby 2.7.7p221 (2022", "ruby=2.7.7p221"],
  ["usr/lib/libruby.so.3.4", "ruby 3.4.0preview1 (2024", "libruby=3.4.0preview1"],
  ["usr/bin/perl", "/usr/local/lib/perl5/5.36.0/x", "perl=5.36.0"],
  ["usr/lib/libperl.so.5.36", "/usr/share/perl/5.36.0", "libperl=5.36.0"],
  ["usr/local/bin/php", "X-Powered-By: PHP/8.2.1\0", "php=8.2.1"],
  ["usr/sbin/php-fpm8.2", "X-Powered-By: PHP/8.3.0RC2\0", "php=8.3.0RC2"],
  ["usr/sbin/php-fpm8.2.1", "X-Powered-By: PHP/8.2.1\0", "php-fpm=8.2.1"],
  ["usr/lib/apache2/libphp8.so", "X-Powered-By: PHP/8.1.9\0", "libphp=8.1.9"],
  ["usr/bin/composer", "'pretty_version' => '2.6.5',", "composer=2.6.5"],
  ["usr/lib/erlang/bin/erlexec", "\0/usr/src/otp_src_25.3.2.6/erts/", "erlang=25.3.2.6"],
  ["usr/lib/beam.smp", "\x0026.1.2\0\0\0\0\0Erlang/OTP", "erlang-beam=26.1.2"],
  ["usr/lib/beam.smp", "Erlang/OTP 17%s [erts-6.4.1.6] [source]\x0017.5.6.9\0\0", "erlang-beam=17.5.6.9"],
  ["usr/lib/liberts_internal.a", "/usr/local/src/otp-25.3.2.7/erts/", "erlang=25.3.2.7"],
  ["usr/bin/elixir", "#!/bin/sh\nELIXIR_VERSION=1.15.1\n", "elixir=1.15.1"],
  ["lib/elixir/ebin/elixir.app", '{application,elixir,[{vsn,"1.16.0-rc.1"},', "elixir-library=1.16.0-rc.1"],
  ["usr/lib/libjulia-internal.so", "\0__init__\x001.9.3\0verify", "julia=1.9.3"],
  [
    "usr/lib/libstd-86aefecbddda356d.so",
    "\0clang LLVM (rustc version 1.48.0 (7eac88abb 2020-11-16))",
    "rust-library=1.48.0",
  ],
  ["usr/lib/libstd-f6f9eec1635e636a.dylib", "rustc 1.48.0 (7eac88abb 2020-11-16)", "rust-library=1.48.0"],
  ["usr/bin/swipl", "/swipl-9.1.8/", "swipl=9.1.8"],
  ["usr/bin/dart", '"%s"\x003.0.0 (stable)', "dart=3.0.0"],
  ["usr/bin/dart", 'Dart,GC"\x003.6.0-216.1.beta (beta)', "dart=3.6.0-216.1.beta"],
  ["usr/bin/ghc-9.6.5", "\0GHC 9.6.5\0", "ghc=9.6.5"],
  ["usr/bin/ghc", "\0libHSghc-8.10.4-ghc8.10.4.so\0", "ghc=8.10.4"],
  ["usr/bin/cabal", "\0Cabal-3.10.3.0-inplace", "cabal=3.10.3.0"],
  ["usr/bin/stack", "Version 2.15.5, Git revision", "stack=2.15.5"],
  ["usr/bin/gcc", "GCC: (GNU) 12.3.0\0", "gcc=12.3.0"],
  ["usr/lib/liblua5.3.so.0", "$LuaVersion: Lua 5.3.6  Copyright", "lua=5.3.6"],
  ["opt/dotnet/libcoreclr.so", "@(#)Version 8.0.123.58001 @Commit", "dotnet=8.0"],
  ["usr/lib/R/lib/libR.so", "R version 4.2.2 (2022-10-31)", "r=4.2.2"],
  ["opt/java/bin/java", "\0openjdk\0java\x000.0\x0011.0.17+8-LTS\0", "openjdk=11.0.17+8-LTS"],
  ["opt/java/bin/java", "\x000.0\0\0\0\0\x0011.0.22+7\0\0\0openjdk\0java\0", "openjdk=11.0.22+7"],
  ["opt/java/bin/java", "\0openjdk\0java\x001.8\x001.8.0_352-b08\0", "openjdk-update=1.8.0_352-b08"],
  ["opt/zulu17/bin/java", "\0openjdk\0java\x000.0\x0017.0.9+8-LTS\0", "zulu=17.0.9+8-LTS"],
  ["opt/graal/bin/java", "\x0020.0.1+9-jvmci-23.0-b12\0", "graalvm=20.0.1+9-jvmci-23.0-b12"],
  [
    "opt/ibm/java/bin/java",
    "\0java\x001.8\0\0\x001.8.0-foreman_2022_01_20_09_33-b00\0",
    "ibm-java=1.8.0-foreman_2022_01_20_09_33-b00",
  ],
  [
    "opt/ibm/java/bin/jdb",
    "\0java\0./lib/tools.jar\x001.8\0\0\x001.8.0-foreman_2022_01_20_09_33-b00\0",
    "ibm-java-sdk=1.8.0-foreman_2022_01_20_09_33-b00",
  ],
  ["opt/java/bin/java", "\x0019.0.1+10-21\0", "jre-openjdk=19.0.1+10-21"],
  ["opt/java/bin/java", "\x001.8.0_451-b10\0", "jre=1.8.0_451-b10"],
  ["opt/java/bin/jdb", "\x0019.0.1+10-21\0", "jdk=19.0.1+10-21"],
  ["usr/sbin/nginx", "\0nginx version: nginx/1.25.1\0", "nginx=1.25.1"],
  ["usr/sbin/nginx", "\0nginx version: openresty/1.21.4.1\0", "openresty=1.21.4.1 nginx=1.21.4"],
  ["usr/sbin/httpd", "Apache/2.4.54 (Unix)", "httpd=2.4.54"],
  ["usr/sbin/lighttpd", "\0lighttpd/1.4.71\0", "lighttpd=1.4.71"],
  ["usr/sbin/haproxy", "version 2.7.3-1065b10, released 2023", "haproxy=2.7.3"],
  ["usr/sbin/haproxy", "HA-Proxy version 1.5.14 2015/07/02", "haproxy=1.5.14"],
  ["usr/bin/traefik", "\x002.9.6\0", "traefik=2.9.6"],
  ["usr/bin/traefik", "\0v1.7.34\0", "traefik=1.7.34"],
  ["usr/bin/envoy", "\x001.36.4\0" + "x".repeat(900) + "envoy_reloadable_features", "envoy=1.36.4"],
  ["usr/bin/envoy", "\x001.18.6-dev\0Unable to", "envoy=1.18.6-dev"],
  ["usr/bin/envoy", "\x001.6.0\0RELEASE", "envoy=1.6.0"],
  ["usr/sbin/varnishd", "\0varnish-7.1.1 revision", "varnish=7.1.1"],
  ["usr/sbin/squid", "\0squid/5.7\0", "squid=5.7"],
  ["usr/bin/redis-server", "x7.0.14buildkitsandbox-1702957741000000000", "redis=7.0.14"],
  ["usr/bin/redis-server", "x4.0.11841ce7054bd9-1542359302000000000", "redis=4.0.11"],
  ["usr/bin/redis-server", "Server started, Redis version 2.8.23", "redis=2.8.23"],
  ["usr/bin/valkey-server", "valkey9.0.0buildkitsandbox-1764887574000000000", "valkey=9.0.0"],
  ["usr/bin/memcached", "memcached 1.6.18", "memcached=1.6.18"],
  ["usr/bin/postgres", "\0PostgreSQL 15.1 on", "postgresql=15.1"],
  ["usr/bin/postgres", "?PostgreSQL 9.5alpha1", "postgresql=9.5alpha1"],
  ["usr/bin/postgres", "\0PostgreSQL 15beta4", "postgresql=15beta4"],
  ["usr/bin/mysql", "shutdown\x008.0.37\0\0\0\0mysql_real_esc", "mysql=8.0.37"],
  ["usr/bin/mysql", "/release/mysql-8.0.4-rc/mysys", "mysql=8.0.4"],
  ["usr/bin/mysql", "/x/percona-server-8.0.35/", "percona-server=8.0.35"],
  ["usr/bin/mysql", "/x/Percona-XtraDB-Cluster-8.0.34/", "percona-xtradb-cluster=8.0.34"],
  ["usr/bin/mariadb", "10.6.15-MariaDB", "mariadb=10.6.15"],
  ["usr/bin/mysql", "10.6.15-MariaDB\0/mysql-5.5.5", "mariadb=10.6.15"],
  ["usr/bin/xtrabackup", "/x/percona-xtrabackup-8.0.35/", "xtrabackup=8.0.35"],
  ["usr/bin/mongod", "6.0.27\0tcmalloc", "mongodb=6.0.27"],
  ["usr/bin/mongod", "8.0.17\0\0cppdefines", "mongodb=8.0.17"],
  ["usr/bin/arangosh", "3.11.8 [linux]", "arangodb=3.11.8"],
  ["usr/bin/ldapsearch", "$OpenLDAP: ldapsearch 2.4.45 (", "openldap=2.4.45"],
  ["usr/sbin/slapd", "$OpenLDAP: slapd 2.6.3 (", "slapd=2.6.3"],
  ["usr/sbin/proftpd", "\0ProFTPD Version 1.3.8b\0", "proftpd=1.3.8b"],
  ["opt/fluent-bit", "\x003.0.2\0%sFluent Bit", "fluent-bit=3.0.2"],
  ["usr/bin/pilot-discovery", "\x001.26.8\0\x001.26.8\0", "pilot-discovery=1.26.8"],
  ["usr/bin/pilot-agent", "Clean\0\0\x001.8.0\0", "pilot-agent=1.8.0"],
  ["bin/consul", "CONSUL_VERSION: 1.15.2", "consul=1.15.2"],
  ["bin/vault", "revoke1.18.0", "vault=1.18.0"],
  ["bin/grafana", "\0\0release-12.3.2+security-01\0\0", "grafana=12.3.2"],
  ["bin/grafana-server", "HEAD\0\0\0\x009.0.0\0:\0", "grafana=9.0.0"],
  ["bin/nginx-ingress-controller", "\0v1.15.1\0\0abc\0\0go1.26.1\0", "ingress-nginx=1.15.1"],
  ["usr/sbin/unbound", "unbound 1.17.1\0", "unbound=1.17.1"],
  ["usr/sbin/dnsmasq", "dnsmasq-2.90", "dnsmasq=2.90"],
  ["usr/sbin/named", "\x009.18.24\0", "bind=9.18.24"],
  ["usr/sbin/mosquitto", "\x002.0.18\0", "mosquitto=2.0.18"],
  ["usr/sbin/openvpn", "OpenVPN 2.6.3 x86_64-pc-linux-gnu", "openvpn=2.6.3"],
  ["usr/sbin/openvpn", "in OpenVPN 2.5.0 and", ""],
  ["usr/sbin/exim4", "Exim version 4.96 #2", "exim=4.96"],
  ["opt/google/chrome", "\x00127.0.6533.119\0Default", "chrome=127.0.6533.119"],
  ["bin/busybox", "BusyBox v1.36.1 (2023", "busybox=1.36.1"],
  ["bin/bash", "@(#)Bash version 5.2.15(1) release GNU", "bash=5.2.15"],
  ["usr/bin/getopt", "\0util-linux 2.37.4\0", "util-linux=2.37.4"],
  ["usr/bin/openssl", "\0OpenSSL 1.1.1w  11 Sep 2023", "openssl=1.1.1w"],
  ["usr/bin/openssl", "\0OpenSSL 1.1.1 (compatible; AWS-LC 1.69.0)\0", "aws-lc=1.69.0"],
  ["usr/bin/curl", "curl/8.4.0", "curl=8.4.0"],
  ["usr/bin/git", "git/2.39.5", "git=2.39.5"],
  ["usr/bin/helm", "\0v3.11.1\0", "helm=3.11.1"],
  ["usr/bin/zstd", "\0v1.5.6\0", "zstd=1.5.6"],
  ["usr/bin/xz", "\0xz (XZ Utils) 5.6.2\0", "xz=5.6.2"],
  ["bin/gzip", "\x001.12\0", "gzip=1.12"],
  ["usr/bin/jq", "\x001.7.1\0", "jq=1.7.1"],
  ["usr/bin/sqlcipher", "x\x004.5.5\0", "sqlcipher=4.5.5"],
  ["usr/bin/sqlite3", "\x003.45.1\0", "sqlite=3.45.1"],
  ["usr/bin/ffmpeg", "%s version 7.1.1", "ffmpeg=7.1.1"],
  ["usr/local/bin/wp", "wp-cli/wp-cli 2.9.0", "wp-cli=2.9.0"],
  ["usr/sbin/sshd", "OpenSSH_9.2p1 Debian", "ssh=9.2p1"],
  ["usr/bin/sudo", "\x001.9.13p3\0", "sudo=1.9.13p3"],
  ["usr/bin/wget", "Wget/1.21.3", "wget=1.21.3"],
  ["usr/bin/gpg", "\x002.2.40\0", "gpg=2.2.40"],
  ["usr/bin/rsync", "\x003.2.7\0", "rsync=3.2.7"],
  ["sbin/docker-init", "tini version 0.19.0 - git", "tini=0.19.0"],
  ["var/www/html/wp-includes/version.php", "<?php\n$wp_version = '6.4.2';\n", "wordpress=6.4.2"],
  ["var/www/html/lib/version.php", "<?php\n$wp_version = '6.4.2';\n", ""],
  ["opt/drupal/web/core/lib/Drupal.php", "const VERSION = '10.1.6';", "drupal=10.1.6"],
  ["usr/lib/libcrypto.so.3", "OpenSSL 3.0.11 19 Sep 2023\0", "libcrypto=3.0.11"],
  ["usr/lib/libcurl.so.4.8.0", "libcurl/8.5.0", "libcurl=8.5.0"],
  ["lib/libz.so.1.2.13", " deflate 1.2.13 Copyright 1995-2022 Jean-loup", "zlib=1.2.13"],
  ["usr/lib/libsqlite3.so.0.8.6", "\x003.40.1\0", "libsqlite=3.40.1"],
  ["usr/lib/libexpat.so.1", "expat_2.5.0", "expat=2.5.0"],
  [
    "lib/x86_64-linux-gnu/libc.so.6",
    "GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\n",
    "glibc=2.36",
  ],
  ["lib/ld-musl-x86_64.so.1", "\x001.2.4_git20230717\x001.2.4\0", "musl=1.2.4"],
  ["usr/lib/libgnutls.so.30", "\x003.7.9\0", "gnutls=3.7.9"],
  ["usr/lib/libnghttp2.so.14", "\xff1.52.0\0", "nghttp2=1.52.0"],
  ["usr/lib/libQt6Core.so.6", "\0\0Qt 6.5.0 (x86_64-little_endian", "qtbase=6.5.0"],
  ["usr/lib/libQtCore.so.4", "QtCore library version 4.8.7", "qtbase=4.8.7"],
  ["usr/lib/libavcodec.so.59", "FFmpeg version 5.1.9", "ffmpeg-library=5.1.9"],
  ["usr/lib/libswresample.so.4", "FFmpeg version 5.1.9", "ffmpeg-library=5.1.9"],
  ["usr/bin/unknown", "nginx/1.2.3", ""],
  ["usr/sbin/nginx", "no version", ""],
];

describe("classifiers", () => {
  for (const [path, content, expected] of cases) {
    test(`${path}: ${expected === "" ? "nothing" : expected}`, () => {
      assert.equal(found(path, latin1(content)), expected);
      // The same behind a megabyte of other bytes.
      if (path.endsWith("VERSION")) return;
      assert.equal(found(path, behindOthers(latin1(content))), expected);
    });
  }
  test("each has a case here, and a name of its own", () => {
    const seen = new Set(cases.flatMap(([, , expected]) => expected.split(" ").map((item) => item.split("=")[0])));
    assert.deepEqual(
      classifiers.map(({ id }) => id).filter((id) => !seen.has(id)),
      [],
    );
    assert.equal(new Set(classifiers.map(({ id }) => id)).size, classifiers.length);
  });
});

test("packages: type, namespace, CPEs, evidence", () => {
  const { packages } = catalog(classifiedCataloger, [catalogFile("bin/consul", "CONSUL_VERSION: 1.15.2", 0o755)]);
  assert.deepEqual(packages, [
    {
      type: "golang",
      namespace: "github.com/hashicorp",
      name: "consul",
      version: "v1.15.2",
      architecture: "",
      module: "",
      licenses: [],
      cpes: ["cpe:2.3:a:hashicorp:consul:1.15.2:*:*:*:*:*:*:*"],
      qualifiers: {},
      scope: "installed",
      ownedBy: "",
      cataloger: "binary/classifier",
      evidence: [{ path: "/bin/consul", layer: 0, line: 0, kind: "binary" }],
    },
  ]);
  assert.equal(cpeOf("oracle:openjdk", "1.8.0_352-b08"), "cpe:2.3:a:oracle:openjdk:1.8.0:update352:*:*:*:*:*:*");
  assert.equal(
    cpeOf("oracle:openjdk", "11.0.17+8-LTS"),
    String.raw`cpe:2.3:a:oracle:openjdk:11.0.17\+8-LTS:*:*:*:*:*:*:*`,
  );
});

describe("Java homes", () => {
  const cases: readonly (readonly [what: string, text: string, expected: string])[] = [
    [
      "Temurin",
      'IMPLEMENTOR="Eclipse Adoptium"\nJAVA_RUNTIME_VERSION="17.0.9+9"\nJAVA_VERSION="17.0.9"\n',
      "oracle/openjdk 17.0.9+9",
    ],
    ["Java 8", 'JAVA_VERSION="1.8.0_352"\nOS_NAME="Linux"\n', "oracle/openjdk 1.8.0_352"],
    ["Zulu", 'IMPLEMENTOR="Azul Systems, Inc."\nJAVA_VERSION="11.0.21"\n', "azul/zulu 11.0.21"],
    [
      "Oracle's own",
      'IMPLEMENTOR="Oracle Corporation"\nBUILD_TYPE="commercial"\nJAVA_VERSION="21.0.1"\n',
      "oracle/jdk 21.0.1",
    ],
    ["Oracle's open build", 'IMPLEMENTOR="Oracle Corporation"\nJAVA_VERSION="21.0.1"\n', "oracle/openjdk 21.0.1"],
    [
      "GraalVM",
      'IMPLEMENTOR="GraalVM Community"\nGRAALVM_VERSION="23.1"\nJAVA_VERSION="21.0.1"\n',
      "oracle/graalvm 21.0.1",
    ],
    ["something else", "VERSION=1\n", ""],
  ];
  for (const [what, text, expected] of cases) {
    test(what, () => {
      const release = readJvmRelease(text);
      assert.equal(release === undefined ? "" : `${release.namespace}/${release.package} ${release.version}`, expected);
    });
  }
  test("a launcher in a home with a release file is not told twice", () => {
    const files = [
      catalogFile("opt/jdk/release", 'JAVA_VERSION="11.0.17"\n'),
      catalogFile("opt/jdk/bin/java", latin1("\0openjdk\0java\x000.0\x0011.0.17+8-LTS\0"), 0o755),
      catalogFile("opt/other/bin/java", latin1("\0openjdk\0java\x000.0\x0011.0.17+8-LTS\0"), 0o755),
    ];
    const { packages } = catalog(classifiedCataloger, files);
    assert.deepEqual(
      packages.map(({ version, evidence }) => `${version} ${evidence[0]?.path}`),
      ["11.0.17 /opt/jdk/release", "11.0.17+8-LTS /opt/other/bin/java"],
    );
  });
});

test("large files: few needles by name, and the windows are enough", () => {
  for (const path of ["usr/bin/node", "usr/bin/mongod", "usr/bin/envoy", "opt/grafana/bin/grafana"]) {
    assert.ok(needlesOf(path).length > 0 && needlesOf(path).length <= 8, path);
  }
  assert.deepEqual(needlesOf("usr/bin/other"), []);
  const file = {
    ...catalogFile("usr/bin/node", ""),
    large: { sizeBytes: 1e8, windows: [{ offset: 5e7, bytes: latin1("node.js/v22.9.0") }] },
  };
  assert.deepEqual(classify(file, catalogTools), [{ classifier: "node", version: "22.9.0" }]);
});

describe("hostile bytes", () => {
  test("no pattern repeats without a bound, so none goes over the text again for every place", () => {
    for (const row of classifiers) {
      for (const { pattern } of evidenceOf(row, row.names?.[0] ?? "x")) {
        const bare = pattern.source.replace(/\\./g, "x").replace(/\[[^\]]*\]/g, "x");
        assert.doesNotMatch(bare, /[*+]|\{\d+,\}/, row.id);
      }
    }
  });
  test("any bytes under any name are read", () => {
    const names = classifiers.map((row) => row.names?.[0] ?? "libcrypto.so.3");
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.uint8Array({ maxLength: 2000 }), (name, bytes) => {
        for (const { version } of classify(catalogFile(`usr/bin/${name}`, bytes), catalogTools))
          assert.ok(version.length <= 120);
      }),
    );
  });
});
