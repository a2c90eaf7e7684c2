// garrison detections: what was called hostile, one with its evidence and process tree, the rules, and noise with what would end it.
import type { CommandUnit } from "./command.ts";
import type { ListFlags } from "./detections/print-list.ts";
import type { MarkFlags } from "./detections/mark.ts";
import type { NoiseFlags, SuggestFlags } from "./detections/noise.ts";

export const detections: CommandUnit = {
  name: "detections",
  add(program, run) {
    const group = program
      .command("detections")
      .summary("what was called hostile: list, show one, rules, noise")
      .argument("[filter...]", "filter terms: severity:critical ns:shop rule:'...' technique:T1059.004 action:killed")
      .option("--since <time>", "since: 15m, 2h, 7d or RFC 3339", "24h")
      .option("--until <time>", "until: 15m or RFC 3339")
      .option("--last <n>", "the newest n", "50")
      .addHelpText(
        "after",
        "\nEqual detections of a quarter of an hour are one line. Exit code 7 when a limit cut the answer short.\n" +
          "\nExamples:\n  garrison detections severity:critical,high --since 7d\n  garrison detections show 16rik-a1f00c41d3b2e001",
      )
      .action(
        run<ListFlags>(async (context, { args, options }) =>
          (await import("./detections/print-list.ts")).printDetections(context, args, options),
        ),
      );
    group
      .command("show")
      .summary("one detection: evidence, process tree, rule, suggested control")
      .argument("<id>", "as `garrison detections` prints it")
      .addHelpText("after", "\nExample:\n  garrison detections show 16rik-a1f00c41d3b2e001 -o yaml")
      .action(
        run<object>(async (context, { args }) =>
          (await import("./detections/show.ts")).showDetection(context, args[0] ?? ""),
        ),
      );
    group
      .command("rules")
      .summary("rules: where they are from, where they are blind or refused, how often they spoke")
      .option("--since <time>", "counts since: 2h, 7d", "24h")
      .addHelpText("after", "\nExample:\n  garrison detections rules -o wide")
      .action(
        run<{ since: string }>(async (context, { options }) =>
          (await import("./detections/rules.ts")).printRules(context, options.since),
        ),
      );
    group
      .command("noise")
      .summary("how often rules speak per workload, against the budget of 20 a day for ten pods")
      .argument("[filter...]", "filter terms")
      .option("--days <n>", "days to look at, 2 to 30", "7")
      .addHelpText("after", "\nExample:\n  garrison detections noise ns:shop")
      .action(
        run<NoiseFlags>(async (context, { args, options }) =>
          (await import("./detections/noise.ts")).printNoise(context, args, options),
        ),
      );
    group
      .command("suggest")
      .summary("the narrowest exception that ends a rule's noise on a workload, as a resource to apply")
      .requiredOption("--rule <name>", "the rule that speaks too often")
      .requiredOption("--workload <namespace/name>", "where it does")
      .option("--cluster <name>", "cluster", "local")
      .option("--days <n>", "days to look at, 1 to 30", "7")
      .addHelpText(
        "after",
        "\nThe manifest goes to standard output, its impact to standard error; nothing is changed.\n" +
          "\nExample:\n  garrison detections suggest --rule 'Sensitive file is read' --workload shop/web | garrison apply -f -",
      )
      .action(
        run<SuggestFlags>(async (context, { options }) =>
          (await import("./detections/noise.ts")).printSuggestion(context, options),
        ),
      );
    group
      .command("mark")
      .summary("say what a detection was: real (never silenced by a suggestion), noise, or handled")
      .argument("<id>", "as `garrison detections` prints it")
      .argument("<verdict>", "real, noise or handled")
      .option("--reason <text>", "kept with the mark", "")
      .addHelpText(
        "after",
        "\nExample:\n  garrison detections mark 16rik-a1f00c41d3b2e001 real --reason 'pentest of November'",
      )
      .action(
        run<MarkFlags>(async (context, { args, options }) =>
          (await import("./detections/mark.ts")).markDetection(context, args, options),
        ),
      );
  },
};
