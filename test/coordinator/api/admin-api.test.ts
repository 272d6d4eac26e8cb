import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { adminApi } from "#coordinator/api/admin-api.ts";
import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { operate } from "#coordinator/cycles/operate.ts";
import { rebalance } from "#coordinator/cycles/rebalance.ts";
import type { Journal } from "#coordinator/ports/journal.ts";
import { anEntry, aPolicy, LEADER, NOW_MS } from "#test/support/coordinator/coordinator-pass.ts";
import {
  freshJournal,
  freshState,
  TWO_SETUPS,
} from "#test/support/coordinator/fresh-coordinator.ts";
import { address20 } from "#test/support/coordinator/shard-report.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";

const KEY = "a-key-of-this-test";
const HEADERS = { "x-api-key": KEY };

let state: CoordinatorState;
let journal: Journal & { readonly close: () => void };
let log: ReturnType<typeof memoryLog>;
let isRedisReady: boolean;
let api: ReturnType<typeof adminApi>;

beforeEach(() => {
  state = freshState(TWO_SETUPS, { shadow: true });
  journal = freshJournal();
  log = memoryLog();
  isRedisReady = true;
  const clock = { nowMs: () => NOW_MS };
  const operator = operate(state, {
    journal,
    clock,
    log,
    isRedisReady: () => isRedisReady,
    queue: () => undefined,
  });
  api = adminApi({ operator, key: KEY, log });
});

afterEach(async () => {
  await api.close();
});

/** Two accepted reports and one pass over them. */
async function planned(): Promise<void> {
  for (const entry of [anEntry({ shard: "ethereum" }), anEntry({ shard: "base", calls: -60 })]) {
    state.books.set(entry.report.shard, entry);
    const count = state.reports.get(entry.report.shard);
    if (count !== undefined) count.accepted += 1;
  }
  const signer = { address: LEADER, signMandate: never, signEpochBump: never };
  await rebalance(
    state,
    { journal, queue: () => undefined, signer, clock: { nowMs: () => NOW_MS }, log },
    "timer",
  );
}

function never(): Promise<never> {
  throw new Error("nothing is signed in shadow mode");
}

function get(url: string, headers: Record<string, string> = HEADERS) {
  return api.inject({ method: "GET", url, headers });
}

describe("the key", () => {
  const routes = [
    "/v1/risk",
    "/v1/shards",
    "/v1/jobs",
    "/v1/decisions",
    "/v1/plans/last",
    "/v1/counters",
    "/v1/refused",
    "/v1/nothing",
    "/nothing",
  ];

  test.each(routes)("GET %s without it, or with a wrong one, is refused", async (url) => {
    for (const headers of [
      {},
      { "x-api-key": "wrong" },
      { "x-api-key": `${KEY} ` },
      { authorization: "Bearer wrong" },
      { authorization: `Basic ${KEY}` },
    ]) {
      const answer = await get(url, headers as Record<string, string>);
      expect(answer.statusCode).toBe(401);
      expect(answer.headers["content-type"]).toContain("application/problem+json");
      expect(answer.json()).toMatchObject({ code: "unauthorised", status: 401 });
    }
  });

  test.each(["/v1/halt", "/v1/resume"])("POST %s without it changes nothing", async (url) => {
    const answer = await api.inject({ method: "POST", url, payload: { reason: "let me in" } });
    expect(answer.statusCode).toBe(401);
    expect(state.manualHalt).toBeUndefined();
  });

  test("is taken as x-api-key and as a bearer token", async () => {
    expect((await get("/v1/shards")).statusCode).toBe(200);
    expect((await get("/v1/shards", { authorization: `Bearer ${KEY}` })).statusCode).toBe(200);
  });
});

test("GET /v1/plans/{planId} is one decision with its plan; an unknown id is not found", async () => {
  await planned();
  const { decisions } = (await get("/v1/decisions")).json();
  const answer = await get(`/v1/plans/${decisions[0].planId}`);
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toEqual(decisions[0]);
  expect(answer.json().plan).toMatchObject({ method: "greedy", naive: { trades: 1 } });
  const unknown = await get(`/v1/plans/0x${"ab".repeat(32)}`);
  expect(unknown.statusCode).toBe(404);
  expect(unknown.json()).toMatchObject({ code: "not-found" });
  expect((await get("/v1/plans/last")).statusCode).toBe(400);
});

