import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Redis } from "ioredis";
import { privateKeyToAccount } from "viem/accounts";
import { bullmqJobWorker, type QueueEntry } from "#shard-agent/adapters/bullmq-job-worker.ts";
import { fastifyQuoteServer } from "#shard-agent/adapters/fastify-quote-server.ts";
import { type OpenRpc, openRpc } from "#shard-agent/adapters/open-rpc.ts";
import { redisSignedStream } from "#shard-agent/adapters/redis-signed-stream.ts";
import { rpcClient } from "#shard-agent/adapters/rpc-client.ts";
import { serialLane } from "#shard-agent/adapters/serial-lane.ts";
import { sqliteJournal } from "#shard-agent/adapters/sqlite-journal.ts";
import { verifyChain, verifyRegistry } from "#shard-agent/adapters/verify-start.ts";
import { viemChainReader } from "#shard-agent/adapters/viem-chain-reader.ts";
import {
  viemFeedReader,
  viemPositionReader,
  viemVaultReader,
} from "#shard-agent/adapters/viem-contract-readers.ts";
import { viemJobEncoder, viemJobVerifier } from "#shard-agent/adapters/viem-job-desk.ts";
import { viemQuoteSigner } from "#shard-agent/adapters/viem-quote-signer.ts";
import { viemSender } from "#shard-agent/adapters/viem-sender.ts";
import { viemTransactionReader } from "#shard-agent/adapters/viem-transaction-reader.ts";
import { type AgentConfig, agentConfigSchema } from "#shard-agent/config.ts";
import { executeJob } from "#shard-agent/cycles/execute-job.ts";
import { runAgent } from "#shard-agent/cycles/run-agent.ts";
import { answerQuote, listSeries } from "#shard-agent/cycles/serve-quotes.ts";
import { showHealth } from "#shard-agent/cycles/show-health.ts";
import type { Journal } from "#shard-agent/ports/journal.ts";
import type { Memory } from "#shard-agent/ports/memory.ts";
import { positionVenues } from "#shard-agent/venues/position-venues.ts";
import { uniswapV3Venue } from "#shard-agent/venues/uniswap-v3.ts";
import { FatalError } from "#shared/errors.ts";
import { loadConfigFile } from "#shared/node/config-file.ts";
import { jsonLog } from "#shared/node/json-log.ts";
import { readSecrets } from "#shared/node/read-secret.ts";
import { retry } from "#shared/node/retry.ts";
import { runMain } from "#shared/node/run-main.ts";
import { type Shutdown, shutdownOnSignals } from "#shared/node/shutdown.ts";
import { sleep } from "#shared/node/sleep.ts";
import { systemClock } from "#shared/node/system-clock.ts";
import type { Log } from "#shared/ports/log.ts";
import { connectRedis } from "#shared/redis/connect.ts";
import { streamWriter } from "#shared/redis/stream-writer.ts";
import { reporterPrivateKey } from "#shared/wire/signed-bytes.ts";
import { receiptStreamKey, reportStreamKey } from "#shared/wire/stream-keys.ts";

const USAGE = "usage: node shard-agent/main.ts --config <file.yaml>";
const STEP_TIMEOUT_MS = 3000;
const STREAM_LENGTH_MAX = 256;
/** How often the head is asked for; well below any block time. */
const HEAD_POLL_MS = 150;

await runMain(main);

async function main(): Promise<void> {
  const path = configPath();
  const config = loadConfigFile(agentConfigSchema, path);
  const secrets = readKeys(config, dirname(resolve(path)));
  verifyRegistry(config);
  const log = jsonLog({
    level: config.logLevel,
    name: `agent ${config.agent}`,
    secrets: secrets.raw,
  });
  const shutdown = shutdownOnSignals({ log, stepTimeoutMs: STEP_TIMEOUT_MS });
  try {
    await start(config, secrets, { log, shutdown });
  } catch (error) {
    // A stop while waiting for Redis or the chain is not a failure.
    if (!shutdown.signal.aborted) throw error;
  }
}

type Keys = ReturnType<typeof readKeys>;
type Process = { readonly log: Log; readonly shutdown: Shutdown };
type Wiring = Process & {
  readonly keys: Keys;
  readonly journal: Journal;
  readonly rpc: OpenRpc;
  readonly producer: Redis;
};

/** The shutdown runs these steps backwards: no new job, no new quote, cycles, connections, journal. */
async function start(config: AgentConfig, keys: Keys, process: Process): Promise<void> {
  const { log, shutdown } = process;
  const journal = sqliteJournal({ dataDir: config.dataDir, agent: config.agent });
  shutdown.add("journal", () => journal.close());
  const rpc = openRpc(config, { clock: systemClock, log });
  await untilVerified(rpc, config, { keys, ...process });
  const { redisUrl: url } = config;
  const producer = await connectRedis({ url, kind: "producer", log, signal: shutdown.signal });
  shutdown.add("redis", () => producer.disconnect());
  const queue = await connectRedis({ url, kind: "worker", log, signal: shutdown.signal });
  shutdown.add("queue connection", () => queue.disconnect());

  const ports = agentPorts(config, { ...process, keys, journal, rpc, producer });
  const onFatal = (error: unknown) => stopOn(error, process);
  const running = runAgent(ports, { headPollMs: HEAD_POLL_MS, onFatal });
  shutdown.add("cycles", running.stopped);
  const desk = {
    answer: (body: unknown) => answerQuote(ports, body),
    series: () => listSeries(ports),
    health: () => showHealth(ports),
  };
  const { host, port } = config.quotes;
  const server = await fastifyQuoteServer({ host, port, desk, log });
  shutdown.add("quote server", server.close);
  const handle = async (entry: QueueEntry) => {
    const result = await executeJob(ports, entry);
    running.flushReceipts();
    return result;
  };
  const worker = bullmqJobWorker({ shard: config.shard, connection: queue, log, handle });
  shutdown.add("job worker", worker.close);
  const { shard, chainId } = config;
  log.info("agent runs", { shard, chainId, sender: ports.sender.address, quotesPort: server.port });
}

