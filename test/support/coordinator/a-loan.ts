import type { LendingLine } from "#shared/wire/shard-report.ts";
import { BLOCK_MS } from "#test/support/coordinator/coordinator-pass.ts";
import { address20 } from "#test/support/coordinator/shard-report.ts";

/** What a vault lends of its settlement asset, at 5 % a year; name only what matters. */
export function aLoan(suppliedUsd: number, change: Partial<LendingLine> = {}): LendingLine {
  return {
    venue: "aave-v3",
    adapter: address20("aa"),
    asset: "USDX",
    token: address20("c0"),
    decimals: 6,
    suppliedRaw: String(Math.round(suppliedUsd * 1e6)),
    healthFactor: null,
    supplyRatePerYear: 0.05,
    availableRaw: "10000000000000",
    supplyRoomRaw: null,
    acceptsSupply: true,
    allowsWithdrawal: true,
    gasUnits: 200_000,
    oracleUpdatedAtMs: BLOCK_MS,
    ...change,
  };
}
