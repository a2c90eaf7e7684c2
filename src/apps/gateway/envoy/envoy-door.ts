// Envoy's two interfaces over gRPC, on sockets that somebody else accepted. Messages, streams and time are bounded by gRPC's own settings.
import {
  Server,
  ServerCredentials,
  status,
  type ServerDuplexStream,
  type sendUnaryData,
  type ServerUnaryCall,
} from "@grpc/grpc-js";
import { toFault } from "../../../base/fault.ts";
import type { ConnectionSource } from "../inspect.ts";
import type { AskedDoor, DoorParts } from "../worker/doors.ts";
import { isLoopback } from "../trusted-proxies.ts";
import { check, type WireCheckRequest } from "./ext-authz.ts";
import { createProcess } from "./ext-proc.ts";
import { authorizationService, externalProcessor } from "./messages.ts";
import type { WireProcessingRequest } from "./wire.ts";

export const envoyLimits = {
  /** One message: a buffered body of Envoy's own limit and some room. */
  messageBytesMax: 16 * 1024 * 1024,
  streamsMax: 1024,
} as const;

export function createEnvoyDoor(parts: DoorParts, name: "extproc" | "extauthz"): AskedDoor {
  const server = new Server({
    "grpc.max_receive_message_length": envoyLimits.messageBytesMax,
    "grpc.max_concurrent_streams": envoyLimits.streamsMax,
  });
  const count = { requests: 0 };
  // gRPC hides the socket: connections of one listener differ in nothing that is asked for here but the peer, which a call names.
  const sources = new Map<string, ConnectionSource>();
  let fallback: ConnectionSource | undefined;
  const sourceOf = (peer: string): ConnectionSource | undefined => sources.get(peer) ?? fallback;
  const isTrusted = (source: ConnectionSource): boolean =>
    source.clientAddress === "" || isLoopback(source.clientAddress) || parts.proxies.isTrusted(source.clientAddress);
  if (name === "extproc") addProcess(server, parts, { sourceOf, isTrusted, count });
  else addCheck(server, parts, { sourceOf, isTrusted, count });
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  return {
    accept(socket, source) {
      fallback ??= { ...source, clientPort: 0 };
      const peer = `${source.clientAddress}:${source.clientPort}`;
      if (source.clientAddress !== "") {
        sources.set(peer, source);
        socket.once("close", () => sources.delete(peer));
      }
      injector.injectConnection(socket);
      // Listeners that hand sockets on pause them; the session reads from the handle, which this starts.
      socket.resume();
    },
    get requests() {
      return count.requests;
    },
    close: (drainMs) =>
      new Promise((resolve) => {
        const late = setTimeout(() => server.forceShutdown(), drainMs);
        injector.drain(drainMs);
        server.tryShutdown(() => {
          clearTimeout(late);
          resolve();
        });
      }),
  };
}

interface CallParts {
  readonly sourceOf: (peer: string) => ConnectionSource | undefined;
  readonly isTrusted: (source: ConnectionSource) => boolean;
  readonly count: { requests: number };
}

function addProcess(server: Server, parts: DoorParts, { sourceOf, isTrusted, count }: CallParts): void {
  server.addService(externalProcessor, {
    Process(call: ServerDuplexStream<WireProcessingRequest, object>) {
      const source = sourceOf(call.getPeer());
      if (source === undefined) return void call.destroy();
      count.requests += 1;
      const process = createProcess({
        inspector: parts.inspector,
        heldBytesMax: parts.limits.heldBytesMax,
        source,
        isTrusted: isTrusted(source),
      });
      call.on("data", (message: WireProcessingRequest) => {
        try {
          for (const answer of process.take(message)) call.write(answer);
        } catch (error) {
          // This stream ends; Envoy does what its failure mode says.
          parts.logger.error({ error: toFault(error).message }, "a request of Envoy could not be judged");
          call.destroy(new Error("the request could not be judged"));
        }
      });
      call.on("end", () => {
        process.end();
        call.end();
      });
      call.on("cancelled", () => process.end());
      call.on("error", (error) => {
        parts.logger.debug({ error: error.message }, "a stream of external processing broke");
        process.end();
      });
    },
  });
}

function addCheck(server: Server, parts: DoorParts, { sourceOf, isTrusted, count }: CallParts): void {
  server.addService(authorizationService, {
    Check(call: ServerUnaryCall<WireCheckRequest, object>, done: sendUnaryData<object>) {
      const source = sourceOf(call.getPeer());
      if (source === undefined) return done({ code: status.UNAVAILABLE, details: "unknown connection" });
      count.requests += 1;
      try {
        done(null, check(parts, call.request, { source, isTrusted: isTrusted(source) }));
      } catch (error) {
        parts.logger.error({ error: toFault(error).message }, "a request of Envoy could not be judged");
        done({ code: status.INTERNAL, details: "the request could not be judged" });
      }
    },
  });
}
