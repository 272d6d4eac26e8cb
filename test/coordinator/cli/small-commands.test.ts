import { describe, expect, test } from "vitest";
import { readVectors } from "#test/support/maths/read-vectors.ts";
import { answerOf, runRiskshard } from "#test/support/runner/run-offline-command.ts";

describe("riskshard var", () => {
  test("names the tail by index; ties at the edge share it", () => {
    const answer = answerOf(["var"], { pnlUsd: [-5, 3, -9, -5], level: 0.5, quantileType: 1 });
    expect(answer).toEqual({
      valueAtRiskUsd: 5,
      expectedShortfallUsd: 7,
      tail: [
        { index: 0, weight: 0.25 },
        { index: 2, weight: 0.5 },
        { index: 3, weight: 0.25 },
      ],
    });
  });

  test.each([
    [{ pnlUsd: [1, 2], level: 1 }, "level: must be < 1; found 1"],
    [{ pnlUsd: [], level: 0.9 }, "pnlUsd: must be >= 1 entries; found []"],
    [
      { pnlUsd: [1, 2], weights: [1, 1], level: 0.9 },
      "quantileType: must be 1 when weights are given; found nothing",
    ],
    [
      { pnlUsd: [1, 2], weights: [1, -1], level: 0.9, quantileType: 1 },
      "weights[1]: must be >= 0; found -1",
    ],
    [
      { pnlUsd: [1, 2], level: 0.9, quantileType: 10 },
      "quantileType: must be one of 1, 2, 3, 4, 5, 6, 7, 8, 9; found 10",
    ],
  ])("refuses %j by name", (document, message) => {
    const { exitCode, stderr } = runRiskshard(["var"], document);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe("riskshard band", () => {
  const [row] = readVectors<
    "gamma" | "F" | "T" | "vol" | "riskAversion" | "cost" | "halfWidth" | "wwHalfWidth"
  >("no-trade-bands.json", "zakamouline");
  const inputs = {
    gammaUnitsPerUsd: -(row?.gamma ?? 0),
    spotUsd: row?.F,
    volatility: row?.vol,
    years: row?.T,
    rate: 0,
    costFraction: row?.cost,
    riskAversionPerUsd: row?.riskAversion,
  };

  test.each([
    ["zakamouline", row?.halfWidth],
    ["whalley-wilmott", row?.wwHalfWidth],
  ])("%s agrees with the published figure", (model, halfWidth) => {
    const answer = answerOf<{ halfWidthUnits: number }>(["band"], { model, ...inputs });
    expect(answer.halfWidthUnits).toBeCloseTo(halfWidth ?? Number.NaN, 5);
  });

  test("refuses a model it does not know", () => {
    const { exitCode, stderr } = runRiskshard(["band"], { model: "leland", ...inputs });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('model: must be "whalley-wilmott" or "zakamouline"; found "leland"');
  });
});

describe("riskshard quote", () => {
  const BASE = { midUsd: 100, inventoryUnits: 1, riskAversion: 0.1, volatility: 2, k: 1.5 };

  test("Avellaneda and Stoikov's own example", () => {
    const answer = answerOf<Record<string, number>>(["quote"], {
      model: "avellaneda-stoikov",
      ...BASE,
      horizon: 1,
    });
    expect(answer["reservationPriceUsd"]).toBeCloseTo(99.6, 12);
    expect(answer["spreadUsd"]).toBeCloseTo(1.690770423, 9);
    expect((answer["askUsd"] ?? 0) - (answer["bidUsd"] ?? 0)).toBeCloseTo(1.690770423, 9);
  });

  test("glft needs A; avellaneda-stoikov refuses it", () => {
    expect(runRiskshard(["quote"], { model: "glft", ...BASE }).stderr).toContain(
      "A: must be a number; found nothing",
    );
    const extra = { model: "avellaneda-stoikov", ...BASE, horizon: 1, A: 1 };
    expect(runRiskshard(["quote"], extra).stderr).toContain("A: unknown field");
  });
});
