// The store as an app: runs until its signal aborts. Started by `garrison run store`, or by its supervisor through process.ts.
import type { Logger } from "../../base/logger.ts";
import type { StoreConfig } from "./config.ts";
import { dropPrivileges } from "./privileges.ts";
import { serveStore } from "./serve-store.ts";

export interface StoreParts {
  readonly logger: Logger;
  /** Aborts when the store shall close: what runs is waited for, up to a deadline. */
  readonly signal: AbortSignal;
  ready(ready: { readonly type: "ready"; readonly notices: readonly string[] }): void;
}

/** Serves the data folder's store until the signal aborts. Rejects with a Fault when it cannot open or listen. */
export async function runStore(config: StoreConfig, parts: StoreParts): Promise<void> {
  const notice = dropPrivileges(config.dataFolder);
  await using store = await serveStore(config, parts.logger);
  parts.ready({ type: "ready", notices: [...(notice === "" ? [] : [notice]), `store on ${store.address}`] });
  if (parts.signal.aborted) return;
  await new Promise<void>((resolve) => parts.signal.addEventListener("abort", () => resolve(), { once: true }));
}
