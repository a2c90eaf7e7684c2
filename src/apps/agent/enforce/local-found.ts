// A namespace of this machine that stands for a workload, as it was found.
import type { LocalEndpoint } from "../../../model/local-endpoint.ts";

/** A namespace of this machine with what was found in it. */
export interface LocalFound {
  readonly endpoint: string;
  readonly spec: LocalEndpoint;
  readonly addresses: readonly string[];
  /** The link whose other end is in the namespace; "" or absent: not known. */
  readonly interfaceName?: string;
}
