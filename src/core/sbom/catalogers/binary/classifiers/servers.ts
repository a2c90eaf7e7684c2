// Servers: web, proxy, database, mail, name.
import { alone, anywhere, around, before, behind, four, three, two, type Classifier } from "./classifier.ts";

const stage = String.raw`(?:(?:alpha|beta|rc)\d{1,2})?`;
const oneToThree = String.raw`\d{1,4}(?:\.\d{1,4}){0,2}${stage}`;
const pre = String.raw`(?:-(?:alpha|beta|rc)[.\d]{0,6}|-dev)?`;
const redis = ["redislabs:redis", "redis:redis"];
const valkey = ["lfprojects:valkey", "linuxfoundation:valkey", "valkey-io:valkey"];
const built = String.raw`[^\d](${three})buildkitsandbox-\d`;
const grafana = String.raw`\d{1,2}\.\d{1,3}\.\d{1,3}(?:-beta\d|-test|-preview)?`;
const security = String.raw`(?:\+security-\d{1,3})?`;
const istio = [
  anywhere(String.raw`\d\.\d{1,3}\.\d{1,3}\0{1,32}(${three}${pre})\0`),
  around("Clean\0", String.raw`^Clean\0{1,32}(${three}${pre})\0`),
  around("Modified\0", String.raw`^Modified\0{1,32}(${two}-dev)\0`),
  around("=v<y5", String.raw`(?<![\d.])(${three}${pre})\0{1,32}.{1,100}S?=v<y5`, { before: 180 }),
];

