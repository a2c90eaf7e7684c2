// What each service of the shop does with a request: which others it asks, how long it takes, how often it fails. One entry a service.
import { callOutside, callService, type Ask, type Reply } from "./calls.ts";
import { outside } from "./catalog.ts";
import type { Pools } from "./pools.ts";
import { appOf, later, type Pod, type World } from "./state.ts";

export interface ShopParts {
  readonly world: World;
  readonly pools: Pools;
}

interface Serving extends ShopParts {
  readonly pod: Pod;
  readonly path: string;
  readonly traceId: string;
  readonly atMs: number;
}

type Handler = (serving: Serving) => Reply;

/** One request in a thousand fails for no reason that the shop's owners ever found. */
const mishap = 0.001;

/** A call to another service of the shop by name; its handler answers. */
export function call(parts: ShopParts, from: Pod, service: string, ask: Ask): Reply {
  const { world } = parts;
  return callService(world, from, appOf(world, service), ask, (pod, atMs) => {
    const handler = handlers[service] ?? plain(3, 400);
    const { path, traceId } = ask;
    if (world.random.next() < mishap) return { status: 500, endMs: atMs + world.random.latency(4), bytes: 60 };
    return handler({ ...parts, pod, path, traceId, atMs });
  });
}

function plain(latencyMs: number, bytes: number): Handler {
  return ({ world, atMs }) => ({
    status: 200,
    endMs: atMs + world.random.latency(latencyMs),
    bytes: Math.round(world.random.latency(bytes)),
  });
}

function next(serving: Serving, service: string, ask: Omit<Ask, "traceId">): Reply {
  return call(serving, serving.pod, service, { ...ask, traceId: serving.traceId });
}

const get = (path: string, timeMs: number): Omit<Ask, "traceId"> => ({ method: "GET", path, timeMs });

/** Database, cache or queue: 500 when there is no connection. */
function stored(serving: Serving, server: string, atMs: number, bytes: { sent: number; received: number }): Reply {
  const { endMs, isAnswered } = serving.pools.query(serving.pod, server, { timeMs: atMs, ...bytes });
  return { status: isAnswered ? 200 : 500, endMs, bytes: bytes.received };
}

function checkout(serving: Serving): Reply {
  const { world, atMs, pod, pools } = serving;
  const cart = next(serving, "cart", get(`/carts/${world.random.int(1000, 9999)}`, atMs + world.random.latency(3)));
  const rates = next(serving, "currency", get("/rates?base=EUR", cart.endMs));
  const quote = next(serving, "shipping", { method: "POST", path: "/quotes", timeMs: rates.endMs, bodyBytes: 420 });
  const paid = next(serving, "payments", {
    method: "POST",
    path: "/charges",
    timeMs: quote.endMs,
    timeoutMs: 3000,
    bodyBytes: 680,
  });
  if (paid.status !== 200) return { status: paid.status === 504 ? 504 : 502, endMs: paid.endMs + 1, bytes: 140 };
  const order = pools.query(pod, "rabbitmq", { timeMs: paid.endMs, sent: 1800, received: 90 });
  if (order.isAnswered) later(world, order.endMs + 200, (timeMs) => followOrder(serving, timeMs));
  return { status: 201, endMs: order.endMs + world.random.latency(2), bytes: 900 };
}

/** Who consumes the order from the queue: the mail goes out. */
function followOrder({ world, pools }: ShopParts, timeMs: number): void {
  const email = appOf(world, "email").pods.find((pod) => pod.isReady);
  if (email === undefined) return;
  const taken = pools.query(email, "rabbitmq", { timeMs, sent: 60, received: 1800 });
  if (!taken.isAnswered) return;
  callOutside(world, email, outside.mail, {
    timeMs: taken.endMs + world.random.latency(20),
    port: 465,
    latencyMs: world.random.latency(160),
    sent: world.random.int(9000, 40_000),
    received: 1200,
  });
}

function payments(serving: Serving): Reply {
  const { world, atMs, pod } = serving;
  let timeMs = atMs + world.random.latency(4);
  for (const bytes of [
    { sent: 320, received: 540 },
    { sent: 610, received: 120 },
  ]) {
    const row = stored(serving, "postgres", timeMs, bytes);
    if (row.status !== 200) return { status: 500, endMs: row.endMs, bytes: 80 };
    timeMs = row.endMs;
  }
  const chargedMs = callOutside(world, pod, outside.payments, {
    timeMs,
    port: 443,
    latencyMs: world.random.latency(45),
    sent: 1500,
    received: 2100,
  });
  const kept = stored(serving, "postgres", chargedMs, { sent: 700, received: 90 });
  return { status: kept.status, endMs: kept.endMs + world.random.latency(2), bytes: 340 };
}

