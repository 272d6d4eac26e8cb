import { z } from "zod";
import { modelInputs, pricedRow } from "#coordinator/cli/input-schemas.ts";
import { offlineCommand } from "#coordinator/cli/offline-command.ts";
import { blackScholes } from "#shared/risk/pricing/black-scholes.ts";

const optionValue = z.object({
  priceUsd: z.number(),
  deltaUnits: z.number(),
  gammaUnitsPerUsd: z.number().nullable().describe("null where it is infinite"),
  vegaUsdPerVolPoint: z.number(),
  thetaUsdPerDay: z.number(),
  rhoUsdPerRatePoint: z.number(),
  carryRhoUsdPerCarryPoint: z.number(),
  vannaUnitsPerVolPoint: z.number(),
  volgaUsdPerVolPointSquared: z.number(),
});

type PricedRow = z.infer<typeof pricedRow>;

/** `riskshard price`: value and Greeks of European options. */
export const priceCommand = offlineCommand({
  name: "price",
  summary: "value and Greeks of European options",
  input: z.array(pricedRow),
  output: z.array(optionValue),
  run: (rows) => rows.map(price),
  tables: (values) => [{ title: "options", rows: values }],
});

function price(row: PricedRow): z.infer<typeof optionValue> {
  const value = blackScholes({ ...modelInputs(row), volatility: row.volatility });
  return {
    priceUsd: value.priceUsd,
    deltaUnits: value.deltaUnits,
    gammaUnitsPerUsd: Number.isFinite(value.gammaUnitsPerUsd) ? value.gammaUnitsPerUsd : null,
    vegaUsdPerVolPoint: value.vegaUsdPerVolPoint,
    thetaUsdPerDay: value.thetaUsdPerDay,
    rhoUsdPerRatePoint: value.rhoUsdPerRatePoint,
    carryRhoUsdPerCarryPoint: value.carryRhoUsdPerCarryPoint,
    vannaUnitsPerVolPoint: value.vannaUnitsPerVolPoint,
    volgaUsdPerVolPointSquared: value.volgaUsdPerVolPointSquared,
  };
}