export const serverClassifiers: readonly Classifier[] = [
  {
    id: "openresty",
    names: ["nginx"],
    package: "openresty",
    cpes: ["openresty:openresty"],
    evidence: [behind("nginx version: openresty/", four)],
  },
  {
    id: "nginx",
    names: ["nginx"],
    package: "nginx",
    cpes: ["f5:nginx", "nginx:nginx"],
    evidence: [
      around("nginx version: ", String.raw`^nginx version: [^/\0]{1,40}/(${three}(?:\+\d{1,6})?(?:-\d{1,6})?)`),
    ],
  },
  {
    id: "httpd",
    names: ["httpd", "apache2"],
    package: "httpd",
    cpes: ["apache:http_server"],
    evidence: [behind("Apache/", three)],
  },
  {
    id: "lighttpd",
    names: ["lighttpd"],
    package: "lighttpd",
    cpes: ["lighttpd:lighttpd"],
    evidence: [behind("lighttpd/", three)],
  },
  {
    id: "haproxy",
    names: ["haproxy"],
    package: "haproxy",
    cpes: ["haproxy:haproxy"],
    evidence: [
      around("version ", String.raw`^version (${two}(?:\.|-dev|-rc)\d{1,4})(?:[-+~][a-z0-9+.~-]{1,40})?, released 20`),
      behind("HA-Proxy version ", String.raw`${two}(?:\.|-dev)\d{1,4}`),
      around("HAProxy version", String.raw`(${two}(?:\.|-dev)\d{1,4})-[0-9a-zA-Z]{7}.{1,80}HAProxy version`, {
        before: 160,
      }),
      anywhere(String.raw`\0(${three})(?:-[0-9a-z+.~-]{1,40})\x0020\d\d/\d\d/\d\d\0`),
    ],
  },
  {
    id: "traefik",
    names: ["traefik"],
    package: "traefik",
    cpes: ["traefik:traefik"],
    evidence: [anywhere(String.raw`[\0\x80-\xff].?v?(?<![\d.])(${three}(?:-alpha\d|-beta\d|-rc\d)?)\0`)],
  },
  {
    id: "envoy",
    names: ["envoy"],
    package: "envoy",
    cpes: ["envoyproxy:envoy"],
    evidence: [
      around("envoy_reloadable_features", String.raw`\0(1\.\d{1,2}\.\d{1,2}(?:-dev)?)\0`, { before: 1030 }),
      around("envoy.reloadable_features", String.raw`\0(1\.34\.\d{1,2})\0`, { before: 230 }),
      around("envoy_quic_", String.raw`\0(1\.2\d\.\d{1,2}(?:-dev)?)\0`, { after: 1030 }),
      around("Unable to", String.raw`\0(1\.[12]\d\.\d{1,2}(?:-dev)?)\0`, { before: 1030, after: 0 }),
      around("ValidationError", String.raw`\0(1\.[12]\d\.\d{1,2}(?:-dev)?)\0`, { before: 1030, after: 0 }),
      around("[source/", String.raw`^\[source/.{0,200}\0(1\.1\d\.\d{1,2}(?:-dev)?)\0`, { after: 240 }),
      around("RELEASE", String.raw`\0(1\.\d{1,2}\.\d{1,2}(?:-dev)?)\0.{0,20}RELEASE`, { before: 60 }),
    ],
  },
  {
    id: "varnish",
    names: ["varnishd"],
    package: "varnish",
    cpes: ["varnish-software:varnish_cache", "varnish_cache_project:varnish_cache"],
    evidence: [behind("varnish-", three), behind("varnishd (varnish-", three)],
  },
  {
    id: "squid",
    names: ["squid"],
    package: "squid",
    cpes: ["squid-cache:squid"],
    evidence: [behind("squid/", String.raw`\d{1,2}\.\d{1,3}(?:\.\d{1,3})?`), behind("Squid Cache: Version ", two)],
  },
  {
    id: "redis",
    names: ["redis-server", "redis-check-rdb", "redis-check-aof"],
    package: "redis",
    cpes: redis,
    evidence: [
      around("buildkitsandbox-", built, { before: 32 }),
      anywhere(String.raw`[^\d.](${three})\w{12}-\d{10}`),
      anywhere(String.raw`[^\d.](${three})[A-Za-z][A-Za-z0-9.-]{0,80}-\d{10}`),
      anywhere(String.raw`\0(${three})\0(?:c11|atomic|sync)-builtin`),
      behind("Redis version ", three),
    ],
  },
  {
    id: "valkey",
    names: ["valkey-server"],
    package: "valkey",
    cpes: valkey,
    evidence: [
      around("buildkitsandbox-", built, { before: 32 }),
      anywhere(String.raw`[^\d.](${three})\w{12}-\d{10}`),
      anywhere(String.raw`[^\d.](${three})[A-Za-z][A-Za-z0-9.-]{0,80}-\d{10}`),
    ],
  },
  {
    id: "memcached",
    names: ["memcached"],
    package: "memcached",
    cpes: ["memcached:memcached"],
    evidence: [
      around("memcached", String.raw`^memcached\s(${three})`),
      around("memcached", String.raw`\0(1\.\d\.\d{1,3})\0`, { before: 80, after: 80 }),
      anywhere(String.raw`\0(1\.[3-9]\.\d{1,3})\0`),
    ],
  },
  {
    id: "postgresql",
    names: ["postgres"],
    package: "postgresql",
    cpes: ["postgresql:postgresql"],
    evidence: [around("PostgreSQL ", String.raw`[\0?]PostgreSQL (${oneToThree})`, { before: 1, after: 60 })],
  },
  {
    id: "percona-xtradb-cluster",
    names: ["mysql", "mysqld"],
    package: "percona-xtradb-cluster",
    cpes: ["oracle:mysql", "percona:percona_server", "percona:xtradb_cluster"],
    evidence: [behind("/Percona-XtraDB-Cluster-", oneToThree)],
  },
  {
    id: "percona-server",
    names: ["mysql", "mysqld"],
    package: "percona-server",
    cpes: ["oracle:mysql", "percona:percona_server"],
    evidence: [behind("/percona-server-", oneToThree)],
  },
  {
    id: "mariadb",
    names: ["mariadb", "mysql", "mariadbd", "mysqld"],
    package: "mariadb",
    cpes: ["mariadb:mariadb"],
    evidence: [before(oneToThree, "-MariaDB")],
    isFinal: true,
  },
  {
    id: "mysql",
    names: ["mysql", "mysqld"],
    package: "mysql",
    cpes: ["oracle:mysql"],
    evidence: [
      around("\0mysql", String.raw`\0(\d{1,3}\.\d{1,3}(?:\.\d{1,3})?${stage})\0{1,16}mysql`, { before: 40 }),
      behind("/mysql-", oneToThree),
    ],
  },
  {
    id: "xtrabackup",
    names: ["xtrabackup"],
    package: "percona-xtrabackup",
    cpes: ["percona:xtrabackup"],
    evidence: [behind("/percona-xtrabackup-", oneToThree)],
  },
  {
    id: "mongodb",
    names: ["mongod"],
    package: "mongodb",
    cpes: ["mongodb:mongodb"],
    evidence: [
      before(three, "\0tcmalloc"),
      ...["heap_size", "cppdefines"].map((word) =>
        around(`\0${word}`, String.raw`(?<![\d.])(${three})\0{1,16}${word}`, { before: 40 }),
      ),
    ],
  },
  {
    id: "arangodb",
    names: ["arangosh"],
    package: "arangodb",
    cpes: ["arangodb:arangodb"],
    evidence: [
      around("[linux]", String.raw`(?<![\d.])(${three}(?:-\d{1,4})?)\s(?:enterprise\s)?\[linux\]`, { before: 60 }),
    ],
  },
  {
    id: "openldap",
    names: ["ldapsearch"],
    package: "openldap",
    cpes: ["openldap:openldap"],
    evidence: [behind("$OpenLDAP: ldapsearch ", three)],
  },
  {
    id: "slapd",
    names: ["slapd"],
    package: "openldap",
    cpes: ["openldap:openldap"],
    evidence: [behind("$OpenLDAP: slapd ", three)],
  },
  {
    id: "proftpd",
    names: ["proftpd"],
    package: "proftpd",
    cpes: ["proftpd:proftpd"],
    evidence: [around("ProFTPD Version ", String.raw`^ProFTPD Version (${three}[a-z]?)\0`)],
  },
  {
    id: "fluent-bit",
    names: ["fluent-bit"],
    package: "fluent-bit",
    namespace: "fluent",
    type: "github",
    cpes: ["treasuredata:fluent_bit"],
    evidence: [around("Fluent", String.raw`\0(${three})\0(?:\x1b\[1m\0|\0{1,2})?(?:%s)?Fluent`, { before: 48 })],
  },
  { id: "pilot-discovery", names: ["pilot-discovery"], package: "istio", cpes: ["istio:istio"], evidence: istio },
  { id: "pilot-agent", names: ["pilot-agent"], package: "istio", cpes: ["istio:istio"], evidence: istio },
  {
    id: "consul",
    names: ["consul"],
    package: "consul",
    namespace: "github.com/hashicorp",
    type: "golang",
    cpes: ["hashicorp:consul"],
    evidence: [behind("CONSUL_VERSION: ", three), behind("GitDescribe=", three, '"'), alone(three, "v")],
  },
  {
    id: "vault",
    names: ["vault"],
    package: "vault",
    namespace: "github.com/hashicorp",
    type: "golang",
    cpes: ["hashicorp:vault"],
    evidence: [
      behind("revoke", three),
      around("state", String.raw`^state(${three}-rc\d)`),
      behind("016x", String.raw`1\.1[134]\.\d{1,2}`),
      alone(String.raw`1\.\d{1,2}\.\d{1,2}`),
    ],
  },
  {
    id: "grafana",
    names: ["grafana", "grafana-server"],
    package: "grafana",
    cpes: ["grafana:grafana"],
    evidence: [
      alone(String.raw`\d{2}\.\d{1,3}\.\d{1,3}-\d{6,12}`),
      around("release-", String.raw`\0release-(${grafana})${security}\0`, { before: 1 }),
      around("+DT", String.raw`\0go1\.\d{1,3}\.\d{1,3}\0{1,32}(${grafana})${security}\0`, { before: 640 }),
      around("\0$a", String.raw`(?<![\d.])(${grafana})${security}\0{1,32}\$a`, { before: 60 }),
      anywhere(String.raw`\0.(10\.\d{1,3}\.\d{1,3}(?:-beta\d|-test|-preview)?)${security}\0`),
      around(
        "+DT",
        String.raw`(?<![\d.])(${grafana})${security}\0{1,32}.{1,100}\0go1\.\d{1,3}\.\d{1,3}\0.{1,100}\+DT`,
        { before: 320 },
      ),
      anywhere(String.raw`[^\d.](${grafana})${security}\0{1,32}v\d{1,2}\.\d{1,3}\.x\0`),
      around("HEAD\0", String.raw`^HEAD\0{1,32}.{0,400}?\0(\d\.\d{1,3}\.\d{1,3}(?:-beta\d|-test)?)${security}\0`, {
        after: 640,
      }),
      around(
        "/usr/local/go",
        String.raw`[a-z0-9]\0{1,32}(\d\.\d{1,3}\.\d{1,3}(?:-beta\d|-test)?)${security}\0{1,32}/usr/local/go`,
        { before: 120 },
      ),
      around("\0/u", String.raw`\0(\d\.\d{1,3}\.\d{1,3}(?:-beta\d|-test)?)\0`, { before: 1100 }),
    ],
  },
  {
    id: "ingress-nginx",
    names: ["nginx-ingress-controller"],
    package: "nginx-ingress-controller",
    cpes: ["kubernetes:ingress-nginx"],
    evidence: [
      anywhere(String.raw`v(${three})\0{1,32}.{0,50}go\d{1,2}\.\d{1,3}(?:-(?:alpha|beta)\.\d)?\.\d{1,3}\0`),
      anywhere(String.raw`v(${three}(?:-(?:alpha|beta)\.\d)?)\0{1,32}.{0,800}\$a.{0,10}\0`),
      around("S=v<y5", String.raw`\0v?(${three}(?:-(?:alpha|beta)\.\d)?)\0{1,32}.{0,100}S=v<y5`, { before: 180 }),
      anywhere(String.raw`\0go\d{1,2}\.\d{1,3}\.\d{1,3}\0{1,32}v(${three}(?:-(?:alpha|beta)\.\d)?)\0`),
      alone(String.raw`${three}-(?:alpha|beta)\.\d`, "v"),
    ],
  },
  {
    id: "unbound",
    names: ["unbound"],
    package: "unbound",
    cpes: ["nlnetlabs:unbound"],
    evidence: [
      around("unbound", String.raw`unbound[ \0-](\d\.\d{1,3}\.\d{1,3})`),
      alone(String.raw`1\.\d{1,3}\.\d{1,3}`),
    ],
  },
  {
    id: "dnsmasq",
    names: ["dnsmasq"],
    package: "dnsmasq",
    cpes: ["thekelleys:dnsmasq"],
    evidence: [behind("dnsmasq-", String.raw`2\.\d{1,3}(?:\.\d{1,3})?`)],
  },
  {
    id: "bind",
    pattern: /^(?:named|libisc-9\..*\.so)$/,
    package: "bind",
    cpes: ["isc:bind"],
    evidence: [
      behind("BIND ", String.raw`9\.\d{1,3}\.\d{1,3}`),
      behind("/bind9-", String.raw`9\.\d{1,3}\.\d{1,3}`),
      alone(String.raw`9\.\d{1,3}\.\d{1,3}(?:-[-0-9A-Za-z+.~]{1,40})?`),
    ],
  },
  {
    id: "mosquitto",
    names: ["mosquitto"],
    package: "mosquitto",
    cpes: ["eclipse:mosquitto"],
    evidence: [behind("mosquitto version ", three), alone(String.raw`[12]\.\d{1,3}\.\d{1,3}`)],
  },
  {
    id: "openvpn",
    names: ["openvpn"],
    package: "openvpn",
    cpes: ["openvpn:openvpn"],
    evidence: [behind("OpenVPN ", three, String.raw` [a-z0-9_]{2,20}-`)],
  },
  {
    id: "exim",
    pattern: /^exim4?$/,
    package: "exim",
    cpes: ["exim:exim"],
    evidence: [
      around("Exim ", String.raw`^Exim (?:version )?(4\.\d{1,3}(?:\.\d{1,3})?)`),
      alone(String.raw`4\.\d{2,3}(?:\.\d{1,3})?`),
    ],
  },
  {
    id: "chrome",
    names: ["chrome"],
    package: "chrome",
    cpes: ["google:chrome"],
    evidence: [before(four, "\0Default")],
  },
];
