import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type ReportPorts, reportRisk } from "#shard-agent/cycles/report-risk.ts";
import { RetryableError } from "#shared/errors.ts";
import { chainValuer } from "#shared/risk/portfolio/option-chain.ts";
import { STANDARD_GRID } from "#shared/risk/scenarios/standard-grid.ts";
import {
  anEthAsset,
  aScope,
  aSeries,
  aSnapshot,
  BLOCK_MS,
  flatSlice,
} from "#test/support/agent/agent-snapshot.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";

test("messages that cannot be read end the report, not the process, also when the chain fails after them", async () => {
  const evidence = () => Promise.reject(new TypeError("what a node said is no number"));
  const ports = {
    memory: { snapshot: null, reportBlockTimestampMs: null, health: null },
    chain: {
      snapshot: async () => {
        // Long enough for the process to end of a rejection that nobody waits for.
        await delay(20);
        throw new RetryableError("rpc-unreachable", "none of 1 RPC nodes answers");
      },
    },
    transfers: { executor: "0x01", evidence },
    expected: { read: async () => [] },
    log: memoryLog(),
  } as unknown as ReportPorts;
  await expect(reportRisk(ports, aSnapshot().block)).rejects.toThrow("none of 1");
});

test("the requests of the reading leave before anything else is done", async () => {
  const done: string[] = [];
  const failure = new RetryableError("rpc-unreachable", "none of 1 RPC nodes answers");
  const note = <T>(name: string, value: T): T => {
    done.push(name);
    return value;
  };
  const ports = {
    memory: { snapshot: aSnapshot(), reportBlockTimestampMs: null, health: null },
    venue: { depthRequests: () => note("depth", []) },
    chain: {
      snapshot: async (_block: unknown, depth: Promise<unknown>) => {
        // As a connection does that sends what is asked in one turn as one frame.
        queueMicrotask(() => note("frame", null));
        await depth;
        throw failure;
      },
    },
    transfers: { executor: "0x01", evidence: async () => [] },
    expected: { read: async () => note("expected", []) },
    log: memoryLog(),
  } as unknown as ReportPorts;
  await expect(reportRisk(ports, aSnapshot().block)).rejects.toThrow(failure);
  expect(done).toEqual(["frame", "depth", "expected"]);
});

/** What a block may bring: nothing, a price, a surface, a trade, an expiry that passes, the price that it settles at. */
const blocks = fc.array(
  fc.record({
    priceE8: fc.constantFrom(200_000_000_000n, 210_000_000_000n),
    volatility: fc.constantFrom(0.6, 0.7),
    heldRaw: fc.constantFrom(3n * 10n ** 18n, 0n),
    sizes: fc.array(fc.constantFrom(1n, 2n), { maxLength: 3 }),
    days: fc.constantFrom(0, 0.5, 9),
  }),
  { minLength: 1, maxLength: 4 },
);
/** How a block follows on the one before: at its time, after a reorganisation, or later; once more the same, mostly. */
const steps = fc.array(
  fc.record({
    again: fc.integer({ min: 0, max: 2 }),
    seconds: fc.constantFrom(0, 1),
    settledE8: fc.constantFrom(null, 180_000_000_000n, 250_000_000_000n),
  }),
  { minLength: 4, maxLength: 4 },
);
type Block = ReturnType<typeof blocks.generate>["value"][number];

test("a report says what it says without anything valued before it, to the bit", async () => {
  await fc.assert(
    fc.asyncProperty(blocks, steps, async (chain, more) => {
      let timestampMs = BLOCK_MS;
      const memory: ReportPorts["memory"] = {
        snapshot: null,
        reportBlockTimestampMs: null,
        health: null,
      };
      for (const [index, one] of chain.entries()) {
        timestampMs += one.days * 86_400_000;
        const feedMs = timestampMs;
        const { again = 0, seconds = 1, settledE8 = null } = more[index] ?? {};
        for (let turn = 0; turn <= again; turn += 1) {
          timestampMs += seconds * 1_000;
          const snapshot = structuredClone(snapshotOf(one, timestampMs, feedMs));
          // What expired series settle at is found by somebody else, while a block is read as well.
          const settlementPrices = new Map(
            settledE8 === null ? [] : [[aSeries().seriesId, settledE8 + BigInt(turn % 2)]],
          );
          const alone = { snapshot: null, reportBlockTimestampMs: null, health: null };
          const found = () =>
            Object.assign(memory, settlementPrices.size > 0 && { settlementPrices });
          const said = await reportOf(memory, snapshot, found);
          const { settlementPrices: known } = memory;
          const plain = known === undefined ? alone : { ...alone, settlementPrices: known };
          expect(said).toEqual(await reportOf(plain, snapshot));
        }
      }
    }),
    { numRuns: 100 },
  );
});

test("a block in which nothing moved but time is valued once, ahead of its reading", async () => {
  const memory: ReportPorts["memory"] = {
    snapshot: null,
    reportBlockTimestampMs: null,
    health: null,
  };
  let asked = 0;
  const valueChain = chainValuer(STANDARD_GRID);
  memory.valueChain = (...chain) => {
    asked += 1;
    return valueChain(...chain);
  };
  const block: Block = {
    priceE8: 200_000_000_000n,
    volatility: 0.6,
    heldRaw: 0n,
    sizes: [1n, 2n],
    days: 0,
  };
  const first = snapshotOf(block, BLOCK_MS);
  await reportOf(memory, first);
  asked = 0;
  const still = { ...first, block: { ...first.block, timestampMs: BLOCK_MS + 1_000 } };
  await reportOf(memory, structuredClone(still));
  expect(asked).toBe(1);
});

function snapshotOf(
  { priceE8, volatility, heldRaw, sizes }: Block,
  timestampMs: number,
  feedMs = timestampMs,
) {
  const { block } = aSnapshot();
  const price = { priceE8, roundId: 9n, updatedAtMs: feedMs };
  const slices = [10, 30].map((days) => flatSlice(BLOCK_MS + days * 86_400_000, volatility));
  const series = sizes.map((takersLongE18, index) =>
    aSeries({
      takersLongE18: takersLongE18 * 10n ** 18n,
      strikeE8: BigInt(1_900 + index * 100) * 10n ** 8n,
      expirySeconds: slices[index % 2]?.expirySeconds ?? 0n,
    }),
  );
  return aSnapshot({
    block: { ...block, timestampMs },
    hedgeAssets: [anEthAsset({ balanceRaw: heldRaw, price, slices })],
    series,
  });
}

async function reportOf(
  memory: ReportPorts["memory"],
  snapshot: ReturnType<typeof aSnapshot>,
  whileRead: () => unknown = () => undefined,
) {
  const said: unknown[] = [];
  const ports = {
    memory,
    scope: aScope(),
    venue: { depthRequests: () => [], capacity: () => [] },
    watch: { disagreement: () => null },
    journal: { isWritable: () => true },
    publisher: { publish: async (report: unknown) => said.push(report) },
    // As long as a node takes: what is valued ahead is valued by then.
    chain: {
      snapshot: async () => {
        await delay(0);
        whileRead();
        return snapshot;
      },
    },
    transfers: { executor: null, sent: async () => [] },
    log: memoryLog(),
  } as unknown as ReportPorts;
  const failure = await reportRisk(ports, snapshot.block).catch((error: Error) => error.message);
  return { said, failure: typeof failure === "string" ? failure : null };
}
