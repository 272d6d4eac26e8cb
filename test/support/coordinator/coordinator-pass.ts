import type { PassInput } from "#coordinator/cycles/planning/pass-input.ts";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import { NO_SAFETY } from "#coordinator/records/safety/safety-input.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import type { TakeOverState } from "#coordinator/records/take-over-state.ts";
import { DEFAULT_POLICY } from "#shared/policy/default-policy.ts";
import type { Policy, UnderlyingPolicy } from "#shared/policy/policy-schema.ts";
import { ACTION_SWAP, type Mandate } from "#shared/wire/rebalance-job.ts";
import type { CapacityLine, OptionLine, ShardReport } from "#shared/wire/shard-report.ts";
import { address20, aShardReport, hash32 } from "#test/support/coordinator/shard-report.ts";

/** When the passes of these tests run; all blocks are half a second old. */
export const NOW_MS = 1_790_000_000_500;
export const BLOCK_MS = NOW_MS - 500;
export const EXPIRY_MS = NOW_MS + 7 * 86_400_000;
export const LEADER = address20("1e");
const USDX = address20("c0");
const WETH = address20("e0");
const SPOT_USD = 2000;

const SHARDS = { ethereum: 1, arbitrum: 42_161, base: 8453, optimism: 10 } as const;
export type TestShard = keyof typeof SHARDS;

/** Setup of a shard that holds USDX (6 decimals) and WETH (18 decimals). */
export function aShardSetup(shard: TestShard, changes: Partial<ShardSetup> = {}): ShardSetup {
  return {
    shard,
    chainId: SHARDS[shard],
    endpointId: 30_000 + SHARDS[shard],
    nativeTicker: "ETH",
    blockTimeMs: 1000,
    staleAfterMs: 5000,
    vault: address20("fa"),
    settlement: { ticker: "USDX", token: USDX, decimals: 6 },
    underlyings: [{ ticker: "ETH", token: WETH, decimals: 18 }],
    agents: [{ id: `${shard}-1`, reporterPublicKey: "00".repeat(32) }],
    ...changes,
  };
}

export type EntryOptions = {
  readonly shard: TestShard;
  /** Calls of one series the vault is short (negative) or long. */
  readonly calls?: number;
  readonly cashUsd?: number;
  readonly hedgeUnits?: number;
  readonly spotUsd?: number;
  /** Fee of the shard's pool; its depth is 100 ETH in steps, each 0.05 % dearer. */
  readonly feeFraction?: number;
  readonly ageMs?: number;
  readonly change?: Partial<ShardReport>;
};

/** A consistent accepted report of one shard. */
export function anEntry(o: EntryOptions): BookEntry {
  const spotUsd = o.spotUsd ?? SPOT_USD;
  const blockMs = NOW_MS - (o.ageMs ?? 500);
  const cashRaw = String(Math.round((o.cashUsd ?? 1_000_000) * 1e6));
  const report = aShardReport({
    shard: o.shard,
    agent: `${o.shard}-1`,
    chainId: SHARDS[o.shard],
    seq: blockMs + 100,
    block: { number: 120, hash: hash32("b1"), timestampMs: blockMs, finalizedNumber: 112 },
    market: [
      {
        underlying: "ETH",
        source: `${o.shard}-eth-usd`,
        spotUsd,
        spotUpdatedAtMs: blockMs - 500,
        volatility: [{ expiryMs: EXPIRY_MS, ...SLICE, updatedAtMs: blockMs - 500 }],
      },
    ],
    collateral: [
      {
        ...LINE,
        asset: "USDX",
        token: USDX,
        underlying: null,
        amountRaw: cashRaw,
        decimals: 6,
        priceUsd: 1,
      },
      {
        ...LINE,
        asset: "WETH",
        token: WETH,
        underlying: "ETH",
        amountRaw: (BigInt(Math.round((o.hedgeUnits ?? 0) * 1e9)) * 10n ** 9n).toString(),
        decimals: 18,
        priceUsd: spotUsd,
      },
    ],
    book: o.calls === undefined || o.calls === 0 ? [] : [anOption({ quantity: o.calls })],
    greeks: [],
    capacity: [aPool(spotUsd, o.feeFraction ?? 0.0005)],
    chain: {
      epoch: 1,
      leader: LEADER,
      paused: false,
      capitalRaw: cashRaw,
      liabilitiesRaw: "0",
      baseFeeWei: "1000000000",
    },
    ...o.change,
  });
  return { report, acceptedAtMs: NOW_MS - 200 };
}

const SLICE = { a: 0.004, b: 0.02, rho: -0.3, m: 0, sigma: 0.1 };
const LINE = { location: "vault", priceUpdatedAtMs: BLOCK_MS - 500 } as const;

