import {
  assessCapital,
  type CapitalAssessment,
  fixedRequirementUsd,
  pendingDeltas,
  worstLossUsd,
} from "#coordinator/stages/assess-capital.ts";
import type { HedgeVariables } from "#coordinator/stages/formulate-hedges.ts";
import type { TransferVariables } from "#coordinator/stages/formulate-transfers.ts";
import type { ShardInput } from "#coordinator/stages/hedge-options.ts";
import { type LossLine, lossLines } from "#coordinator/stages/loss-lines.ts";
import {
  chainCapitalUsd,
  chainLiabilityUsd,
  leavingUsd,
  withoutArriving,
} from "#coordinator/stages/plan-transfers.ts";
import type { PlanningWorld } from "#coordinator/stages/planning-world.ts";
import type { ProgramBuilder, Terms } from "#coordinator/stages/program-builder.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";

type CapitalContext = {
  readonly world: PlanningWorld;
  readonly hedges: readonly HedgeVariables[];
  readonly transfers: readonly TransferVariables[];
};

/** One shard's part of the program. */
type ShardPart = {
  readonly input: ShardInput;
  readonly world: PlanningWorld;
  readonly hedges: readonly HedgeVariables[];
  readonly outgoing: readonly TransferVariables[];
  readonly incoming: readonly TransferVariables[];
};

/** A column for a shard's required capital in USD, and the most it can come to. */
type Requirement = { readonly column: number; readonly mostUsd: number };

/**
 * Rows that keep every shard solvent after its own trades and before anything arrives, within its cash, and, where it
 * sends collateral, above its requirement and buffer; and what a shard in shortfall still lacks. Required capital is the
 * same figure as everywhere else: fixed parts and the worst loss of each underlying on the standard grid, which is
 * piecewise linear and convex in the trade.
 */
export function addCapital(builder: ProgramBuilder, context: CapitalContext): void {
  for (const input of context.world.inputs) {
    const part: ShardPart = {
      input,
      world: context.world,
      hedges: context.hedges.filter(({ option }) => option.input === input),
      outgoing: context.transfers.filter(({ source }) => source === input),
      incoming: context.transfers.filter(({ target }) => target === input),
    };
    if (part.hedges.length + part.outgoing.length + part.incoming.length > 0)
      addShard(builder, part);
  }
}

function addShard(builder: ProgramBuilder, part: ShardPart): void {
  const { input, world, hedges } = part;
  const { shard } = input.setup;
  const { bufferMultiplier } = world.policy.capital;
  const capital = assessCapital(input.valuation, input.setup, world.effects, world.policy);
  const after = addRequirement(builder, part);
  if (hedges.length > 0) {
    const change = collateralTerms(part);
    const slackUsd =
      capital.collateralUsdAfterHaircut - capital.requiredCapitalUsd * bufferMultiplier;
    const least = Math.min(0, slackUsd) - 1e-6 - capital.collateralUsdAfterHaircut;
    builder.atLeast(
      `solvency ${shard}`,
      [...change, [after.column, -bufferMultiplier]],
      least,
      "USD",
    );
    const chainUsd = Math.max(0, chainCapitalUsd(input));
    builder.atLeast(`capital on chain ${shard}`, change, -chainUsd, "USD");
  }
  const freeUsd =
    unitsFromRaw(capital.freeCashRaw, input.setup.settlement.decimals) *
    input.valuation.settlementUsd;
  const spent = [...spendingTerms(part), ...amounts(part.outgoing)];
  if (spent.length > 0) builder.atMost(`cash ${shard}`, spent, freeUsd, "USD");
  if (part.outgoing.length + part.incoming.length === 0) return;
  // A hedge may also not be done: then the requirement is the present one.
  const worst: Requirement = {
    column: builder.column(`requirement ${shard}`, { lower: capital.requiredCapitalUsd }),
    mostUsd: Math.max(after.mostUsd, capital.requiredCapitalUsd),
  };
  builder.atLeast(
    `requirement ${shard}`,
    [
      [worst.column, 1],
      [after.column, -1],
    ],
    0,
  );
  if (part.outgoing.length > 0) addSource(builder, part, worst);
  if (part.incoming.length > 0) {
    const lacking = builder.column(`uncovered ${shard}`, {
      cost: world.policy.planning.shortfallPenaltyFraction,
    });
    const kept = 1 - world.policy.transfers.inTransitHaircutFraction;
    const arriving = part.incoming.map(({ amount }): [number, number] => [amount, kept]);
    builder.atLeast(
      `cover ${shard}`,
      [[lacking, 1], ...arriving, ...boughtTerms(part), [worst.column, -bufferMultiplier]],
      -capital.collateralUsdAfterHaircut,
      "USD",
    );
    builder.atLeast(`cash due ${shard}`, [[lacking, 1], ...arriving], cashLackUsd(capital), "USD");
  }
}

/** Cash the shard lacks for its expired series; 0 when it lacks none. */
function cashLackUsd(capital: CapitalAssessment): number {
  const isSolvent = capital.collateralUsdAfterHaircut >= capital.requiredCapitalUsd;
  return isSolvent && capital.surplusUsd < 0 ? -capital.surplusUsd : 0;
}

