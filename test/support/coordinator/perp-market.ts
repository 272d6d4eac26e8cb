import type { PerpLine } from "#shared/wire/shard-report.ts";
import { address20 } from "#test/support/coordinator/shard-report.ts";

export type PerpOptions = {
  readonly underlying?: string;
  readonly spotUsd?: number;
  readonly feeFraction?: number;
  /** Notional at which the price has moved by 2 %. */
  readonly depthUsd?: number;
  readonly sizeUnits?: number;
  /** Margin in the account, of which a position binds a tenth of its value. */
  readonly marginUsd?: number;
  readonly change?: Partial<PerpLine>;
};

const STEPS = [0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1];
const INITIAL_MARGIN = 0.1;

/** A perpetual of ETH at a venue like Curie, without a position or margin; name only what matters. */
export function aPerpMarket(o: PerpOptions = {}): PerpLine {
  const { spotUsd = 2000, feeFraction = 0.001, depthUsd = 1_000_000 } = o;
  const { sizeUnits = 0, marginUsd = 0 } = o;
  const sizes = STEPS.map((part) => (part * depthUsd) / spotUsd);
  const quoteUsd = (units: number, side: 1 | -1): number => {
    return units * spotUsd * (1 + side * (feeFraction + (0.02 * units * spotUsd) / depthUsd));
  };
  const positionUsd = Math.abs(sizeUnits) * spotUsd;
  const freeUsd = Math.max(0, marginUsd - INITIAL_MARGIN * positionUsd);
  const curve = (side: 1 | -1): PerpLine["buy"] => {
    return sizes.map((units) => ({ sizeE18: e18(units), quoteE18: e18(quoteUsd(units, side)) }));
  };
  return {
    venue: "curie",
    adapter: address20("cc"),
    market: address20("be"),
    underlying: o.underlying ?? "ETH",
    marginToken: address20("c0"),
    marginDecimals: 6,
    sizeE18: e18(sizeUnits),
    openNotionalUsd: sizeUnits * spotUsd,
    markUsd: spotUsd,
    indexUsd: spotUsd,
    accountValueUsd: marginUsd,
    freeMarginRaw: String(Math.round(freeUsd * 1e6)),
    marginRatio: positionUsd === 0 ? null : marginUsd / positionUsd,
    initialMarginFraction: INITIAL_MARGIN,
    maintenanceMarginFraction: 0.0625,
    marginRatioFloor: 0,
    fundingFractionPerDay: 0,
    pendingFundingUsd: 0,
    feeFraction,
    gasUnits: 900_000,
    marginGasUnits: 250_000,
    acceptsTrades: true,
    isIndexTimedOut: false,
    indexUpdatedAtMs: 1_790_000_000_000,
    buy: curve(1),
    sell: curve(-1),
    ...o.change,
  };
}

function e18(value: number): string {
  return (BigInt(Math.round(value * 1e9)) * 10n ** 9n).toString();
}
