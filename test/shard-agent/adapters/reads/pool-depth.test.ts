import fc from "fast-check";
import { expect, test } from "vitest";
import { readDepth } from "#shard-agent/adapters/reads/pool-depth.ts";
import { sqrtPriceAtTick } from "#shared/evm/uniswap-v3-price.ts";
import { quoteExactInput } from "#shared/evm/uniswap-v3-quote.ts";
import { address20 } from "#test/support/coordinator/shard-report.ts";

const [POOL, FIRST, SECOND] = [address20("9a"), address20("01"), address20("02")];
const LIQUIDITY = 10n ** 18n;
const BLOCK = { number: 7, hash: "0x07", parentHash: "0x06", timestampMs: 7_000, baseFeeWei: 1n };
const STATE = { spotTick: 0, twapTick: 0, hasHistory: true, takesTrades: true };
const tableOf = (liquidityNet: bigint) => ({
  spacing: 10,
  firstWord: -4,
  lastWord: 4,
  ticks: [
    { tick: -1_000, liquidityNet },
    { tick: 1_000, liquidityNet: -liquidityNet },
  ],
});
/** Two pools' worth of ticks, and few prices and amounts, so that all of them come back. */
const TABLES = [tableOf(LIQUIDITY), tableOf(LIQUIDITY / 3n)];
const question = fc.record({
  table: fc.constantFrom(...TABLES),
  tick: fc.constantFrom(-900, 0, 7, 900),
  liquidity: fc.constantFrom(LIQUIDITY, 2n * LIQUIDITY),
  amountInRaw: fc.constantFrom(1n, 10n ** 15n, 10n ** 16n, 10n ** 17n),
  fee: fc.constantFrom(500, 3_000),
  isZeroForOne: fc.boolean(),
});

test("a pool pays what its price and ticks say at that block, whatever was asked before", () =>
  fc.assert(
    fc.asyncProperty(fc.array(question, { minLength: 1, maxLength: 80 }), async (questions) => {
      for (const { table, tick, liquidity, amountInRaw, fee, isZeroForOne } of questions) {
        const price = { sqrtPriceX96: sqrtPriceAtTick(tick), tick, liquidity };
        const [assetIn, assetOut] = isZeroForOne ? [FIRST, SECOND] : [SECOND, FIRST];
        const asked: bigint[] = [];
        const quotes = async (_block: unknown, depth: readonly { amountInRaw: bigint }[]) => {
          asked.push(...depth.map((one) => one.amountInRaw));
          return depth.map(() => -1n);
        };
        const [paid] = await readDepth({ quotes }, BLOCK as never, {
          requests: [{ pool: POOL, assetIn, assetOut, fee, amountInRaw }],
          addresses: [POOL],
          pools: [{ ...price, tickSpacing: 10, state: STATE }],
          tables: new Map([[POOL, table]]),
        });
        const alone = quoteExactInput(price, table, { amountIn: amountInRaw, fee, isZeroForOne });
        expect(paid).toBe(alone ?? -1n);
        expect(asked).toEqual(alone === null ? [amountInRaw] : []);
      }
    }),
    { numRuns: 300 },
  ));
