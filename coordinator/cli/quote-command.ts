import { z } from "zod";
import { aboveZero, finite, notNegative } from "#coordinator/cli/input-schemas.ts";
import { offlineCommand } from "#coordinator/cli/offline-command.ts";
import { avellanedaStoikovQuote, glftQuote } from "#shared/risk/hedging/quoting.ts";

const quoteShape = {
  midUsd: aboveZero,
  inventoryUnits: finite.describe("lots, signed"),
  riskAversion: notNegative.describe("1/USD; 0 returns the limit"),
  volatility: notNegative.describe("USD per square root of the time unit of horizon and A"),
  k: aboveZero.describe("1/USD"),
};

const question = z.discriminatedUnion(
  "model",
  [
    z.strictObject({ model: z.literal("avellaneda-stoikov"), ...quoteShape, horizon: notNegative }),
    z.strictObject({
      model: z.literal("glft"),
      ...quoteShape,
      horizon: notNegative
        .optional()
        .describe("not used: the closed form is the long-horizon limit"),
      A: aboveZero.describe("fills per time unit at distance 0"),
    }),
  ],
  { error: 'must be "avellaneda-stoikov" or "glft"' },
);

/** `riskshard quote`: reservation price and two-sided quote of an inventory model. */
export const quoteCommand = offlineCommand({
  name: "quote",
  summary: "reservation price and quote from the inventory",
  input: question,
  output: z.object({
    reservationPriceUsd: z.number(),
    bidUsd: z.number(),
    askUsd: z.number(),
    spreadUsd: z.number(),
  }),
  run: (inputs) => (inputs.model === "glft" ? glftQuote(inputs) : avellanedaStoikovQuote(inputs)),
  tables: (answer) => [{ title: "quote", rows: [answer] }],
});
