import {
  type AuditedSeries,
  type AuditQuestions,
  type ChainAudit,
  lineKey,
  partKey,
} from "#coordinator/records/safety/chain-audit.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import { compareMarket } from "#coordinator/stages/audit/compare-market.ts";
import { compareDepth, compareVenues } from "#coordinator/stages/audit/compare-venues.ts";
import { differ, type Mismatch } from "#coordinator/stages/audit/differ.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";
import type { OptionLine, ShardReport } from "#shared/wire/shard-report.ts";

/** What a look at a report's chain needs besides the report. */
export type ChainLook = {
  readonly audit: ChainAudit;
  readonly setup: ShardSetup;
  /** What was asked of the chain because of the report (ask-chain.ts). */
  readonly asked: AuditQuestions;
  /** Messages whose arrival matters to us. */
  readonly guids: ReadonlySet<string>;
  /** Largest difference of a point of depth, as a fraction. */
  readonly depthToleranceFraction: number;
};

/**
 * The first thing a report says of its block that the shard's contracts, its feeds and its venues do not say there. What
 * could not be seen is left out.
 * Both are of one block hash, so there is no tolerance and no honest difference, but for depth, which agents may come
 * by in other ways than the venue's own.
 */
export function compareWithChain(report: ShardReport, look: ChainLook): Mismatch | undefined {
  const { audit, setup, asked } = look;
  return (
    compareBlock(report, audit) ??
    compareVault(report, audit) ??
    compareBalances(report, audit, setup) ??
    compareBook(report, audit, setup) ??
    compareJobs(report, audit, asked.jobIds) ??
    compareCredits(report, audit, look.guids) ??
    compareMarket(report, audit, setup) ??
    compareVenues(lookedAt(report, look), audit, setup) ??
    compareDepth(report, audit, { asked, tolerance: look.depthToleranceFraction })
  );
}

/** The report with those pools and perpetuals that were asked for, and all where the chain shows a position. */
function lookedAt(report: ShardReport, { audit, asked }: ChainLook): ShardReport {
  const keys = new Set([
    ...asked.pools.map(({ adapter, pool }) => lineKey(adapter, pool)),
    ...asked.perpMarkets.map(({ adapter, market }) => lineKey(adapter, market)),
    ...audit.venues.lines.map(({ key }) => key),
  ]);
  return {
    ...report,
    capacity: report.capacity.filter(({ adapter, pool }) => keys.has(lineKey(adapter, pool))),
    perps: report.perps.filter(({ adapter, market }) => keys.has(lineKey(adapter, market))),
  };
}

function compareBlock({ block }: ShardReport, audit: ChainAudit): Mismatch | undefined {
  const found = audit.block;
  return (
    differ("block.number", block.number, found.number) ??
    differ("block.timestampMs", block.timestampMs, found.timestampMs)
  );
}

/** Only messages of ours can be told; in what block and what amount the token credited is in its event. */
function compareCredits(
  { deliveredTransfers, block }: ShardReport,
  { credited }: ChainAudit,
  guids: ReadonlySet<string>,
): Mismatch | undefined {
  for (const { guid, amountRaw, blockNumber } of deliveredTransfers) {
    if (!guids.has(guid)) continue;
    const found = blockNumber > block.number ? undefined : credited.get(guid);
    const mismatch = differ(
      `transfer ${guid} credited in block ${blockNumber}:`,
      amountRaw,
      found ?? "nothing",
    );
    if (mismatch !== undefined) return mismatch;
  }
  return undefined;
}

function compareVault({ chain }: ShardReport, audit: ChainAudit): Mismatch | undefined {
  return (
    differ("epoch", chain.epoch, audit.epoch) ??
    differ("leader", chain.leader.toLowerCase(), audit.leader.toLowerCase()) ??
    differ("paused", chain.paused, audit.paused) ??
    differSeen("baseFeeWei", chain.baseFeeWei, audit.baseFeeWei) ??
    differSeen("capitalRaw", chain.capitalRaw, audit.capitalRaw) ??
    differSeen("liabilitiesRaw", chain.liabilitiesRaw, audit.liabilitiesRaw)
  );
}

function differSeen(what: string, said: string, found: bigint | null): Mismatch | undefined {
  return found === null ? undefined : differ(what, said, found.toString());
}

function compareBalances(
  { collateral }: ShardReport,
  audit: ChainAudit,
  { settlement, underlyings }: ShardSetup,
): Mismatch | undefined {
  for (const { token, ticker } of [settlement, ...underlyings]) {
    if (audit.unseen.has(partKey("balance", token))) continue;
    const line = collateral.find((one) => {
      return one.location === "vault" && one.token.toLowerCase() === token.toLowerCase();
    });
    const found = (audit.balancesRaw.get(token.toLowerCase()) ?? 0n).toString();
    const mismatch = differ(`${ticker} in the vault`, line?.amountRaw ?? "0", found);
    if (mismatch !== undefined) return mismatch;
  }
  return undefined;
}

function compareBook(
  report: ShardReport,
  { series }: ChainAudit,
  setup: ShardSetup,
): Mismatch | undefined {
  const said = report.book.filter((line) => line.venue === "option-book" && line.quantity !== 0);
  const found = series.map((one) => seriesLine(one, setup)).filter((line) => line.quantity !== 0);
  for (const line of found) {
    const claimed = said.find((one) => one.seriesId === line.seriesId);
    const mismatch = differ(`series ${line.seriesId}:`, textOf(claimed), textOf(line));
    if (mismatch !== undefined) return mismatch;
  }
  const extra = said.find((one) => !found.some((line) => line.seriesId === one.seriesId));
  return extra && differ(`series ${extra.seriesId}:`, textOf(extra), "nothing");
}

type SeriesLine = Pick<
  OptionLine,
  "seriesId" | "underlying" | "type" | "strikeUsd" | "expiryMs" | "quantity"
>;

/** A series in the figures and signs of a report: positive when the vault is long. */
export function seriesLine(one: AuditedSeries, { underlyings }: ShardSetup): SeriesLine {
  const token = underlyings.find(
    (known) => known.token.toLowerCase() === one.underlying.toLowerCase(),
  );
  return {
    seriesId: one.seriesId,
    underlying: token?.ticker ?? one.underlying,
    type: one.isCall ? "call" : "put",
    strikeUsd: unitsFromRaw(one.strikeE8, 8),
    expiryMs: Number(one.expirySeconds) * 1000,
    quantity: unitsFromRaw(one.takersShortE18 - one.takersLongE18, 18),
  };
}

function textOf(line: SeriesLine | undefined): string {
  if (line === undefined) return "nothing";
  const { quantity, underlying, type, strikeUsd, expiryMs } = line;
  return `${quantity} ${underlying} ${type} ${strikeUsd} ${expiryMs}`;
}

function compareJobs(
  { consumedJobs }: ShardReport,
  { consumed }: ChainAudit,
  ours: readonly string[],
): Mismatch | undefined {
  const lie = consumedJobs.find(({ jobId }) => ours.includes(jobId) && !consumed.has(jobId));
  return lie && { said: `job ${lie.jobId} consumed`, found: `job ${lie.jobId} not consumed` };
}
