import type {
  AuditQuestions,
  DepthQuestion,
  PerpDepthQuestion,
} from "#coordinator/records/safety/chain-audit.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import type { Hex } from "#shared/units/ids.ts";
import type { ShardReport } from "#shared/wire/shard-report.ts";

/** Most questions of one kind per look, so that a report of many lines costs no more than one of few. */
export const QUESTIONS_MAX = 16;

/**
 * What to ask a shard's chain because of what its report says. Of more than {@link QUESTIONS_MAX} pools, perpetuals or
 * points of depth another part is asked with each turn, so that every one is asked in the end.
 *
 * @param o.guids Messages whose arrival matters to us.
 * @param o.turn Counts the looks at this shard.
 */
export function askChain(
  report: ShardReport,
  setup: ShardSetup,
  o: {
    readonly jobIds: readonly Hex[];
    readonly guids: ReadonlySet<string>;
    readonly turn: number;
  },
): AuditQuestions {
  const credits = report.deliveredTransfers.filter(({ guid, blockNumber }) => {
    return o.guids.has(guid) && blockNumber <= report.block.number;
  });
  return {
    jobIds: o.jobIds,
    credits: credits.map(({ guid, blockNumber }) => ({ guid, blockNumber })),
    perpMarkets: inTurn(report.perps, o.turn).map(({ adapter, market }) => {
      return { adapter, market };
    }),
    pools: inTurn(report.capacity, o.turn).map(({ adapter, pool }) => ({ adapter, pool })),
    depth: inTurn(poolPoints(report, setup), o.turn),
    perpDepth: inTurn(perpPoints(report), o.turn),
  };
}

function poolPoints({ capacity }: ShardReport, { settlement }: ShardSetup): DepthQuestion[] {
  return capacity.flatMap(({ pool, token, buy, sell }) => [
    ...buy.map(({ amountInRaw }) => {
      return { pool, assetIn: settlement.token, assetOut: token, amountInRaw };
    }),
    ...sell.map(({ amountInRaw }) => {
      return { pool, assetIn: token, assetOut: settlement.token, amountInRaw };
    }),
  ]);
}

function perpPoints({ perps }: ShardReport): PerpDepthQuestion[] {
  return perps.flatMap(({ adapter, market, buy, sell }) => {
    const of = (side: "buy" | "sell", points: typeof buy) =>
      points.map(({ sizeE18 }) => ({ adapter, market, side, sizeE18 }));
    return [...of("buy", buy), ...of("sell", sell)];
  });
}

/** All of a short list; of a long one the part whose turn it is. */
function inTurn<T>(points: readonly T[], turn: number): T[] {
  if (points.length <= QUESTIONS_MAX) return [...points];
  const start = (turn * QUESTIONS_MAX) % points.length;
  return Array.from({ length: QUESTIONS_MAX }, (_, at) => {
    return points[(start + at) % points.length] as T;
  });
}
