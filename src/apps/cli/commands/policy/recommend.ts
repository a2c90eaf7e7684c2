// garrison policy recommend: least-privilege policies from recorded flows, each rule with what it rests on. Nothing is applied.
import { Option } from "commander";
import { type WriteDialect, writeDialects } from "../../../../core/policy/write/draft.ts";
import type { CommandUnit } from "../command.ts";
import { type FlowSourceFlags, type WorldFlags, withFlowSource, withInput } from "./flags.ts";

export interface RecommendFlags extends WorldFlags, FlowSourceFlags {
  readonly dialect: WriteDialect;
  readonly per: "workload" | "namespace";
  readonly namespace?: readonly string[];
  readonly workload?: readonly string[];
  readonly days: string;
  readonly approve?: readonly string[];
  readonly publicAfter: string;
  readonly dns: string;
}

export const policyRecommend: CommandUnit = {
  name: "recommend",
  add(group, run) {
    withFlowSource(
      withInput(
        group
          .command("recommend")
          .summary("least-privilege policies from recorded flows, each rule with its evidence")
          .argument("[files...]", "the world: pods, namespaces, services; files, folders or - (like --world)"),
      ),
    )
      .addOption(
        new Option("--dialect <dialect>", "words of the manifests").choices(writeDialects).default("kubernetes"),
      )
      .addOption(
        new Option("--per <unit>", "one policy for each").choices(["workload", "namespace"]).default("workload"),
      )
      .option("--namespace <name...>", "only for these (without: all but kube-system)")
      .option("--workload <name...>", "only for these: web, Deployment/web or shop/Deployment/web")
      .option("--days <n>", "an edge seen on fewer days is held back as rare", "2")
      .option("--approve <key...>", 'let held edges through, by the key that the table shows; "*" lets all')
      .option(
        "--public-after <n>",
        "a port reached from so many public addresses is open to all of them; 0: never",
        "0",
      )
      .option("--dns <namespace/key=value>", "where cluster DNS runs; allowed always", "kube-system/k8s-app=kube-dns")
      .addHelpText(
        "after",
        "\n-o table shows the rules and what they rest on, -o yaml prints the manifests alone.\n\nExamples:\n" +
          "  garrison policy recommend pods.yaml --flows flows.jsonl\n" +
          "  garrison policy recommend pods.yaml --flows flows.jsonl --dialect calico -o yaml > recommended.yaml\n" +
          "  garrison policy recommend --since 7d --cluster demo --namespace shop    (flows and world of the server)",
      )
      .action(
        run<RecommendFlags>(async (context, input) =>
          (await import("./run-recommend.ts")).runRecommend(context, input),
        ),
      );
  },
};