describe("the probes need no key", () => {
  test("/livez is always well", async () => {
    expect((await get("/livez", {})).json()).toEqual({ status: "ok" });
  });

  test("/readyz names every reason, and is well when there is none", async () => {
    isRedisReady = false;
    const waiting = {
      state: "waiting",
      reason: "epoch 1 is not final yet",
      isReachable: true,
    } as const;
    state.takeOvers.set("base", waiting);
    const answer = await get("/readyz", {});
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toMatchObject({
      code: "not-ready",
      reasons: [
        "Redis is not reachable",
        "base: epoch 1 is not final yet",
        "ethereum: no report accepted yet",
        "base: no report accepted yet",
      ],
    });
    isRedisReady = true;
    state.takeOvers.set("base", { ...waiting, isReachable: false });
    await planned();
    expect((await get("/readyz", {})).json()).toEqual({ status: "ok" });
  });
});

test("/readyz says when another coordinator has taken a vault over", async () => {
  await planned();
  state.takeOvers.set("base", { state: "leading", epoch: 1, leader: LEADER });
  expect((await get("/readyz", {})).statusCode).toBe(200);
  const other = address20("77");
  const base = anEntry({ shard: "base" });
  const chain = { ...base.report.chain, epoch: 2, leader: other };
  state.books.set("base", { ...base, report: { ...base.report, chain } });
  const answer = await get("/readyz", {});
  expect(answer.statusCode).toBe(503);
  expect(answer.json().reasons).toEqual([`base: ${other} leads since epoch 2; ours was 1`]);
});

describe("reads", () => {
  test("/v1/risk before the first pass is not ready", async () => {
    expect((await get("/v1/risk")).json()).toMatchObject({ code: "not-ready", status: 503 });
  });

  test("/v1/risk has the snapshot, the net with its band, and the mode", async () => {
    await planned();
    const risk = (await get("/v1/risk")).json();
    expect(risk).toMatchObject({
      asOfMs: NOW_MS,
      mode: "run",
      haltReasons: [],
      shadow: true,
      policyVersion: 1,
      jobsInFlight: 0,
    });
    expect(risk.snapshot.ETH).toMatchObject({ spotUsd: 2000, refused: null });
    expect(risk.snapshot.ETH.sources[0]).toEqual({
      source: "base-eth-usd",
      spotUsd: 2000,
      ageMs: 1000,
    });
    expect(risk.net.ETH).toMatchObject({ status: "outside", inFlightDeltaUnits: 0 });
    expect(risk.net.ETH.greeks.deltaUnits).toBeLessThan(-25);
    expect(risk.net.ETH.bandHalfWidthUnits).toBeGreaterThan(0);
    expect(risk.net.ETH.deltaIntervalUnits).toEqual([
      risk.net.ETH.greeks.deltaUnits,
      risk.net.ETH.greeks.deltaUnits,
    ]);
    expect(
      risk.net.ETH.byExpiry.map((line: { expiryMs: number | null }) => line.expiryMs)[0],
    ).toBeNull();
  });

  test("an underlying that cannot be netted any more is shown as it last was, as unknown", async () => {
    await planned();
    const known = (await get("/v1/risk")).json().net.ETH.greeks;
    state.books.delete("base");
    const signer = { address: LEADER, signMandate: never, signEpochBump: never };
    await rebalance(
      state,
      { journal, queue: () => undefined, signer, clock: { nowMs: () => NOW_MS }, log },
      "timer",
    );
    expect((await get("/v1/risk")).json().net.ETH).toMatchObject({
      status: "unknown",
      greeks: known,
      bandHalfWidthUnits: null,
    });
  });

  test("/v1/shards has mode, age, capital and counts per shard", async () => {
    await planned();
    state.reports.get("base")?.refused.set("forged", 3);
    const { shards } = (await get("/v1/shards")).json();
    expect(shards[1]).toMatchObject({
      id: "base",
      chainId: 8453,
      mode: "run",
      reasons: [],
      epoch: 1,
      acceptedReports: 1,
      refusedReports: { forged: 3 },
    });
    expect(shards[1].lastReport).toMatchObject({ agent: "base-1", blockNumber: 120, ageMs: 500 });
    expect(shards[1].requiredCapitalUsd).toBeGreaterThan(0);
    expect(shards[1].solvencyRatio).toBeCloseTo(
      shards[1].collateralUsdAfterHaircut / shards[1].requiredCapitalUsd,
      12,
    );
  });

  test("/v1/jobs and /v1/decisions list the newest first, within the limit", async () => {
    await planned();
    const { decisions } = (await get("/v1/decisions?limit=5")).json();
    const { jobs } = (await get("/v1/jobs?state=recorded")).json();
    expect(decisions[0]).toMatchObject({ shadow: true, trigger: "timer" });
    expect(decisions[0].jobIds.toSorted()).toEqual(
      jobs.map((job: { jobId: string }) => job.jobId).toSorted(),
    );
    expect(jobs[0]).toMatchObject({
      state: "recorded",
      shadow: true,
      kind: "swap",
      underlying: "ETH",
    });
    expect((await get("/v1/jobs?state=settled")).json()).toEqual({ jobs: [] });
    expect((await get("/v1/jobs?limit=1")).json().jobs).toHaveLength(1);
  });

  test("/v1/counters has reports, passes, decisions, jobs and receipts", async () => {
    await planned();
    state.receipts.set("included", 2);
    state.lostRaces.set("base-2", { count: 3, gasCostWei: 120_000n, fates: new Map() });
    const counters = (await get("/v1/counters")).json();
    expect(counters).toMatchObject({
      reports: { accepted: 2, refused: {} },
      passes: 1,
      decisions: 1,
      receipts: { included: 2 },
      lostRaces: { "base-2": { count: 3, gasCostWei: "120000" } },
    });
    expect(counters.jobs.recorded).toBeGreaterThan(0);
  });

  test("/v1/refused shows what was refused and why", async () => {
    const message = {
      kind: "report",
      shard: "base",
      agent: "base-1",
      entryId: "5-0",
      reason: "forged",
      detail: "sig",
      atMs: 7,
    } as const;
    journal.messages.keep([], [{ ...message, bodyHead: new Uint8Array([0xde, 0xad]) }]);
    expect((await get("/v1/refused")).json()).toEqual({
      refused: [{ ...message, bodyHeadHex: "dead" }],
    });
  });
});

