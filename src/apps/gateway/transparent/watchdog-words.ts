// What the gateway and its watchdog say to each other, and the names of the files between two gateways.

export interface WatchedWorkload {
  readonly label: string;
  readonly ports: readonly { readonly port: number; readonly onDown: "open" | "closed" }[];
}

/** "bye": the gateway ends on purpose. */
export interface FromGateway {
  readonly type: "watch" | "bye";
  readonly workloads: readonly WatchedWorkload[];
}

export const recordPrefix = "gateway-down-";
/** Files that are kept; of more the oldest go. */
export const recordsMax = 100;
