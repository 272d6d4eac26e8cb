import type { UnderlyingValuation } from "#coordinator/records/planning/shard-valuation.ts";
import {
  fixedRequirementUsd,
  movedRange,
  NOTHING_PENDING,
  type PendingRange,
  pendingRanges,
  worstLossOverUsd,
} from "#coordinator/stages/capital/required-capital.ts";
import type { HedgeVariables } from "#coordinator/stages/program/formulate-hedges.ts";
import { type LossLine, lossLines } from "#coordinator/stages/program/loss-lines.ts";
import type { PlanningWorld } from "#coordinator/stages/program/planning-world.ts";
import type { ProgramBuilder } from "#coordinator/stages/program/program-builder.ts";
import type { ShardInput } from "#coordinator/stages/trades/hedge-option.ts";

type ShardTrades = {
  readonly input: ShardInput;
  readonly world: PlanningWorld;
  readonly hedges: readonly HedgeVariables[];
};

/** Worst losses of a shard, before its multiplier: fixed ones with all else that is required, and those a trade changes. */
export type Losses = {
  /** In USD, multiplier applied: everything required that no trade changes. */
  readonly fixedUsd: number;
  readonly traded: readonly {
    readonly ticker: string;
    /** With jobs in flight, without the trade. */
    readonly nowUsd: number;
    /** With the trade done. */
    readonly afterColumn: number;
    readonly mostUsd: number;
  }[];
};

/** Columns for the worst loss of each underlying once its trade is done, whichever of the jobs in flight are. */
export function addLosses(builder: ProgramBuilder, { input, world, hedges }: ShardTrades): Losses {
  const { shard } = input.setup;
  const pending = pendingRanges(shard, world.effects);
  const traded: Losses["traded"][number][] = [];
  let fixedUsd = 0;
  for (const [ticker, own] of input.valuation.underlyings) {
    fixedUsd += fixedRequirementUsd(own, world.policy);
    const trades = hedges.filter((hedge) => hedge.underlying === ticker);
    const range = pending.get(ticker) ?? NOTHING_PENDING;
    const nowUsd = worstLossOverUsd(own, range);
    const [first] = trades;
    if (first === undefined) {
      fixedUsd += nowUsd * world.policy.capital.scenarioMultiplier;
      continue;
    }
    const limitUnits = Math.max(...trades.map(({ option }) => option.limitUnits));
    const lines = [range.lowUnits, range.highUnits].flatMap((extraUnits) => {
      return lossLines(withOptions(own, range), { extraUnits, sign: first.sign, limitUnits });
    });
    const afterColumn = addWorstLoss(builder, trades, lines, `${ticker} ${shard}`);
    const farUsd = worstLossOverUsd(own, movedRange(range, first.sign * limitUnits));
    traded.push({ ticker, nowUsd, afterColumn, mostUsd: Math.max(nowUsd, farUsd) });
  }
  return { fixedUsd, traded };
}

/** The book with option trades in flight where they lose. */
function withOptions(
  own: UnderlyingValuation,
  { optionLossUsd }: PendingRange,
): UnderlyingValuation {
  if (optionLossUsd.length === 0) return own;
  const gridPnlUsd = own.gridPnlUsd.map((pnl, index) => pnl + (optionLossUsd[index] ?? 0));
  return { ...own, gridPnlUsd };
}

function addWorstLoss(
  builder: ProgramBuilder,
  traded: readonly HedgeVariables[],
  lines: readonly LossLine[],
  name: string,
): number {
  const column = builder.column(`worst loss ${name}`, {});
  const parts = traded.flatMap(({ segments }) => segments.map((segment) => segment.column));
  for (const { atZeroUsd, usdPerUnit } of lines) {
    const terms = parts.map((part): [number, number] => [part, -usdPerUnit]);
    builder.atLeast(`worst loss ${name}`, [[column, 1], ...terms], atZeroUsd);
  }
  return column;
}
