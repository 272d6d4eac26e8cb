import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Redis } from "ioredis";
import { createPublicClient, type Hex, http, type PublicClient, webSocket } from "viem";
import { sqliteJournal } from "#shard-agent/adapters/journal/sqlite-journal.ts";
import { viemChainReader } from "#shard-agent/adapters/reads/viem-chain-reader.ts";
import { redisExpectedTransfers } from "#shard-agent/adapters/redis/redis-expected-transfers.ts";
import { redisSignedStream } from "#shard-agent/adapters/redis/redis-signed-stream.ts";
import { openRpc } from "#shard-agent/adapters/rpc/open-rpc.ts";
import { transferContracts } from "#shard-agent/adapters/signing/guard-rules.ts";
import { viemTransferReader } from "#shard-agent/adapters/transfers/viem-transfer-reader.ts";
import type { ReportPorts } from "#shard-agent/cycles/report-risk.ts";
import type { ChainReader } from "#shard-agent/ports/chain.ts";
import { uniswapV3Venue } from "#shard-agent/venues/uniswap-v3.ts";
import { systemClock } from "#shared/node/system-clock.ts";
import { connectRedis } from "#shared/redis/connect.ts";
import { readStreams } from "#shared/redis/stream-reader.ts";
import { streamWriter } from "#shared/redis/stream-writer.ts";
import { decodeMessage } from "#shared/wire/msgpack/msgpack-codec.ts";
import type { ShardReport } from "#shared/wire/shard-report.ts";
import { reporterPrivateKey } from "#shared/wire/signed-bytes.ts";
import { reportStreamKey } from "#shared/wire/stream-keys.ts";
import type { LatencySite } from "#test/bench/latency/latency-site.ts";
import { type MulticallSite, multicallReader } from "#test/bench/latency/multicall-reader.ts";
import { chainClient } from "#test/local/chains/chain-client.ts";
import { openLane } from "#test/local/chains/lane.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";

const REPORTER_SEED = "11".repeat(32);
const CREATION_GAS = 5_000_000n;
const POLL_MS = 20;

/** viem itself asks every 4 s where a chain's block time is not known to it. */
const HTTP_POLL_MS = 50;

/**
 * The agent's own reads, over WebSocket; the same figures by viem's multicall in one call and by its default batches, over
 * WebSocket, over HTTP, and over HTTP by one whom somebody else tells of the blocks.
 */
export const PATH_NAMES = [
  "own",
  "oneCallWs",
  "batchesWs",
  "oneCall",
  "batches",
  "batchesTold",
] as const;
export type PathName = (typeof PATH_NAMES)[number];

/** When the agent's own path had read the chain, and when its report was put together. */
type OwnMarks = { readAtMs: number; builtAtMs: number };

/** Report cycles that differ in nothing but how they read the chain. */
export type Paths = {
  readonly run: Readonly<Record<PathName, ReportPorts>>;
  /** The clients that hear of blocks by themselves; the other paths are told of them. */
  readonly followers: Readonly<Partial<Record<PathName, PublicClient>>>;
  /** Of the last report. */
  readonly ownMarks: Readonly<OwnMarks>;
  /** The next report of the stream, decoded, and when that was done. */
  readonly received: () => Promise<ShardReport & { readonly receivedAtMs: number }>;
  readonly close: () => void;
};

