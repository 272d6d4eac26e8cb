import { hexToNumber, keccak256, numberToHex, toBytes } from "viem";
import { expect, test } from "vitest";
import { recentEvents } from "#shard-agent/adapters/reads/recent-events.ts";
import type { RpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import type { BlockHeader } from "#shard-agent/records/shard-snapshot.ts";
import type { Hex } from "#shared/units/ids.ts";
import { address20, hash32 } from "#test/support/coordinator/shard-report.ts";

type Filter = {
  readonly address?: readonly string[];
  readonly topics?: readonly (readonly string[])[];
  readonly blockHash?: Hex;
  readonly fromBlock?: Hex;
  readonly toBlock?: Hex;
};

const POOL = address20("70");
const MINT = keccak256(toBytes("Mint(address,address,int24,int24,uint128,uint256,uint256)"));
const hashOf = (number: number) => hash32(number.toString(16).padStart(2, "0"));
const header = (number: number, parentHash = hashOf(number - 1)): BlockHeader => {
  return { number, hash: hashOf(number), parentHash, timestampMs: number * 1_000, baseFeeWei: 1n };
};

/** A node with one event in each block; asked by numbers it leaves out, without a word, what it has not got yet. */
function sourceOf(o: {
  readonly indexedTo: number;
  readonly parents?: Record<number, Hex>;
  readonly asked?: Filter[];
}) {
  const logs = (number: number) => [
    { blockNumber: numberToHex(number), blockHash: hashOf(number) },
  ];
  const rangeOf = ({ fromBlock, toBlock }: Filter) => {
    const [from, to] = [hexToNumber(fromBlock ?? "0x0"), hexToNumber(toBlock ?? "0x0")];
    const numbers = Array.from({ length: to - from + 1 }, (_one, index) => from + index);
    return numbers.filter((number) => number <= o.indexedTo).flatMap(logs);
  };
  const request = async (method: string, [first]: readonly unknown[]) => {
    if (method === "eth_getLogs") {
      const filter = first as Filter;
      o.asked?.push(filter);
      const { blockHash } = filter;
      return blockHash === undefined
        ? rangeOf(filter)
        : logs(Number.parseInt(blockHash.slice(-2), 16));
    }
    const number = hexToNumber(first as Hex);
    const { hash, parentHash, timestampMs } = header(number, o.parents?.[number]);
    return { number: first, hash, parentHash, timestamp: numberToHex(timestampMs / 1_000) };
  };
  const ask = () => Promise.reject(new Error("not asked here"));
  const rpc: RpcClient = { request, ask };
  const [vault, settlementToken] = [address20("01"), address20("02")];
  return recentEvents(rpc, { vault, desk: null, settlementToken, pools: [POOL] });
}

test.each([
  [10, []],
  [11, [11]],
  [14, [11, 12, 13, 14]],
])(
  "the events after block 10 up to %i are all found where a node is behind with its index",
  async (to, found) => {
    const events = sourceOf({ indexedTo: 11 });
    const logs = await events.since(header(10), header(to));
    expect(logs?.map(({ blockNumber }) => hexToNumber(blockNumber))).toEqual(found);
  },
);

test("no events are told of blocks that do not descend from each other, nor of too many", async () => {
  const forked = sourceOf({ indexedTo: 99, parents: { 12: hash32("ff") } });
  expect(await forked.since(header(10), header(13))).toBeNull();
  const events = sourceOf({ indexedTo: 99 });
  expect(await events.since(header(10), header(13, hash32("ff")))).toBeNull();
  expect(await events.since(header(10), header(9))).toBeNull();
  expect(await events.since(header(10), { ...header(10), hash: hash32("ff") })).toBeNull();
  expect(await events.since(header(10), header(60))).toBeNull();
});

test("what anybody can make a pool say without end is asked of single blocks only", async () => {
  const asked: Filter[] = [];
  const events = sourceOf({ indexedTo: 99, asked });
  await events.since(header(10), header(11));
  await events.upTo(header(99), 90);
  const isOfPool = ({ address, topics }: Filter) =>
    address?.includes(POOL) === true && topics?.[0]?.includes(MINT) === true;
  const [first, ...others] = asked.map(isOfPool);
  expect(first).toBe(true);
  expect(others).not.toContain(true);
});

test.each([0, 1, 8, 15, 16, 40, 99])(
  "read anew, the events up to block %i are all found, each once, where a node is behind with its index",
  async (to) => {
    const events = sourceOf({ indexedTo: Math.max(0, to - 5) });
    const logs = await events.upTo(header(to), Math.max(0, to - 3));
    const from = Math.max(0, to - 3 - 64);
    const numbers = logs.map(({ blockNumber }) => hexToNumber(blockNumber));
    expect(numbers).toEqual(Array.from({ length: to - from + 1 }, (_one, index) => from + index));
  },
);

test("read anew, a block that does not descend from the canonical chain is read again later", async () => {
  const events = sourceOf({ indexedTo: 99 });
  await expect(events.upTo(header(99, hash32("ff")), 90)).rejects.toMatchObject({
    code: "block-not-canonical",
  });
});
