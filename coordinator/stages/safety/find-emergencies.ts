import {
  type BreakerState,
  GLOBAL_SCOPE,
  levelOf,
} from "#coordinator/records/safety/breaker-state.ts";
import type { CapitalAssessment } from "#coordinator/stages/capital/assess-capital.ts";
import type { NetOutcome } from "#coordinator/stages/risk/net-risk.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import { slippageMaxFraction } from "#shared/policy/slippage.ts";

type Breakers = Readonly<Record<string, BreakerState>>;

export type EmergencyContext = {
  readonly nets: ReadonlyMap<string, NetOutcome>;
  readonly spotUsd: ReadonlyMap<string, number>;
  readonly policy: Policy;
  /** One for each shard whose whole book could be valued. */
  readonly capital: readonly CapitalAssessment[];
  /** True when every shard's book could be valued: only then is it known what all have together. */
  readonly isWhole: boolean;
  readonly breakers: Breakers;
};

/**
 * Underlyings in emergency, with the reason: the net delta may be beyond its limit at an end of its interval; all
 * shards together hold less than they must, so that no transfer can help and only less risk does; or a breaker for
 * losses of the whole is tripped. Breakers for what cannot be known, such as feeds, are no reason to pay more.
 */
export function findEmergencies(context: EmergencyContext): Map<string, string> {
  const short = context.isWhole ? togetherShort(context.capital) : undefined;
  const losing = lossBreaker(context.breakers);
  const found = [...context.nets].flatMap(([ticker, outcome]): [string, string][] => {
    if (!outcome.netted) return [];
    const reason = beyondLimit(ticker, outcome, context) ?? short ?? losing;
    return reason === undefined ? [] : [[ticker, reason]];
  });
  return new Map(found);
}

function beyondLimit(
  ticker: string,
  outcome: NetOutcome & { readonly netted: true },
  { policy, spotUsd }: EmergencyContext,
): string | undefined {
  const limitUsd = policy.underlyings[ticker]?.netDeltaLimitUsd;
  const spot = spotUsd.get(ticker);
  if (limitUsd === undefined || spot === undefined) return undefined;
  const [low, high] = outcome.net.limitIntervalUnits;
  const isBeyond = Math.max(Math.abs(low), Math.abs(high)) * spot > limitUsd;
  return isBeyond ? `net delta may be beyond ${limitUsd} USD` : undefined;
}

function togetherShort(capital: readonly CapitalAssessment[]): string | undefined {
  const heldUsd = sum(capital.map((one) => one.collateralUsdAfterHaircut));
  const requiredUsd = sum(capital.map((one) => one.requiredCapitalUsd));
  if (requiredUsd === 0 || heldUsd >= requiredUsd) return undefined;
  return `all shards together hold ${heldUsd.toFixed(0)} of ${requiredUsd.toFixed(0)} USD required`;
}

function lossBreaker(breakers: Breakers): string | undefined {
  const tripped = Object.values(breakers).find((one) => {
    const isLoss = one.kind === "lossVelocity" || one.kind === "drawdown";
    return isLoss && one.scope === GLOBAL_SCOPE && levelOf(one) !== "run";
  });
  return tripped === undefined ? undefined : `breaker ${tripped.kind}: ${levelOf(tripped)}`;
}

/** The policy of a pass: underlyings in emergency may be hedged at the price the policy allows only then. */
export function emergencyPolicy(policy: Policy, emergencies: ReadonlyMap<string, string>): Policy {
  const wide = policy.hedging.emergencySlippageMaxFraction;
  if (wide === null || emergencies.size === 0) return policy;
  const underlyings = Object.entries(policy.underlyings).map(([ticker, limits]) => {
    if (!emergencies.has(ticker)) return [ticker, limits];
    return [
      ticker,
      { ...limits, slippageMaxFraction: Math.max(wide, slippageMaxFraction(policy, ticker)) },
    ];
  });
  return { ...policy, underlyings: Object.fromEntries(underlyings) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
