// Whose the processes of the tests are: a pod's container, or the host.
import type { DetectSubject } from "../contract.ts";

const nobody = {
  namespace: "",
  workload: "",
  workloadKind: "Unknown",
  service: "",
  pod: "",
  container: "",
  containerId: "",
  image: "",
  imageDigest: "",
  identityReason: "",
} as const;

export const containerSubject: DetectSubject = {
  isPending: false,
  isContainer: true,
  subject: {
    ...nobody,
    namespace: "shop",
    workload: "web",
    workloadKind: "Deployment",
    pod: "web-1",
    container: "web",
    containerId: "a".repeat(64),
    image: "registry.example/shop/web:1",
  },
};

export const hostSubject: DetectSubject = {
  isPending: false,
  isContainer: false,
  subject: { ...nobody, namespace: "host", workload: "host", workloadKind: "Host" },
};