describe("bad input", () => {
  test.each([
    { url: "/v1/jobs?limit=0", detail: "limit: must be >= 1; found" },
    { url: "/v1/jobs?limit=10001", detail: "limit: must be <= 10000; found" },
    { url: "/v1/jobs?limit=many", detail: "limit" },
    { url: "/v1/jobs?state=lost", detail: 'state: must be one of "recorded"' },
    { url: "/v1/jobs?sort=asc", detail: "sort: unknown field" },
    { url: "/v1/jobs?limit=0&state=lost&sort=asc", detail: "state: must be one of" },
    { url: "/v1/risk?verbose=1", detail: "verbose: unknown field" },
    { url: "/v1/shards?x=1", detail: "x: unknown field" },
    { url: "/v1/counters?x=1", detail: "x: unknown field" },
  ])("GET $url: 400", async ({ url, detail }) => {
    const answer = await get(url);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: "invalid-query" });
    expect(answer.json().detail).toContain(detail);
  });

  const json = { ...HEADERS, "content-type": "application/json" };
  test.each([
    { name: "no body", payload: undefined, headers: HEADERS, code: "invalid-body" },
    { name: "an empty object", payload: "{}", headers: json, code: "invalid-body" },
    {
      name: "a reason that is too short",
      payload: '{"reason":"no"}',
      headers: json,
      code: "invalid-body",
    },
    {
      name: "a reason of blanks",
      payload: '{"reason":"        "}',
      headers: json,
      code: "invalid-body",
    },
    {
      name: "a reason that is too long",
      payload: JSON.stringify({ reason: "x".repeat(501) }),
      headers: json,
      code: "invalid-body",
    },
    {
      name: "an unknown field",
      payload: '{"reason":"maintenance","force":true}',
      headers: json,
      code: "invalid-body",
    },
    { name: "broken JSON", payload: '{"reason":', headers: json, code: "invalid-body" },
    {
      name: "another type",
      payload: "reason=maintenance",
      headers: { ...HEADERS, "content-type": "text/csv" },
      code: "unsupported-media-type",
    },
    {
      name: "plain text that is JSON",
      payload: '{"reason":"maintenance"}',
      headers: { ...HEADERS, "content-type": "text/plain" },
      code: "unsupported-media-type",
    },
    {
      name: "a body above 64 KB",
      payload: JSON.stringify({ reason: "x".repeat(66_000) }),
      headers: json,
      code: "body-too-large",
    },
  ])(
    "POST /v1/halt with $name is refused and halts nothing",
    async ({ payload, headers, code }) => {
      const answer = await api.inject({
        method: "POST",
        url: "/v1/halt",
        headers,
        ...(payload === undefined ? {} : { payload }),
      });
      expect(answer.json()).toMatchObject({ code });
      expect(answer.statusCode).toBe(answer.json().status);
      if (code === "invalid-body") expect(answer.json().reasons).not.toHaveLength(0);
      expect(state.manualHalt).toBeUndefined();
    },
  );

  test("an unknown route is a problem document, too", async () => {
    expect((await get("/v1/nothing")).json()).toMatchObject({ code: "not-found", status: 404 });
  });

  test("a failure inside is logged and not shown", async () => {
    journal.close();
    const answer = await get("/v1/decisions");
    expect(answer.json()).toMatchObject({
      code: "internal",
      status: 500,
      detail: "see the coordinator's log",
    });
    expect(log.lines.at(-1)).toMatchObject({ level: "error", message: "request failed" });
  });
});

