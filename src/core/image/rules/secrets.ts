// Secrets that the search found in layers, and those that were cut out of the history.
import type { AdviceSeverity } from "../advice.ts";
import { defineImageRules } from "../image-rule.ts";

const severities: Readonly<Record<"critical" | "high" | "medium" | "low", AdviceSeverity>> = {
  critical: "error",
  high: "error",
  medium: "warning",
  low: "info",
};

export const secretImageRules = defineImageRules(
  {
    id: "image/secret",
    hadolint: "",
    severity: "error",
    title: "a secret in a layer",
    fix: "Revoke it, and build without it: RUN --mount=type=secret leaves no layer.",
    references: ["CIS Docker 4.10", "CIS-DI-0010"],
    *check({ analysis }) {
      for (const { title, path, layer, line, severity, isHidden } of analysis.secrets) {
        const place = line > 0 ? `${path}, line ${line}` : path;
        const hidden = isHidden ? "; a later layer hides the file, the image still has it" : "";
        yield { message: `${title} in ${place}${hidden}`, subject: path, layer, severity: severities[severity] };
      }
    },
  },
  {
    id: "image/secret-history",
    hadolint: "",
    severity: "error",
    title: "a secret in the history",
    fix: "Revoke it, and use RUN --mount=type=secret.",
    references: ["CIS Docker 4.10", "CIS-DI-0010"],
    *check({ config }) {
      let layer = -1;
      for (const { createdBy, isEmptyLayer } of config?.history ?? []) {
        if (!isEmptyLayer) layer++;
        if (createdBy.includes("‹redacted:"))
          yield {
            message: "a command of the build had a secret in its words",
            subject: createdBy.slice(0, 120),
            layer: isEmptyLayer ? -1 : layer,
          };
      }
    },
  },
);
