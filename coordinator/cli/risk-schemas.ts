import { z } from "zod";
import {
  aboveZero,
  finite,
  isoInstant,
  notNegative,
  optionType,
  volatility,
} from "#coordinator/cli/input-schemas.ts";

const sviSlice = z.strictObject({
  expiry: isoInstant,
  a: finite,
  b: notNegative,
  rho: finite.min(-1).max(1),
  m: finite,
  sigma: notNegative,
});

const underlyingMarket = z.strictObject({
  spotUsd: aboveZero,
  rate: finite.default(0),
  volatility: z.union([volatility, z.strictObject({ svi: z.array(sviSlice).min(1) })]),
  forwards: z.array(z.strictObject({ expiry: isoInstant, forwardUsd: aboveZero })).optional(),
});

const collateralLine = z.strictObject({
  asset: z.string().min(1),
  amount: notNegative,
  priceUsd: notNegative,
  haircut: finite.min(0).max(1).default(0),
});

const held = { underlying: z.string().min(1), quantity: finite };

const position = z.discriminatedUnion(
  "kind",
  [
    z.strictObject({
      kind: z.literal("option"),
      ...held,
      type: optionType,
      strike: aboveZero,
      expiry: isoInstant,
    }),
    z.strictObject({ kind: z.literal("perpetual"), ...held, fundingPerYear: finite.optional() }),
    z.strictObject({
      kind: z.literal("forward"),
      ...held,
      expiry: isoInstant,
      strike: aboveZero.optional(),
    }),
    z.strictObject({ kind: z.literal("spot"), ...held }),
  ],
  { error: 'must be "option", "perpetual", "forward" or "spot"' },
);

const shard = z.strictObject({
  id: z.string().min(1),
  collateral: z.array(collateralLine).default([]),
  positions: z.array(position).default([]),
});

const scenarios = z.strictObject({
  spotShocks: z.array(finite.gt(-1)).min(1),
  volShocks: z.array(finite.min(-1)).min(1),
  weights: z
    .array(notNegative)
    .optional()
    .describe("probability weights, spot-major; equal when left out"),
});

/** Input of `riskshard risk`. */
export const portfolioQuestion = z
  .strictObject({
    asOf: isoInstant,
    market: z.record(z.string(), underlyingMarket),
    shards: z.array(shard),
    scenarios: scenarios.optional(),
    level: finite.gt(0).lt(1).default(0.975),
  })
  .superRefine((question, context) => {
    const refuse = (path: PropertyKey[], message: string) =>
      context.addIssue({ code: "custom", path, message });
    const known = Object.keys(question.market);
    const seen = new Set<string>();
    question.shards.forEach(({ id, positions }, index) => {
      if (seen.has(id)) {
        refuse(["shards", index, "id"], "must not be given twice");
      }
      seen.add(id);
      positions.forEach(({ underlying }, at) => {
        if (!known.includes(underlying)) {
          const path = ["shards", index, "positions", at, "underlying"];
          refuse(path, `must be in market (${known.join(", ")})`);
        }
      });
    });
    const { scenarios: own } = question;
    if (own?.weights === undefined) {
      return;
    }
    const count = own.spotShocks.length * own.volShocks.length;
    if (own.weights.length !== count) {
      refuse(["scenarios", "weights"], `must have one entry per scenario (${count})`);
    } else if (!own.weights.some((weight) => weight > 0)) {
      refuse(["scenarios", "weights"], "must not all be 0");
    }
  });

const exposureShape = {
  valueUsd: z.number().describe("value of positions; collateral is not in it"),
  deltaUnits: z.number(),
  gammaUnitsPerUsd: z.number().nullable(),
  vegaUsdPerVolPoint: z.number(),
  thetaUsdPerDay: z.number(),
  rhoUsdPerRatePoint: z.number(),
  carryRhoUsdPerCarryPoint: z.number(),
  vannaUnitsPerVolPoint: z.number(),
  volgaUsdPerVolPointSquared: z.number(),
};
const expiryExposure = z.object({ expiry: z.string().nullable(), ...exposureShape });
const underlyingExposure = z.object({ ...exposureShape, byExpiry: z.array(expiryExposure) });

const capitalShape = {
  greeks: z.record(z.string(), underlyingExposure),
  equityUsd: z.number(),
  collateralUsdAfterHaircut: z.number(),
  requiredCapitalUsd: z.number(),
  riskAdjustedCapitalUsd: z.number(),
  solvencyRatio: z.number().nullable(),
  componentExpectedShortfallUsd: z.number(),
};

/** Output of `riskshard risk`. */
export const portfolioAnswer = z.object({
  net: z.record(z.string(), underlyingExposure),
  total: z.object(capitalShape),
  shards: z.array(z.object({ id: z.string(), ...capitalShape })),
  scenarios: z.array(
    z.object({
      spotShock: z.number(),
      volShock: z.number(),
      damping: z.number().describe("share of the profit or loss that counts; it is applied"),
      pnlUsd: z.number(),
      pnlUsdByShard: z.record(z.string(), z.number()),
    }),
  ),
  worstScenario: z.object({
    index: z.number().int(),
    spotShock: z.number(),
    volShock: z.number(),
    pnlUsd: z.number(),
  }),
  level: z.number(),
  valueAtRiskUsd: z.number().describe("over the scenarios of the grid"),
  expectedShortfallUsd: z
    .number()
    .describe("over the scenarios of the grid, not a forecast of any horizon"),
  tail: z.array(z.object({ index: z.number().int(), weight: z.number() })),
  componentExpectedShortfallUsd: z.object({
    byUnderlying: z.record(z.string(), z.number()),
    byExpiry: z.array(z.object({ expiry: z.string().nullable(), componentUsd: z.number() })),
  }),
});

export type PortfolioQuestion = z.infer<typeof portfolioQuestion>;
export type PortfolioAnswer = z.infer<typeof portfolioAnswer>;
export type CapitalAnswer = PortfolioAnswer["total"];
export type UnderlyingAnswer = z.infer<typeof underlyingExposure>;