const handlers: Readonly<Record<string, Handler>> = {
  payments,
  checkout,
  catalog(serving) {
    const { world, path, atMs } = serving;
    const row = stored(serving, "catalog-db", atMs + world.random.latency(2), {
      sent: 260,
      received: world.random.int(900, 9000),
    });
    const isMissing = path.startsWith("/products/") && world.random.next() < 0.01;
    return { ...row, status: isMissing ? 404 : row.status, endMs: row.endMs + world.random.latency(2) };
  },
  search(serving) {
    const { world, atMs } = serving;
    const scored = atMs + world.random.latency(22);
    const row =
      world.random.next() < 0.3 ? stored(serving, "catalog-db", scored, { sent: 400, received: 6000 }) : undefined;
    return { status: row?.status ?? 200, endMs: row?.endMs ?? scored, bytes: world.random.int(1500, 9000) };
  },
  recommendations(serving) {
    const { world, atMs } = serving;
    const known = stored(serving, "redis", atMs + world.random.latency(3), { sent: 80, received: 700 });
    const products = next(
      serving,
      "catalog",
      get(`/products?ids=${world.random.int(1, 400)}`, known.endMs + world.random.latency(14)),
    );
    return { status: products.status === 404 ? 200 : products.status, endMs: products.endMs + 1, bytes: 2400 };
  },
  cart(serving) {
    const { world, atMs } = serving;
    return stored(serving, "redis", atMs + world.random.latency(1.5), { sent: 180, received: 420 });
  },
  shipping(serving) {
    const { world, pod, atMs } = serving;
    const readyMs = atMs + world.random.latency(4);
    if (world.random.next() < 0.6) return { status: 200, endMs: readyMs, bytes: 260 };
    const latencyMs = world.random.latency(70);
    const endMs = callOutside(world, pod, outside.carrier, {
      timeMs: readyMs,
      port: 443,
      latencyMs,
      sent: 900,
      received: 1600,
    });
    return { status: 200, endMs, bytes: 260 };
  },
  currency(serving) {
    const { world, pod, atMs } = serving;
    if (world.random.next() > 0.05) return { status: 200, endMs: atMs + world.random.latency(1), bytes: 620 };
    const latencyMs = world.random.latency(55);
    const endMs = callOutside(world, pod, outside.exchange, {
      timeMs: atMs,
      port: 443,
      latencyMs,
      sent: 700,
      received: 5200,
    });
    return { status: 200, endMs, bytes: 620 };
  },
  ads: plain(6, 900),
  email: plain(2, 40),
  storefront(serving) {
    const { world, atMs } = serving;
    const session = stored(serving, "redis", atMs + world.random.latency(1), { sent: 90, received: 300 });
    const page = next(serving, "catalog", get(`/products/${world.random.int(1, 400)}`, session.endMs));
    const ads = world.random.next() < 0.5 ? next(serving, "ads", get("/ads?slot=top", page.endMs)) : page;
    return { status: page.status, endMs: ads.endMs + world.random.latency(9), bytes: world.random.int(9000, 60_000) };
  },
  web(serving) {
    const { path, atMs, world } = serving;
    const startMs = atMs + world.random.latency(2);
    const [, , route = ""] = path.split("/");
    const work = webRoutes[route.split("?")[0] ?? ""];
    if (work === undefined) return { status: 404, endMs: startMs, bytes: 60 };
    const { status, endMs, bytes } = work({ ...serving, atMs: startMs });
    return { status, endMs: endMs + world.random.latency(1.5), bytes };
  },
};

const webRoutes: Readonly<Record<string, Handler>> = {
  products(serving) {
    const list = next(serving, "catalog", get("/products?page=1", serving.atMs));
    return serving.world.random.next() < 0.5
      ? { ...list, endMs: next(serving, "currency", get("/rates?base=EUR", list.endMs)).endMs }
      : list;
  },
  search: (serving) => next(serving, "search", get("/search?q=lamp", serving.atMs)),
  recommendations: (serving) =>
    next(serving, "recommendations", get(`/for/${serving.world.random.int(1000, 9999)}`, serving.atMs)),
  cart: (serving) =>
    next(serving, "cart", {
      method: "POST",
      path: `/carts/${serving.world.random.int(1000, 9999)}/items`,
      timeMs: serving.atMs,
      bodyBytes: 160,
    }),
  checkout: (serving) =>
    next(serving, "checkout", {
      method: "POST",
      path: "/orders",
      timeMs: serving.atMs,
      timeoutMs: 5000,
      bodyBytes: 1300,
    }),
};
