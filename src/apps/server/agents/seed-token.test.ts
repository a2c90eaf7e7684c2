// On a real state store: registered once, usable, gone for good when withdrawn, and never for another CA.
import { equal, match } from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "../../../base/clock.ts";
import { silentLogger } from "../../../base/logger.ts";
import { openStateStore } from "../../../edge/store/state/open.ts";
import { hashSecret } from "../../../edge/trust/join-token.ts";
import { registerSeedToken, seedTokenLimits } from "./seed-token.ts";

const caSha256 = "a".repeat(64);
const token = { secret: "s".repeat(43), cluster: "shop", caSha256 };

test("a seed's token is registered once and stays withdrawn", async () => {
  const clock = manualClock(1_800_000_000_000);
  await using state = openStateStore({ url: "sqlite::memory:", clock, logger: silentLogger });
  await state.migrate();
  const parts = { state, caSha256, clock };
  const listed = () => state.joinTokens.list(clock.nowMs());
  equal(await registerSeedToken(undefined, parts), "");
  match(await registerSeedToken({ ...token, caSha256: "b".repeat(64) }, parts), /another CA/);
  equal((await listed()).length, 0);
  equal(await registerSeedToken(token, parts), "");
  equal(await registerSeedToken(token, parts), "");
  const [made] = await listed();
  equal((await listed()).length, 1);
  equal(made?.cluster, "shop");
  equal(made.usesLeft, seedTokenLimits.uses);
  equal((await state.joinTokens.redeem(hashSecret(token.secret), clock.nowMs()))?.id, made.id);
  equal((await state.ledger.list(10)).filter(({ action }) => action === "join-token.create").length, 1);
  await state.joinTokens.remove(made.id);
  equal(await registerSeedToken(token, parts), "");
  equal((await listed()).length, 0);
});

test("a crash between registering and noting it is survived", async () => {
  const clock = manualClock(1_800_000_000_000);
  await using state = openStateStore({ url: "sqlite::memory:", clock, logger: silentLogger });
  await state.migrate();
  const broken = {
    ...state,
    settings: { get: () => Promise.resolve(undefined), set: () => Promise.reject(new Error("crash")) },
  };
  await registerSeedToken(token, { state: broken, caSha256, clock }).catch(() => undefined);
  equal(await registerSeedToken(token, { state, caSha256, clock }), "");
  equal((await state.joinTokens.list(clock.nowMs())).length, 1);
});
