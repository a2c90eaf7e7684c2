// Age, size, and the operating system's end.
import { parseInstantMs } from "../../../base/instant.ts";
import { endOfLife } from "../../vuln/end-of-life.ts";
import { defineImageRules, type ImageView } from "../image-rule.ts";

const dayMs = 86_400_000;
/** Reproducible builds date themselves 1970 or 1980: that is no age. */
const datedFromMs = 946_684_800_000;

function ageDays(created: string, nowMs: number | undefined): number | undefined {
  if (created === "" || nowMs === undefined) return undefined;
  const ms = parseInstantMs(created);
  return ms === undefined || ms < datedFromMs || ms > nowMs ? undefined : Math.floor((nowMs - ms) / dayMs);
}

/** When the last layer of the base was made, by the history. */
function baseCreated({ base, config }: ImageView): string {
  const layers = base?.layers ?? 0;
  const filled = (config?.history ?? []).filter(({ isEmptyLayer }) => !isEmptyLayer);
  return layers === 0 ? "" : (filled[layers - 1]?.created ?? "");
}

const packagesOfSlim = 250;

export const ageRules = defineImageRules(
  {
    id: "image/end-of-life",
    hadolint: "",
    severity: "error",
    title: "an operating system that gets no more fixes",
    fix: "Move to a release that does.",
    references: [],
    check({ analysis, nowMs }) {
      const system = analysis.operatingSystem;
      if (system === undefined || nowMs === undefined) return [];
      const { state, endsOn } = endOfLife(system, nowMs);
      const name = system.name === "" ? `${system.id} ${system.versionId}` : system.name;
      return state === "ended"
        ? [
            {
              message: `${name} got its last fixes on ${endsOn}`,
              subject: `${system.id} ${system.versionId}`,
            },
          ]
        : [];
    },
  },
  {
    id: "image/stale-base",
    hadolint: "",
    severity: "warning",
    title: "an old base image",
    fix: "Build again on the base as it is now.",
    references: ["CIS Docker 4.4", "CIS-DI-0004"],
    check(view) {
      const days = ageDays(baseCreated(view), view.nowMs);
      if (days === undefined || days <= view.ageDaysMax) return [];
      return [
        {
          message: `its base was made ${days} days ago`,
          subject: view.base?.image ?? "",
          layer: (view.base?.layers ?? 1) - 1,
        },
      ];
    },
  },
  {
    id: "image/old",
    hadolint: "",
    severity: "info",
    title: "an old image",
    fix: "Build it again.",
    references: ["CIS Docker 4.4", "CIS-DI-0004"],
    check(view) {
      const days = ageDays(view.config?.created ?? "", view.nowMs);
      return days === undefined || days <= view.ageDaysMax ? [] : [{ message: `it was built ${days} days ago` }];
    },
  },
  {
    id: "image/fat-base",
    hadolint: "",
    severity: "info",
    title: "many packages of the distribution",
    fix: "Take the slim variant of the base, or a distroless one.",
    references: ["CIS Docker 4.3", "CIS-DI-0003"],
    check({ analysis }) {
      const count = analysis.packages.filter(
        ({ type, scope }) => scope === "installed" && (type === "deb" || type === "rpm" || type === "apk"),
      ).length;
      return count < packagesOfSlim
        ? []
        : [{ message: `${count} packages of the distribution are installed: each of them has to be patched` }];
    },
  },
  {
    id: "image/large",
    hadolint: "",
    severity: "info",
    title: "a large image",
    fix: "Look at the largest layers; build in a stage of its own.",
    references: [],
    check({ analysis, sizeBytesMax }) {
      const bytes = analysis.layers.reduce((sum, layer) => sum + (layer.inflatedBytes || layer.sizeBytes), 0);
      if (bytes <= sizeBytesMax) return [];
      const largest = analysis.layers.reduce(
        (best, layer, index) => ((analysis.layers[best]?.inflatedBytes ?? 0) < layer.inflatedBytes ? index : best),
        0,
      );
      return [{ message: `it holds ${Math.round(bytes / 1_000_000)} MB`, layer: largest }];
    },
  },
  {
    id: "image/many-layers",
    hadolint: "",
    severity: "info",
    title: "many layers",
    fix: "Join RUN instructions; copy from a build stage.",
    references: [],
    check: ({ analysis }) =>
      analysis.layers.length <= 60
        ? []
        : [{ message: `${analysis.layers.length} layers: what one deletes is still in another` }],
  },
);
