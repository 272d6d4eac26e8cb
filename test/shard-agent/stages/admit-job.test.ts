import fc from "fast-check";
import { expect, test } from "vitest";
import { admitJob, type JobConditions } from "#shard-agent/stages/admit-job.ts";
import type {
  JobParams,
  LendMoveParams,
  MarginMoveParams,
  OptionTradeParams,
  PerpChangeParams,
  RebalanceJob,
  SwapParams,
} from "#shared/wire/rebalance-job.ts";
import {
  aScope,
  ETH_POOL,
  ETH_TOKEN,
  SETTLEMENT_TOKEN,
} from "#test/support/agent/agent-snapshot.ts";
import {
  aRebalanceJob,
  LEND_MOVE_PARAMS,
  MARGIN_MOVE_PARAMS,
  OPTION_TRADE_PARAMS,
  PERP_CHANGE_PARAMS,
  SWAP_PARAMS,
  TRANSFER_PARAMS,
} from "#test/support/agent/rebalance-job.ts";
import { address20 } from "#test/support/coordinator/shard-report.ts";

const SCOPE = aScope();
const SWAP = {
  ...(SWAP_PARAMS as SwapParams),
  venue: SCOPE.contracts.uniswapAdapter,
  pool: ETH_POOL,
  assetIn: SETTLEMENT_TOKEN,
  assetOut: ETH_TOKEN,
};
const JOB = aRebalanceJob(SWAP);
const TRANSFER = aRebalanceJob(TRANSFER_PARAMS);
const { notBeforeSeconds, deadlineSeconds } = JOB.mandate;

function conditions(change: Partial<JobConditions> = {}): JobConditions {
  return {
    disagreement: null,
    nowMs: (notBeforeSeconds + 2) * 1000 + 300,
    headTimestampMs: (notBeforeSeconds + 2) * 1000,
    vault: { epoch: 3, leader: address20("1e"), consumed: false },
    senderBalanceWei: 10n ** 18n,
    reportBlockTimestampMs: (notBeforeSeconds + 1) * 1000,
    nativeFeeWei: 0n,
    ...change,
  };
}

function swap(change: Partial<SwapParams>): RebalanceJob {
  return aRebalanceJob({ ...SWAP, ...change });
}

test("a job inside its window, fence, venue, gas and fee is admitted", () => {
  expect(admitJob(JOB, conditions(), SCOPE)).toEqual({ admitted: true });
  expect(admitJob(TRANSFER, conditions({ nativeFeeWei: 10n ** 15n }), SCOPE)).toEqual({
    admitted: true,
  });
});

test("limits themselves are inside: exactly the gas floor, the oldest report, the largest fee", () => {
  const world = conditions({
    nativeFeeWei: 10n ** 15n,
    senderBalanceWei: 10n ** 15n + 1_000n,
    reportBlockTimestampMs: (notBeforeSeconds + 2) * 1000 + 300 - 5_000,
  });
  expect(admitJob(TRANSFER, world, SCOPE)).toEqual({ admitted: true });
});

test("selling in the same pool is allowed too", () => {
  const job = swap({ assetIn: ETH_TOKEN, assetOut: SETTLEMENT_TOKEN });
  expect(admitJob(job, conditions(), SCOPE).admitted).toBe(true);
});

test("an exact output is held to the same adapter, pool and pair", () => {
  const { amountInRaw: _in, minAmountOutRaw: _out, ...place } = SWAP;
  const exact = (change: object) =>
    aRebalanceJob({
      ...place,
      kind: "swap-exact-output",
      amountOutRaw: "1000",
      maxAmountInRaw: "2000",
      ...change,
    });
  expect(admitJob(exact({}), conditions(), SCOPE).admitted).toBe(true);
  for (const change of [
    { venue: address20("77") },
    { pool: address20("77") },
    { assetIn: address20("77") },
    { assetOut: SETTLEMENT_TOKEN },
  ]) {
    expect(admitJob(exact(change), conditions(), SCOPE)).toMatchObject({
      admitted: false,
      reason: "venue-not-allowed",
    });
  }
});

