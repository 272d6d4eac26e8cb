import {
  type AuditPart,
  type AuditQuestions,
  type ChainAudit,
  lineKey,
  type ProvedLine,
  partKey,
} from "#coordinator/records/safety/chain-audit.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import { rawFromUnitsNearest } from "#shared/units/token-amount.ts";
import type { ShardReport } from "#shared/wire/shard-report.ts";

const LENDING = [
  "suppliedRaw",
  "healthFactor",
  "supplyRatePerYear",
  "availableRaw",
  "allowsWithdrawal",
] as const;
const PERPS = [
  "underlying",
  "marginToken",
  "marginDecimals",
  "accountValueUsd",
  "freeMarginRaw",
  "marginRatio",
  "initialMarginFraction",
  "maintenanceMarginFraction",
  "sizeE18",
  "openNotionalUsd",
  "markUsd",
  "indexUsd",
  "fundingFractionPerDay",
  "feeFraction",
  "marginRatioFloor",
] as const;
const LONGS = ["underlying", "type", "strikeUsd", "expiryMs", "quantity"] as const;

/** The chain of which a report tells the truth, with the answers to what is asked. */
export function auditOf(report: ShardReport, setup: ShardSetup, asked: AuditQuestions): ChainAudit {
  const { block, chain } = report;
  return {
    block: { number: block.number, timestampMs: block.timestampMs },
    baseFeeWei: BigInt(chain.baseFeeWei),
    epoch: chain.epoch,
    leader: chain.leader,
    paused: chain.paused,
    capitalRaw: BigInt(chain.capitalRaw),
    liabilitiesRaw: BigInt(chain.liabilitiesRaw),
    sharesRaw: 1n,
    balancesRaw: amounts(report, (location) => location === "vault"),
    series: seriesOf(report, setup),
    consumed: new Set(report.consumedJobs.map(({ jobId }) => jobId)),
    credited: new Map(report.deliveredTransfers.map((one) => [one.guid, one.amountRaw])),
    prices: new Map(
      report.collateral.map(({ token, priceUsd, priceUpdatedAtMs: updatedAtMs }) => {
        return [token.toLowerCase(), { priceUsd, updatedAtMs }];
      }),
    ),
    volatility: new Map(
      setup.underlyings.map(({ ticker, token }) => {
        const line = report.market.find((one) => one.underlying === ticker);
        return [token.toLowerCase(), line?.volatility ?? []];
      }),
    ),
    venues: {
      lines: linesOf(report),
      heldRaw: amounts(report, (location) => location !== "vault"),
      knowsLongs: true,
      caps: report.caps,
    },
    depthOutRaw: asked.depth.map(({ pool, assetIn, amountInRaw }) => {
      const line = report.capacity.find((one) => one.pool === pool);
      const points = line?.token === assetIn ? line.sell : line?.buy;
      const point = points?.find((one) => one.amountInRaw === amountInRaw);
      return point === undefined ? null : BigInt(point.amountOutRaw);
    }),
    perpQuotesE18: asked.perpDepth.map(({ market, side, sizeE18 }) => {
      const line = report.perps.find((one) => one.market === market);
      const point = line?.[side].find((one) => one.sizeE18 === sizeE18);
      return point === undefined ? null : BigInt(point.quoteE18);
    }),
    unseen: new Set(),
  };
}

function amounts(
  { collateral }: ShardReport,
  isIn: (location: string) => boolean,
): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const { token, location, amountRaw } of collateral) {
    const key = token.toLowerCase();
    if (isIn(location)) sums.set(key, (sums.get(key) ?? 0n) + BigInt(amountRaw));
  }
  return sums;
}

function seriesOf({ book }: ShardReport, { underlyings }: ShardSetup): ChainAudit["series"] {
  return book
    .filter((line) => line.venue === "option-book")
    .map((line) => {
      const e18 = rawFromUnitsNearest(Math.abs(line.quantity), 12) * 10n ** 6n;
      return {
        seriesId: line.seriesId,
        underlying: underlyings.find(({ ticker }) => ticker === line.underlying)?.token ?? "0x",
        isCall: line.type === "call",
        expirySeconds: BigInt(line.expiryMs) / 1000n,
        strikeE8: rawFromUnitsNearest(line.strikeUsd, 8),
        takersLongE18: line.quantity < 0 ? e18 : 0n,
        takersShortE18: line.quantity > 0 ? e18 : 0n,
      };
    });
}

function linesOf(report: ShardReport): ProvedLine[] {
  const longs = report.book.filter((line) => line.venue !== "option-book");
  return [
    ...report.lending.map((line) =>
      proved("lending", lineKey(line.adapter, line.token), line, LENDING),
    ),
    ...report.perps.map((line) => proved("perps", lineKey(line.adapter, line.market), line, PERPS)),
    ...report.optionMarkets.map((line) =>
      proved("optionMarkets", lineKey(line.adapter, line.market), line, ["cashRaw"]),
    ),
    ...report.capacity.map((line) =>
      proved("capacity", lineKey(line.adapter, line.pool), line, ["feeFraction", "acceptsTrades"]),
    ),
    ...longs.map((line) => proved("longs", lineKey(line.seriesId), line, LONGS)),
  ];
}

function proved<L extends object>(
  list: ProvedLine["list"],
  key: string,
  line: L,
  names: readonly (keyof L & string)[],
): ProvedLine {
  const fields = Object.fromEntries(names.map((name) => [name, line[name]]));
  return { list, key, fields, isEmpty: false } as ProvedLine;
}

/** What is left of a look when some of its parts could not be seen, as an adapter leaves it. */
export function blindTo(audit: ChainAudit, parts: readonly string[]): ChainAudit {
  const unseen = new Set(parts);
  const without = <V>(part: AuditPart, map: ReadonlyMap<string, V>): Map<string, V> =>
    new Map([...map].filter(([token]) => !unseen.has(partKey(part, token))));
  const lines = audit.venues.lines.filter(({ list, key }) => {
    if (list === "capacity") return !unseen.has(partKey("pool", key));
    // Longs are named by their series, so the account they are in is told here by there being one alone.
    if (list === "longs") return !parts.some((part) => part.startsWith("account "));
    return !unseen.has(partKey("account", key.slice(0, key.indexOf(" "))));
  });
  const isAccountUnseen = parts.some((part) => part.startsWith("account "));
  const heldRaw = isAccountUnseen ? new Map<string, bigint>() : audit.venues.heldRaw;
  return {
    ...audit,
    capitalRaw: unseen.has(partKey("capital")) ? null : audit.capitalRaw,
    liabilitiesRaw: unseen.has(partKey("liabilities")) ? null : audit.liabilitiesRaw,
    balancesRaw: without("balance", audit.balancesRaw),
    prices: without("feed", audit.prices),
    volatility: audit.volatility && without("volatility", audit.volatility),
    venues: { ...audit.venues, lines, heldRaw },
    unseen,
  };
}
