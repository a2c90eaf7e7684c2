// What a reader could not use, counted by reason.
import { vexLimits } from "./statement.ts";

export interface Problems {
  add(because: string): void;
  list(): readonly string[];
}

export function createProblems(): Problems {
  const counts = new Map<string, number>();
  return {
    add: (because) => {
      const key = counts.has(because) || counts.size < vexLimits.problemsMax ? because : "other problems";
      counts.set(key, (counts.get(key) ?? 0) + 1);
    },
    list: () => [...counts].map(([because, count]) => (count === 1 ? because : `${because} (${count} times)`)),
  };
}
