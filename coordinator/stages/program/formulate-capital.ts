import {
  assessCapital,
  type CapitalAssessment,
  settlementHaircut,
} from "#coordinator/stages/capital/assess-capital.ts";
import { mutualPart } from "#coordinator/stages/capital/required-capital.ts";
import { uncoveredShards, withoutArriving } from "#coordinator/stages/plans/find-shortfalls.ts";
import {
  chainCapitalUsd,
  chainLiabilityUsd,
  leavingUsd,
} from "#coordinator/stages/plans/plan-transfers.ts";
import type { HedgeVariables } from "#coordinator/stages/program/formulate-hedges.ts";
import { addLosses, type Losses } from "#coordinator/stages/program/formulate-losses.ts";
import {
  premiumTerms,
  type SeriesVariables,
  worseByOptions,
} from "#coordinator/stages/program/formulate-options.ts";
import type { TransferVariables } from "#coordinator/stages/program/formulate-transfers.ts";
import type { PlanningWorld } from "#coordinator/stages/program/planning-world.ts";
import type { ProgramBuilder, Terms } from "#coordinator/stages/program/program-builder.ts";
import type { ShardInput } from "#coordinator/stages/trades/hedge-option.ts";
import { cashPerPremium } from "#coordinator/stages/trades/series-options.ts";
import { slippageKept } from "#coordinator/stages/trades/swap-action.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";

type CapitalContext = {
  readonly world: PlanningWorld;
  readonly hedges: readonly HedgeVariables[];
  readonly series: readonly SeriesVariables[];
  readonly transfers: readonly TransferVariables[];
};

/** One shard's part of the program. */
type ShardPart = {
  readonly input: ShardInput;
  readonly world: PlanningWorld;
  readonly hedges: readonly HedgeVariables[];
  readonly series: readonly SeriesVariables[];
  readonly outgoing: readonly TransferVariables[];
  readonly incoming: readonly TransferVariables[];
  /** In shortfall, whether or not an open route leads to it. */
  readonly isNeedy: boolean;
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
  const { world } = context;
  const needy = world.mayTransfer ? uncoveredShards(world) : [];
  for (const input of world.inputs) {
    const part: ShardPart = {
      input,
      world,
      isNeedy: needy.includes(input),
      hedges: context.hedges.filter(({ option }) => option.input === input),
      series: context.series.filter(({ option }) => option.input === input),
      outgoing: context.transfers.filter(({ source }) => source === input),
      incoming: context.transfers.filter(({ target }) => target === input),
    };
    const columns = [part.hedges, part.series, part.outgoing, part.incoming];
    if (part.isNeedy || columns.some((one) => one.length > 0)) addShard(builder, part);
  }
}

function addShard(builder: ProgramBuilder, part: ShardPart): void {
  const { input, world, hedges } = part;
  const { shard } = input.setup;
  const { bufferMultiplier } = world.policy.capital;
  const capital = assessCapital(input.valuation, input.setup, world.effects, world.policy);
  const losses = addLosses(builder, part);
  if (hedges.length + part.series.length > 0) addSolvency(builder, part, { capital, losses });
  const freeUsd =
    unitsFromRaw(capital.freeCashRaw, input.setup.settlement.decimals) *
    input.valuation.settlementUsd;
  const spent = [...spendingTerms(part), ...amounts(part.outgoing)];
  if (spent.length > 0) builder.atMost(`cash ${shard}`, spent, freeUsd, "USD");
  if (part.outgoing.length === 0 && !part.isNeedy) return;
  const worst = addRequirement(builder, part, losses);
  if (part.outgoing.length > 0) addSource(builder, part, worst);
  if (part.isNeedy) {
    const lacking = builder.column(`uncovered ${shard}`, {
      cost: world.policy.planning.shortfallPenaltyFraction,
      riskUsd: 1,
      before: capital.missingUsd,
    });
    const depeg = settlementHaircut(input.valuation, world.policy);
    const kept = (1 - world.policy.transfers.inTransitHaircutFraction) * (1 - depeg);
    const arriving = part.incoming.map(({ amount }): [number, number] => [amount, kept]);
    builder.atLeast(
      `cover ${shard}`,
      [
        [lacking, 1],
        ...arriving,
        ...boughtTerms(part),
        ...negated(worseByOptions(part.series)),
        [worst.column, -bufferMultiplier],
      ],
      -capital.collateralUsdAfterHaircut,
      "USD",
    );
    builder.atLeast(`cash due ${shard}`, [[lacking, 1], ...arriving], cashLackUsd(capital), "USD");
  }
}

/**
 * Every subset of a shard's trades leaves it solvent, or, where it is short already, not shorter: each underlying's trade
 * counts by how much it worsens the shard, and by nothing where it improves it, since it may be the one that is not done.
 */
