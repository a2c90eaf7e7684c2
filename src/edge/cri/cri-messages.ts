// The part of the Container Runtime Interface v1 (k8s.io/cri-api runtime/v1/api.proto) that is read here, as data: names and numbers of
// fields as in the interface; fields that are not named are skipped. No .proto file is read and no code is generated at run time.
import type { MethodDefinition } from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";
import { z } from "zod";

type Field = readonly [name: string, number: number, type: string, rule?: "repeated" | "map"];

function message(...fields: readonly Field[]) {
  return {
    fields: Object.fromEntries(
      fields.map(([name, id, type, rule]) => [
        name,
        rule === "map" ? { id, type, keyType: "string" } : rule === "repeated" ? { id, type, rule } : { id, type },
      ]),
    ),
  };
}

function method(name: string) {
  return { [name]: { requestType: `${name}Request`, responseType: `${name}Response` } };
}

function labelsAt(number: number): Field {
  return ["labels", number, "string", "map"];
}

const nested = {
  RuntimeService: {
    methods: {
      ...method("Version"),
      ...method("ListContainers"),
      ...method("ContainerStatus"),
      ...method("ListPodSandbox"),
      ...method("PodSandboxStatus"),
    },
  },
  ImageService: { methods: { ...method("ImageStatus") } },
  VersionRequest: message(["version", 1, "string"]),
  VersionResponse: message(
    ["runtimeName", 2, "string"],
    ["runtimeVersion", 3, "string"],
    ["runtimeApiVersion", 4, "string"],
  ),
  ContainerMetadata: message(["name", 1, "string"], ["attempt", 2, "uint32"]),
  PodSandboxMetadata: message(
    ["name", 1, "string"],
    ["uid", 2, "string"],
    ["namespace", 3, "string"],
    ["attempt", 4, "uint32"],
  ),
  ImageSpec: message(["image", 1, "string"]),
  ContainerFilter: message(["id", 1, "string"]),
  ListContainersRequest: message(["filter", 1, "ContainerFilter"]),
  ListContainersResponse: message(["containers", 1, "Container", "repeated"]),
  Container: message(
    ["id", 1, "string"],
    ["podSandboxId", 2, "string"],
    ["metadata", 3, "ContainerMetadata"],
    ["image", 4, "ImageSpec"],
    ["imageRef", 5, "string"],
    ["state", 6, "int32"],
    labelsAt(8),
  ),
  ContainerStatusRequest: message(["containerId", 1, "string"]),
  ContainerStatusResponse: message(["status", 1, "ContainerStatus"]),
  ContainerStatus: message(
    ["id", 1, "string"],
    ["metadata", 2, "ContainerMetadata"],
    ["state", 3, "int32"],
    ["startedAt", 5, "int64"],
    ["image", 8, "ImageSpec"],
    ["imageRef", 9, "string"],
    labelsAt(12),
    ["mounts", 14, "Mount", "repeated"],
  ),
  Mount: message(
    ["containerPath", 1, "string"],
    ["hostPath", 2, "string"],
    ["readonly", 3, "bool"],
    ["propagation", 5, "int32"],
  ),
  PodSandboxFilter: message(["id", 1, "string"]),
  ListPodSandboxRequest: message(["filter", 1, "PodSandboxFilter"]),
  ListPodSandboxResponse: message(["items", 1, "PodSandbox", "repeated"]),
  PodSandbox: message(["id", 1, "string"], ["metadata", 2, "PodSandboxMetadata"], ["state", 3, "int32"], labelsAt(5)),
  PodSandboxStatusRequest: message(["podSandboxId", 1, "string"]),
  PodSandboxStatusResponse: message(["status", 1, "PodSandboxStatus"]),
  PodSandboxStatus: message(
    ["id", 1, "string"],
    ["metadata", 2, "PodSandboxMetadata"],
    ["state", 3, "int32"],
    labelsAt(7),
  ),
  ImageStatusRequest: message(["image", 1, "ImageSpec"]),
  ImageStatusResponse: message(["image", 1, "Image"]),
  Image: message(["id", 1, "string"], ["repoTags", 2, "string", "repeated"], ["repoDigests", 3, "string", "repeated"]),
};

const definitions = fromJSON(
  { nested: { runtime: { nested: { v1: { nested } } } } } as Parameters<typeof fromJSON>[0],
  { keepCase: true, defaults: true, arrays: true, objects: true, longs: Number },
);

/** The wire definitions of a service's methods, for a client or for a fake server: { Version: { path, requestSerialize, ... } }. */
export function serviceDefinition(
  service: "RuntimeService" | "ImageService",
): Record<string, MethodDefinition<object, object>> {
  return definitions[`runtime.v1.${service}`] as unknown as Record<string, MethodDefinition<object, object>>;
}

const text = z.string().max(4096);
const labelMap = z.record(z.string().max(512), text).default({});
const containerMetadata = z.object({ name: text.default("") }).nullish();
const podMetadata = z.object({ name: text.default(""), uid: text.default(""), namespace: text.default("") }).nullish();
const imageSpec = z.object({ image: text.default("") }).nullish();

/** What the runtime sent, parsed at the door. A missing message is null, a missing string "". */
export const VersionAnswer = z.object({ runtimeName: text, runtimeVersion: text, runtimeApiVersion: text });
export const ListedContainer = z.object({
  id: text,
  podSandboxId: text,
  metadata: containerMetadata,
  image: imageSpec,
  imageRef: text,
  labels: labelMap,
});
export const ContainerStatusAnswer = z.object({
  status: z
    .object({
      id: text,
      metadata: containerMetadata,
      image: imageSpec,
      imageRef: text,
      labels: labelMap,
      /** Nanoseconds since the epoch; 0 before it started. */
      startedAt: z.number().default(0),
      mounts: z
        .array(
          z.object({
            containerPath: text.default(""),
            hostPath: text.default(""),
            readonly: z.boolean().default(false),
            propagation: z.number().default(0),
          }),
        )
        .max(1024)
        .default([]),
    })
    .nullish(),
});
export const Sandbox = z.object({ id: text, metadata: podMetadata, labels: labelMap });
export const SandboxStatusAnswer = z.object({ status: Sandbox.nullish() });
export const ImageStatusAnswer = z.object({ image: z.object({ repoDigests: z.array(text).max(1024) }).nullish() });
export const ListContainersAnswer = z.object({ containers: z.array(ListedContainer).max(16_384) });
export const ListSandboxesAnswer = z.object({ items: z.array(Sandbox).max(16_384) });

export type ListedContainer = z.infer<typeof ListedContainer>;
export type Sandbox = z.infer<typeof Sandbox>;