/** Opens the paths of one site, over one Redis and one journal. */
export async function openPaths(site: LatencySite): Promise<Paths> {
  const { config, world } = site;
  const log = memoryLog();
  const { redisUrl: url, dataDir } = world.description;
  const producer = await connectRedis({ url, kind: "producer", log });
  const consumer = await connectRedis({ url, kind: "stream-reader", log });
  const journal = sqliteJournal({ dataDir: join(dataDir, "bench"), agent: config.agent });
  const rpc = openRpc(config, { clock: systemClock, log });
  const { reads } = rpc;
  const sender = world.keys.account(`agent-${config.shard}`).address;
  const own = viemChainReader(reads, {
    contracts: config.contracts,
    settlementToken: config.settlement.token,
    settlementDecimals: config.settlement.decimals,
    log,
    sender,
    // Venues that keep positions are read the same way on all paths, so they are left out of all.
    positions: null,
    routes: { endpointIds: [], lzReceiveGas: 200_000, amountRaw: 1n },
    pools: config.underlyings.flatMap((one) => one.pools.map(({ address }) => address)),
  });
  const first = await own.snapshot(await own.head(), []);
  const seriesIds = first.series.map(({ seriesId }) => seriesId);
  const plain = await multicallSite(site, { seriesIds, sender });
  const { rpcUrl } = site.chain;
  const overHttp = createPublicClient({ transport: http(rpcUrl), pollingInterval: HTTP_POLL_MS });
  const overWs = createPublicClient({ transport: webSocket(rpcUrl.replace(/^http/, "ws")) });
  const key = reportStreamKey(config.shard, config.agent);
  const writer = streamWriter(producer, { key, lengthMax: 256 });
  const signing = { streamKey: key, writer, journal, clock: systemClock };
  const publisher = redisSignedStream({ ...signing, key: reporterPrivateKey(REPORTER_SEED) });
  const portsWith = (chain: ChainReader): ReportPorts => ({
    chain,
    venue: uniswapV3Venue(config),
    watch: reads,
    journal,
    publisher,
    log,
    transfers: viemTransferReader(reads, transferContracts(config)),
    expected: redisExpectedTransfers(producer, config.shard),
    scope: config,
    memory: { snapshot: first, reportBlockTimestampMs: null, health: null },
  });
  const multicall = (client: PublicClient, batchSize: number | undefined) =>
    portsWith({ ...own, ...multicallReader(client, plain, batchSize) });
  const ownMarks: OwnMarks = { readAtMs: 0, builtAtMs: 0 };
  return {
    ownMarks,
    run: {
      own: marked(portsWith(own), ownMarks),
      oneCallWs: multicall(overWs, 0),
      batchesWs: multicall(overWs, undefined),
      oneCall: multicall(overHttp, 0),
      batches: multicall(overHttp, undefined),
      batchesTold: multicall(overHttp, undefined),
    },
    followers: { oneCallWs: overWs, batchesWs: overWs, oneCall: overHttp, batches: overHttp },
    received: streamReceiver(consumer, key),
    close: () => {
      rpc.close();
      void overWs.transport.getRpcClient().then((client) => client.close());
      producer.disconnect();
      consumer.disconnect();
      journal.close();
    },
  };
}

function marked(ports: ReportPorts, marks: OwnMarks): ReportPorts {
  const { chain, publisher } = ports;
  return {
    ...ports,
    chain: {
      ...chain,
      snapshot: async (block, depth) => {
        const snapshot = await chain.snapshot(block, depth);
        marks.readAtMs = performance.now();
        return snapshot;
      },
    },
    publisher: {
      publish: (report) => {
        marks.builtAtMs = performance.now();
        return publisher.publish(report);
      },
    },
  };
}

/** Each call waits for the entry after the last one. */
function streamReceiver(redis: Redis, key: string): Paths["received"] {
  const after = new Map([[key, "0-0"]]);
  return async () => {
    for (;;) {
      const [entry] = await readStreams(redis, { after, blockMs: 2_000, countMax: 1 });
      if (entry === undefined) continue;
      after.set(key, entry.id);
      const report = decodeMessage(entry.fields["body"] ?? Buffer.alloc(0)) as ShardReport;
      return { ...report, receivedAtMs: performance.now() };
    }
  };
}

/** Where multicall finds everything, itself created for it: viem's package keeps a build of multicall3. */
async function multicallSite(
  { chain, config, mineEach, world }: LatencySite,
  o: Pick<MulticallSite, "seriesIds" | "sender">,
): Promise<MulticallSite> {
  const viem = dirname(createRequire(import.meta.url).resolve("viem/package.json"));
  const file = pathToFileURL(join(viem, "_esm/constants/contracts.js")).href;
  const { multicall3Bytecode: data } = (await import(file)) as { multicall3Bytecode: Hex };
  const client = chainClient(chain.rpcUrl, chain.chainId);
  const lane = openLane(client, world.keys.account("user"), POLL_MS);
  await mineEach(true);
  const created = await lane.send({ label: "multicall", to: null, data, gas: CREATION_GAS });
  await mineEach(false);
  if (!created.contractAddress) throw new Error("the multicall contract was not created");
  const { vault, optionBook, volatilityFeed, quoterV2, uniswapAdapter } = config.contracts;
  const { settlement, underlyings } = chain;
  const multicall = created.contractAddress;
  const contracts = { multicall, vault, optionBook, volatilityFeed, quoterV2, uniswapAdapter };
  return { ...contracts, settlement, underlyings, ...o };
}
