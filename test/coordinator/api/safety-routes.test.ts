import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { adminApi } from "#coordinator/api/admin-api.ts";
import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { operate } from "#coordinator/cycles/operate.ts";
import { rebalance } from "#coordinator/cycles/rebalance.ts";
import { recallSafety } from "#coordinator/cycles/safety/keep-safety.ts";
import type { Journal } from "#coordinator/ports/journal.ts";
import { anEntry, LEADER, NOW_MS } from "#test/support/coordinator/coordinator-pass.ts";
import {
  freshJournal,
  freshState,
  TWO_SETUPS,
} from "#test/support/coordinator/fresh-coordinator.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";

const HEADERS = { "x-api-key": "a-key" };

let state: CoordinatorState;
let journal: Journal & { readonly close: () => void };
let api: ReturnType<typeof adminApi>;
let nowMs: number;
const log = memoryLog();

function start(): void {
  state = freshState(TWO_SETUPS, { shadow: true });
  recallSafety(state, { journal, log }, nowMs);
  const clock = { nowMs: () => nowMs };
  const ports = { journal, clock, log, isRedisReady: () => true, queue: () => undefined };
  const operator = operate(state, ports);
  api = adminApi({ operator, key: "a-key", log });
}

beforeEach(() => {
  nowMs = NOW_MS;
  journal = freshJournal();
  start();
});

afterEach(async () => {
  await api.close();
});

const post = (url: string, payload: object) =>
  api.inject({ method: "POST", url, headers: HEADERS, payload });
const get = async (url: string) =>
  (await api.inject({ method: "GET", url, headers: HEADERS })).json();

/** One pass a second over fresh reports with the given cash in shard `base`. */
async function passes(count: number, baseCashUsd: number): Promise<void> {
  const signer = {
    address: LEADER,
    signMandate: () => Promise.reject(new Error("shadow")),
    signEpochBump: () => Promise.reject(new Error("shadow")),
  };
  for (let pass = 0; pass < count; pass += 1) {
    nowMs += 1000;
    for (const shard of ["ethereum", "base"] as const) {
      const cashUsd = shard === "base" ? baseCashUsd : 1_000_000;
      const { report } = anEntry({ shard, cashUsd });
      const block = { ...report.block, timestampMs: nowMs - 500 };
      const market = report.market.map((one) => ({
        ...one,
        spotUpdatedAtMs: nowMs - 500,
        volatility: one.volatility.map((slice) => ({ ...slice, updatedAtMs: nowMs - 500 })),
      }));
      const collateral = report.collateral.map((one) => ({ ...one, priceUpdatedAtMs: nowMs }));
      const entry = { report: { ...report, block, market, collateral }, acceptedAtMs: nowMs };
      state.books.set(shard, entry);
      state.proved.set(shard, entry);
    }
    const ports = { journal, queue: () => undefined, signer, clock: { nowMs: () => nowMs }, log };
    await rebalance(state, ports, "timer");
  }
}

