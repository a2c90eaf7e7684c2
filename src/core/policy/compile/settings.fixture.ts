// For tests: settings of a node that forwards for every pod of a world.
import { Enforcement } from "../../../model/enforcement.ts";
import type { World } from "../world.ts";
import type { CompileSettings } from "./settings.ts";

export function settingsFor(world: World, over: Partial<CompileSettings> = {}): CompileSettings {
  return {
    node: "here",
    local: world.endpoints
      .filter(({ kind }) => kind === "workload")
      .map(({ id, interfaceName }) => ({ endpoint: id, interfaceName })),
    nodeAddresses: [],
    failsafe: Enforcement.parse({}).failsafe,
    workloadToHost: "accept",
    alwaysAllowed: [],
    log: "all",
    workloadInterfacePrefixes: [],
    ...over,
  };
}
