import {
  type ConsumedJob,
  SHARD_REPORT_VERSION,
  type ShardReport,
} from "#shared/wire/shard-report.ts";

/** 32 bytes that read like what they stand for: `hash32("aa")` is 0xaaaa... */
export function hash32(byte: string): `0x${string}` {
  return `0x${byte.repeat(32)}`;
}

/** 20 bytes of one repeated byte. */
export function address20(byte: string): `0x${string}` {
  return `0x${byte.repeat(20)}`;
}

const COMPLETE: ShardReport = {
  version: SHARD_REPORT_VERSION,
  shard: "base",
  agent: "base-1",
  chainId: 8453,
  seq: 1_790_000_000_500,
  block: {
    number: 120,
    hash: hash32("b1"),
    timestampMs: 1_790_000_000_000,
    finalizedNumber: 112,
  },
  market: [
    {
      underlying: "ETH",
      source: "base-eth-usd",
      spotUsd: 2000.25,
      spotUpdatedAtMs: 1_789_999_999_000,
      volatility: [
        {
          expiryMs: 1_790_600_000_000,
          a: 0.001,
          b: 0.02,
          rho: -0.3,
          m: 0,
          sigma: 0.1,
          updatedAtMs: 1_789_999_999_000,
        },
      ],
    },
  ],
  collateral: [
    {
      asset: "USDX",
      token: address20("c0"),
      underlying: null,
      amountRaw: "1500000000000",
      decimals: 6,
      location: "vault",
      priceUsd: 1,
      priceUpdatedAtMs: 1_789_999_999_000,
    },
  ],
  book: [
    {
      kind: "option",
      venue: "option-book",
      seriesId: hash32("5e"),
      underlying: "ETH",
      type: "call",
      strikeUsd: 2100,
      expiryMs: 1_790_600_000_000,
      quantity: -12.5,
      markUsd: 31.5,
    },
  ],
  greeks: [
    {
      underlying: "ETH",
      expiryMs: 1_790_600_000_000,
      deltaUnits: -4.5,
      gammaUnitsPerUsd: -0.02,
      vegaUsdPerVolPoint: -11,
      thetaUsdPerDay: 40,
      rhoUsdPerRatePoint: -1,
      vannaUnitsPerVolPoint: 0.1,
      volgaUsdPerVolPointSquared: -0.2,
    },
  ],
  scenarioPnlUsd: [-100.5, 0, 75.25],
  capacity: [],
  lending: [],
  perps: [],
  optionMarkets: [],
  inventories: [],
  consumedJobs: [],
  transfers: [],
  deliveredTransfers: [],
  routes: [],
  caps: null,
  gasTerms: null,
  chain: {
    epoch: 1,
    leader: address20("1e"),
    paused: false,
    capitalRaw: "1490000000000",
    liabilitiesRaw: "10000000000",
    baseFeeWei: "7",
  },
  senders: [{ address: address20("5a"), balanceWei: "1000000000000000000" }],
  health: { acceptsJobs: true, reasons: [] },
};

/** A complete, valid report of shard `base` at one block; name only what matters to the test. */
export function aShardReport(changes: Partial<ShardReport> = {}): ShardReport {
  return { ...structuredClone(COMPLETE), ...changes };
}

/** A job that a report says the vault consumed; name only what matters. */
export function aConsumedJob(changes: Partial<ConsumedJob> = {}): ConsumedJob {
  return {
    jobId: hash32("0b"),
    action: 1,
    blockNumber: 118,
    blockHash: hash32("b0"),
    blockTimestampMs: COMPLETE.block.timestampMs - 1_500,
    transactionHash: hash32("77"),
    amountInRaw: "5",
    amountOutRaw: "6",
    guid: null,
    ...changes,
  };
}
