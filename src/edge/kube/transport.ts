// The port between list/watch and the network: GET requests with streamed answers. A scripted fake stands in for it in tests.

export interface KubeAnswer {
  readonly status: number;
  /** By lower-case name; "" when the server did not say it. */
  header(name: string): string;
  /** Ends with an error when the connection breaks. Read it to the end, or abort the request. */
  readonly body: AsyncIterable<Uint8Array>;
}

export interface KubeGet {
  /** With query, beginning with "/". */
  readonly path: string;
  readonly accept?: string;
  /** Aborting ends the request and its body. */
  readonly signal: AbortSignal;
}

export interface KubeTransport {
  /** Resolves when the answer begins. Throws a Fault "kube/unreachable" or "kube/credential". */
  get(request: KubeGet): Promise<KubeAnswer>;
  close(): void;
}
