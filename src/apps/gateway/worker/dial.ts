// Connections to the upstream that flags name: TCP, or TLS verified against the system's certificates.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { UpstreamTarget } from "../http/http-side.ts";
import type { UpstreamSetting } from "./messages.ts";

export function upstreamTarget(setting: UpstreamSetting): UpstreamTarget {
  const key = `${setting.isTls ? "tls" : "tcp"} ${setting.host} ${setting.port} ${setting.protocol}`;
  return {
    key,
    protocol: setting.protocol,
    isExclusive: false,
    connect: (signal) => (setting.isTls ? dialTls(setting, signal) : dial(setting, signal)),
  };
}

async function dial({ host, port }: UpstreamSetting, signal: AbortSignal): Promise<Socket> {
  const socket = connect({ host, port, signal, allowHalfOpen: true, noDelay: true });
  await once(socket, "connect");
  // The signal is for connecting: later it must not end what is in use.
  return socket;
}

async function dialTls({ host, port, protocol }: UpstreamSetting, signal: AbortSignal): Promise<Socket> {
  const socket = connectTls({ host, port, servername: host, ALPNProtocols: [protocol === "h2c" ? "h2" : "http/1.1"] });
  const stop = (): void => void socket.destroy(new Error("no connection within the time"));
  signal.addEventListener("abort", stop, { once: true });
  try {
    await once(socket, "secureConnect");
    return socket;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