describe("a loss that halts", () => {
  beforeEach(async () => {
    await passes(10, 1_000_000);
    await passes(25, 200_000);
  });

  test("halts the shard and all, shows why, and is in the decisions", async () => {
    const { breakers, events, level } = await get("/v1/breakers");
    expect(level).toBe("halt");
    const drawdown = breakers.find(
      (one: { kind: string; scope: string }) =>
        one.kind === "shardDrawdown" && one.scope === "shard:base",
    );
    expect(drawdown).toMatchObject({ level: "halt", needsPerson: true });
    expect(drawdown.value).toBeCloseTo(0.8, 6);
    expect(events.length).toBeGreaterThan(2);
    expect(await get("/v1/risk")).toMatchObject({ mode: "halt" });
    const { shards } = await get("/v1/shards");
    expect(shards.map((one: { mode: string }) => one.mode)).toEqual(["halted", "halted"]);
    const { decisions } = await get("/v1/decisions");
    expect(decisions[0].safety.breakers).toContainEqual(
      expect.objectContaining({ kind: "shardDrawdown", scope: "shard:base", level: "halt" }),
    );
  });

  test("outlives a restart, with its peak, and all that comes after", async () => {
    await api.close();
    start();
    await passes(200, 200_000);
    expect(await get("/v1/risk")).toMatchObject({ mode: "halt" });
    const { breakers } = await get("/v1/breakers");
    const one = breakers.find(
      (candidate: { kind: string; scope: string }) =>
        candidate.kind === "shardDrawdown" && candidate.scope === "shard:base",
    );
    expect(one.level).toBe("halt");
  });

  test("goes on only when a person says why; losses then count anew", async () => {
    expect((await post("/v1/resume", { reason: "no" })).statusCode).toBe(400);
    const answer = await post("/v1/resume", { reason: "the vault was migrated" });
    expect(answer.json()).toEqual({ mode: "reduce-only" });
    await passes(120, 200_000);
    expect(await get("/v1/risk")).toMatchObject({ mode: "run", haltReasons: [] });
    const { events } = await get("/v1/breakers");
    expect(events).toContainEqual(
      expect.objectContaining({ type: "breaker", from: "halt", reason: "the vault was migrated" }),
    );
  });

  test("can be lifted for one shard alone", async () => {
    const answer = await post("/v1/resume", { reason: "looked into it", shard: "base" });
    expect(answer.json()).toEqual({ mode: "halt" });
    const { breakers } = await get("/v1/breakers");
    const halts = breakers.filter((one: { level: string }) => one.level === "halt");
    expect(new Set(halts.map((one: { scope: string }) => one.scope))).toEqual(new Set(["global"]));
    const unknown = await post("/v1/resume", { reason: "looked into it", shard: "nowhere" });
    expect(unknown.statusCode).toBe(404);
  });
});

describe("orders about one shard", () => {
  test("flatten and drain hold until they are released, also over a restart", async () => {
    await passes(1, 1_000_000);
    const flatten = await post("/v1/shards/base/flatten", { reason: "leaving the chain" });
    expect(flatten.json()).toMatchObject({
      shard: "base",
      order: { kind: "flatten", target: null, reason: "leaving the chain" },
    });
    await passes(1, 1_000_000);
    expect((await get("/v1/breakers")).orders).toMatchObject([{ shard: "base", state: "done" }]);
    const drain = { reason: "leaving the chain", target: "ethereum" };
    await post("/v1/shards/base/drain", drain);
    await api.close();
    start();
    await passes(1, 1_000_000);
    const { shards } = await get("/v1/shards");
    expect(shards.map((one: { mode: string }) => one.mode)).toEqual(["run", "draining"]);
    expect((await get("/v1/breakers")).orders[0].leftUsd).toBeGreaterThan(900_000);
    const released = await post("/v1/shards/base/release", { reason: "we stay" });
    expect(released.json()).toEqual({ shard: "base", order: null });
    await passes(1, 1_000_000);
    expect((await get("/v1/breakers")).orders).toEqual([]);
    const { events } = await get("/v1/breakers");
    expect(events.map((one: { order: string }) => one.order)).toEqual([
      "release",
      "drain",
      "flatten",
    ]);
  });

  test("given twice are one order, with the first one's time and one event", async () => {
    await passes(1, 1_000_000);
    const first = await post("/v1/shards/base/flatten", { reason: "drill" });
    nowMs += 5_000;
    const second = await post("/v1/shards/base/flatten", { reason: "drill" });
    expect(second.json()).toEqual(first.json());
    expect((await get("/v1/breakers")).events).toHaveLength(1);
  });

  test.each([
    { url: "/v1/shards/base/flatten", body: {}, status: 400, says: "reason" },
    { url: "/v1/shards/base/flatten", body: { reason: "x" }, status: 400, says: "reason" },
    {
      url: "/v1/shards/base/flatten",
      body: { reason: "drill", target: "ethereum" },
      status: 400,
      says: "target",
    },
    {
      url: "/v1/shards/base/drain",
      body: { reason: "drill", target: "base" },
      status: 400,
      says: 'must be one of "ethereum"; found "base"',
    },
    {
      url: "/v1/shards/base/drain",
      body: { reason: "drill", target: "mars" },
      status: 400,
      says: 'must be one of "ethereum"; found "mars"',
    },
    { url: "/v1/shards/mars/drain", body: { reason: "drill" }, status: 404, says: "mars" },
    { url: "/v1/shards/mars/release", body: { reason: "drill" }, status: 404, says: "mars" },
    {
      url: "/v1/shards/Not%20a%20shard/release",
      body: { reason: "drill" },
      status: 400,
      says: "shard",
    },
  ])("POST $url with $body is refused ($status) and changes nothing", async (o) => {
    const answer = await post(o.url, o.body);
    expect(answer.statusCode).toBe(o.status);
    expect(answer.json().detail).toContain(o.says);
    if (o.status === 400) expect(answer.json().reasons.join("; ")).toBe(answer.json().detail);
    expect(state.safety.orders).toEqual({});
  });
});

