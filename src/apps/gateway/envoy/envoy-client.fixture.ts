// For tests: speaks to the gateway's doors as Envoy does. Envoy itself is not on test machines.
import { Client, credentials, type ClientDuplexStream } from "@grpc/grpc-js";
import { authorizationService, externalProcessor } from "./messages.ts";

// Tests look into answers whose shapes are Envoy's.
// oxlint-disable-next-line typescript/no-explicit-any
export type Loose = any;

export interface ProcessedStream {
  send(message: object): void;
  /** The next answer; rejects when the stream broke. */
  next(): Promise<Record<string, Loose>>;
  end(): void;
}

export interface EnvoyClient {
  open(): ProcessedStream;
  check(request: object): Promise<Record<string, Loose>>;
  close(): void;
}

/** `address`: "unix:PATH" or "host:port". */
export function createEnvoyClient(address: string): EnvoyClient {
  const client = new Client(address, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
  return {
    open: () => openStream(client),
    check: (request) =>
      new Promise((resolve, reject) => {
        const { path, requestSerialize, responseDeserialize } = method(authorizationService, "Check");
        client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, answer) =>
          error === null ? resolve(answer as Record<string, Loose>) : reject(error),
        );
      }),
    close: () => client.close(),
  };
}

function method(service: typeof externalProcessor, name: string) {
  const found = service[name];
  if (found === undefined) throw new TypeError(`no method ${name}`);
  return found;
}

function openStream(client: Client): ProcessedStream {
  const { path, requestSerialize, responseDeserialize } = method(externalProcessor, "Process");
  const stream: ClientDuplexStream<object, object> = client.makeBidiStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
  );
  const answers: object[] = [];
  const waiting: { resolve(answer: Record<string, Loose>): void; reject(error: Error): void }[] = [];
  let failure: Error | undefined;
  stream.on("data", (answer: object) => {
    const first = waiting.shift();
    if (first === undefined) answers.push(answer);
    else first.resolve(answer);
  });
  stream.on("error", (error) => {
    failure = error;
    for (const one of waiting.splice(0)) one.reject(error);
  });
  return {
    send: (message) => void stream.write(message),
    next: () =>
      new Promise((resolve, reject) => {
        const ready = answers.shift();
        if (ready !== undefined) resolve(ready);
        else if (failure !== undefined) reject(failure);
        else waiting.push({ resolve, reject });
      }),
    end: () => stream.end(),
  };
}

/** A header map as Envoy sends it. */
export function wireHeaders(headers: Readonly<Record<string, string>>) {
  return { headers: Object.entries(headers).map(([key, value]) => ({ key, raw_value: Buffer.from(value, "latin1") })) };
}
