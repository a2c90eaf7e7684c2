// What containerd, CNI, kubelet and kube-proxy of a test node are told. Texts and flags only; each odd one with its reason.
import { join } from "node:path";
import { stringify } from "yaml";
import type { NodeAddresses } from "./node-namespace.ts";

export const nodeName = "test-node";
export const pauseImage = "garrison.test/pause:1";
export const busyboxImage = "garrison.test/busybox:1";
export const containerdSocket = "/run/containerd/containerd.sock";

export interface NodeFiles {
  readonly folder: string;
  readonly addresses: NodeAddresses;
  /** Below every cgroup hierarchy; begins with "/". */
  readonly cgroupRoot: string;
}

/** restrict_oom_score_adj: root without CAP_SYS_RESOURCE may not lower scores, and every sandbox would fail. */
export function containerdConfig({ folder }: NodeFiles): string {
  return `version = 2
root = "${folder}/containerd"
state = "/run/containerd"
[grpc]
  address = "${containerdSocket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "${folder}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  disable_apparmor = true
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${folder}/cni"
`;
}

/** A bridge with addresses from one range; NetworkPolicy is not enforced by it. */
export function cniConfig({ folder, addresses }: NodeFiles): string {
  const bridge = {
    type: "bridge",
    bridge: "pods0",
    isGateway: true,
    hairpinMode: true,
    ipam: {
      type: "host-local",
      dataDir: join(folder, "addresses"),
      ranges: [[{ subnet: addresses.podRange, gateway: addresses.podGateway }]],
      routes: [{ dst: "0.0.0.0/0" }],
    },
  };
  const portmap = { type: "portmap", capabilities: { portMappings: true } };
  return JSON.stringify({ cniVersion: "0.4.0", name: "test", plugins: [bridge, portmap] });
}

export function kubeletConfig({ folder, addresses, cgroupRoot }: NodeFiles): string {
  return stringify({
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: join(folder, "pki/ca.crt") },
    },
    authorization: { mode: "Webhook" },
    tlsCertFile: join(folder, "pki/node.crt"),
    tlsPrivateKeyFile: join(folder, "pki/node.key"),
    cgroupDriver: "cgroupfs",
    cgroupsPerQOS: true,
    cgroupRoot,
    enforceNodeAllocatable: ["pods"],
    failSwapOn: false,
    clusterDomain: "cluster.local",
    clusterDNS: [addresses.serviceDns],
    resolvConf: join(folder, "resolv.conf"),
    // The disk is shared with everything else on the machine: neither pods nor images go because it is full.
    evictionHard: { "memory.available": "200Mi", "nodefs.available": "1%", "imagefs.available": "1%" },
    imageGCHighThresholdPercent: 100,
    nodeStatusUpdateFrequency: "2s",
    serializeImagePulls: false,
  });
}

export function kubeletArguments({ folder, addresses }: NodeFiles, kubeconfig: string): string[] {
  return [
    `--config=${join(folder, "kubelet.yaml")}`,
    `--kubeconfig=${kubeconfig}`,
    "--container-runtime=remote",
    `--container-runtime-endpoint=unix://${containerdSocket}`,
    "--root-dir=/var/lib/kubelet",
    `--cert-dir=${join(folder, "kubelet-pki")}`,
    `--volume-plugin-dir=${join(folder, "volume-plugins")}`,
    `--hostname-override=${nodeName}`,
    `--node-ip=${addresses.node}`,
    "--oom-score-adj=0",
    `--pod-infra-container-image=${pauseImage}`,
  ];
}

/** conntrack at 0: its limits are the whole machine's, not this network namespace's. */
export function proxyArguments({ addresses }: NodeFiles, kubeconfig: string): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    "--proxy-mode=iptables",
    `--cluster-cidr=${addresses.podRange}`,
    `--hostname-override=${nodeName}`,
    "--bind-address=0.0.0.0",
    "--oom-score-adj=0",
    "--conntrack-max-per-core=0",
    "--conntrack-min=0",
    "--conntrack-tcp-timeout-established=0",
    "--conntrack-tcp-timeout-close-wait=0",
  ];
}

export function schedulerArguments(kubeconfig: string): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    "--bind-address=127.0.0.1",
    "--leader-elect=false",
  ];
}
