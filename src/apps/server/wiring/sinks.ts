// The outputs, opened: two folders of the data folder unless the configuration names others, and the server's own environment and standard output.
import path from "node:path";
import { Fault } from "../../../base/fault.ts";
import { addressGuard } from "../../../edge/sinks/guarded-address.ts";
import type { ServerConfig } from "../config.ts";
import { countSinks } from "../runtime/sinks/sink-metrics.ts";
import { openSinks, type SinksParts, type SinksSide } from "../runtime/sinks/sinks-side.ts";
import type { Metrics } from "../metrics.ts";
import { programVersion } from "../version.ts";

export function openServerSinks(
  parts: Omit<SinksParts, "surroundings" | "cluster"> & { readonly config: ServerConfig; readonly metrics: Metrics },
): SinksSide {
  const { config, metrics, ...rest } = parts;
  const { secretsFolder, filesFolder, allowedAddresses } = config.sinks;
  const side = openSinks({
    ...rest,
    cluster: config.cluster,
    surroundings: {
      version: programVersion(),
      guard: addressGuard(allowedAddresses),
      secretsFolder: secretsFolder === "" ? path.join(config.data, "sinks", "secrets") : secretsFolder,
      filesFolder: filesFolder === "" ? path.join(config.data, "sinks", "files") : filesFolder,
      environment: process.env,
      print,
    },
  });
  countSinks(metrics, side);
  return side;
}

let isWatched = false;

function print(text: string): Promise<void> {
  // A reader that went away is told by the write itself; without a listener the event would end the process.
  if (!isWatched) process.stdout.on("error", () => undefined);
  isWatched = true;
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error === undefined || error === null) resolve();
      else
        reject(
          new Fault(`standard output takes nothing: ${error.message}`, {
            code: "sinks/no-output",
            kind: "unavailable",
          }),
        );
    });
  });
}
