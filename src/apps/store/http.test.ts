// The protocol as a client meets it: credentials, settings that stay within their request, bodies, and no output of a failed statement.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { after, describe, test } from "node:test";
import { embeddedDeployment } from "../../../test/support/store-deployments.ts";

interface Reply {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

describe("store protocol", { concurrency: 1 }, async () => {
  const deployment = await embeddedDeployment({ listen: "loopback", readersMax: 1, writersMax: 1, queueMax: 2 });
  const keys = JSON.parse(readFileSync(`${deployment.dataFolder}/run/store.key`, "utf8")) as Record<string, string>;
  const base = String(keys["address"]);
  after(async () => deployment[Symbol.asyncDispose]());

  async function ask(
    user: string,
    sql: string,
    query: Readonly<Record<string, string>> = {},
    body?: string | Uint8Array,
  ): Promise<Reply> {
    const inAddress = body === undefined ? query : { ...query, query: sql };
    const response = await fetch(`${base}/?${new URLSearchParams(inAddress).toString()}`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(`${user}:${keys[user] ?? "wrong"}`).toString("base64")}` },
      body: (body ?? sql) as string,
    });
    return { status: response.status, text: await response.text(), headers: response.headers };
  }

  test("ping is open, everything else needs a key", async () => {
    assert.equal(await (await fetch(`${base}/ping`)).text(), "Ok.\n");
    for (const user of ["nobody", "default", ""]) {
      const reply = await ask(user, "SELECT 1");
      assert.equal(reply.status, 401);
      assert.equal(reply.headers.get("x-clickhouse-exception-code"), "516");
    }
    assert.equal((await fetch(`${base}/?query=SELECT+1`)).status, 401);
    assert.equal((await fetch(`${base}/process`)).status, 401);
  });

  test("a failed statement leaves nothing in the next answer", async () => {
    for (let round = 0; round < 5; round += 1) {
      const failed = await ask("reader", "SELECT throwIf(number = 5) FROM numbers(10) FORMAT JSONCompact");
      assert.match(failed.text, /^Code: 395\. DB::Exception: .*\(FUNCTION_THROW_IF_VALUE_IS_NON_ZERO\)/);
      assert.equal((await ask("reader", "SELECT 'clean'")).text, "clean\n");
    }
  });

  test("settings and parameters stay within their request", async () => {
    const shown = "SELECT getSetting('max_threads'), getSetting('max_execution_time'), getSetting('readonly')";
    const before = (await ask("reader", shown)).text;
    assert.equal((await ask("reader", shown, { max_threads: "1", max_execution_time: "3" })).text, "1\t3\t2\n");
    assert.equal((await ask("reader", shown)).text, before);
    assert.equal(
      (await ask("reader", shown, { max_execution_time: "0" })).text.split("\t")[1],
      "60",
      "no limit means the greatest",
    );
    assert.equal((await ask("reader", "SELECT {a:String}", { param_a: "x" })).text, "x\n");
    assert.equal((await ask("reader", "SELECT {a:String}")).status, 403);
    for (const setting of ["readonly", "allow_ddl", "log_comment", "user", "session_id", "role", "max_query_size"]) {
      assert.equal(
        (await ask("reader", "SELECT 1", { [setting]: "0" })).headers.get("x-clickhouse-exception-code"),
        "452",
        setting,
      );
    }
    assert.equal((await ask("reader", "SELECT 1", { max_threads: "'; DROP" })).status, 200, "clamped to a number");
  });

  test("an insert's rows come as the body, in any format, and the file does not stay", async () => {
    assert.equal(
      (await ask("writer", "CREATE TABLE bodies (a UInt64, s String) ENGINE = MergeTree ORDER BY a")).status,
      200,
    );
    assert.equal(
      (await ask("writer", "INSERT INTO bodies (a, s) FORMAT JSONEachRow", {}, '{"a":1,"s":"x"}\n{"s":"y","a":2}'))
        .text,
      "",
    );
    assert.equal(
      (
        await ask(
          "writer",
          "INSERT INTO bodies SELECT a, upper(s) FROM input('a UInt64, s String') FORMAT CSV",
          {},
          '3,"z"\n',
        )
      ).text,
      "",
    );
    const native = await fetchNative(base, keys, "SELECT toUInt64(4) AS a, 'n' AS s FORMAT Native");
    assert.equal((await ask("writer", "INSERT INTO bodies (a, s) FORMAT Native", {}, native)).text, "");
    assert.equal((await ask("reader", "SELECT a, s FROM bodies ORDER BY a")).text, "1\tx\n2\ty\n3\tZ\n4\tn\n");
    assert.match((await ask("writer", "INSERT INTO bodies (a)", {}, "x")).text, /ends in FORMAT/);
    assert.equal((await ask("reader", "INSERT INTO bodies (a) FORMAT CSV", {}, "9")).status, 403);
    assert.deepEqual(
      readdirSync(`${deployment.dataFolder}/spool`).filter((name) => name.startsWith(".body-")),
      [],
    );
  });

  test("more at once than the queue holds is answered as busy, and it recovers", async () => {
    const slow = "SELECT count() FROM numbers(1900000000) WHERE cityHash64(number) = 1";
    const replies = await Promise.all(
      Array.from({ length: 6 }, () => ask("reader", slow, { max_execution_time: "0.2" })),
    );
    const codes = replies
      .map((reply) => reply.headers.get("x-clickhouse-exception-code"))
      .toSorted((a, b) => Number(a) - Number(b));
    assert.deepEqual(codes, ["159", "159", "159", "202", "202", "202"]);
    assert.equal((await ask("reader", "SELECT 1")).text, "1\n");
  });

  test("the summary says what was read", async () => {
    const reply = await ask("reader", "SELECT sum(number) FROM numbers(1000) FORMAT JSON");
    const summary = JSON.parse(reply.headers.get("x-clickhouse-summary") ?? "{}") as Record<string, string>;
    assert.deepEqual([summary["read_rows"], summary["result_rows"]], ["1000", "1"]);
  });

  test("outward functions fail in the engine too, should the guard ever let one through", async () => {
    for (const grant of ["URL", "REMOTE", "S3", "MYSQL", "POSTGRES", "MONGO", "JDBC", "ODBC", "HDFS", "AZURE"]) {
      const grants = (await ask("writer", "SHOW GRANTS")).text;
      assert.doesNotMatch(grants, new RegExp(`\\b${grant}\\b|SOURCES`), grants);
    }
  });
});

async function fetchNative(base: string, keys: Readonly<Record<string, string>>, sql: string): Promise<Uint8Array> {
  const authorization = `Basic ${Buffer.from(`reader:${keys["reader"]}`).toString("base64")}`;
  const response = await fetch(base, { method: "POST", headers: { authorization }, body: sql });
  return new Uint8Array(await response.arrayBuffer());
}
