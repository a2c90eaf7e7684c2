// A new engine's first requests, made up: patterns are compiled by the runtime when they first run, and that must not happen on somebody's request, within
// its budget of time. Ordinary shapes, and texts of the kinds that rules look for, so that their patterns run.
import type { TransactionPolicy, WafEngine } from "./engine.ts";

const values: readonly string[] = [
  "The quick brown fox, and 12 others: it's fine (really) - see https://example.com/a?b=c&d=e#f",
  "1' or '1'='1' -- union select null from users where id=1 and sleep(5) group by x having 1=1; drop table a",
  "<script src=//x onerror=alert(document.cookie)><img style=x:expression(1)><svg onload=eval(1)> javascript:fetch(1)",
  "../../../../etc/passwd c:\\windows\\win.ini http://10.0.0.1/x.php?y=z file:///proc/self/environ php://filter",
  "; cat /etc/passwd | bash -c 'curl x' `id` $(uname -a) && powershell.exe -enc cmd /c dir ${jndi:ldap://x/a} {{7*7}}",
  "<?php eval($_POST['x']); system('id'); O:4:\"User\":0:{} ?> new Function('x') process.env constructor.prototype __proto__",
  "%u0027 %c0%af %00 \\x3cscript\\x3e &#x3c;svg&#62; \0 \r\nSet-Cookie: a=b\r\n\r\nHTTP/1.1 200 OK",
];

/** Twice: the runtime reads a pattern at its first run and makes machine code of it at the second. Nothing of it is told anywhere. */
export function warmUp(engine: WafEngine, policy: TransactionPolicy): void {
  const patient: TransactionPolicy = {
    ...policy,
    mode: "detect",
    budget: { usMax: 5_000_000, bytesMax: 1 << 26, onExceeded: "pass" },
  };
  for (let round = 0; round < 2; round += 1) {
    for (const [index, value] of values.entries()) one(engine, patient, `${value} ${round}`, index % 2 === 0);
  }
  engine.emptyMemo();
}

function one(engine: WafEngine, policy: TransactionPolicy, value: string, isForm: boolean): void {
  const transaction = engine.begin(policy);
  const encoded = encodeLatin1(value);
  transaction.connection({ clientAddress: "192.0.2.1", clientPort: 1, serverAddress: "192.0.2.2", serverPort: 80 });
  transaction.requestLine("POST", `/warm/up.php?q=${encoded}`, "HTTP/1.1");
  transaction.requestHeaders([
    ["Host", "warm.example"],
    ["User-Agent", "Mozilla/5.0 (X11; Linux x86_64) warm"],
    ["Accept", "text/html,application/json;q=0.9,*/*;q=0.8"],
    ["Cookie", `session=${encoded}; theme=dark`],
    ["Referer", `http://warm.example/?r=${encoded}`],
    ["Content-Type", isForm ? "application/x-www-form-urlencoded" : "application/json"],
  ]);
  transaction.requestBody(isForm ? `a=${encoded}&b=2` : JSON.stringify({ a: value, b: [1, "two"] }));
  transaction.endRequest();
  transaction.responseHeaders(200, "HTTP/1.1", [["Content-Type", "text/html"]]);
  if (transaction.wantsResponseBody)
    transaction.responseBody(`<html>${value} Warning: mysql_connect() at line 1</html>`);
  transaction.endResponse();
  transaction.finish();
}

function encodeLatin1(value: string): string {
  return value.replaceAll(/[^A-Za-z0-9]/g, (letter) => `%${letter.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
