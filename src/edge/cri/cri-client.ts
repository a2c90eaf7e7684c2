// Questions to one container runtime over its Unix socket (CRI v1, gRPC). Every call has a deadline; every failure is a Fault that says
// whether the runtime is away, does not know the thing, or refuses. Reads only.
import { Client, credentials, status } from "@grpc/grpc-js";
import type { ServiceError } from "@grpc/grpc-js";
import type { z } from "zod";
import { Fault } from "../../base/fault.ts";
import {
  ContainerStatusAnswer,
  ImageStatusAnswer,
  ListContainersAnswer,
  ListSandboxesAnswer,
  SandboxStatusAnswer,
  serviceDefinition,
  VersionAnswer,
} from "./cri-messages.ts";
import type { ListedContainer, Sandbox } from "./cri-messages.ts";

export const criLimits = {
  deadlineMs: 2000,
  /** The kubelet's own limit for these answers. */
  answerBytesMax: 16 * 1024 * 1024,
} as const;

export interface CriClient {
  version(): Promise<z.infer<typeof VersionAnswer>>;
  /** All containers, or those with this id. */
  listContainers(containerId?: string): Promise<readonly ListedContainer[]>;
  listSandboxes(): Promise<readonly Sandbox[]>;
  /** Undefined when the runtime does not know it. */
  containerStatus(containerId: string): Promise<z.infer<typeof ContainerStatusAnswer>["status"]>;
  sandboxStatus(sandboxId: string): Promise<Sandbox | undefined>;
  /** "name@sha256:..." of an image by any of its names or its id; empty when there are none. */
  imageDigests(image: string): Promise<readonly string[]>;
  close(): void;
}

const methods = { ...serviceDefinition("RuntimeService"), ...serviceDefinition("ImageService") };

/** `socketPath` is absolute. Connects on the first call. */
export function createCriClient(socketPath: string, deadlineMs: number = criLimits.deadlineMs): CriClient {
  const client = new Client(`unix:${socketPath}`, credentials.createInsecure(), {
    "grpc.max_receive_message_length": criLimits.answerBytesMax,
    "grpc.default_authority": "localhost",
    // Each client has its own connection, so that closing one frees its socket.
    "grpc.use_local_subchannel_pool": 1,
    "grpc.service_config_disable_resolution": 1,
  });

  function ask<T>(method: string, request: object, answer: z.ZodType<T>): Promise<T> {
    const definition = methods[method];
    if (definition === undefined) throw new TypeError(`no such CRI method: ${method}`);
    return new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        definition.path,
        definition.requestSerialize,
        definition.responseDeserialize,
        request,
        { deadline: Date.now() + deadlineMs },
        (error, value) => {
          if (error !== null) return reject(faultOf(error, method, socketPath));
          const parsed = answer.safeParse(value);
          return parsed.success ? resolve(parsed.data) : reject(strangeAnswer(method, socketPath, parsed.error));
        },
      );
    });
  }

  async function askOrUndefined<T>(method: string, request: object, answer: z.ZodType<T>): Promise<T | undefined> {
    try {
      return await ask(method, request, answer);
    } catch (thrown) {
      if (thrown instanceof Fault && thrown.kind === "not-found") return undefined;
      throw thrown;
    }
  }

  return {
    version: () => ask("Version", { version: "v1" }, VersionAnswer),
    async listContainers(containerId) {
      const filter = containerId === undefined ? null : { id: containerId };
      return (await ask("ListContainers", { filter }, ListContainersAnswer)).containers;
    },
    listSandboxes: async () => (await ask("ListPodSandbox", {}, ListSandboxesAnswer)).items,
    containerStatus: async (containerId) =>
      (await askOrUndefined("ContainerStatus", { containerId }, ContainerStatusAnswer))?.status ?? undefined,
    sandboxStatus: async (podSandboxId) =>
      (await askOrUndefined("PodSandboxStatus", { podSandboxId }, SandboxStatusAnswer))?.status ?? undefined,
    imageDigests: async (image) =>
      (await askOrUndefined("ImageStatus", { image: { image } }, ImageStatusAnswer))?.image?.repoDigests ?? [],
    close: () => client.close(),
  };
}

function faultOf(error: ServiceError, method: string, socketPath: string): Fault {
  const where = `${method} on ${socketPath}`;
  switch (error.code) {
    case status.NOT_FOUND:
      return new Fault(`the runtime does not know it (${where})`, {
        code: "cri/not-found",
        kind: "not-found",
        cause: error,
      });
    case status.UNIMPLEMENTED:
      return new Fault(`the runtime does not speak CRI v1 (${where})`, {
        code: "cri/unimplemented",
        kind: "unavailable",
        hint: "Enable the runtime's CRI plugin, or update it to a version with CRI v1.",
        cause: error,
      });
    case status.PERMISSION_DENIED:
    case status.UNAUTHENTICATED:
      return new Fault(`the runtime refuses us (${where})`, { code: "cri/forbidden", kind: "forbidden", cause: error });
    default:
      return new Fault(`the runtime did not answer: ${status[error.code] ?? "unknown"} (${where})`, {
        code: "cri/unavailable",
        kind: "unavailable",
        hint: "Check that the container runtime runs and that the agent may open its socket.",
        retryAfterMs: 1000,
        cause: error,
      });
  }
}

function strangeAnswer(method: string, socketPath: string, cause: unknown): Fault {
  return new Fault(`the runtime's answer has an unexpected shape (${method} on ${socketPath})`, {
    code: "cri/strange-answer",
    kind: "internal",
    cause,
  });
}
