import type { PlannedAction } from "#coordinator/records/planning/planned-action.ts";
import type { HedgeOption } from "#coordinator/stages/trades/hedge-option.ts";
import { perpAction } from "#coordinator/stages/trades/perp-action.ts";
import { swapAction } from "#coordinator/stages/trades/swap-action.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";

/** What a pass does for a trade of `units` on a venue; undefined when it is too small to do. */
export function hedgeAction(
  option: HedgeOption,
  units: number,
  policy: Policy,
): PlannedAction | undefined {
  const { venue } = option;
  if (venue.kind === "spot") return swapAction(option, venue.line, units, policy);
  return perpAction(option, venue, units, policy);
}
