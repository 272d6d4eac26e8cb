import type { OptionLine, ShardReport } from "#shared/wire/shard-report.ts";
import type { TransferLine } from "#shared/wire/transfer-line.ts";
import { aPerpLine } from "#test/support/coordinator/perp-line.ts";
import { aRouteLine } from "#test/support/coordinator/route-line.ts";
import { address20, aShardReport, hash32 } from "#test/support/coordinator/shard-report.ts";

const DAY_MS = 86_400_000;
const SERIES_PER_EXPIRY = 12;
const SCENARIOS = 33;

/** A report with at least one line of every kind and as many series as asked, a dozen to an expiry. */
export function aFullReport(series = 24): ShardReport {
  const base = aShardReport();
  const { timestampMs } = base.block;
  const expiries = Math.ceil(series / SERIES_PER_EXPIRY);
  const expiryMs = (index: number) => timestampMs + (7 + 7 * index) * DAY_MS;
  const [market] = base.market;
  const [greeks] = base.greeks;
  if (market === undefined || greeks === undefined) throw new Error("the report lacks a line");
  return {
    ...base,
    market: [{ ...market, volatility: market.volatility.map((one) => ({ ...one })) }],
    collateral: [...base.collateral, { ...hedgeLine() }],
    book: Array.from({ length: series }, (_, index) =>
      optionLine(index, expiryMs(Math.floor(index / SERIES_PER_EXPIRY))),
    ),
    greeks: Array.from({ length: expiries + 1 }, (_, index) => ({
      ...greeks,
      expiryMs: index === 0 ? null : expiryMs(index - 1),
      deltaUnits: Math.sin(index) * 12,
      gammaUnitsPerUsd: Math.cos(index) / 70,
      vegaUsdPerVolPoint: Math.sin(index + 1) * 33,
    })),
    scenarioPnlUsd: Array.from({ length: SCENARIOS }, (_, index) => (index - 16) * 333.37),
    capacity: [capacityLine()],
    lending: [lendingLine(timestampMs)],
    perps: [aPerpLine(), aPerpLine({ marginRatio: null })],
    consumedJobs: [consumedJob(timestampMs)],
    deliveredTransfers: [
      {
        guid: hash32("9d"),
        srcEid: 30_101,
        amountRaw: "5000",
        blockNumber: 118,
        blockHash: hash32("b8"),
      },
    ],
    transfers: [sentTransfer(timestampMs), arrival()],
    routes: [aRouteLine(), aRouteLine({ dstEid: 30_102, feeNativeWei: null, reason: "reverts" })],
    caps: {
      tradesLeftRaw: "4000000000000",
      transfersLeftRaw: "3000000000000",
      venues: [{ adapter: address20("aa"), leftRaw: "500000000000", mayGrow: true }],
    },
    gasTerms: {
      feePerGasWei: "2125000000",
      gasLimitMultiplier: 1.5,
      maxFeeWei: "50000000000000000",
      share: { maxFractionOfNotional: 0.01, nativeUsd: 2000.25 },
    },
    health: { acceptsJobs: false, reasons: ["feed-stale"] },
  };
}

const MESSAGE = {
  guid: hash32("9d"),
  srcEid: 30_101,
  sender: hash32("5e"),
  nonce: "7",
  payloadHash: hash32("aa"),
};

function sentTransfer(timestampMs: number): TransferLine {
  return {
    ...MESSAGE,
    side: "source",
    jobId: hash32("1b"),
    dstEid: 30_110,
    receiver: address20("c0"),
    message: "0x00ff",
    amountRaw: "5000",
    blockNumber: 117,
    blockHash: hash32("b7"),
    blockTimestampMs: timestampMs,
  };
}

function arrival(): TransferLine {
  return {
    ...MESSAGE,
    side: "target",
    state: "failed-retryable",
    attestations: { requiredDone: 2, required: 2, optionalDone: 0, optionalThreshold: 0 },
    committedHash: hash32("aa"),
    alert: { blockNumber: 119, reason: "0x" },
    endedInBlock: null,
  };
}

function optionLine(index: number, expiryMs: number): OptionLine {
  return {
    kind: "option",
    venue: "option-book",
    seriesId: `0x${(index + 1).toString(16).padStart(64, "0")}`,
    underlying: "ETH",
    type: index % 2 === 0 ? "call" : "put",
    strikeUsd: 1500 + 25 * (index % SERIES_PER_EXPIRY),
    expiryMs,
    quantity: Math.sin(index) * 20,
    markUsd: 31.5 + index / 7,
  };
}

function hedgeLine(): ShardReport["collateral"][number] {
  return {
    asset: "ETH",
    token: address20("e0"),
    underlying: "ETH",
    amountRaw: "3500000000000000000",
    decimals: 18,
    location: "lending",
    priceUsd: 2000.25,
    priceUpdatedAtMs: 1_789_999_999_000,
  };
}

function capacityLine(): ShardReport["capacity"][number] {
  const points = ["1000000000", "5000000000", "25000000000"];
  const curve = points.map((amountInRaw) => ({ amountInRaw, amountOutRaw: `${amountInRaw}00` }));
  return {
    venue: "uniswap-v3",
    adapter: address20("ad"),
    pool: address20("b0"),
    underlying: "ETH",
    token: address20("e0"),
    feeFraction: 0.0005,
    gasUnits: 350_000,
    acceptsTrades: true,
    meanPrice: { windowSeconds: 300, limitFraction: 0.01, spotOverMeanFraction: -0.0004 },
    buy: curve,
    sell: curve.map((point) => ({ ...point })),
  };
}

function lendingLine(nowMs: number): ShardReport["lending"][number] {
  return {
    venue: "aave-v3",
    adapter: address20("aa"),
    asset: "ETH",
    token: address20("e0"),
    decimals: 18,
    suppliedRaw: "3500000000000000000",
    healthFactor: null,
    supplyRatePerYear: 0.021,
    availableRaw: "900000000000000000000",
    supplyRoomRaw: "77000000000000000000",
    acceptsSupply: true,
    allowsWithdrawal: true,
    gasUnits: 550_000,
    oracleUpdatedAtMs: nowMs - 1_000,
  };
}

function consumedJob(nowMs: number): ShardReport["consumedJobs"][number] {
  return {
    jobId: hash32("0b"),
    action: 1,
    blockNumber: 119,
    blockHash: hash32("b0"),
    blockTimestampMs: nowMs - 1_000,
    transactionHash: hash32("77"),
    amountInRaw: "1000000000",
    amountOutRaw: "499000000000000000",
    guid: null,
  };
}
