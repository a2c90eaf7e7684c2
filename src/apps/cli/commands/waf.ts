// garrison waf: the workload WAF. Rules are looked at, tried and measured from files, no server needed; `serve` runs the gateway. Each sub-command is a file in waf/.
import type { CommandUnit } from "./command.ts";
import { wafCommands } from "./waf/list.ts";

export const waf: CommandUnit = {
  name: "waf",
  add(program, run) {
    const group = program
      .command("waf")
      .summary("web application firewall: try requests, lint rules, run test suites, measure; serve")
      .description(
        "SecLang rules (the OWASP Core Rule Set and your own) from folders or files. RULES: a folder with crs-setup.conf (or .example) and rules/, or .conf files.",
      );
    for (const unit of wafCommands) unit.add(group, run);
  },
};
