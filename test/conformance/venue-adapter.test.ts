import { type Abi, BaseError, ContractFunctionRevertedError, isAddressEqual } from "viem";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { batchedViews } from "#shard-agent/adapters/reads/batched-views.ts";
import { type RpcClient, rpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { callView, readHeader } from "#shard-agent/adapters/rpc/rpc-values.ts";
import type { PositionVenue, ViewReader } from "#shard-agent/ports/venue.ts";
import type { VenueReading } from "#shard-agent/records/shard-snapshot.ts";
import { aaveV3Venue } from "#shard-agent/venues/aave-v3.ts";
import { curieVenue } from "#shard-agent/venues/curie.ts";
import { lyraV1Venue } from "#shard-agent/venues/lyra-v1.ts";
import { venueDeskAbi } from "#shared/evm/abi/venue-desk.ts";
import { mandateCall } from "#shared/evm/mandate-call.ts";
import type { Address, Hex } from "#shared/units/ids.ts";
import type { JobParams } from "#shared/wire/rebalance-job.ts";
import { shardReportSchema } from "#shared/wire/shard-report.ts";
import { chainClient } from "#test/local/chains/chain-client.ts";
import { openLane } from "#test/local/chains/lane.ts";
import { startWorld, type World } from "#test/local/world.ts";
import type { WorldChain } from "#test/local/world-description.ts";
import { bumpEpochCall, plannedJob } from "#test/support/coordinator/planner.ts";

/** One venue file under test. A new venue is one more entry; see docs/adding-a-venue.md. */
type Candidate = {
  readonly name: string;
  /** Number of the world's chain that has it. */
  readonly chain: number;
  readonly account: (chain: WorldChain) => Address;
  readonly venue: (chain: WorldChain) => PositionVenue;
  /** A mandate's parameters that place `amountRaw` of the settlement asset. */
  readonly put: (chain: WorldChain, amountRaw: bigint) => JobParams;
};

const CANDIDATES: readonly Candidate[] = [
  {
    name: "aave-v3",
    chain: 1,
    account: (chain) => aaveOf(chain).adapter,
    venue: (chain) => aaveV3Venue(scopeOf(chain), aaveOf(chain)),
    put: (chain, amountRaw) => ({
      kind: "lend-move",
      venue: aaveOf(chain).adapter,
      asset: chain.settlement.token,
      amountRaw: amountRaw.toString(),
      minReceiptRaw: (amountRaw - 2n).toString(),
      minHealthFactorE18: "0",
      minCapitalAfterRaw: "0",
    }),
  },
  {
    name: "curie",
    chain: 2,
    account: (chain) => curieOf(chain).adapter,
    venue: (chain) => curieVenue(curieOf(chain), chain.contracts.venueDesk),
    put: (chain, amountRaw) => ({
      kind: "margin-move",
      venue: curieOf(chain).adapter,
      asset: chain.settlement.token,
      amountRaw: amountRaw.toString(),
      minReceiptRaw: amountRaw.toString(),
      minMarginRatioE18: "0",
      minCapitalAfterRaw: "0",
    }),
  },
  {
    name: "lyra-v1",
    chain: 0,
    account: (chain) => lyraOf(chain).adapter,
    venue: (chain) =>
      lyraV1Venue(chain, { ...lyraOf(chain), depthOptions: [5] }, chain.contracts.venueDesk),
    put: (chain, amountRaw) => ({
      kind: "margin-move",
      venue: lyraOf(chain).adapter,
      asset: chain.settlement.token,
      amountRaw: amountRaw.toString(),
      minReceiptRaw: amountRaw.toString(),
      minMarginRatioE18: "0",
      minCapitalAfterRaw: "0",
    }),
  },
];

const AMOUNT_RAW = 25_000_000_000n;
const GAS = 3_000_000n;
let world: World;

beforeAll(async () => {
  const processes = { coordinator: false, agents: false, market: false, takers: false };
  world = await startWorld({ chains: 3, seed: 43, processes: { ...processes, lzWorker: false } });
});

afterAll(async () => world?.stop());

describe.each(CANDIDATES)("$name", (candidate) => {
  let chain: WorldChain;
  let venue: PositionVenue;
  let view: ViewReader;

  beforeAll(async () => {
    const found = world.description.chains[candidate.chain];
    if (found === undefined) throw new Error(`chain ${candidate.chain} expected`);
    chain = found;
    venue = candidate.venue(chain);
    await submit(chain, candidate.put(chain, AMOUNT_RAW));
    view = await viewAt(chain);
  });

  test("its lines are lines of a report, of this vault's account and of this shard's assets", async () => {
    const { lending, perps, optionMarkets, inventories } = await venue.read(view);
    expect(shardReportSchema.shape.lending.parse(lending)).toEqual(lending);
    expect(shardReportSchema.shape.perps.parse(perps)).toEqual(perps);
    expect(shardReportSchema.shape.optionMarkets.parse(optionMarkets)).toEqual(optionMarkets);
    expect(shardReportSchema.shape.inventories.parse(inventories)).toEqual(inventories);
    expect(lending.length + perps.length + optionMarkets.length).toBeGreaterThan(0);
    const known = [chain.settlement, ...chain.underlyings];
    for (const line of lending) {
      expect(line.adapter).toBe(candidate.account(chain));
      const asset = known.find(({ token }) => token === line.token);
      expect(asset).toMatchObject({ ticker: line.asset, decimals: line.decimals });
    }
    for (const line of optionMarkets) {
      expect(line.adapter).toBe(candidate.account(chain));
      expect(known.map(({ ticker }) => ticker)).toContain(line.underlying);
    }
    for (const line of perps) {
      expect(line.adapter).toBe(candidate.account(chain));
      const margin = known.find(({ token }) => isAddressEqual(token, line.marginToken));
      expect(margin?.decimals).toBe(line.marginDecimals);
      expect(known.map(({ ticker }) => ticker)).toContain(line.underlying);
    }
  });

  test("the account is registered with the vault's desk", async () => {
    const desk = { abi: venueDeskAbi, to: chain.contracts.venueDesk };
    const registered = await view({ ...desk, name: "positionVenues", args: [] });
    expect(registered).toContain(candidate.account(chain));
  });

  test("what it reads of each asset is what the vault counts as capital at the same block", async () => {
    const reading = await venue.read(view);
    for (const { token } of [chain.settlement, ...chain.underlyings]) {
      const desk = { abi: venueDeskAbi, to: chain.contracts.venueDesk };
      const held = await view({ ...desk, name: "held", args: [token, true] });
      expect(amountOf(reading, token)).toBe(held);
    }
    const placed = amountOf(reading, chain.settlement.token);
    expect(placed).toBeGreaterThanOrEqual(AMOUNT_RAW - 2n);
    expect(placed).toBeLessThan(AMOUNT_RAW + AMOUNT_RAW / 1_000_000n);
  });

  test("no asset is told twice at one location", async () => {
    const { collateral } = await venue.read(view);
    const places = collateral.map(({ token, location }) => `${token} ${location}`);
    expect(new Set(places).size).toBe(places.length);
  });

  test("two readings of one block are the same", async () => {
    expect(await venue.read(view)).toEqual(await venue.read(view));
  });

  test("a reading whose calls are made together says the same with a fraction of them", async () => {
    const { rpcUrl, contracts } = chain;
    const node = rpcClient([rpcUrl]);
    const block = await readHeader(node, "latest");
    const at = { blockHash: block?.hash ?? "0x" } as const;
    const asked: string[] = [];
    const ask: RpcClient["ask"] = (method, params) => {
      asked.push(method);
      return node.ask(method, params);
    };
    const counted: RpcClient = { ...node, ask };
    const one: ViewReader = (call) =>
      callView(counted, { ...call, abi: call.abi as Abi, name: call.name as never, at });
    const reading = await venue.read(one);
    const alone = asked.splice(0).length;
    const code = async () => (await node.request("eth_getCode", [contracts.lens, at])) as Hex;
    const { lens } = contracts;
    expect(await venue.read(batchedViews(counted, { lens, at, code }))).toEqual(reading);
    expect(asked.length).toBeLessThan(alone / 2);
    // A node that does not take calls together is asked one by one.
    const refusing = { ...counted, ask: refusingCode(counted.ask) };
    expect(await venue.read(batchedViews(refusing, { lens, at, code }))).toEqual(reading);
  });

  test("whichever of its reads fails, there is no reading: unreadable is not zero", async () => {
    let reads = 0;
    await venue.read((call) => {
      reads += 1;
      return view(call);
    });
    for (let failing = 1; failing <= reads; failing += 1) {
      let done = 0;
      const broken: ViewReader = (call) => {
        done += 1;
        return done === failing ? Promise.reject(new Error("no answer")) : view(call);
      };
      await expect(venue.read(broken)).rejects.toThrow("no answer");
    }
  });
});

function refusingCode(ask: RpcClient["ask"]): RpcClient["ask"] {
  const failure = { code: -32_602, message: "too many arguments", data: null };
  return async (method, params) =>
    params.length > 2 ? { ok: false, failure } : ask(method, params);
}

function amountOf({ collateral }: VenueReading, token: Address): bigint {
  const own = collateral.filter((one) => isAddressEqual(one.token, token));
  return own.reduce((sum, one) => sum + one.amountRaw, 0n);
}

async function viewAt(chain: WorldChain): Promise<ViewReader> {
  const client = chainClient(chain.rpcUrl, chain.chainId);
  const blockNumber = await client.getBlockNumber();
  return async ({ abi, to, name, args, from, ifReverts }) => {
    const call = { address: to, abi: abi as Abi, functionName: name, args: [...args], blockNumber };
    try {
      return await client.readContract({
        ...call,
        ...(from === undefined ? {} : { account: from }),
      });
    } catch (error) {
      const isRevert = error instanceof BaseError && error.walk(isRevertError) !== null;
      if (isRevert && ifReverts !== undefined) return ifReverts.value;
      throw error;
    }
  };
}

/** Straight to the contract, as anybody could; the world's feeds are still fresh. */
async function submit(chain: WorldChain, params: JobParams): Promise<void> {
  const lane = openLane(chainClient(chain.rpcUrl, chain.chainId), world.keys.account("user"), 50);
  const planner = world.keys.account("planner");
  const { vault, venueDesk } = chain.contracts;
  const bump = await bumpEpochCall({ chain, planner, expectedEpoch: 0n });
  await lane.send({ label: "bump the epoch", to: vault, data: bump, gas: GAS });
  const job = await plannedJob({
    chain,
    params,
    leader: planner.address,
    epoch: 1,
    signer: planner,
  });
  await lane.send({ label: params.kind, ...mandateCall(job, { vault, venueDesk }), gas: GAS });
}

function isRevertError(error: unknown): boolean {
  return error instanceof ContractFunctionRevertedError;
}

function scopeOf(chain: WorldChain): Parameters<typeof aaveV3Venue>[0] {
  const underlyings = chain.underlyings.map(({ pool: _, ...one }) => ({
    ...one,
    source: one.ticker,
    pools: [],
  }));
  return { settlement: chain.settlement, underlyings };
}

function lyraOf({ positionVenues: { lyraV1 } }: WorldChain) {
  if (lyraV1 === null) throw new Error("Lyra expected");
  return lyraV1;
}

function aaveOf({ positionVenues }: WorldChain) {
  if (positionVenues.aaveV3 === null) throw new Error("Aave expected");
  return positionVenues.aaveV3;
}

function curieOf({ positionVenues: { curie } }: WorldChain) {
  if (curie === null) throw new Error("Curie expected");
  const markets = curie.markets.map((one) => ({ ...one, depthUsd: [50_000, 1_000, 1e12] }));
  return { ...curie, markets };
}
