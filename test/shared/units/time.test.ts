import { expect, test } from "vitest";
import { DAY_MS, YEAR_MS, yearsBetween } from "#shared/units/time.ts";

test("a year has 365 days, leap years too (ACT/365F)", () => {
  expect(yearsBetween(Date.UTC(2027, 0, 1), Date.UTC(2028, 0, 1))).toBe(1);
  expect(yearsBetween(Date.UTC(2028, 0, 1), Date.UTC(2029, 0, 1))).toBe(366 / 365);
  expect(YEAR_MS).toBe(365 * DAY_MS);
});

test("the time to an instant in the past is negative", () => {
  expect(yearsBetween(DAY_MS, 0)).toBe(-1 / 365);
});
