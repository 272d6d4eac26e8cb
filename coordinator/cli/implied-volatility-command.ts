import { z } from "zod";
import { impliedRow, modelInputs } from "#coordinator/cli/input-schemas.ts";
import { offlineCommand } from "#coordinator/cli/offline-command.ts";
import { impliedVolatility } from "#shared/risk/pricing/implied-volatility.ts";

const answer = z.union([
  z.object({ volatility: z.number() }),
  z.object({ error: z.enum(["below-intrinsic", "above-maximum"]) }),
]);

/** `riskshard implied-vol`: the volatilities that give stated prices. */
export const impliedVolatilityCommand = offlineCommand({
  name: "implied-vol",
  summary: "volatility that gives each price",
  input: z.array(impliedRow),
  output: z.array(answer),
  run: (rows) => rows.map((row) => impliedVolatility({ ...modelInputs(row), priceUsd: row.price })),
  tables: (answers) => [
    {
      title: "implied volatility",
      rows: answers.map((row) => ({
        volatility: "volatility" in row ? row.volatility : null,
        error: "error" in row ? row.error : "",
      })),
    },
  ],
});
