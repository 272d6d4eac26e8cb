import type { StartValue } from "#coordinator/records/planning/linear-program.ts";
import type { PlannedAction } from "#coordinator/records/planning/planned-action.ts";
import type { Formulation } from "#coordinator/stages/program/formulate-plan.ts";
import type { Place } from "#coordinator/stages/trades/hedge-option.ts";

/**
 * Which venues, series and transfers a known plan uses, as values of the program's integer columns: where a solver may
 * begin. The amounts follow from them.
 */
export function startValues(
  { hedges, series, transfers }: Formulation,
  actions: readonly PlannedAction[],
): StartValue[] {
  const isDone = (matches: (action: PlannedAction) => boolean): number => {
    return actions.some(matches) ? 1 : 0;
  };
  return [
    ...hedges.map(({ used, option, underlying }) => {
      const value = isDone(({ effect, params }) => {
        const isOwn = effect.shard === option.shard && effect.underlying === underlying;
        return isOwn && isAt(params, option.place);
      });
      return { column: used, value };
    }),
    ...series.map(({ used, option }) => {
      const value = isDone(({ effect, params }) => {
        const isOwn = effect.shard === option.input.setup.shard;
        if (!isOwn || params.kind !== "option-trade" || option.isAwaitingCash) return false;
        const { strikeId, type } = option.series;
        const isSide = params.quantityE18.startsWith("-") === (option.sign === -1);
        return params.strikeId === strikeId && params.optionType === type && isSide;
      });
      return { column: used, value };
    }),
    ...transfers.map(({ used, source, target }) => {
      const value = isDone(({ effect }) => {
        return effect.shard === source.setup.shard && effect.target === target.setup.shard;
      });
      return { column: used, value };
    }),
  ];
}

function isAt(params: PlannedAction["params"], place: Place): boolean {
  const { adapter, market } = place;
  switch (params.kind) {
    case "swap":
    case "swap-exact-output":
      return params.venue === adapter && params.pool === market;
    case "perp-change":
      return params.venue === adapter && params.market === market;
    case "margin-move":
    case "transfer":
    case "lend-move":
    case "option-trade":
      return false;
  }
}