/** What a source sends leaves it its requirement and buffer, and its floor on chain; nothing binds when it sends nothing. */
function addSource(builder: ProgramBuilder, part: ShardPart, worst: Requirement): void {
  const { input, world, outgoing } = part;
  const { shard } = input.setup;
  const { bufferMultiplier } = world.policy.capital;
  const sends = builder.column(`sends ${shard}`, { upper: 1, isInteger: true });
  for (const { used } of outgoing)
    builder.atMost(
      `sends ${shard}`,
      [
        [used, 1],
        [sends, -1],
      ],
      0,
    );
  const alone = withoutArriving(input, world);
  const tradedUsd = part.hedges.reduce((total, { option }) => {
    return total + option.limitUnits * option.depth.spotUsd;
  }, 0);
  const big =
    bufferMultiplier * worst.mostUsd + Math.abs(alone.collateralUsdAfterHaircut) + tradedUsd;
  const spent: Terms = [
    ...amounts(outgoing),
    ...boughtTerms(part).map(([at, by]): [number, number] => [at, -by]),
  ];
  builder.atMost(
    `surplus ${shard}`,
    [...spent, [worst.column, bufferMultiplier], [sends, big]],
    alone.collateralUsdAfterHaircut + big,
    "USD",
  );
  const roomUsd =
    chainCapitalUsd(input) - leavingUsd(input, world.effects) + chainLiabilityUsd(input);
  builder.atMost(
    `floor on chain ${shard}`,
    [...amounts(outgoing), [worst.column, 1], [sends, big]],
    roomUsd + big,
    "USD",
  );
}

/** Required capital once the shard's trades are done, with and without its jobs in flight. */
function addRequirement(builder: ProgramBuilder, part: ShardPart): Requirement {
  const { input, world, hedges } = part;
  const { shard } = input.setup;
  const column = builder.column(`requirement after trades ${shard}`, {
    lower: chainLiabilityUsd(input),
  });
  const pending = pendingDeltas(shard, world.effects);
  const alternatives = pending.size === 0 ? [pending] : [new Map<string, number>(), pending];
  let mostUsd = chainLiabilityUsd(input);
  for (const deltas of alternatives) {
    const terms: [number, number][] = [[column, 1]];
    let [fixedUsd, tradedMostUsd] = [0, 0];
    for (const [ticker, own] of input.valuation.underlyings) {
      fixedUsd += fixedRequirementUsd(own, world.policy);
      const multiplier = world.policy.capital.scenarioMultiplier;
      const traded = hedges.filter((hedge) => hedge.underlying === ticker);
      const extraUnits = deltas.get(ticker) ?? 0;
      const [first] = traded;
      if (first === undefined) {
        fixedUsd += worstLossUsd(own, extraUnits) * multiplier;
        continue;
      }
      const limitUnits = Math.max(...traded.map(({ option }) => option.limitUnits));
      const lines = lossLines(own, { extraUnits, sign: first.sign, limitUnits });
      terms.push([addWorstLoss(builder, traded, lines, `${ticker} ${shard}`), -multiplier]);
      tradedMostUsd += multiplier * worstLossUsd(own, extraUnits + first.sign * limitUnits);
      tradedMostUsd += multiplier * worstLossUsd(own, extraUnits);
    }
    builder.atLeast(`requirement after trades ${shard}`, terms, fixedUsd);
    mostUsd = Math.max(mostUsd, fixedUsd + tradedMostUsd);
  }
  return { column, mostUsd };
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

/** Change of the shard's collateral after haircut per unit of each stretch: cost, and haircut on what is bought. */
function collateralTerms({ hedges, world }: ShardPart): Terms {
  const haircut = world.policy.capital.hedgeHaircutFraction;
  return hedges.flatMap(({ option, sign, segments }) => {
    return segments.map(({ column, costUsdPerUnit }): [number, number] => {
      return [column, -costUsdPerUnit - sign * haircut * option.depth.spotUsd];
    });
  });
}

/** Collateral after haircut lost per unit bought while it is not known whether a trade is done: a sale frees nothing yet. */
function boughtTerms({ hedges, world }: ShardPart): Terms {
  const haircut = world.policy.capital.hedgeHaircutFraction;
  return hedges
    .filter(({ sign }) => sign === 1)
    .flatMap(({ option, segments }) => {
      return segments.map(({ column }): [number, number] => {
        return [column, -haircut * option.depth.spotUsd];
      });
    });
}

/** Cash a shard's buys take, per unit of each stretch. */
function spendingTerms({ hedges }: ShardPart): Terms {
  return hedges
    .filter(({ sign }) => sign === 1)
    .flatMap(({ option, segments }) => {
      return segments.map(({ column, costUsdPerUnit }): [number, number] => {
        return [column, option.depth.spotUsd + costUsdPerUnit];
      });
    });
}

function amounts(transfers: readonly TransferVariables[]): [number, number][] {
  return transfers.map(({ amount }) => [amount, 1]);
}
