import { writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { answerOf, runRiskshard } from "#test/support/runner/run-offline-command.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

const CALL = { type: "call", spot: 49, strike: 50, years: 0.3846, volatility: 0.2, rate: 0.05 };

type Value = Record<string, number | null>;

describe("riskshard price", () => {
  test("prints Hull's Greeks under the documented names", () => {
    const [value] = answerOf<Value[]>(["price"], [CALL]);
    expect(Object.keys(value ?? {})).toEqual([
      "priceUsd",
      "deltaUnits",
      "gammaUnitsPerUsd",
      "vegaUsdPerVolPoint",
      "thetaUsdPerDay",
      "rhoUsdPerRatePoint",
      "carryRhoUsdPerCarryPoint",
      "vannaUnitsPerVolPoint",
      "volgaUsdPerVolPointSquared",
    ]);
    expect(value?.["deltaUnits"]).toBeCloseTo(0.521601633972, 11);
    expect(value?.["rhoUsdPerRatePoint"]).toBeCloseTo(0.089065740988, 11);
    expect((value?.["thetaUsdPerDay"] ?? 0) * 365).toBeCloseTo(-4.30538996455, 9);
  });

  test("a forward gives Black-76: delta to the forward and discounted, rho of the discounting alone", () => {
    const row = {
      type: "put",
      forward: 20,
      strike: 20,
      years: 1 / 3,
      volatility: 0.25,
      rate: 0.09,
    };
    const [value] = answerOf<Value[]>(["price"], [row]);
    expect(value?.["priceUsd"]).toBeCloseTo(1.1166, 4);
    expect(value?.["rhoUsdPerRatePoint"]).toBeCloseTo((-0.01 / 3) * (value?.["priceUsd"] ?? 0), 14);
  });

  test("an explicit carry equal to the rate prices alike but moves alone", () => {
    const [free, fixed] = answerOf<Value[]>(["price"], [CALL, { ...CALL, carry: 0.05 }]);
    expect(fixed?.["priceUsd"]).toBe(free?.["priceUsd"]);
    const joint = (fixed?.["rhoUsdPerRatePoint"] ?? 0) + (fixed?.["carryRhoUsdPerCarryPoint"] ?? 0);
    expect(free?.["rhoUsdPerRatePoint"]).toBeCloseTo(joint, 14);
  });

  test("an infinite gamma at expiry is null", () => {
    const [value] = answerOf<Value[]>(["price"], [{ ...CALL, spot: 50, years: 0 }]);
    expect(value).toMatchObject({
      priceUsd: 0,
      deltaUnits: 0.5,
      gammaUnitsPerUsd: null,
      thetaUsdPerDay: 0,
    });
  });

  test("reads a file, and prints a table for people", () => {
    const file = path.join(temporaryFolder(), "options.json");
    writeFileSync(file, JSON.stringify([CALL]));
    const { exitCode, stdout } = runRiskshard(["price", "--file", file, "--table"]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/priceUsd +deltaUnits/);
    expect(stdout).toContain("0.52160163");
  });

  test.each([
    [
      [CALL, CALL, CALL, { ...CALL, volatility: -0.2 }],
      "[3].volatility: must be > 0, or 0 for the limit; found -0.2",
    ],
    [[{ ...CALL, forward: 50 }], "[0].forward: must not be given together with spot; found 50"],
    [
      [{ ...CALL, spot: undefined, forward: 50, carry: 0 }],
      "[0].carry: must not be given together with forward; found 0",
    ],
    [[{ ...CALL, spot: undefined }], "[0].spot: must be given, or forward; found nothing"],
    [[{ ...CALL, strike: 0 }], "[0].strike: must be > 0; found 0"],
    [[{ ...CALL, years: -1 }], "[0].years: must be >= 0; found -1"],
    [[{ ...CALL, type: "straddle" }], '[0].type: must be one of "call", "put"; found "straddle"'],
    [[{ ...CALL, price: 3 }], "[0].price: unknown field; remove it or correct its name"],
    [
      '[{"type":"call","spot":1e999,"strike":1,"years":1,"volatility":1}]',
      "[0].spot: must be a finite number; found Infinity",
    ],
    [{}, "(the whole document): must be an array; found {}"],
    ["[1,", "standard input: "],
    ["", "standard input: empty; must be a JSON document"],
  ])("refuses %j with exit code 2 and one line", (document, message) => {
    const { exitCode, stdout, stderr } = runRiskshard(["price"], document);
    expect(exitCode).toBe(2);
    expect(stdout).toBe("");
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(stderr).toContain(message);
  });

  test("every wrong field is named, of many the first twenty", () => {
    const { stderr } = runRiskshard(
      ["price"],
      [CALL, { ...CALL, strike: 0, years: "1", price: 3 }, { ...CALL, type: "straddle" }],
    );
    expect(stderr.trimEnd().split("\n")).toEqual([
      "4 fields are wrong",
      "  [1].strike: must be > 0; found 0",
      '  [1].years: must be a number; found "1"',
      "  [1].price: unknown field; remove it or correct its name",
      '  [2].type: must be one of "call", "put"; found "straddle"',
    ]);
    const many = Array.from({ length: 300 }, () => ({ ...CALL, strike: 0 }));
    const lines = runRiskshard(["price"], many).stderr.trimEnd().split("\n");
    expect([lines[0], lines.length, lines.at(-1)]).toEqual([
      "300 fields are wrong",
      22,
      "  and 280 more",
    ]);
  });

  test("a file that is not there is named", () => {
    const { exitCode, stderr } = runRiskshard(["price", "--file", "/nonexistent.json"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("/nonexistent.json");
  });
});

describe("riskshard implied-vol", () => {
  const ROW = { type: "call", spot: 100, strike: 90, years: 0.5 };

  test("answers row by row, errors included, with exit code 0", () => {
    const rows = [12, 9, 10, 100].map((price) => ({ ...ROW, price }));
    const answers = answerOf<Record<string, unknown>[]>(["implied-vol"], rows);
    expect(answers.slice(1)).toEqual([
      { error: "below-intrinsic" },
      { volatility: 0 },
      { error: "above-maximum" },
    ]);
    const [again] = answerOf<Value[]>(["price"], [{ ...ROW, ...answers[0] }]);
    expect(again?.["priceUsd"]).toBeCloseTo(12, 13);
  });

  test("expiry is bad input", () => {
    const { exitCode, stderr } = runRiskshard(["implied-vol"], [{ ...ROW, years: 0, price: 10 }]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("[0].years: must be > 0; found 0");
  });
});

describe("riskshard schema", () => {
  test.each(["price", "implied-vol", "var", "risk", "band", "quote"])(
    "describes both documents of %s",
    (name) => {
      const { exitCode, stdout } = runRiskshard(["schema", name]);
      expect(exitCode).toBe(0);
      const schemas = JSON.parse(stdout) as Record<string, Record<string, unknown>>;
      expect(schemas["input"]?.["$schema"]).toContain("2020-12");
      expect(schemas["output"]?.["$schema"]).toContain("2020-12");
    },
  );
});
