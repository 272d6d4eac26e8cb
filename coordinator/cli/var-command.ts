import { z } from "zod";
import { finite, notNegative } from "#coordinator/cli/input-schemas.ts";
import { offlineCommand } from "#coordinator/cli/offline-command.ts";
import { tailRisk } from "#shared/risk/statistics/expected-shortfall.ts";
import { QUANTILE_TYPES } from "#shared/risk/statistics/quantile.ts";

const tailScenario = z.object({ index: z.number().int(), weight: z.number() });

const question = z
  .strictObject({
    pnlUsd: z.array(finite).min(1).describe("profit and loss per scenario, gains positive"),
    weights: z
      .array(notNegative)
      .optional()
      .describe("probability weights, normalised; quantile type 1 only"),
    level: finite.gt(0).lt(1).describe("confidence level, such as 0.99"),
    quantileType: z.literal(QUANTILE_TYPES).default(7).describe("Hyndman-Fan type"),
  })
  .superRefine(({ pnlUsd, weights, quantileType }, context) => {
    const refuse = (field: string, message: string) =>
      context.addIssue({ code: "custom", path: [field], message });
    if (weights === undefined) {
      return;
    }
    if (quantileType !== 1) {
      refuse("quantileType", "must be 1 when weights are given");
    } else if (weights.length !== pnlUsd.length) {
      refuse("weights", `must have one entry per scenario (${pnlUsd.length})`);
    } else if (!weights.some((weight) => weight > 0)) {
      refuse("weights", "must not all be 0");
    }
  });

/** `riskshard var`: value at risk and expected shortfall of scenario P&L, and what makes the tail. */
export const varCommand = offlineCommand({
  name: "var",
  summary: "value at risk and expected shortfall of scenario P&L",
  input: question,
  output: z.object({
    valueAtRiskUsd: z.number(),
    expectedShortfallUsd: z.number(),
    tail: z.array(tailScenario),
  }),
  run: ({ pnlUsd, weights, level, quantileType }) => {
    const risk = tailRisk(
      { pnlUsd, level, ...(weights === undefined ? {} : { weights }) },
      quantileType,
    );
    return { ...risk, tail: [...risk.tail] };
  },
  tables: ({ tail, ...measures }) => [
    { title: "measures", rows: [measures] },
    { title: "tail", rows: tail },
  ],
});
