import type { Band } from "#coordinator/records/planning/band.ts";
import type {
  SpotHistory,
  VolatilityForecast,
} from "#coordinator/records/planning/volatility-forecast.ts";
import {
  actEarly,
  bandsActingEarly,
  type EarlyAction,
} from "#coordinator/stages/bands/act-early.ts";
import { exitProbabilityOf, forecastAll } from "#coordinator/stages/bands/forecast-volatility.ts";
import { observeSpots } from "#coordinator/stages/bands/observe-spots.ts";
import { type BandsContext, sizeBands } from "#coordinator/stages/bands/size-bands.ts";

/** The bands of a pass, what is expected of them, and which hedges are due before their band is left. */
export type SettledBands = {
  readonly bands: ReadonlyMap<string, Band>;
  readonly halfWidthUnits: ReadonlyMap<string, number>;
  /** Underlyings hedged before they leave their band, and why. */
  readonly early: ReadonlyMap<string, EarlyAction>;
  readonly forecasts: ReadonlyMap<string, VolatilityForecast>;
  /** Spots of the passes so far, this one's included. */
  readonly histories: ReadonlyMap<string, SpotHistory>;
};

type BandsInput = Omit<BandsContext, "forecasts"> & {
  readonly isRecentreDue: boolean;
  /** Of the passes before. */
  readonly histories: ReadonlyMap<string, SpotHistory>;
};

/** Sizes the bands of a pass and says which hedges are due before theirs is left. */
export function settleBands(input: BandsInput): SettledBands {
  const { nets, policy, snapshot, isRecentreDue } = input;
  const limits = policy.triggers.forecast;
  const histories = observeSpots(input.histories, snapshot, limits);
  const expected = forecastAll(histories, snapshot, limits);
  const sized = sizeBands({ ...input, forecasts: expected });
  const forecasts = new Map(
    [...expected].map(([ticker, one]): [string, VolatilityForecast] => {
      const spotUsd = snapshot.underlyings.get(ticker)?.spotUsd ?? 0;
      const { volatility } = one;
      const { horizonMs } = limits;
      const move = { spotUsd, volatility, horizonMs };
      const exitProbability = exitProbabilityOf(nets.get(ticker), sized.get(ticker), move);
      return [ticker, { ...one, exitProbability }];
    }),
  );
  const early = actEarly({ nets, bands: sized, policy, isRecentreDue, forecasts });
  const bands = bandsActingEarly(sized, early, policy);
  const halfWidthUnits = new Map([...bands].map(([ticker, band]) => [ticker, band.halfWidthUnits]));
  return { bands, halfWidthUnits, early, forecasts, histories };
}
