// One worker as the main thread sees it, wherever it runs.
import type { Socket } from "node:net";
import type { WafWorkload } from "../../../core/waf/policy/target.ts";
import type { ConnectionSource } from "../inspect.ts";
import type { LoadOrder } from "../rules/load-rules.ts";
import type { ListeningDoor, LoadResult, WorkerFigures } from "./messages.ts";

export interface Worker {
  readonly takesSockets: boolean;
  load(order: LoadOrder, errorsMax: number): Promise<LoadResult>;
  accept(door: ListeningDoor, socket: Socket, source: ConnectionSource): void;
  setWorkload(workload: WafWorkload | undefined): void;
  /** The last ones that it told. */
  figures(): WorkerFigures | undefined;
  close(drainMs: number): Promise<void>;
}
