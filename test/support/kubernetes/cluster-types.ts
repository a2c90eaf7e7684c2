// What a test gets from startTestCluster and what it may ask for. Types only.
import type { ApiClient } from "./api-client.ts";
import type { PolicyRule, UserWanted, LimitedUser } from "./users.ts";

export type { ApiClient, LimitedUser, PolicyRule, UserWanted };

/** "api": etcd and kube-apiserver. "node": all programs, and a node that runs pods; needs root. */
export type ClusterWants = "api" | "node";

export interface AuditWanted {
  /** An audit.k8s.io/v1 Policy as an object; without it everything is recorded at level Metadata. */
  readonly policy?: object;
  /** Where the API server posts its EventLists, with the CA that it trusts there and a bearer token. */
  readonly webhook?: { readonly url: string; readonly caPem?: string; readonly token?: string };
}

export interface ClusterOptions {
  readonly wants: ClusterWants;
  /** "all" runs kube-controller-manager too: ReplicaSets get made, namespaces go away. Always so with a node. */
  readonly controllers?: "none" | "all";
  /** Records requests: a log file (auditLogPath), and a webhook if wanted. */
  readonly audit?: AuditWanted;
  /** More flags for kube-apiserver, e.g. "--watch-cache=false". */
  readonly apiServerArguments?: readonly string[];
}

export interface TestNode {
  readonly name: string;
  /** Where the host is seen from inside the node and its pods. */
  readonly hostAddress: string;
  /** Where the node is seen from the host. Pod and service addresses are routed too. */
  readonly nodeAddress: string;
  /** Process id, on the host, of the first process of the node's namespaces: for nsenter and /proc. */
  readonly initPid: number;
  /** An image that is there: a busybox with all applets; use it with imagePullPolicy Never. */
  readonly busyboxImage: string;
  /** Imports an OCI layout tar under the names that it carries. */
  importImage(tarPath: string): Promise<void>;
  /** Runs a program of the host inside the node's network, mount and process namespaces; returns what it prints. */
  run(program: string, args: readonly string[]): Promise<string>;
}

export interface TestCluster {
  /** Which rung of the ladder it is, in one line, as printed. */
  readonly description: string;
  /** False for a cluster that was given: its API server cannot be stopped, paused or made to forget. */
  readonly isOwn: boolean;
  readonly kubeconfigPath: string;
  /** https address of the API server. */
  readonly address: string;
  readonly caPem: string;
  /** E.g. "v1.20.2". */
  readonly version: string;
  readonly admin: ApiClient;
  readonly auditLogPath: string | undefined;
  readonly node: TestNode | undefined;
  /** A service account with exactly these rights and a kubeconfig of its own. */
  userKubeconfig(wanted: UserWanted): Promise<LimitedUser>;
  /** Stops the API server (SIGTERM, as an upgrade does); etcd stays. */
  stopApi(): Promise<void>;
  /** SIGKILL, as a machine that loses power: quicker, connections break at once. */
  killApi(): Promise<void>;
  /** Starts it again on the same port with the same etcd and waits until it is ready. */
  startApi(): Promise<void>;
  /** Both. Open watches break; watches from before are answered 410 if anything changed since. */
  restartApi(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing is answered, as with a hung machine. Resolves when it hangs. */
  pauseApi(): Promise<void>;
  /** SIGCONT. */
  resumeApi(): void;
  /** Compacts etcd at its newest revision and returns that. A continue token from before is then answered 410. */
  compact(): Promise<number>;
  /** Makes every older resourceVersion and continue token invalid: changes something, compacts, restarts the API server. */
  expireResourceVersions(): Promise<void>;
  /** The last lines that a program wrote, to say why something failed. */
  logTail(program: string): Promise<string>;
  /** Ends what was started here and removes its files. */
  stop(): Promise<void>;
}