const AAVE = { adapter: address20("7a"), pool: address20("70"), oracle: address20("71") };
const LENDING_SCOPE = aScope({
  positionVenues: { desk: address20("0d"), aaveV3: AAVE, curie: null, lyraV1: null },
});
const LYRA = {
  adapter: address20("6a"),
  market: address20("60"),
  viewer: address20("61"),
  underlying: "ETH",
  swapPool: address20("62"),
  quoteFrom: address20("63"),
  depthOptions: [1],
};
const OPTIONS_SCOPE = aScope({
  positionVenues: { desk: address20("0d"), aaveV3: null, curie: null, lyraV1: LYRA },
});

test("a lending move of a vault asset is admitted at the configured account only", () => {
  const move = (change: Partial<LendMoveParams>) =>
    aRebalanceJob({ ...(LEND_MOVE_PARAMS as LendMoveParams), ...change });
  const admit = (job: RebalanceJob, scope = LENDING_SCOPE) => admitJob(job, conditions(), scope);
  expect(admit(move({})).admitted).toBe(true);
  expect(admit(move({ asset: ETH_TOKEN, amountRaw: "-5" })).admitted).toBe(true);
  for (const refused of [
    admit(move({ venue: address20("7b") })),
    admit(move({ asset: address20("99") })),
    admit(move({}), SCOPE),
  ]) {
    expect(refused).toMatchObject({ admitted: false, reason: "venue-not-allowed" });
  }
});

const CURIE = {
  adapter: address20("7c"),
  clearingHouse: address20("c0"),
  quoteFrom: address20("c1"),
  markets: [{ market: address20("7d"), underlying: "ETH", depthUsd: [1_000] }],
};
const PERP_SCOPE = aScope({
  positionVenues: { desk: address20("0d"), aaveV3: null, curie: CURIE, lyraV1: null },
});

test("margin and perpetual jobs are admitted at the configured account, asset and market only", () => {
  const admit = (params: JobParams, scope = PERP_SCOPE) =>
    admitJob(aRebalanceJob(params), conditions(), scope);
  const margin = MARGIN_MOVE_PARAMS as MarginMoveParams;
  const perp = PERP_CHANGE_PARAMS as PerpChangeParams;
  expect(admit(margin).admitted).toBe(true);
  expect(admit({ ...margin, amountRaw: "-7" }).admitted).toBe(true);
  expect(admit(perp).admitted).toBe(true);
  for (const refused of [
    admit({ ...margin, venue: address20("7b") }),
    admit({ ...margin, asset: ETH_TOKEN }),
    admit(margin, LENDING_SCOPE),
    admit({ ...perp, venue: address20("7b") }),
    admit({ ...perp, market: address20("7e") }),
    admit(perp, LENDING_SCOPE),
  ]) {
    expect(refused).toMatchObject({ admitted: false, reason: "venue-not-allowed" });
  }
});

test("an option trade is admitted at the configured account and market only", () => {
  const trade = (change: Partial<OptionTradeParams>) =>
    aRebalanceJob({ ...(OPTION_TRADE_PARAMS as OptionTradeParams), ...change });
  const admit = (job: RebalanceJob, scope = OPTIONS_SCOPE) => admitJob(job, conditions(), scope);
  const funding = { ...(MARGIN_MOVE_PARAMS as MarginMoveParams), asset: SETTLEMENT_TOKEN };
  expect(admit(trade({})).admitted).toBe(true);
  expect(admit(aRebalanceJob({ ...funding, venue: LYRA.adapter })).admitted).toBe(true);
  for (const refused of [
    admit(trade({ venue: address20("7a") })),
    admit(trade({ market: address20("62") })),
    admit(trade({}), SCOPE),
  ]) {
    expect(refused).toMatchObject({ admitted: false, reason: "venue-not-allowed" });
  }
});

