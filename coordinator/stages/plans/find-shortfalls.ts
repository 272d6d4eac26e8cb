import {
  arrivingUsd,
  inDoubtUsd,
  type PendingEffect,
} from "#coordinator/records/planning/pending-effect.ts";
import {
  assessCapital,
  type CapitalAssessment,
} from "#coordinator/stages/capital/assess-capital.ts";
import type { ShardInput } from "#coordinator/stages/trades/hedge-option.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";

export type TransferPlanContext = {
  readonly inputs: readonly ShardInput[];
  /** In flight, and the hedges planned before in this pass. */
  readonly effects: readonly PendingEffect[];
  readonly policy: Policy;
};

/** Shards whose collateral is, or without what is on its way would be, below what they need; worst first. */
export function shortfalls(context: TransferPlanContext): ShardInput[] {
  return context.inputs
    .filter((input) => input.valuation.unvalued.size === 0 && !input.status.isCarried)
    .map((input) => ({
      input,
      capital: assessCapital(input.valuation, input.setup, context.effects, context.policy),
    }))
    .filter(({ input, capital }) => {
      return Math.min(capital.surplusUsd, withoutArriving(input, context).surplusUsd) < 0;
    })
    .sort((left, right) => left.capital.surplusUsd - right.capital.surplusUsd)
    .map(({ input }) => input);
}

/** What a shard in shortfall lacks, in the figures it was found by: nothing on its way to it counts, and the text says so. */
export function shortfallText(input: ShardInput, context: TransferPlanContext): string {
  const { shard } = input.setup;
  const alone = withoutArriving(input, context);
  const { collateralUsdAfterHaircut: heldUsd, requiredCapitalUsd: requiredUsd } = alone;
  const cashLackUsd = -alone.surplusUsd;
  // Rounded away from each other: what is short by a cent must not read as enough.
  const lack =
    cashLackUsd > requiredUsd - heldUsd
      ? `lacks ${Math.ceil(cashLackUsd)} USD of cash for its expired series`
      : `holds ${Math.floor(heldUsd)} of ${Math.ceil(requiredUsd)} USD required`;
  const sureUsd = arrivingUsd(context.effects, shard);
  const perhapsUsd = inDoubtUsd(context.effects, shard);
  const coming = sureUsd > 0 ? `, without ${sureUsd.toFixed(0)} USD on its way` : "";
  const inDoubt =
    perhapsUsd > 0 ? `, without ${perhapsUsd.toFixed(0)} USD that its book may show already` : "";
  return `${lack}${coming}${inDoubt}`;
}

/** Capital of a shard as if nothing on its way to it ever arrived. */
export function withoutArriving(
  input: ShardInput,
  { effects, policy }: TransferPlanContext,
): CapitalAssessment {
  const others = effects.filter((effect) => effect.target !== input.setup.shard);
  return assessCapital(input.valuation, input.setup, others, policy);
}

/**
 * Why nothing is sent to a shard in shortfall: what is on its way ends it, or what has perhaps come, and perhaps not,
 * would. Undefined when it is short whichever is true.
 */
export function whyNothingIsSent(
  target: ShardInput,
  context: TransferPlanContext,
): string | undefined {
  const { shard } = target.setup;
  const sureUsd = arrivingUsd(context.effects, shard);
  const perhapsUsd = inDoubtUsd(context.effects, shard);
  const alone = withoutArriving(target, context);
  if (sureUsd > 0 && alone.surplusUsd + sureUsd >= 0)
    return "shortfall, covered by what is on its way";
  if (perhapsUsd > 0 && alone.surplusUsd + sureUsd + perhapsUsd >= 0)
    return "shortfall, perhaps covered by a transfer that its book may show already: its chain is asked";
  return undefined;
}

/** Shards in shortfall that need something sent; worst first. */
export function uncoveredShards(context: TransferPlanContext): ShardInput[] {
  return shortfalls(context).filter((input) => whyNothingIsSent(input, context) === undefined);
}
