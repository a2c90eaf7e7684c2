import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { refusalOf, type GuardContext } from "./sql-guard.ts";
import { sqlLiteral, tokenize } from "./sql-tokens.ts";

const reader: GuardContext = { role: "reader", isSpoolFile: () => false, params: new Set(["p", "t"]) };
const writer: GuardContext = {
  role: "writer",
  isSpoolFile: (path) => path === "/spool/a.native",
  params: new Set(["p"]),
};

const allowed = [
  "SELECT 1",
  "select count() from flows;",
  "SELECT * FROM flows WHERE time >= {p:DateTime64(3)} ORDER BY time DESC LIMIT 10",
  "WITH a AS (SELECT 1 AS x) SELECT x FROM a",
  "(SELECT 1) UNION ALL (SELECT 2)",
  "SELECT 'file(''/etc/passwd'')', \"url\" FROM flows",
  "SELECT a.b, sum(c) FROM flows AS a LEFT JOIN dns_events AS d ON a.x = d.x GROUP BY ALL",
  "SELECT * FROM numbers(10) AS n, (SELECT 1) AS m",
  "SELECT x FROM flows ARRAY JOIN arrayEnumerate(policies) AS x",
  "SELECT a, b FROM flows WHERE (a, b) IN (SELECT a, b FROM flows WHERE c IN ('x', lower('y')))",
  "SELECT if(a IN ('x'), min(time), max(time)), toStartOfHour(time) FROM flows WHERE notEmpty(rttUs) AND has(policies, 3)",
  "SELECT quantile(0.5)(latencyUs), arrayMap(x -> x + 1, [1, 2]) FROM dns_events",
  "SELECT bytesSent FROM edges_1h FINAL WHERE lower(sourceWorkload) LIKE '%a%'",
  "SELECT * FROM system.tables WHERE database = 'garrison'",
  "SHOW TABLES",
  "SHOW CREATE TABLE flows",
  "DESCRIBE TABLE flows",
  "EXPLAIN indexes = 1 SELECT 1",
  "EXPLAIN PIPELINE SELECT 1",
  "SELECT 1 SETTINGS final = 1, optimize_read_in_order = 0",
  "SELECT 1 -- file('/etc/passwd')\n",
  "SELECT 1 /* url('http://x') */ FORMAT JSON",
  "SELECT $$file('/etc/passwd')$$",
  "SELECT count() FROM flows WHERE executable = '/bin/x\\'; DROP TABLE flows'",
  "SELECT t.1 FROM view(SELECT 1 AS a) AS t",
];