function agentPorts(config: AgentConfig, wiring: Wiring) {
  const { keys, log, shutdown, journal, producer } = wiring;
  const rpc = wiring.rpc.reads;
  const { contracts, shard, agent, chainId } = config;
  const { vault, optionBook } = contracts;
  const settlementToken = config.settlement.token;
  const venueDesk = config.positionVenues?.desk ?? null;
  const { privateUrls, publicFallback } = config.rpc;
  const privateNodes = privateUrls.map((url) => rpcClient([url]));
  const route = { privateNodes, publicNodes: rpc, publicFallback };
  const sender = viemSender(rpc, { account: keys.sender, chainId, route });
  const memory: Memory = { snapshot: null, reportBlockTimestampMs: null, health: null };
  const stream = (streamKey: string) => {
    const writer = streamWriter(producer, { key: streamKey, lengthMax: STREAM_LENGTH_MAX });
    return redisSignedStream({
      streamKey,
      writer,
      journal,
      clock: systemClock,
      key: keys.reporter,
    });
  };
  return {
    scope: config,
    terms: config.quotes,
    journal,
    clock: systemClock,
    log,
    memory,
    watch: rpc,
    sender,
    lane: serialLane(),
    chain: viemChainReader(rpc, {
      contracts,
      settlementToken,
      sender: sender.address,
      positions: positionVenues(config),
    }),
    transactions: viemTransactionReader(rpc, {
      sender: sender.address,
      sources: venueDesk === null ? [vault] : [vault, venueDesk],
    }),
    vault: viemVaultReader(rpc, { vault, sender: sender.address }),
    feeds: viemFeedReader(rpc),
    positions: viemPositionReader(rpc, { optionBook }),
    signer: viemQuoteSigner({ account: keys.quoter, chainId, optionBook }),
    verifier: viemJobVerifier({ shard, chainId, vault }),
    encoder: viemJobEncoder(rpc, { vault, optionBook, settlementToken, venueDesk }),
    venue: uniswapV3Venue(config),
    reports: stream(reportStreamKey(shard, agent)),
    receipts: stream(receiptStreamKey(shard, agent)),
    pause: (ms: number) => sleep(ms, shutdown.signal),
  };
}

/** Waits for a node, saying so once per reason; a configuration that disagrees with the chain stops the start. */
async function untilVerified(
  { reads: rpc, nodes }: OpenRpc,
  config: AgentConfig,
  o: Process & { readonly keys: Keys },
): Promise<void> {
  let said = "";
  await retry(() => verifyChain({ rpc, nodes }, config, o.keys.quoter.address), {
    attemptsMax: Number.POSITIVE_INFINITY,
    delayFirstMs: 250,
    delayMaxMs: 5000,
    signal: o.shutdown.signal,
    onRetry: (error) => {
      if (error.message !== said)
        o.log.warn("the chain cannot be checked yet; trying again", { error });
      said = error.message;
    },
  });
}

function stopOn(error: unknown, { log, shutdown }: Process): void {
  log.error("stopping: the journal and the world disagree, going on could do a trade twice", {
    error,
  });
  void shutdown.begin("fatal error", 1);
}

function configPath(): string {
  try {
    const { values } = parseArgs({ options: { config: { type: "string" } }, strict: true });
    if (values.config !== undefined) return values.config;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FatalError("input-arguments", `${reason}\n${USAGE}`);
  }
  throw new FatalError("input-arguments", `--config: must be given; found nothing\n${USAGE}`);
}

function readKeys(config: AgentConfig, baseDir: string) {
  const { reporterKey, senderKey, quoterKey } = config;
  const raw = readSecrets({ reporterKey, senderKey, quoterKey }, { baseDir });
  const problems: string[] = [];
  const parse = <T>(
    field: keyof typeof raw,
    read: (secret: string) => T,
    allowed: string,
  ): T | undefined => {
    try {
      return read(raw[field]);
    } catch {
      problems.push(`${field}: must be ${allowed}; found something else, which is not shown`);
      return undefined;
    }
  };
  const account = (secret: string) => privateKeyToAccount(`0x${secret.replace(/^0x/, "")}`);
  const reporter = parse("reporterKey", reporterPrivateKey, "64 lower-case hex digits");
  const sender = parse("senderKey", account, "a secp256k1 key of 64 hex digits");
  const quoter = parse("quoterKey", account, "a secp256k1 key of 64 hex digits");
  if (reporter === undefined || sender === undefined || quoter === undefined) {
    throw new FatalError("config-secret", `keys cannot be used\n  ${problems.join("\n  ")}\n`);
  }
  return { reporter, sender, quoter, raw: Object.values(raw) };
}
