// Whether an answer may fill sets: it must be to the question that was asked, and lead from the asked name over its aliases to addresses, with
// no name beside. Whatever else a server says is not believed.
import { canonicalName } from "./name-pattern.ts";
import { dnsTypes, type AnswerMessage } from "./wire.ts";

export const answerLimits = {
  /** Aliases followed from the asked name. */
  aliasesMax: 16,
} as const;

/** Why an answer is not believed: stable words, for counters. */
export type AnswerRefusal = "foreign-name" | "broken-chain" | "foreign-class";

export interface AnswerAddress {
  /** As text, as it came. */
  readonly address: string;
  /** The least of its own and of all aliases that led to it. */
  readonly ttlSeconds: number;
}

export type CheckedAnswer =
  | { readonly ok: true; readonly names: readonly string[]; readonly addresses: readonly AnswerAddress[] }
  | { readonly ok: false; readonly refusal: AnswerRefusal; readonly detail: string };

/** Addresses of the asked type at the end of the chain; none for a name without such, or another response code than NOERROR. */
export function checkAnswer(answer: AnswerMessage): CheckedAnswer {
  const aliases = new Map<string, { readonly target: string; readonly ttlSeconds: number }>();
  for (const record of answer.records) {
    if (record.class !== 1) return refuse("foreign-class", `a record of class ${record.class}`);
    if (record.type !== dnsTypes.CNAME) continue;
    if (aliases.has(record.name)) return refuse("broken-chain", `two aliases of ${record.name}`);
    aliases.set(record.name, { target: canonicalName(record.value), ttlSeconds: record.ttlSeconds });
  }
  const names = [answer.name];
  let ttlSeconds = Number.POSITIVE_INFINITY;
  let last = answer.name;
  for (let alias = aliases.get(last); alias !== undefined; alias = aliases.get(last)) {
    last = alias.target;
    if (names.includes(last)) return refuse("broken-chain", `the aliases of ${answer.name} go in a circle`);
    names.push(last);
    ttlSeconds = Math.min(ttlSeconds, alias.ttlSeconds);
    if (names.length > answerLimits.aliasesMax + 1) return refuse("broken-chain", "too many aliases");
  }
  return collect(answer, { names, last, ttlSeconds });
}

function collect(
  answer: AnswerMessage,
  chain: { readonly names: readonly string[]; readonly last: string; readonly ttlSeconds: number },
): CheckedAnswer {
  const { names, last } = chain;
  const addresses = new Map<string, AnswerAddress>();
  for (const { name, type, value, ttlSeconds } of answer.records) {
    if (!names.includes(name)) {
      // The redirection of a whole subtree is owned by a name above; its effect is the alias that comes with it.
      if (type === dnsTypes.DNAME && names.some((below) => below.endsWith(`.${name}`))) continue;
      return refuse("foreign-name", `${name} is not on the way from ${answer.name}`);
    }
    if (type !== dnsTypes.A && type !== dnsTypes.AAAA) continue;
    if (name !== last) return refuse("broken-chain", `${name} has an alias and an address`);
    if (type !== answer.type) continue;
    const least = Math.min(chain.ttlSeconds, ttlSeconds, addresses.get(value)?.ttlSeconds ?? ttlSeconds);
    addresses.set(value, { address: value, ttlSeconds: least });
  }
  return { ok: true, names, addresses: answer.responseCode === 0 ? [...addresses.values()] : [] };
}

function refuse(refusal: AnswerRefusal, detail: string): CheckedAnswer {
  return { ok: false, refusal, detail };
}
