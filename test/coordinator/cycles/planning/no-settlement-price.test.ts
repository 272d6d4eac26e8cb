import { expect, test } from "vitest";
import { planPass } from "#coordinator/cycles/planning/plan-pass.ts";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import { NO_SAFETY } from "#coordinator/records/safety/safety-input.ts";
import { NEW_SAFETY } from "#coordinator/records/safety/safety-memory.ts";
import { anEntry, aPassInput, NOW_MS } from "#test/support/coordinator/coordinator-pass.ts";
import { aPerpMarket } from "#test/support/coordinator/perp-market.ts";

const DAY_MS = 86_400_000;

/** The same book, with a settlement feed that has been silent for a day. */
function unpriced(entry: BookEntry): BookEntry {
  const collateral = entry.report.collateral.map((line) => {
    return line.underlying === null ? { ...line, priceUpdatedAtMs: NOW_MS - DAY_MS } : line;
  });
  return { ...entry, report: { ...entry.report, collateral } };
}

const perps = [aPerpMarket({ marginUsd: 5_000 })];
const entries = [
  anEntry({ shard: "base", change: { perps } }),
  anEntry({ shard: "arbitrum", hedgeUnits: 5 }),
].map(unpriced);

test("without a settlement price cash is worth nobody knows what, also where nothing else is held", () => {
  const { view, decision } = planPass(aPassInput(entries));
  expect(view.valuations.get("base")?.unvalued).toEqual(
    new Map([["USDX", "no fresh settlement price"]]),
  );
  expect(decision.jobIds).toEqual([]);
});

test("without a settlement price no drain is done", () => {
  const order = { kind: "drain", target: null, reason: "leaving", sinceMs: NOW_MS } as const;
  const safety = { ...NO_SAFETY, memory: { ...NEW_SAFETY, orders: { base: order } } };
  const [progress] = planPass(aPassInput(entries, { safety })).decision.safety.orders;
  expect(progress).toMatchObject({ state: "blocked" });
  expect(progress?.waitingFor[0]).toBe("USDX: cannot be valued: no fresh settlement price");
});
