import type { Address, Hex } from "viem";
import { DEFAULT_POLICY } from "#shared/policy/default-policy.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import type { ChainHistory } from "#test/local/check/accounts/chain-history.ts";
import type { JobAnswer, RiskAnswer } from "#test/local/observe/admin-api.ts";
import type { ChainState } from "#test/local/observe/chain-state.ts";

/** Small hand-made worlds for the checker's tests; every amount can be followed by head. */

/** Address that ends in `n`. */
export const address = (n: number): Address => `0x${n.toString(16).padStart(40, "0")}`;
/** 32 bytes that end in `n`. */
export const hash = (n: number): Hex => `0x${n.toString(16).padStart(64, "0")}`;

export const USDX = address(0xa0);
const WETH = address(0xa1);
const TAKER = address(0xff);
const NOBODY = address(0);

const at = (n: number) => ({ blockNumber: n, transactionHash: hash(1000 + n) });

/** A policy of plain numbers: no gamma band, floor of 1000 USD. */
export function examplePolicy(): Policy {
  const underlying = {
    riskAversionPerUsd: 1,
    costFraction: 0.001,
    bandCost: "policy" as const,
    bandModel: "whalley-wilmott" as const,
    bandHorizonYears: 1,
    bandFloorUsd: 1000,
    bandCapNavFraction: 0.5,
    hedgeTargetFraction: 0.5,
    netDeltaLimitUsd: 1e9,
    vegaLimitUsdPerVolPoint: null,
    gammaLimitUsdPerPercent: null,
    hedgeNotionalMaxUsd: 1e6,
    sourceDisagreementMaxFraction: 0.05,
    deltaQuantumUnits: 1e-6,
  };
  return {
    version: 1,
    underlyings: { ETH: underlying },
    settlement: { sourceDisagreementMaxFraction: 0.02 },
    staleness: { reportFloorMs: 5000, feedMaxMs: 60_000, sequenceAheadMaxMs: 60_000 },
    hedging: { ...DEFAULT_POLICY.hedging, mandateLifetimeMs: 5000 },
    capital: {
      ...DEFAULT_POLICY.capital,
      scenarioMultiplier: 1,
      bufferMultiplier: 1,
      hedgeHaircutFraction: 0.1,
      shortOptionContingencyFraction: 0.01,
    },
    transfers: {
      minimumUsd: 100,
      maximumUsd: 1e6,
      inTransitHaircutFraction: 0.5,
      lzReceiveGas: 100_000,
      maxFeeNativeWei: "1",
      stuckAfterMs: 60_000,
      recoverAfterMs: 30_000,
      recoveriesMax: 0,
    },
    planning: DEFAULT_POLICY.planning,
    perps: DEFAULT_POLICY.perps,
    options: DEFAULT_POLICY.options,
    lending: DEFAULT_POLICY.lending,
    orders: DEFAULT_POLICY.orders,
    inventories: DEFAULT_POLICY.inventories,
    triggers: DEFAULT_POLICY.triggers,
    journal: DEFAULT_POLICY.journal,
    breakers: DEFAULT_POLICY.breakers,
    quarantine: DEFAULT_POLICY.quarantine,
    reduceOnlyShards: [],
  };
}

/**
 * Shard `source`: 1000 deposited, 90 of premium, 10 paid for an option, 200 swapped for 5 WETH, a
 * series settled at 20 paid and 4 received, 300 sent to the shard `target`. Closing 564 and 5.
 */
export function sourceHistory(): ChainHistory {
  const vault = address(1);
  const book = address(2);
  const move = (n: number, o: { from: Address; to: Address; amount: bigint; token?: Address }) => ({
    ...at(n),
    token: USDX,
    ...o,
  });
  return {
    shard: "source",
    vault,
    book,
    settlementToken: USDX,
    finalBlock: { number: 20, hash: hash(20), timestampMs: 20_000 },
    consumed: [
      { ...at(5), jobId: hash(1), action: 1, reportSetHash: hash(0), blockTimestampMs: 5000 },
      { ...at(7), jobId: hash(2), action: 2, reportSetHash: hash(0), blockTimestampMs: 7000 },
    ],
    swaps: [
      {
        ...at(5),
        jobId: hash(1),
        pool: address(9),
        assetIn: USDX,
        assetOut: WETH,
        amountIn: 200n,
        amountOut: 5n,
      },
    ],
    transfers: [{ ...at(7), jobId: hash(2), guid: hash(77), amountSent: 300n, nativeFeeWei: 10n }],
    venueMoves: [],
    perpChanges: [],
    perpLiquidations: [],
    perpSizes: [],
    optionVenue: null,
    optionsPaid: [
      { ...at(4), amount: 10n },
      { ...at(6), amount: 20n },
    ],
    deposits: [{ ...at(2), amount: 1000n }],
    withdrawals: [],
    optionTrades: [
      { ...at(3), seriesId: hash(3), vaultSells: true, premium: 90n, collateralDelta: 0n },
      { ...at(4), seriesId: hash(4), vaultSells: false, premium: 10n, collateralDelta: 50n },
    ],
    settlements: [{ ...at(6), seriesId: hash(3), paidByVault: 20n, receivedByVault: 4n }],
    claims: [{ ...at(8), amount: 15n }],
    oftSent: [{ ...at(7), guid: hash(77), from: vault, amountSent: 300n, amountToReceive: 300n }],
    oftReceived: [],
    tokenTransfers: [
      move(1, { from: NOBODY, to: TAKER, amount: 2000n }),
      move(2, { from: TAKER, to: vault, amount: 1000n }),
      move(3, { from: TAKER, to: vault, amount: 90n }),
      move(4, { from: vault, to: TAKER, amount: 10n }),
      move(4, { from: TAKER, to: book, amount: 50n }),
      move(5, { from: vault, to: address(9), amount: 200n }),
      move(5, { from: address(9), to: vault, amount: 5n, token: WETH }),
      move(6, { from: vault, to: book, amount: 20n }),
      move(6, { from: book, to: vault, amount: 4n }),
      move(7, { from: vault, to: NOBODY, amount: 300n }),
      move(8, { from: book, to: TAKER, amount: 15n }),
    ],
    reverted: [],
    vaultBalances: [
      { token: USDX, openingRaw: 0n, closingRaw: 564n },
      { token: WETH, openingRaw: 0n, closingRaw: 5n },
    ],
    bookBalance: { token: USDX, openingRaw: 0n, closingRaw: 51n },
    supply: { token: USDX, openingRaw: 0n, closingRaw: 1700n },
  };
}