/** Each is a way out that somebody has tried on some server. */
const evasions = [
  "",
  ";",
  "-- nothing",
  "SELECT 1; SELECT 2",
  "SELECT * FROM file('/etc/passwd')",
  "SELECT * FROM FILE('/etc/passwd', 'LineAsString')",
  "SELECT * FROM file ('/etc/passwd')",
  "SELECT * FROM file/**/('/etc/passwd')",
  "SELECT * FROM file -- x\n('/etc/passwd')",
  "SELECT * FROM file#!\n('/etc/passwd')",
  "SELECT * FROM `file`('/etc/passwd')",
  "SELECT * FROM \"file\"('/etc/passwd')",
  "SELECT * FROM `fi\\x6ce`('/etc/passwd')",
  "SELECT file('/etc/passwd')",
  "SELECT length(file('/etc/passwd'))",
  "SELECT '*/' /* ' */ , file('/etc/passwd')",
  "SELECT 1 /* /* */ FROM url('http://x') -- */",
  "SELECT '\\'', file('/etc/passwd') --'",
  "SELECT '''', file('/etc/passwd') --'",
  "SELECT $a$ $b$ $a$, file('/x')",
  "SELECT * FROM (SELECT * FROM url('http://169.254.169.254/'))",
  "SELECT * FROM url('http://x', CSV)",
  "SELECT * FROM urlCluster('c', 'http://x')",
  "SELECT * FROM remote('127.0.0.1:9000', system.one)",
  "SELECT * FROM remoteSecure('h', 'd', 't', 'u', 'p')",
  "SELECT * FROM cluster('c', system.one)",
  "SELECT * FROM clusterAllReplicas('c', system.one)",
  "SELECT * FROM s3('https://b.s3.amazonaws.com/x')",
  "SELECT * FROM s3Cluster('c', 'x')",
  "SELECT * FROM gcs('x')",
  "SELECT * FROM azureBlobStorage('x')",
  "SELECT * FROM hdfs('hdfs://x')",
  "SELECT * FROM iceberg('x')",
  "SELECT * FROM icebergS3('x')",
  "SELECT * FROM deltaLake('x')",
  "SELECT * FROM hudi('x')",
  "SELECT * FROM mysql('h', 'd', 't', 'u', 'p')",
  "SELECT * FROM postgresql('h', 'd', 't', 'u', 'p')",
  "SELECT * FROM sqlite('/etc/x.db', 't')",
  "SELECT * FROM mongodb('h', 'd', 'c', 'u', 'p')",
  "SELECT * FROM redis('h', 'k', 's')",
  "SELECT * FROM jdbc('d', 't')",
  "SELECT * FROM odbc('d', 't')",
  "SELECT * FROM executable('x', TSV, 'a String')",
  "SELECT * FROM dictionary('d')",
  "SELECT dictGet('d', 'a', 1)",
  "SELECT dictGetOrDefault('d', 'a', 1, 2)",
  "SELECT joinGet('j', 'a', 1)",
  "SELECT * FROM input('a String')",
  "SELECT * FROM merge('system', '.*')",
  "SELECT * FROM python('x')",
  "SELECT * FROM arrowstream('x')",
  "SELECT * FROM someFunctionOfNextYear('x')",
  "SELECT * FROM flows, someFunctionOfNextYear('x')",
  "SELECT * FROM flows AS a JOIN someFunctionOfNextYear('x') AS b ON 1",
  "SELECT * FROM (flows AS a CROSS JOIN someFunctionOfNextYear('x') AS b)",
  "SELECT 1 IN someFunctionOfNextYear('x')",
  "SELECT * FROM view(SELECT * FROM url('http://x'))",
  "WITH a AS (SELECT * FROM url('http://x')) SELECT * FROM a",
  "SELECT (SELECT count() FROM file('/etc/passwd'))",
  "SELECT 1 UNION ALL SELECT * FROM file('/x')",
  "SELECT 1 INTO OUTFILE '/tmp/x'",
  "SELECT 1 INTO/**/OUTFILE '/tmp/x' TRUNCATE",
  "SELECT 1 into outfile '/tmp/x' APPEND FORMAT CSV",
  "INSERT INTO flows SELECT * FROM flows",
  "INSERT INTO FUNCTION file('/tmp/x') SELECT 1",
  "WITH x AS (SELECT 1) INSERT INTO flows SELECT * FROM x",
  "CREATE TABLE x (a Int8) ENGINE = URL('http://x')",
  "CREATE TABLE x ENGINE = File(CSV, '/etc/passwd') AS SELECT 1",
  "CREATE DATABASE x ENGINE = MySQL('h', 'd', 'u', 'p')",
  "CREATE FUNCTION f AS x -> x",
  "CREATE DICTIONARY d (a Int8) PRIMARY KEY a SOURCE(HTTP(url 'http://x'))",
  "ATTACH TABLE x FROM '/etc' (a Int8) ENGINE = MergeTree ORDER BY a",
  "ALTER TABLE flows DELETE WHERE 1",
  "DROP TABLE flows",
  "/* SELECT */ DROP TABLE flows",
  "(DROP TABLE flows)",
  "TRUNCATE TABLE flows",
  "OPTIMIZE TABLE flows",
  "RENAME TABLE flows TO x",
  "SYSTEM SHUTDOWN",
  "SYSTEM RELOAD CONFIG",
  "KILL QUERY WHERE 1",
  "BACKUP TABLE flows TO File('/tmp/x')",
  "RESTORE TABLE flows FROM File('/tmp/x')",
  "GRANT ALL ON *.* TO default",
  "SET readonly = 0",
  "USE system",
  "EXPLAIN INSERT INTO flows SELECT 1",
  "EXPLAIN AST DROP TABLE flows",
  "EXPLAIN TABLE OVERRIDE x",
  "SELECT 1 SETTINGS readonly = 0",
  "SELECT 1 SETTINGS max_execution_time = 100000",
  "SELECT 1 SETTINGS final = 1, max_memory_usage = 0",
  "SELECT * FROM (SELECT 1 SETTINGS log_comment = 'x')",
  "SELECT 1 FORMAT JSON SETTINGS allow_ddl = 1",
  "SELECT * FROM system.processes",
  "SELECT * FROM system.server_settings",
  "SELECT * FROM `system`.`users`",
  'SELECT * FROM "system" . settings',
  "SELECT * FROM information_schema.tables",
  "SELECT * FROM {t:Identifier}",
  "SELECT {missing:String}",
  "SELECT {",
  "SELECT 1 WHERE 1.IN someFunctionOfNextYear('x')",
  "SELECT 1e5FROM url('x')",
  "SHOW PROCESSLIST",
  "SHOW GRANTS",
  "SHOW CREATE USER default",
  "SHOW SETTINGS LIKE '%'",
  "SELECT sleep(3)",
  "SELECT getServerPort('tcp_port')",
  "SELECT filesystemAvailable()",
  "SELECT addressToLine(1)",
  "SELECT 'not closed",
  "SELECT 1 /* not closed",
  "SELECT `not closed",
  "SELECT 1\u0000, file('/etc/passwd')",
  "SELECT \u2018a\u2019, file('/x') \u2018",
  "SELECT\u00a0* FROM flows",
] as const;

