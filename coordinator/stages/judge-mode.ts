import type { ManualHalt } from "#coordinator/records/manual-halt.ts";
import type { NetOutcome } from "#coordinator/stages/net-risk.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";

export type ModeJudgement = {
  readonly mode: "run" | "halt";
  /** Why it halts; empty in `run`. */
  readonly reasons: readonly string[];
  /** Underlyings whose exposure is known for certain to be beyond its limit: reducing it stays allowed. */
  readonly reducible: ReadonlySet<string>;
};

/**
 * Run or halt. A manual halt stops everything until a person resumes. The automatic one holds while
 * |net delta| may be beyond `netDeltaLimitUsd` of some underlying, at either end of its interval, and
 * lifts itself when that is over. When even the near end is beyond the limit the exposure is certain:
 * then a hedge that reduces it is still allowed, or the halt could never end.
 *
 * @param manual The halt a person ordered, if there is one.
 * @param invariant An invariant that was found broken, if one was: it stops everything likewise.
 * @param nets One outcome per underlying with the spot it was netted on.
 */
export function judgeMode(
  manual: ManualHalt | undefined,
  invariant: string | undefined,
  nets: ReadonlyMap<string, { readonly outcome: NetOutcome; readonly spotUsd: number | null }>,
  policy: Policy,
): ModeJudgement {
  const reasons: string[] = [];
  const isOrdered = manual !== undefined || invariant !== undefined;
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
  return {
    mode: reasons.length > 0 ? "halt" : "run",
    reasons,
    reducible: isOrdered ? new Set() : reducible,
  };
}