const VAULT = conditions().vault;
const REFUSED: readonly {
  readonly name: string;
  readonly job?: RebalanceJob;
  readonly change?: Partial<JobConditions>;
  readonly reason: string;
  readonly detail: string;
}[] = [
  {
    name: "comes while endpoints contradict each other",
    change: { disagreement: "eth_call: rpcUrls[1] (liar.example)" },
    reason: "rpc-disagreement",
    detail: "rpcUrls[1] (liar.example)",
  },
  {
    name: "is consumed",
    change: { vault: { ...VAULT, consumed: true } },
    reason: "already-consumed",
    detail: JOB.mandate.jobId,
  },
  {
    name: "is late by the wall clock",
    change: { nowMs: (deadlineSeconds + 1) * 1000 },
    reason: "expired",
    detail: "1 s too late",
  },
  {
    name: "cannot be in the next block in time",
    change: { headTimestampMs: deadlineSeconds * 1000 },
    reason: "expired",
    detail: `the next block is at ${deadlineSeconds + 1}`,
  },
  {
    name: "comes too early",
    change: {
      nowMs: (notBeforeSeconds - 3) * 1000,
      headTimestampMs: (notBeforeSeconds - 3) * 1000,
    },
    reason: "too-early",
    detail: `found ${notBeforeSeconds}`,
  },
  {
    name: "has an older epoch",
    change: { vault: { ...VAULT, epoch: 4 } },
    reason: "wrong-epoch",
    detail: "found 3; the vault is at 4",
  },
  {
    name: "has another leader",
    change: { vault: { ...VAULT, leader: address20("2e") } },
    reason: "wrong-leader",
    detail: address20("2e"),
  },
  {
    name: "uses an unknown venue",
    job: swap({ venue: address20("77") }),
    reason: "venue-not-allowed",
    detail: "params.venue",
  },
  {
    name: "uses an unknown pool",
    job: swap({ pool: address20("77") }),
    reason: "venue-not-allowed",
    detail: "params.pool",
  },
  {
    name: "trades a token the pool does not have",
    job: swap({ assetOut: address20("77") }),
    reason: "venue-not-allowed",
    detail: address20("77"),
  },
  {
    name: "comes before the first report",
    change: { reportBlockTimestampMs: null },
    reason: "report-stale",
    detail: "none is published",
  },
  {
    name: "would rest on an old report",
    change: { reportBlockTimestampMs: (notBeforeSeconds + 2) * 1000 + 300 - 5_001 },
    reason: "report-stale",
    detail: "5001 ms old; the limit is 5000 ms",
  },
  {
    name: "would rest on a report that is old by the chain, though not by a clock that is behind",
    change: {
      nowMs: notBeforeSeconds * 1000,
      headTimestampMs: (notBeforeSeconds + 3) * 1000,
      reportBlockTimestampMs: (notBeforeSeconds - 3) * 1000,
    },
    reason: "report-stale",
    detail: "6000 ms old",
  },
  {
    name: "costs more than its mandate allows",
    job: TRANSFER,
    change: { nativeFeeWei: 10n ** 15n + 1n },
    reason: "fee-too-high",
    detail: "1000000000000001 wei",
  },
  {
    name: "would leave the sender under its gas floor",
    job: TRANSFER,
    change: { nativeFeeWei: 10n, senderBalanceWei: 1_009n },
    reason: "gas-below-floor",
    detail: "999 wei; the floor is 1000 wei",
  },
];

test.each(REFUSED)("a job that $name is refused as $reason", ({ job, change, reason, detail }) => {
  const refusal = admitJob(job ?? JOB, conditions(change), SCOPE);
  expect(refusal).toMatchObject({ admitted: false, reason });
  expect(refusal).toHaveProperty("detail", expect.stringContaining(detail));
});

test("no job is admitted whose next block lies outside its window", () => {
  const offsetMs = fc.integer({ min: -20_000, max: 20_000 });
  fc.assert(
    fc.property(offsetMs, offsetMs, (wallMs, chainMs) => {
      const nowMs = notBeforeSeconds * 1000 + wallMs;
      const headTimestampMs = Math.floor((notBeforeSeconds * 1000 + chainMs) / 1000) * 1000;
      const reportBlockTimestampMs = Math.max(nowMs, headTimestampMs);
      const world = conditions({ nowMs, headTimestampMs, reportBlockTimestampMs });
      const nextSeconds = Math.floor(Math.max(nowMs, headTimestampMs + 1000) / 1000);
      const isInside = nextSeconds >= notBeforeSeconds && nextSeconds <= deadlineSeconds;
      expect(admitJob(JOB, world, SCOPE).admitted).toBe(isInside);
    }),
  );
});
