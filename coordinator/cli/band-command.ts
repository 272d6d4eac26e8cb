import { z } from "zod";
import { aboveZero, finite, notNegative } from "#coordinator/cli/input-schemas.ts";
import { offlineCommand } from "#coordinator/cli/offline-command.ts";
import {
  whalleyWilmottHalfWidthUnits,
  zakamoulineHalfWidthUnits,
} from "#shared/risk/hedging/no-trade-band.ts";

const bandShape = {
  gammaUnitsPerUsd: finite.describe("only its magnitude matters"),
  spotUsd: aboveZero,
  rate: finite.default(0),
  costFraction: notNegative,
  riskAversionPerUsd: aboveZero,
};

const question = z.discriminatedUnion(
  "model",
  [
    z.strictObject({
      model: z.literal("whalley-wilmott"),
      ...bandShape,
      volatility: notNegative.optional().describe("not used by this model"),
      years: notNegative,
    }),
    z.strictObject({
      model: z.literal("zakamouline"),
      ...bandShape,
      volatility: aboveZero,
      years: aboveZero,
    }),
  ],
  { error: 'must be "whalley-wilmott" or "zakamouline"' },
);

/** `riskshard band`: half-width of a no-trade band. */
export const bandCommand = offlineCommand({
  name: "band",
  summary: "half-width of the no-trade band round the hedge",
  input: question,
  output: z.object({ halfWidthUnits: z.number() }),
  run: (inputs) => ({
    halfWidthUnits:
      inputs.model === "zakamouline"
        ? zakamoulineHalfWidthUnits(inputs)
        : whalleyWilmottHalfWidthUnits(inputs),
  }),
  tables: (answer) => [{ title: "band", rows: [answer] }],
});
