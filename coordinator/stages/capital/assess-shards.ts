import type { PendingEffect } from "#coordinator/records/planning/pending-effect.ts";
import type { ShardValuation } from "#coordinator/records/planning/shard-valuation.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import {
  assessCapital,
  type CapitalAssessment,
} from "#coordinator/stages/capital/assess-capital.ts";
import {
  mutualiseCapital,
  type PoolMember,
} from "#coordinator/stages/capital/mutualise-capital.ts";
import type { ShardStatus } from "#coordinator/stages/safety/judge-shard.ts";
import type { ShardInput } from "#coordinator/stages/trades/hedge-option.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";

type Pool = {
  readonly setups: ReadonlyMap<string, ShardSetup>;
  readonly statuses: ReadonlyMap<string, ShardStatus>;
  readonly effects: readonly PendingEffect[];
  readonly policy: Policy;
};

/**
 * Gives each shard of the pool its share of what all of them must hold together: those that could give collateral now,
 * because they report, are in `run` and take jobs, and their whole book can be valued.
 */
export function withMutualShares(
  valued: readonly ShardValuation[],
  { setups, statuses, effects, policy }: Pool,
): ShardValuation[] {
  if (policy.capital.mutualisedFraction === 0) return [...valued];
  const members = valued.flatMap((valuation): PoolMember[] => {
    const setup = setups.get(valuation.shard);
    const status = statuses.get(valuation.shard);
    const isGiving = status?.mode === "run" && status.takesJobs;
    const isIn = isGiving && valuation.unvalued.size === 0;
    return setup === undefined || !isIn ? [] : [{ setup, valuation }];
  });
  const shares = mutualiseCapital(members, effects, policy);
  return valued.map((valuation) => {
    const mutualUsd = shares.get(valuation.shard);
    return mutualUsd === undefined ? valuation : { ...valuation, mutualUsd };
  });
}

/** Every shard's capital; one whose book is only carried, or not proved, has no surplus, whatever that book says. */
export function assessAll(
  inputs: readonly ShardInput[],
  effects: readonly PendingEffect[],
  policy: Policy,
): (ShardInput & { readonly capital: CapitalAssessment })[] {
  return inputs.map((input) => {
    const capital = assessCapital(input.valuation, input.setup, effects, policy);
    const { isCarried, isUnseen } = input.status;
    const surplusUsd = isCarried || isUnseen ? Math.min(0, capital.surplusUsd) : capital.surplusUsd;
    return { ...input, capital: { ...capital, surplusUsd } };
  });
}
