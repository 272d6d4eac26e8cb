import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { creditsInDoubt } from "#coordinator/cycles/jobs/follow-credits.ts";
import type { LastReportView, PerpView, ShardView } from "#coordinator/ports/operator.ts";
import { type BookEntry, entryAgeMs } from "#coordinator/records/book-entry.ts";
import { holdOf, isSaidHeld } from "#coordinator/records/jobs/transfer-record.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import { shardSafety } from "#coordinator/stages/safety/judge-breakers.ts";
import { judgeShard } from "#coordinator/stages/safety/judge-shard.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";
import type { PerpLine } from "#shared/wire/shard-report.ts";

const PERP_DECIMALS = 18;

/** One shard as the last pass valued it, with its mode and ages as of now. */
export function shardView(state: CoordinatorState, setup: ShardSetup, nowMs: number): ShardView {
  const { shard, chainId } = setup;
  const entry = state.books.get(shard);
  const valuation = state.view?.valuations.get(shard);
  const capital = valuation?.unvalued.size === 0 ? state.view?.capital.get(shard) : undefined;
  const count = state.reports.get(shard);
  const greeks = [...(valuation?.underlyings ?? [])].map(([ticker, one]) => [ticker, one.greeks]);
  return {
    id: shard,
    chainId,
    ...statusNow(state, setup, nowMs),
    lastReport: entry === undefined ? null : lastReport(entry, nowMs),
    greeks: Object.fromEntries(greeks),
    equityUsd: capital?.equityUsd ?? null,
    collateralUsd: capital?.collateralUsd ?? null,
    collateralUsdAfterHaircut: capital?.collateralUsdAfterHaircut ?? null,
    inDoubtUsd: inDoubtUsd(state, shard),
    requiredCapitalUsd: capital?.requiredCapitalUsd ?? null,
    mutualUsd: valuation?.mutualUsd ?? null,
    riskAdjustedCapitalUsd: state.view?.adjusted.byShard.get(shard) ?? null,
    surplusUsd: capital?.surplusUsd ?? null,
    solvencyRatio: capital?.solvencyRatio ?? null,
    perps: entry?.report.perps.map(perpView) ?? [],
    epoch: entry?.report.chain.epoch ?? null,
    senders: entry?.report.senders ?? [],
    acceptedReports: count?.accepted ?? 0,
    refusedReports: Object.fromEntries(count?.refused ?? []),
  };
}

function inDoubtUsd(state: CoordinatorState, shard: string): number {
  const inDoubt = creditsInDoubt(state);
  return [...state.jobs.values()].reduce((sum, { jobId, target, amountUsd }) => {
    return target === shard && inDoubt.has(jobId) ? sum + amountUsd : sum;
  }, 0);
}

function statusNow(
  state: CoordinatorState,
  setup: ShardSetup,
  nowMs: number,
): Pick<ShardView, "mode" | "reasons"> {
  const { mode, reasons } = judgeShard({
    setup,
    entry: state.books.get(setup.shard),
    takeOver: state.takeOvers.get(setup.shard) ?? {
      state: "waiting",
      reason: "unknown shard",
      isReachable: false,
    },
    isReduceOnly: state.policy.reduceOnlyShards.includes(setup.shard),
    hold: holdOf([...state.transfers.values()].filter(isSaidHeld), setup.shard),
    haltReasons: state.view?.mode.mode === "halt" ? state.view.mode.reasons : [],
    nowMs,
    safety: shardSafety(state.safety, setup.shard),
  });
  return { mode, reasons };
}

function perpView(line: PerpLine): PerpView {
  return {
    venue: line.venue,
    market: line.market,
    underlying: line.underlying,
    sizeUnits: unitsFromRaw(BigInt(line.sizeE18), PERP_DECIMALS),
    markUsd: line.markUsd,
    accountValueUsd: line.accountValueUsd,
    marginRatio: line.marginRatio,
    maintenanceMarginFraction: line.maintenanceMarginFraction,
    fundingFractionPerDay: line.fundingFractionPerDay,
    acceptsTrades: line.acceptsTrades,
    isIndexTimedOut: line.isIndexTimedOut,
  };
}

function lastReport(entry: BookEntry, nowMs: number): LastReportView {
  const { agent, seq, block } = entry.report;
  return {
    agent,
    seq,
    blockNumber: block.number,
    blockHash: block.hash,
    blockTimestampMs: block.timestampMs,
    acceptedAtMs: entry.acceptedAtMs,
    ageMs: entryAgeMs(entry, nowMs),
  };
}
