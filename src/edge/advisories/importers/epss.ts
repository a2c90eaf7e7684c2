// FIRST's exploit prediction scores: CSV with a comment line that names the model and its day.
import { nameOf, refuse } from "../read/json-values.ts";
import { linesOf } from "../read/lines.ts";
import type { Importer } from "./importer.ts";

const feed = "epss";

export const epss: Importer = {
  name: "epss",
  about: "FIRST's EPSS scores (CSV)",
  recognises: ({ text }) =>
    /^(?:#\s*model_version:[^\n]*\n)?\s*"?cve"?\s*,\s*"?epss"?\s*,\s*"?percentile"?/i.test(text),
  read: async (document, sink) => {
    let columns: readonly string[] = [];
    for await (const { number, text } of linesOf(document.bytes)) {
      if (text?.startsWith("#") === true) {
        const date = /score_date:\s*(\d{4}-\d\d-\d\d)/.exec(text)?.[1];
        if (date !== undefined) sink.dated(feed, `${date}T00:00:00Z`);
        continue;
      }
      const cells = (text ?? "").split(",").map((cell) => cell.trim().replaceAll('"', ""));
      if (columns.length === 0) {
        columns = cells.map((cell) => cell.toLowerCase());
        continue;
      }
      try {
        const cell = (name: string): string => cells[columns.indexOf(name)] ?? "";
        const score = probability(cell("epss"), "score");
        sink.epss(feed, nameOf(cell("cve"), "CVE", 64), {
          score,
          percentile: probability(cell("percentile"), "percentile"),
        });
      } catch (thrown) {
        sink.refused(feed, `${document.name}:${number}`, (thrown as Error).message);
      }
    }
  },
};

function probability(text: string, what: string): number {
  const value = text === "" ? Number.NaN : Number(text);
  if (Number.isNaN(value) || value < 0 || value > 1) throw refuse(`its ${what} is not between 0 and 1`);
  return value;
}
