// Enforcement, loaded when the first policy resource comes or when an earlier process of this node enforced something: 150 modules (8 MiB of memory)
// that a node without policies does without. What is asked meanwhile is done as soon as it is loaded.
import { toFault } from "../../../base/fault.ts";
import type { Resource, ResourceStatus } from "../../../model/resource.ts";
import type { EnforceSide, EnforceSideOptions } from "./enforce-side.ts";
import { openKept } from "./kept.ts";
import { enforceKinds } from "./kinds.ts";

/** `load`, for tests: how the side is made. */
export function createEnforceSideWhenAsked(options: EnforceSideOptions, load: typeof loadSide = loadSide): EnforceSide {
  const { folder, logger } = options;
  let side: EnforceSide | undefined;
  let loading: Promise<void> | undefined;
  let resources: readonly Resource[] | undefined;
  let refusal = "";
  let isClosed = false;

  async function open(): Promise<void> {
    try {
      const made = await load(options);
      refusal = "";
      side = made;
      // Before the first word of the server there is nothing asked, which is not the same as asked for nothing.
      if (resources !== undefined && !isClosed) made.setResources(resources);
    } catch (error) {
      refusal = `enforcement could not be loaded: ${toFault(error).message}`;
      logger.error({ error: toFault(error).message }, "enforcement could not be loaded");
      options.onStatus();
    } finally {
      loading = undefined;
    }
  }

  const isNeeded = (): boolean => {
    if (resources?.some(({ kind }) => enforceKinds.includes(kind)) === true) return true;
    const { confirmed, pending } = openKept(folder, logger).state;
    return confirmed !== undefined || pending !== undefined;
  };
  const refused = ({ kind, scope, name, generation }: Resource): ResourceStatus => ({
    kind,
    scope,
    name,
    generation,
    state: "refused",
    because: refusal,
  });

  // A change that waits for its confirmation is watched from the start: it may be why no server is heard.
  if (openKept(folder, logger).state.pending !== undefined) loading = open();
  return {
    setResources(given) {
      resources = given;
      if (side !== undefined) side.setResources(given);
      else if (loading === undefined && isNeeded()) loading = open();
    },
    identitiesCame: () => side?.identitiesCame(),
    statuses() {
      if (side !== undefined) return side.statuses();
      if (refusal === "") return [];
      return (resources ?? []).filter(({ kind }) => enforceKinds.includes(kind)).map(refused);
    },
    flush: (nowMs) => side?.flush(nowMs) ?? [],
    drain: () => side?.drain() ?? [],
    complete: (row) => side?.complete(row),
    takeGaps: (nowMs) => side?.takeGaps(nowMs) ?? [],
    isTwin: (lookup) => side?.isTwin(lookup) ?? false,
    async settled() {
      await loading;
      await side?.settled();
    },
    async close(kernel) {
      isClosed = true;
      await loading;
      await side?.close(kernel);
      side = undefined;
    },
  };
}

async function loadSide(options: EnforceSideOptions): Promise<EnforceSide> {
  return (await import("./enforce-side.ts")).createEnforceSide(options);
}
