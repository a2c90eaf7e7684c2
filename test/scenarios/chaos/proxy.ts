// A network that can be cut, slowed and healed: a TCP proxy on loopback between one agent and the door.
import { connect, createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Duplex } from "node:stream";

export type Weather = "fair" | "slow" | "cut" | "silent";

const slowBytesPerChunk = 4096;
const slowMsPerChunk = 25;

export class Proxy {
  weather: Weather = "fair";
  /** Where the door listens now; it changes when the server restarts. */
  target: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(target: number) {
    this.target = target;
    this.#server = createServer((socket) => this.#join(socket));
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, "127.0.0.1", resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** "cut" resets what is open and refuses what comes; "silent" swallows everything without a word, as a firewall does. */
  set(weather: Weather): void {
    const before = this.weather;
    this.weather = weather;
    if (weather === "cut" || (before === "silent" && weather === "fair")) this.#reset();
  }

  async close(): Promise<void> {
    this.#reset();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #reset(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(inner: Socket): void {
    if (this.weather === "cut") {
      inner.destroy();
      return;
    }
    const outer = connect(this.target, "127.0.0.1");
    for (const [socket, other] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      // Either end going away takes the other with it.
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    inner.pipe(this.#wire()).pipe(outer);
    outer.pipe(this.#wire()).pipe(inner);
  }

  /** Passes bytes on as the weather allows; `pipe` keeps the pressure back. */
  #wire(): Duplex {
    const carry = (chunk: Buffer) => this.#carry(chunk);
    return Duplex.from(async function* wire(source: AsyncIterable<Buffer>) {
      for await (const chunk of source) {
        const carried = await carry(chunk);
        if (carried !== undefined) yield carried;
      }
    });
  }

  async #carry(chunk: Buffer): Promise<Buffer | undefined> {
    if (this.weather === "silent") return undefined;
    if (this.weather === "slow") await sleep(slowMsPerChunk * Math.ceil(chunk.length / slowBytesPerChunk));
    return chunk;
  }
}
