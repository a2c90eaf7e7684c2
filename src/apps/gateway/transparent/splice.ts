// Two connections made one, bytes as they come: what is not inspected passes here. Back-pressure, halves that end, and resets go through as well.
import type { Socket } from "node:net";

/** Both sockets are its own from now on. `onEnd` is called once, when both are closed. */
export function splice(
  client: Socket,
  upstream: Socket,
  options: { readonly idleMsMax: number; readonly onEnd: () => void },
): void {
  let open = 2;
  const pair = [
    [client, upstream],
    [upstream, client],
  ] as const;
  for (const [one, other] of pair) {
    // An error is a reset, or as good as one: the other side hears the same.
    one.on("error", () => other.resetAndDestroy());
    one.once("close", () => {
      open -= 1;
      if (open === 0) options.onEnd();
      else if (!one.readableEnded || !one.writableFinished) other.destroy();
    });
    one.pipe(other);
  }
  client.setTimeout(options.idleMsMax, () => {
    client.destroy();
    upstream.destroy();
  });
}
