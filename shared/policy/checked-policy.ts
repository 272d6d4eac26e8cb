import type { z } from "zod";
import { type Policy, policySchema } from "#shared/policy/policy-schema.ts";
import { REFUSALS_MAX } from "#shared/policy/safety-policy.ts";

/**
 * The policy's schema with the rules that tie fields together. Each rule is directional: it refuses
 * the side on which the field would switch a protection off.
 */
export const checkedPolicySchema = policySchema.superRefine((policy, context) => {
  checkUnderlyings(policy, context);
  checkTransfers(policy, context);
  checkTriggers(policy, context);
  checkBreakers(policy, context);
  checkRefusals(policy.breakers, context);
  if (policy.hedging.slippageMaxFraction >= 1) {
    report(
      context,
      ["hedging", "slippageMaxFraction"],
      "must be below 1, or a swap may return nothing",
    );
  }
  const { slippageMaxFraction } = policy.hedging;
  const { method, bandPenaltyFraction } = policy.planning;
  if (method === "milp" && bandPenaltyFraction <= slippageMaxFraction && slippageMaxFraction < 1) {
    report(
      context,
      ["planning", "bandPenaltyFraction"],
      `must be above hedging.slippageMaxFraction (${slippageMaxFraction}), or a dear hedge is never worth it`,
    );
  }
  if (policy.staleness.feedMaxMs < policy.staleness.reportFloorMs) {
    report(
      context,
      ["staleness", "feedMaxMs"],
      `must be >= staleness.reportFloorMs (${policy.staleness.reportFloorMs}), or every report outlives its feeds`,
    );
  }
});

type Context = z.RefinementCtx;

function checkUnderlyings(policy: Policy, context: Context): void {
  if (Object.keys(policy.underlyings).length === 0) {
    report(context, ["underlyings"], "must hold at least one underlying");
  }
  for (const [ticker, limits] of Object.entries(policy.underlyings)) {
    const at = (field: string): string[] => ["underlyings", ticker, field];
    if (limits.costFraction === 0)
      report(context, at("costFraction"), "must be > 0, or no trade is worth its gas");
    if (limits.bandFloorUsd >= limits.netDeltaLimitUsd) {
      report(
        context,
        at("bandFloorUsd"),
        `must be below netDeltaLimitUsd (${limits.netDeltaLimitUsd})`,
      );
    }
    if (limits.hedgeNotionalMaxUsd < limits.bandFloorUsd) {
      report(
        context,
        at("hedgeNotionalMaxUsd"),
        `must be >= bandFloorUsd (${limits.bandFloorUsd})`,
      );
    }
    if ((limits.slippageMaxFraction ?? 0) >= 1)
      report(context, at("slippageMaxFraction"), "must be below 1, or a swap may return nothing");
    if (limits.bandCapNavFraction === 0) report(context, at("bandCapNavFraction"), "must be > 0");
    if (limits.sourceDisagreementMaxFraction === 0) {
      report(
        context,
        at("sourceDisagreementMaxFraction"),
        "must be > 0, or two live sources never agree",
      );
    }
  }
}

/** What acts early must leave off before the place where hedges end, or it would trade the same again. */
function checkTriggers({ triggers, underlyings, hedging }: Policy, context: Context): void {
  const targets = Object.values(underlyings).map((one) => one.hedgeTargetFraction);
  const farthest = Math.max(0, ...targets);
  const { forecast } = triggers;
  const isEarly = triggers.recentreEveryMs !== null || forecast.isOn;
  if (forecast.calmBelowRatio > forecast.stressedFromRatio) {
    report(
      context,
      ["triggers", "forecast", "calmBelowRatio"],
      `must be <= stressedFromRatio (${forecast.stressedFromRatio}), or the regime never settles`,
    );
  }
  if (forecast.shortHalfLifeMs >= forecast.longHalfLifeMs) {
    report(
      context,
      ["triggers", "forecast", "shortHalfLifeMs"],
      `must be below longHalfLifeMs (${forecast.longHalfLifeMs})`,
    );
  }
  if (isEarly && triggers.earlyFromFraction <= farthest) {
    report(
      context,
      ["triggers", "earlyFromFraction"],
      `must be above every hedgeTargetFraction (${farthest}), or it trades where hedges end`,
    );
  }
  if ((hedging.emergencySlippageMaxFraction ?? 0) >= 1) {
    report(
      context,
      ["hedging", "emergencySlippageMaxFraction"],
      "must be below 1, or a swap may return nothing",
    );
  }
}

function checkTransfers(policy: Policy, context: Context): void {
  const { minimumUsd, maximumUsd, inTransitHaircutFraction } = policy.transfers;
  if (minimumUsd > maximumUsd) {
    report(context, ["transfers", "minimumUsd"], `must be <= transfers.maximumUsd (${maximumUsd})`);
  }
  if (inTransitHaircutFraction >= 1) {
    report(
      context,
      ["transfers", "inTransitHaircutFraction"],
      "must be below 1, or no transfer ever covers a shortfall",
    );
  }
}

function checkBreakers(policy: Policy, context: Context): void {
  for (const [kind, { reduceOnly, halt }] of Object.entries(policy.breakers)) {
    for (const [level, threshold] of Object.entries({ reduceOnly, halt })) {
      if (threshold === null || threshold.resetAt < threshold.tripAt) continue;
      const message = `must be below tripAt (${threshold.tripAt}), or noise round it switches the breaker on and off`;
      report(context, ["breakers", kind, level, "resetAt"], message);
    }
    if (reduceOnly === null || halt === null) continue;
    for (const field of ["tripAt", "resetAt"] as const) {
      if (reduceOnly[field] <= halt[field]) continue;
      const message = `must be <= halt.${field} (${halt[field]}), or the milder level is the harder to reach`;
      report(context, ["breakers", kind, "reduceOnly", field], message);
    }
  }
}

/** A trade must be paused by as many refusals as are counted, and none by no refusal. */
function checkRefusals({ tradeRefusals }: Policy["breakers"], context: Context): void {
  const { reduceOnly, halt, pauseMs, pauseMaxMs } = tradeRefusals;
  for (const [level, threshold] of Object.entries({ reduceOnly, halt })) {
    const at = (field: string): string[] => ["breakers", "tradeRefusals", level, field];
    if (threshold === null) continue;
    if (threshold.tripAt > REFUSALS_MAX)
      report(context, at("tripAt"), `must be <= ${REFUSALS_MAX}, the most that are counted`);
    if (threshold.resetAt === 0)
      report(context, at("resetAt"), "must be > 0, or what is paused is never tried again");
  }
  if (pauseMaxMs >= pauseMs) return;
  const message = `must be >= pauseMs (${pauseMs}), or the first pause is cut short`;
  report(context, ["breakers", "tradeRefusals", "pauseMaxMs"], message);
}

function report(context: Context, path: string[], message: string): void {
  context.addIssue({ code: "custom", path, message });
}
