import type { SafetyLevel } from "#coordinator/records/safety/breaker-state.ts";
import type { ManualHalt } from "#coordinator/records/safety/manual-halt.ts";
import type { NetOutcome } from "#coordinator/stages/risk/net-risk.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";

export type ModeJudgement = {
  readonly mode: SafetyLevel;
  /** Why it halts or only reduces; empty in `run`. */
  readonly reasons: readonly string[];
  /** Underlyings whose exposure is known for certain to be beyond its limit: reducing it stays allowed. */
  readonly reducible: ReadonlySet<string>;
};

/** Of the global breakers; `reasons` is empty in `run`. */
export type GlobalLevel = { readonly level: SafetyLevel; readonly reasons: readonly string[] };

/** What stops everything, whatever the net delta. */
export type ModeOrders = {
  /** The halt a person ordered, if there is one. */
  readonly manual: ManualHalt | undefined;
  /** An invariant that was found broken, if one was: it stops everything likewise. */
  readonly invariant: string | undefined;
  readonly breakers: GlobalLevel;
};

/**
 * Run, reduce only, or halt. A manual halt stops everything until a person resumes. The automatic one holds while
 * |net delta| may be beyond `netDeltaLimitUsd` of some underlying, at either end of its interval, and
 * lifts itself when that is over. When even the near end is beyond the limit the exposure is certain:
 * then a hedge that reduces it is still allowed, or the halt could never end. A global breaker halts, or
 * makes every shard reduce-only, until it lifts (coordinator/stages/safety/step-breaker.ts).
 *
 * @param nets One outcome per underlying with the spot it was netted on.
 */
export function judgeMode(
  { manual, invariant, breakers }: ModeOrders,
  nets: ReadonlyMap<string, { readonly outcome: NetOutcome; readonly spotUsd: number | null }>,
  policy: Policy,
): ModeJudgement {
  const isBroken = breakers.level === "halt";
  const reasons: string[] = isBroken ? [...breakers.reasons] : [];
  const isOrdered = manual !== undefined || invariant !== undefined || isBroken;
  const reducible = new Set<string>();
  if (manual !== undefined) reasons.push(`manual: ${manual.reason}`);
  if (invariant !== undefined) reasons.push(`invariant: ${invariant}`);
  for (const [ticker, { outcome, spotUsd }] of nets) {
    const limitUsd = policy.underlyings[ticker]?.netDeltaLimitUsd;
    if (!outcome.netted || spotUsd === null || limitUsd === undefined) continue;
    const [lowUsd, highUsd] = outcome.net.limitIntervalUnits.map((units) => units * spotUsd) as [
      number,
      number,
    ];
    if (lowUsd >= -limitUsd && highUsd <= limitUsd) continue;
    reasons.push(`net-delta-limit: ${ticker} may be beyond ${limitUsd} USD`);
    const [nearLowUsd, nearHighUsd] = outcome.net.staleIntervalUnits.map(
      (units) => units * spotUsd,
    ) as [number, number];
    if (nearLowUsd > limitUsd || nearHighUsd < -limitUsd) reducible.add(ticker);
  }
  if (reasons.length === 0) return { mode: breakers.level, reasons: breakers.reasons, reducible };
  return {
    mode: "halt",
    reasons,
    reducible: isOrdered ? new Set() : reducible,
  };
}