function addSolvency(
  builder: ProgramBuilder,
  { input, world, hedges, series }: ShardPart,
  { capital, losses }: { readonly capital: CapitalAssessment; readonly losses: Losses },
): void {
  const { shard } = input.setup;
  const { bufferMultiplier, scenarioMultiplier } = world.policy.capital;
  const collateralUsd = capital.collateralUsdAfterHaircut;
  const leastUsd =
    Math.min(0, collateralUsd - capital.requiredCapitalUsd * bufferMultiplier) - 1e-6;
  const { isolatedWeight, sharedUsd } = mutualPart(input.valuation, world.policy);
  const perLoss = bufferMultiplier * scenarioMultiplier * isolatedWeight;
  const worse = losses.traded.map(({ ticker, afterColumn, nowUsd }): [number, number] => {
    const column = builder.column(`worse by ${ticker} ${shard}`, {});
    const change = collateralTerms(hedges.filter((hedge) => hedge.underlying === ticker));
    builder.atLeast(
      `worse by ${ticker} ${shard}`,
      [[column, 1], ...change, [afterColumn, -perLoss]],
      -perLoss * nowUsd,
    );
    return [column, 1];
  });
  const nowUsd = losses.fixedUsd + scenarioMultiplier * sum(losses.traded, (one) => one.nowUsd);
  const requiredUsd = isolatedWeight * nowUsd + sharedUsd;
  const slackUsd = collateralUsd - bufferMultiplier * requiredUsd - leastUsd;
  builder.atMost(`solvency ${shard}`, [...worse, ...worseByOptions(series)], slackUsd, "USD");
  const paid = premiumTerms(series).concat(
    hedges.flatMap(({ option, segments }) => {
      return segments.flatMap(({ column, costUsdPerUnit }): [number, number][] => {
        const takenUsd = costUsdPerUnit - option.carryUsdPerUnit + option.chainUsdPerUnit;
        return takenUsd > 0 ? [[column, takenUsd]] : [];
      });
    }),
  );
  const floorUsd = isolatedWeight * chainLiabilityUsd(input) + sharedUsd;
  const liabilityUsd = floorUsd * bufferMultiplier;
  const chainUsd = Math.max(0, chainCapitalUsd(input));
  const mostUsd = Math.min(chainUsd, collateralUsd - liabilityUsd - leastUsd);
  builder.atMost(`capital on chain ${shard}`, paid, mostUsd, "USD");
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
  const optionsUsd = sum(part.series, ({ option }) => option.limitUnits * option.slackUsdPerUnit);
  const big =
    bufferMultiplier * worst.mostUsd +
    Math.abs(alone.collateralUsdAfterHaircut) +
    tradedUsd +
    optionsUsd;
  const spent: Terms = [
    ...amounts(outgoing),
    ...negated(boughtTerms(part)),
    ...worseByOptions(part.series),
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
    [...amounts(outgoing), ...premiumTerms(part.series), [worst.column, 1], [sends, big]],
    roomUsd + big,
    "USD",
  );
}

/** Required capital whichever of the shard's trades are done. */
function addRequirement(
  builder: ProgramBuilder,
  { input, world }: ShardPart,
  { fixedUsd, traded }: Losses,
): Requirement {
  const { shard } = input.setup;
  const { scenarioMultiplier } = world.policy.capital;
  const { isolatedWeight, sharedUsd } = mutualPart(input.valuation, world.policy);
  const lower = isolatedWeight * chainLiabilityUsd(input) + sharedUsd;
  const column = builder.column(`requirement ${shard}`, { lower });
  const terms = traded.map(({ ticker, nowUsd, afterColumn }): [number, number] => {
    const worst = builder.column(`worst ${ticker} ${shard}`, { lower: nowUsd });
    builder.atLeast(
      `worst ${ticker} ${shard}`,
      [
        [worst, 1],
        [afterColumn, -1],
      ],
      0,
    );
    return [worst, -isolatedWeight * scenarioMultiplier];
  });
  builder.atLeast(
    `requirement ${shard}`,
    [[column, 1], ...terms],
    isolatedWeight * fixedUsd + sharedUsd,
  );
  const isolatedMostUsd = fixedUsd + scenarioMultiplier * sum(traded, (one) => one.mostUsd);
  const mostUsd = isolatedWeight * isolatedMostUsd + sharedUsd;
  return { column, mostUsd: Math.max(lower, mostUsd) };
}

/** Change of the shard's collateral after haircut per unit of each stretch: cost, and haircut on what it holds then. */
function collateralTerms(hedges: readonly HedgeVariables[]): Terms {
  return hedges.flatMap(({ option, segments }) => {
    return segments.map(({ column, costUsdPerUnit }): [number, number] => {
      return [column, option.carryUsdPerUnit - costUsdPerUnit - option.haircutUsdPerUnit];
    });
  });
}

/** Collateral after haircut lost per unit bought while it is not known whether a trade is done: a sale frees nothing yet. */
function boughtTerms({ hedges }: ShardPart): Terms {
  return hedges
    .filter(({ sign, option }) => sign === 1 && option.venue.kind === "spot")
    .flatMap(({ option, segments }) => {
      return segments.map(({ column }): [number, number] => [
        column,
        -Math.max(0, option.haircutUsdPerUnit),
      ]);
    });
}

function negated(terms: Terms): [number, number][] {
  return terms.map(([at, by]) => [at, -by]);
}

/**
 * Cash a shard's buys take, per unit of each stretch. Beside anything else that takes cash a purchase takes the most it may
 * spend: that much is set aside for it.
 */
function spendingTerms({ hedges, series, outgoing, world }: ShardPart): Terms {
  const perPremium = cashPerPremium(world.policy, true);
  const forOptions = premiumTerms(series.filter(({ option }) => option.isAwaitingCash)).map(
    ([at, by]): [number, number] => [at, by * perPremium],
  );
  const buys = hedges.filter(({ option }) => option.cashUsdPerUnit > 0);
  const isAlone = buys.length + outgoing.length + forOptions.length === 1;
  const forHedges = buys.flatMap(({ option, segments }) => {
    const kept = isAlone ? 1 : slippageKept(option, world.policy);
    return segments.map(({ column, costUsdPerUnit }): [number, number] => {
      const paidUsd = option.cashUsdPerUnit + costUsdPerUnit;
      return [column, Math.max(paidUsd, option.fairSpotUsd) / kept];
    });
  });
  return [...forOptions, ...forHedges];
}

function amounts(transfers: readonly TransferVariables[]): [number, number][] {
  return transfers.map(({ amount }) => [amount, 1]);
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
