import { keccak256, toBytes } from "viem";
import { expect, test } from "vitest";
import type { ReadParts } from "#shard-agent/adapters/reads/carried-reads.ts";
import type { LensBook, LensState } from "#shard-agent/adapters/reads/lens-reads.ts";
import { shardReader } from "#shard-agent/adapters/reads/viem-chain-reader.ts";
import type { RawLog } from "#shard-agent/adapters/rpc/rpc-values.ts";
import type { BlockHeader } from "#shard-agent/records/shard-snapshot.ts";
import { RetryableError } from "#shared/errors.ts";
import { sqrtPriceAtTick } from "#shared/evm/uniswap-v3-price.ts";
import { address20, hash32 } from "#test/support/coordinator/shard-report.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";

const POOL = address20("70");
const [TOKEN, OTHER] = [address20("01"), address20("02")];
const DEPTH = [{ pool: POOL, assetIn: TOKEN, assetOut: OTHER, fee: 500, amountInRaw: 10n ** 18n }];
const MINT = keccak256(toBytes("Mint(address,address,int24,int24,uint128,uint256,uint256)"));
/** What a pool with this liquidity at price one pays for the question above, computed by hand: L x S / (L + S) less fee. */
const LIQUIDITY = 10n ** 24n;
const AMOUNT_OUT = 999_499_001_000_748_499n;

type Truth = {
  revision: bigint;
  takersLong: bigint;
  quote: bigint;
  logs: RawLog[];
  priceUsd: bigint;
};

/** A chain that says what `truth` holds, and counts what it was asked. */
function scene() {
  const truth: Truth = {
    revision: 1n,
    takersLong: 10n ** 18n,
    quote: AMOUNT_OUT,
    logs: [],
    priceUsd: 2_000n,
  };
  const asked: string[] = [];
  const ask = async <T>(name: string, answer: () => T): Promise<T> => {
    asked.push(name);
    return answer();
  };
  const parts: ReadParts = {
    lens: {
      state: () => ask("state", () => stateOf(truth)),
      book: () => ask("book", () => bookOf(truth)),
      quotes: (_block, depth) => ask("quotes", () => depth.map(() => truth.quote)),
      ticks: () =>
        ask("ticks", () => [
          { tick: -1_000, liquidityNet: LIQUIDITY },
          { tick: 1_000, liquidityNet: -LIQUIDITY },
        ]),
    },
    events: {
      upTo: () => ask("events", () => truth.logs),
      since: (after, block) => ask("since", () => (block.number > after.number ? truth.logs : [])),
      factsOf: async () => ({ consumedJobs: [], deliveredTransfers: [] }),
    },
    finalizedNumber: async () => 5,
    options: { pools: [POOL], sender: address20("5e"), settlementDecimals: 6 },
  };
  const log = memoryLog();
  const read = shardReader(parts, log);
  const at = async (number: number) => {
    asked.length = 0;
    const snapshot = await read(header(number), DEPTH);
    return { snapshot, asked: asked.toSorted() };
  };
  return { truth, parts, at, lines: log.lines };
}

function header(number: number): BlockHeader {
  const hash = (of: number) => hash32(of.toString(16).padStart(2, "0"));
  const parentHash = hash(number - 1);
  return { number, hash: hash(number), parentHash, timestampMs: number * 1_000, baseFeeWei: 1n };
}

function stateOf({ revision, priceUsd }: Truth): LensState {
  const price = (asset: `0x${string}`) => ({
    asset,
    roundId: 1n,
    answer: priceUsd * 10n ** 8n,
    updatedAt: 1n,
  });
  const state = { spotTick: 0, twapTick: 0, hasHistory: true, takesTrades: true };
  const pool = { sqrtPriceX96: sqrtPriceAtTick(0), tick: 0, tickSpacing: 10, liquidity: LIQUIDITY };
  return {
    timestamp: 0n,
    epoch: 1n,
    leader: address20("1e"),
    paused: false,
    countedAssets: 10n ** 12n,
    bookRevision: revision,
    marginBps: 1_000,
    settlementAsset: TOKEN,
    settlementBalance: 5n,
    settlementPrice: price(TOKEN),
    hedgeAssets: [OTHER],
    hedgeBalances: [1n],
    hedgePrices: [price(OTHER)],
    volatility: [],
    senderBalancesWei: [3n],
    pools: [{ ...pool, state }],
    twapGuard: { windowSeconds: 60, maxDeviationTicks: 100, observations: 40 },
  };
}

function bookOf({ revision, takersLong, priceUsd }: Truth): LensBook {
  const series = {
    id: hash32("5e"),
    underlying: OTHER,
    isCall: true,
    settled: false,
    expiry: 9n,
    strike: 1_900n * 10n ** 8n,
    takersLong,
    takersShort: 0n,
    settlementPrice: 0n,
  };
  // A call of 1,900 in the money, and margin of a tenth of the price.
  const perOption = priceUsd - 1_900n + priceUsd / 10n;
  const liabilities = (takersLong * perOption * 10n ** 6n) / 10n ** 18n;
  return {
    timestamp: 0n,
    revision,
    series: [series],
    liabilities,
    capital: 10n ** 12n - liabilities,
  };
}