describe("orders", () => {
  test("a halt with a reason is kept, obeyed by the next pass, and lifted by a resume", async () => {
    await planned();
    const halted = await api.inject({
      method: "POST",
      url: "/v1/halt",
      headers: HEADERS,
      payload: { reason: "  looking into base  " },
    });
    expect(halted.json()).toEqual({ mode: "halt" });
    expect(journal.halts.current()).toEqual({ reason: "looking into base", atMs: NOW_MS });
    expect((await get("/v1/risk")).json()).toMatchObject({
      mode: "halt",
      haltReasons: ["manual: looking into base"],
    });
    await planned();
    expect((await get("/v1/shards")).json().shards[0]).toMatchObject({
      mode: "halted",
      reasons: ["manual: looking into base"],
    });
    const resumed = await api.inject({
      method: "POST",
      url: "/v1/resume",
      headers: HEADERS,
      payload: { reason: "all well" },
    });
    expect(resumed.json()).toEqual({ mode: "run" });
    await planned();
    expect((await get("/v1/risk")).json()).toMatchObject({ mode: "run", haltReasons: [] });
  });

  test("a resume does not lift an automatic halt", async () => {
    Object.assign(state, { policy: aPolicy({ netDeltaLimitUsd: 10_000 }) });
    await planned();
    expect((await get("/v1/risk")).json()).toMatchObject({ mode: "halt" });
    const resumed = await api.inject({
      method: "POST",
      url: "/v1/resume",
      headers: HEADERS,
      payload: { reason: "go on" },
    });
    expect(resumed.json()).toEqual({ mode: "halt" });
  });
});

describe("a dry run", () => {
  const post = (payload?: object) =>
    api.inject({
      method: "POST",
      url: "/v1/plans/dry-run",
      headers: HEADERS,
      ...(payload && { payload }),
    });

  test("answers with the decision and the jobs, and records nothing", async () => {
    state.books.set("ethereum", anEntry({ shard: "ethereum" }));
    state.books.set("base", anEntry({ shard: "base", calls: -60 }));
    const { decision, jobs } = (await post()).json();
    expect(decision).toMatchObject({ trigger: "operator", underlyings: [{ action: "hedge" }] });
    expect(jobs.map((job: { jobId: string }) => job.jobId)).toEqual(decision.jobIds);
    expect(journal.decisions.count()).toBe(0);
    const limits = aPolicy({ bandFloorUsd: 150_000, hedgeNotionalMaxUsd: 200_000 });
    const other = (await post({ policy: { ...limits, version: 7 } })).json();
    expect(other).toMatchObject({ decision: { policyVersion: 7 }, jobs: [] });
  });

  test.each([
    { name: "an unknown field", payload: { polcy: {} }, reason: /^polcy: / },
    {
      name: "a policy that is wrong",
      payload: { policy: { version: 0 } },
      reason: /^policy\.version: /,
    },
    {
      name: "a policy without limits for an underlying",
      payload: { policy: { ...aPolicy(), underlyings: { BTC: aPolicy().underlyings["ETH"] } } },
      reason: /ETH has no limits/,
    },
  ])("refuses $name, naming it", async ({ payload, reason }) => {
    const answer = await post(payload);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: "invalid-body" });
    expect(answer.json().reasons).toContainEqual(expect.stringMatching(reason));
  });
});