/** Shard `target`: nothing but 300 received from `source`. */
export function targetHistory(): ChainHistory {
  const vault = address(3);
  const delivery = { ...at(9), token: USDX, from: NOBODY, to: vault, amount: 300n };
  return {
    shard: "target",
    vault,
    book: address(4),
    settlementToken: USDX,
    finalBlock: { number: 21, hash: hash(21), timestampMs: 20_000 },
    consumed: [],
    swaps: [],
    transfers: [],
    venueMoves: [],
    perpChanges: [],
    perpLiquidations: [],
    perpSizes: [],
    optionVenue: null,
    optionsPaid: [],
    deposits: [],
    withdrawals: [],
    optionTrades: [],
    settlements: [],
    claims: [],
    oftSent: [],
    oftReceived: [{ ...at(9), guid: hash(77), to: vault, amount: 300n }],
    tokenTransfers: [delivery],
    reverted: [],
    vaultBalances: [{ token: USDX, openingRaw: 0n, closingRaw: 300n }],
    bookBalance: { token: USDX, openingRaw: 0n, closingRaw: 0n },
    supply: { token: USDX, openingRaw: 0n, closingRaw: 300n },
  };
}

/** A chain with spot 2000, flat 50 % volatility for a year, 100,000 USDX and nothing else. */
export function exampleState(o: Partial<ChainState> = {}): ChainState {
  const yearMs = 365 * 86_400_000;
  const slice = { expiryMs: yearMs, a: 0.25, b: 0, rho: 0, m: 0, sigma: 0.1, updatedAtMs: 0 };
  return {
    shard: "source",
    blockNumber: 10,
    blockTimestampMs: 0,
    baseFeeWei: 0n,
    settlementRaw: 100_000_000_000n,
    perpAccountUnits: 0,
    settlementDecimals: 6,
    settlementPriceUsd: 1,
    underlyings: [
      {
        ticker: "ETH",
        spotUsd: 2000,
        spotUpdatedAtMs: 0,
        slices: [slice],
        hedgeRaw: 0n,
        hedgeUnits: 0,
        perpUnits: 0,
      },
    ],
    series: [],
    ...o,
  };
}

/** A job that was decided on one report of `source` and included at 5 s. */
export function exampleJob(o: Partial<JobAnswer> = {}): JobAnswer {
  return {
    jobId: hash(1),
    shard: "source",
    kind: "swap",
    state: "settled",
    underlying: "ETH",
    amountUsd: 200,
    reportSet: [
      {
        shard: "source",
        agent: "source-1",
        seq: 3,
        blockNumber: 3,
        blockHash: hash(3),
        blockTimestampMs: 3000,
      },
    ],
    times: {
      oldestBlockTimestampMs: 3000,
      acceptedAtMs: 3300,
      decidedAtMs: 3400,
      recordedAtMs: 3400,
      sentAtMs: 3450,
      includedBlockTimestampMs: 5000,
      settledAtMs: 6000,
    },
    ...o,
  };
}

/** The admin API's answer of a calm system with one underlying. */
export function exampleRisk(o: Partial<RiskAnswer> = {}): RiskAnswer {
  return {
    asOfMs: 20_000,
    mode: "run",
    haltReasons: [],
    shadow: false,
    snapshot: { ETH: { spotUsd: 2000, refused: null } },
    net: {
      ETH: {
        greeks: { deltaUnits: -0.25, gammaUnitsPerUsd: -0.001, vegaUsdPerVolPoint: -12.4 },
        inFlightDeltaUnits: 0,
        bandHalfWidthUnits: 0.5,
        status: "inside",
      },
    },
    jobsInFlight: 0,
    ...o,
  };
}