test("a reader may read", () => {
  for (const sql of allowed) assert.equal(refusalOf(sql, reader), undefined, sql);
});

test(`a reader's ${evasions.length} ways out are refused, each with a reason`, () => {
  assert.ok(evasions.length >= 60);
  for (const sql of evasions) {
    const because = refusalOf(sql, reader);
    assert.equal(typeof because, "string", `not refused: ${sql}`);
    assert.notEqual(because, "");
  }
});

test("the writer writes, and reads files of the spool folder only", () => {
  const passes = [
    "INSERT INTO flows (a) SELECT a FROM file('/spool/a.native', 'Native', 'a String')",
    "CREATE TABLE x (a Int8) ENGINE = MergeTree ORDER BY a",
    "ALTER TABLE flows DROP PARTITION '2026-01-01'",
    "INSERT INTO merge (a) SELECT 1",
  ];
  const refused = [
    "INSERT INTO flows SELECT * FROM file('/etc/passwd')",
    "INSERT INTO flows SELECT * FROM file(concat('/spool/', 'a.native'))",
    "INSERT INTO flows SELECT * FROM file({p:String})",
    "INSERT INTO FUNCTION file('/etc/x') SELECT 1",
    "INSERT INTO FUNCTION url('http://x') SELECT 1",
    "INSERT INTO flows SELECT * FROM url('http://x')",
    "INSERT INTO flows FROM INFILE '/etc/passwd' FORMAT CSV",
    "SELECT 1 INTO OUTFILE '/spool/x'",
    "INSERT INTO flows SELECT 1; DROP TABLE flows",
  ];
  for (const sql of passes) assert.equal(refusalOf(sql, writer), undefined, sql);
  for (const sql of refused) assert.equal(typeof refusalOf(sql, writer), "string", sql);
});

test("any text as a literal is one string token of the same text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const tokens = tokenize(`SELECT ${sqlLiteral(text)}`);
      assert.equal(tokens.length, 2);
      assert.deepEqual([tokens[1]?.kind, tokens[1]?.text], ["string", text]);
    }),
  );
});

test("a call of file() is found behind any blanks and comments, in any case", () => {
  const gap = fc.constantFrom("", " ", "\n", "\t", "/**/", "/* ' */", "-- '\n", "# '\n", "#! `\n", '/* " */ ');
  const name = fc.constantFrom("file", "FILE", "File", "`file`", '"file"', "url", "`url`", "s3", "remote");
  fc.assert(
    fc.property(name, fc.array(gap, { maxLength: 4 }), fc.array(gap, { maxLength: 4 }), (call, before, between) => {
      const sql = `SELECT 'it''s' FROM ${before.join("")}${call}${between.join("")}('/etc/passwd')`;
      assert.equal(typeof refusalOf(sql, reader), "string", sql);
    }),
  );
});

test("never throws, whatever the text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      for (const context of [reader, writer]) refusalOf(`SELECT ${text}`, context);
    }),
  );
});
