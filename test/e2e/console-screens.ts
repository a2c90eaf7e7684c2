// Every address of the console that is held against axe and the content policy, with what tells that it has settled.
import type { Page } from "playwright-core";
import { mockDigest } from "../../ui/mock/images-world.ts";
import { firstRow as grid } from "./console-stage.ts";

type Settled = (page: Page) => Promise<void>;

export function screensOf(url: string): readonly (readonly [string, Settled])[] {
  const workload = `${url}/workloads/local/shop/Deployment/checkout`;
  const policyPage = `${url}/policies/local/kubernetes/NetworkPolicy/shop/orders-db`;
  const image = `${url}/images/${encodeURIComponent(mockDigest("registry.shop.example/shop/web:1.42.0"))}`;
  return [
    [`${url}/overview`, (page) => page.getByRole("heading", { name: "Coverage" }).waitFor()],
    [`${url}/overview?q=mock:calm`, (page) => page.getByRole("heading", { name: "Nothing needs you now" }).waitFor()],
    [`${url}/clusters`, (page) => grid(page, /Clusters/)],
    [`${url}/clusters?q=mock:empty`, (page) => page.getByText("No cluster is known yet").waitFor()],
    [`${url}/clusters/local`, (page) => grid(page, /Nodes/)],
    [`${url}/clusters/local?tab=pods`, (page) => grid(page, /Pods/)],
    [`${url}/clusters/local?tab=workloads`, (page) => grid(page, /Workloads/)],
    [`${url}/clusters/local?tab=services`, (page) => grid(page, /Services/)],
    [`${url}/clusters/demo?tab=namespaces`, (page) => grid(page, /Namespaces/)],
    [`${url}/clusters/batch?tab=pods`, (page) => page.getByText("Whether there are pods is not known").waitFor()],
    [`${url}/flows`, (page) => grid(page, /Flows/)],
    [`${url}/events`, (page) => grid(page, /Events/)],
    [`${url}/workloads`, (page) => grid(page, /Workloads/)],
    [`${url}/policies`, (page) => page.getByRole("button", { name: /default-deny/ }).waitFor()],
    [
      `${url}/policies?pick=local kubernetes/NetworkPolicy/shop/orders-db`,
      (page) => page.getByRole("link", { name: "Open policy" }).waitFor(),
    ],
    [policyPage, (page) => page.getByText("Impact on recorded traffic").waitFor()],
    [`${policyPage}?tab=rules`, (page) => page.getByText("Allow").first().waitFor()],
    [`${policyPage}?tab=endpoints`, (page) => grid(page, /Endpoints/)],
    [
      `${policyPage}?tab=nodes`,
      (page) =>
        page
          .getByText(/proved|waiting|enforced/)
          .first()
          .waitFor(),
    ],
    [`${url}/policies/new?ns=shop&cluster=local`, (page) => page.getByRole("button", { name: "Recommend" }).waitFor()],
    [`${url}/detections`, (page) => grid(page, /Detections/)],
    [`${url}/detections?q=mock:blind`, (page) => page.getByText("Nobody looks").waitFor()],
    [`${url}/detections?tab=rules`, (page) => grid(page, /Rules/)],
    [`${url}/detections?tab=noise`, (page) => grid(page, /Noise/)],
    [
      `${url}/detections/16rik-a1f00c41d3b2e001`,
      (page) => page.getByRole("heading", { name: "Process tree" }).waitFor(),
    ],
    [`${url}/waf`, (page) => grid(page, /Workloads/)],
    [`${url}/waf?tab=rules`, (page) => grid(page, /Rules/)],
    [`${url}/waf?tab=sources`, (page) => grid(page, /Sources/)],
    [`${url}/waf?tab=requests&paused=1`, (page) => grid(page, /Requests/)],
    [`${url}/waf?tab=gateways`, (page) => grid(page, /Gateways/)],
    [`${url}/waf?q=mock:empty&tab=rules`, (page) => page.getByText("No rule spoke in this window").waitFor()],
    [`${url}/images`, (page) => grid(page, /Images/)],
    [`${url}/images?q=mock:empty`, (page) => page.getByText("No image is known yet").waitFor()],
    [`${url}/images?tab=vulnerabilities`, (page) => grid(page, /Vulnerabilities/)],
    [`${url}/images?tab=exceptions`, (page) => grid(page, /Exceptions/)],
    [`${url}/images?tab=scans`, (page) => grid(page, /Scans/)],
    [`${url}/images?tab=advisories`, (page) => grid(page, /Feeds/)],
    [image, (page) => grid(page, /Findings/)],
    [`${image}?tab=packages`, (page) => grid(page, /Packages/)],
    [`${image}?tab=layers`, (page) => grid(page, /Layers/)],
    [`${image}?tab=advice`, (page) => page.getByRole("heading", { name: "Hardening" }).waitFor()],
    [`${image}?tab=secrets`, (page) => grid(page, /Secrets/)],
    [`${image}?tab=runs`, (page) => grid(page, /Runs/)],
    [`${image}?tab=gaps`, (page) => grid(page, /Gaps/)],
    [`${url}/images/nowhere`, (page) => page.getByText("Not found").waitFor()],
    [`${url}/vulnerabilities/CVE-2023-4911`, (page) => grid(page, /Places/)],
    [`${url}/outputs`, (page) => grid(page, /Sinks/)],
    [`${url}/outputs?pick=global chat`, (page) => page.getByRole("button", { name: "Send them again" }).waitFor()],
    [`${url}/health`, (page) => page.getByRole("heading", { name: "Agents" }).waitFor()],
    [workload, (page) => grid(page, /Timeline of checkout/)],
    [`${workload}?tab=pods`, (page) => grid(page, /Pods/)],
    [`${workload}?tab=traffic`, (page) => grid(page, /Peers/)],
    [`${workload}?tab=processes`, (page) => grid(page, /Processes/)],
    [`${workload}?tab=dns`, (page) => grid(page, /DNS names/)],
    [`${workload}?tab=layers`, (page) => page.getByRole("table", { name: "Layers" }).waitFor()],
    [`${workload}?tab=policies`, (page) => page.getByText("Isolated").waitFor()],
    [`${url}/flows?q=verdcit:deny`, (page) => page.getByText("Character 1").waitFor()],
    [`${url}/flows?q=mock:forbidden`, (page) => page.getByText("Your role does not include this").waitFor()],
    [`${url}/nowhere`, (page) => page.getByText("There is no such screen").waitFor()],
  ];
}