test("a memory that cannot be read halts, names the field, and does not keep the process from starting", async () => {
  journal.safety.save({ ...state.safety, breakers: { odd: {} } } as never, []);
  await api.close();
  start();
  await passes(1, 1_000_000);
  const { mode, haltReasons } = await get("/v1/risk");
  expect(mode).toBe("halt");
  expect(haltReasons[0]).toMatch(/cannot be read: breakers.odd/);
  await post("/v1/resume", { reason: "accepted: it was empty" });
  await passes(1, 1_000_000);
  expect(await get("/v1/risk")).toMatchObject({ mode: "run" });
});

test("starts and passes whatever the market: absurd prices, silence, and both", async () => {
  await passes(3, 1_000_000);
  for (const [shard, { report }] of state.books) {
    const market = report.market.map((one) => ({ ...one, spotUsd: 1e300 }));
    state.books.set(shard, { report: { ...report, market }, acceptedAtMs: nowMs });
  }
  const ports = {
    journal,
    queue: () => undefined,
    signer: { address: LEADER, signMandate: never, signEpochBump: never },
    clock: { nowMs: () => nowMs },
    log,
  };
  nowMs += 1000;
  await rebalance(state, ports, "timer");
  nowMs += 3_600_000;
  await rebalance(state, ports, "timer");
  await api.close();
  start();
  await rebalance(state, ports, "timer");
  expect((await get("/v1/breakers")).breakers).toBeDefined();
  expect((await get("/v1/risk")).mode).toBeDefined();
});

function never(): Promise<never> {
  throw new Error("nothing is signed in shadow mode");
}

test("an order with something in its query does nothing: the shard may have been meant", async () => {
  await post("/v1/halt", { reason: "to be lifted by nobody" });
  const answer = await post("/v1/resume?shard=base", { reason: "only base was meant" });
  expect(answer.statusCode).toBe(400);
  expect(answer.json()).toMatchObject({ code: "invalid-query" });
  expect(answer.json().detail).toContain("shard: unknown field");
  expect(state.manualHalt?.reason).toBe("to be lifted by nobody");
});

test.each([
  ["that cannot be decoded", "/v1/shards/%ZZ/flatten"],
  ["with a part that is too long", `/v1/shards/${"b".repeat(300)}/flatten`],
])("a path %s is answered with a problem document", async (_what, url) => {
  const answer = await post(url, { reason: "a reason" });
  expect(answer.statusCode).toBe(400);
  expect(answer.headers["content-type"]).toContain("application/problem+json");
  expect(answer.json()).toMatchObject({ code: "invalid-query" });
  expect(answer.json().detail).toMatch(/^path: /);
});