/** An at-the-money call of a week. */
export function anOption(changes: Partial<OptionLine> = {}): OptionLine {
  return {
    kind: "option",
    venue: "option-book",
    seriesId: hash32("5e"),
    underlying: "ETH",
    type: "call",
    strikeUsd: SPOT_USD,
    expiryMs: EXPIRY_MS,
    quantity: -10,
    markUsd: 50,
    ...changes,
  };
}

/** A pool with ten steps of 10 ETH; every step costs 0.05 % more than the one before. */
function aPool(spotUsd: number, feeFraction: number): CapacityLine {
  const steps = Array.from({ length: 10 }, (_, index) => (index + 1) * 10);
  const usd = (units: number, side: 1 | -1): number => {
    return units * spotUsd * (1 + side * (feeFraction + (units / 10 - 1) * 0.00025));
  };
  const eth = (units: number): string => (BigInt(units) * 10n ** 18n).toString();
  const raw = (value: number): string => String(Math.round(value * 1e6));
  return {
    venue: "uniswap-v3",
    adapter: address20("ad"),
    pool: address20("90"),
    underlying: "ETH",
    token: WETH,
    feeFraction,
    gasUnits: 200_000,
    acceptsTrades: true,
    meanPrice: null,
    buy: steps.map((units) => ({ amountInRaw: raw(usd(units, 1)), amountOutRaw: eth(units) })),
    sell: steps.map((units) => ({ amountInRaw: eth(units), amountOutRaw: raw(usd(units, -1)) })),
  };
}

/** Limits for pools of about a million USD: the band is between 1 and 20 ETH wide. */
export function aPolicy(
  changes: Partial<UnderlyingPolicy> = {},
  rest: Partial<Policy> = {},
): Policy {
  const eth = { ...DEFAULT_POLICY.underlyings["ETH"], ...changes } as UnderlyingPolicy;
  const planning = { ...DEFAULT_POLICY.planning, method: "greedy" } as const;
  return { ...DEFAULT_POLICY, planning, underlyings: { ETH: eth }, ...rest };
}

/** A pass over the given entries, all vaults led; name only what matters. */
export function aPassInput(
  entries: readonly BookEntry[],
  changes: Partial<PassInput> = {},
): PassInput {
  const shards = entries.map((entry) => entry.report.shard as TestShard);
  const led: TakeOverState = { state: "leading", epoch: 1, leader: LEADER };
  return {
    nowMs: NOW_MS,
    trigger: "timer",
    sequence: 1,
    entries,
    jobs: [],
    setups: new Map(shards.map((shard) => [shard, aShardSetup(shard)])),
    takeOvers: new Map(shards.map((shard) => [shard, led])),
    policy: aPolicy(),
    leader: LEADER,
    shadow: false,
    manualHalt: undefined,
    brokenInvariant: undefined,
    standstill: [],
    safety: NO_SAFETY,
    ...changes,
  };
}

/** A sent swap of shard `base` that buys 5 ETH; name only what matters. */
export function aJobRecord(changes: Partial<JobRecord> = {}): JobRecord {
  return {
    jobId: hash32("0b"),
    planId: hash32("01"),
    step: 0,
    shard: "base",
    target: null,
    kind: "swap",
    state: "sent",
    shadow: false,
    underlying: "ETH",
    expectedDeltaUnits: 5,
    preparedDeltaUnits: 0,
    optionExposure: null,
    amountUsd: 10_000,
    amountOutOfShardRaw: "10005000000",
    mandate: null,
    params: null,
    reportSet: [],
    guid: null,
    refusal: null,
    consumption: null,
    delivery: null,
    arrivedInBlock: null,
    times: {
      oldestBlockTimestampMs: BLOCK_MS,
      acceptedAtMs: BLOCK_MS + 300,
      decidedAtMs: NOW_MS,
      recordedAtMs: NOW_MS,
      sentAtMs: NOW_MS,
      includedBlockTimestampMs: null,
      settledAtMs: null,
    },
    receipt: null,
    ...changes,
  };
}

/** A job that no block may execute after `deadlineSeconds`. */
export function aJobUntil(deadlineSeconds: number, changes: Partial<JobRecord> = {}): JobRecord {
  const mandate: Mandate = {
    jobId: hash32("0b"),
    epoch: 1,
    leader: address20("1e"),
    shard: hash32("5a"),
    action: ACTION_SWAP,
    reportSetHash: hash32("0e"),
    notBeforeSeconds: 0,
    deadlineSeconds,
    maxFeeNativeWei: "0",
    paramsHash: hash32("0f"),
  };
  return aJobRecord({ mandate, ...changes });
}
