// The apps that `garrison run` starts, by name. Each is imported only when it is asked for.
import type { z } from "zod";
import type { Logger } from "../../base/logger.ts";

/** What an app says once it serves; `up` prints it. */
export interface Ready {
  readonly type: "ready";
  /** Address with a one-time token for a person, where the app has one. */
  readonly url?: string;
  /** Lines for a person: what is real, what could not be done and why. */
  readonly notices: readonly string[];
}

/** A line for a person that comes later than "ready"; `up` prints it. */
export interface Notice {
  readonly type: "notice";
  readonly line: string;
}

/** What the runner hands to an app beside its configuration. */
export interface RunParts {
  readonly logger: Logger;
  /** Aborts when the app shall stop: drain, then resolve. */
  readonly signal: AbortSignal;
  ready(ready: Ready): void;
  notice(line: string): void;
}

export interface App {
  readonly summary: string;
  /** The configuration's schema; its shape gives file keys, flags and environment variables. */
  schema(): Promise<z.ZodObject>;
  /** Runs until the signal aborts; rejects with a Fault when it cannot start or go on. */
  run(config: unknown, parts: RunParts): Promise<void>;
}

export const apps = {
  server: {
    summary: "API, console and the agents' door; starts the embedded store unless one is named",
    schema: async () => (await import("../server/config.ts")).ServerConfig,
    run: async (config, parts) => {
      const { runServer } = await import("../server/main.ts");
      await runServer(config as Parameters<typeof runServer>[0], parts);
    },
  },
  agent: {
    summary: "watches this node and ships what it sees",
    schema: async () => (await import("../agent/config.ts")).AgentConfig,
    run: async (config, parts) => {
      const { runAgent } = await import("../agent/main.ts");
      await runAgent(config as Parameters<typeof runAgent>[0], parts);
    },
  },
  store: {
    summary: "the embedded telemetry store by itself (the server starts its own)",
    schema: async () => (await import("../store/config.ts")).StoreConfig,
    run: async (config, parts) => {
      const { runStore } = await import("../store/main.ts");
      await runStore(config as Parameters<typeof runStore>[0], parts);
    },
  },
  demo: {
    summary: "a simulated cluster for a look around, beside a running server",
    schema: async () => (await import("../demo/config.ts")).DemoConfig,
    run: async (config, parts) => {
      const { runDemo } = await import("../demo/main.ts");
      const { runAgent } = await import("../agent/main.ts");
      const { localServer } = await import("./local-server.ts");
      const demo = config as Parameters<typeof runDemo>[0];
      await runDemo(demo, { ...parts, runAgent, server: () => localServer(demo.data) });
    },
  },
} as const satisfies Record<string, App>;

export type AppName = keyof typeof apps;
export const appNames = Object.keys(apps) as readonly AppName[];
