// Started by waf.bench.ts as a process of its own: one engine over a rule set, requests through it; prints resident MiB before, after loading and after the requests.
import { judgeOne } from "../../src/apps/cli/commands/waf/run-bench.ts";
import { engineOf, loadRules } from "../../src/apps/cli/commands/waf/load-rules.ts";
import { diceOf, mixKinds, requestOf } from "../../src/apps/cli/commands/waf/request-mix.ts";
import { suitePolicy } from "../../src/core/waf/ftw/settings.ts";

const residentMib = (): number => Math.round(process.memoryUsage.rss() / 2 ** 20);
const before = residentMib();
const engine = engineOf(loadRules(process.argv.slice(2)));
const loaded = residentMib();
const dice = diceOf(7);
const policy = { ...suitePolicy, mode: "block", paranoia: 1, detectionParanoia: 1, responseBodies: false } as const;
for (let count = 0; count < 4000; count += 1)
  judgeOne(engine, policy, requestOf(mixKinds[count % mixKinds.length] ?? "east", dice));
console.log(JSON.stringify({ before, loaded, after: residentMib() }));