const WHOLE = ["book", "events", "quotes", "quotes", "since", "state", "state", "ticks"];
const ON = ["quotes", "since", "state"];

test("the first block is read whole and checked; the next ones say the same from what changes alone", async () => {
  const { at } = scene();
  const first = await at(10);
  expect(first.asked).toEqual(WHOLE);
  expect(first.snapshot.depth[0]?.amountOutRaw).toBe(AMOUNT_OUT);
  const next = await at(11);
  expect(next.asked).toEqual(ON);
  expect(next.snapshot).toEqual({ ...first.snapshot, block: header(11) });
});

test("liabilities follow the price from block to block, and back", async () => {
  const { at, truth, lines } = scene();
  await at(10);
  for (const [index, priceUsd] of [2_000n, 2_100n, 2_100n, 1_950n, 2_000n].entries()) {
    truth.priceUsd = priceUsd;
    const { snapshot } = await at(11 + index);
    expect(snapshot.liabilitiesRaw).toBe(bookOf(truth).liabilities);
    expect(snapshot.capitalRaw).toBe(bookOf(truth).capital);
  }
  expect(lines).toEqual([]);
});

test("a book of another revision is read anew, with its liabilities", async () => {
  const { at, truth } = scene();
  await at(10);
  Object.assign(truth, { revision: 2n, takersLong: 3n * 10n ** 18n });
  const { asked, snapshot } = await at(11);
  expect(asked).toEqual(["book", ...ON]);
  expect(snapshot.liabilitiesRaw).toBe(900n * 10n ** 6n);
  expect(snapshot.capitalRaw).toBe(10n ** 12n - 900n * 10n ** 6n);
});

test("ticks are read anew when liquidity came or went", async () => {
  const { at, truth } = scene();
  await at(10);
  truth.logs = [{ address: POOL, topics: [MINT], blockNumber: "0xb" } as unknown as RawLog];
  expect((await at(11)).asked).toEqual([...ON, "ticks"]);
});

test("everything is read anew after 32 blocks, and after a read that failed", async () => {
  const { at, parts } = scene();
  await at(10);
  for (let number = 11; number < 42; number += 1) expect((await at(number)).asked).toEqual(ON);
  expect((await at(42)).asked).toContain("book");
  const { state } = parts.lens;
  Object.assign(parts.lens, { state: () => Promise.reject(new Error("gone")) });
  await expect(at(43)).rejects.toThrow("gone");
  Object.assign(parts.lens, { state });
  expect((await at(44)).asked).toContain("events");
});

test("a block that does not descend from the last one is read whole", async () => {
  const { at, parts } = scene();
  await at(10);
  Object.assign(parts.events, { since: async () => null });
  expect((await at(11)).asked).toContain("events");
});

test("where the chain says something else it is believed, said, and nothing is carried on for 256 blocks", async () => {
  const { at, truth, lines } = scene();
  truth.quote = AMOUNT_OUT - 1n;
  const { snapshot } = await at(10);
  expect(snapshot.depth[0]?.amountOutRaw).toBe(AMOUNT_OUT - 1n);
  expect(lines).toMatchObject([
    { level: "error", fields: { block: 10, fields: ["depth"], carriedAgainFrom: 266 } },
  ]);
  truth.quote = AMOUNT_OUT;
  expect((await at(11)).asked).toEqual(["book", "events", "quotes", "state", "ticks"]);
  expect((await at(266)).asked).toEqual(WHOLE);
  expect((await at(267)).asked).toEqual(ON);
});

test("a book that changed without a new revision is found at the next whole read", async () => {
  const { at, truth, lines } = scene();
  await at(10);
  truth.takersLong = 2n * 10n ** 18n;
  expect((await at(11)).snapshot.liabilitiesRaw).toBe(300n * 10n ** 6n);
  expect((await at(42)).snapshot.liabilitiesRaw).toBe(600n * 10n ** 6n);
  expect(lines[0]?.fields["fields"]).toEqual(["capitalRaw", "liabilitiesRaw", "series"]);
});

test("no more ticks are asked for than anybody can make in nine words", async () => {
  const { at, parts } = scene();
  const words: number[] = [];
  const { ticks } = parts.lens;
  const noted: typeof ticks = (block, range) => {
    words.push(range.words);
    return ticks(block, range);
  };
  Object.assign(parts.lens, { ticks: noted });
  await at(10);
  expect(words).toEqual([9]);
});

test.each(["rpc-failed", "rpc-quorum"])(
  "a pool whose ticks cannot be read (%s) is asked through the quoter",
  async (code) => {
    const { at, parts, lines } = scene();
    const refused = () => Promise.reject(new RetryableError(code, "out of gas"));
    Object.assign(parts.lens, { ticks: refused });
    for (const number of [10, 11]) {
      const { snapshot } = await at(number);
      expect(snapshot.depth[0]?.amountOutRaw).toBe(AMOUNT_OUT);
    }
    expect(lines).toEqual([]);
    Object.assign(parts.lens, {
      ticks: () => Promise.reject(new RetryableError("rpc-unreachable", "")),
    });
    await expect(at(12)).rejects.toThrow("rpc-unreachable");
  },
);
