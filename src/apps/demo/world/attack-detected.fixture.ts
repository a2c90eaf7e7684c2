// The workload of every process of the demo's containers, as detection asks for it: rules look at that it is one, not at which.
import type { SubjectOf } from "../../../core/detect/contract.ts";

/** Groups of the nodes' own services are small numbers (processes.ts); all others are containers. */
export const subjectUnknown: SubjectOf = (_process, cgroupId) => {
  const isContainer = cgroupId > 100;
  return {
    subject: {
      namespace: isContainer ? "shop" : "host",
      workload: isContainer ? `group-${cgroupId}` : "containerd.service",
      workloadKind: isContainer ? "Deployment" : "SystemdUnit",
      service: "",
      pod: isContainer ? `group-${cgroupId}-0` : "",
      container: isContainer ? "main" : "",
      containerId: isContainer ? String(cgroupId) : "",
      image: isContainer ? "images.example.com/shop/web:1" : "",
      imageDigest: "",
      identityReason: "",
    },
    isPending: false,
    isContainer,
  };
};
