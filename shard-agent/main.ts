import { dirname } from "node:path";
import { Redis } from "ioredis";
import { fastifyQuoteServer } from "#shard-agent/adapters/fastify-quote-server.ts";
import { sqliteJournal } from "#shard-agent/adapters/journal/sqlite-journal.ts";
import { viemChainReader } from "#shard-agent/adapters/reads/viem-chain-reader.ts";
import {
  viemFeedReader,
  viemPositionReader,
  viemVaultReader,
} from "#shard-agent/adapters/reads/viem-contract-readers.ts";
import { routeQuoteOptions } from "#shard-agent/adapters/reads/viem-route-quotes.ts";
import { bullmqJobWatch, type SeenEntry } from "#shard-agent/adapters/redis/bullmq-job-watch.ts";
import { bullmqJobWorker, type QueueEntry } from "#shard-agent/adapters/redis/bullmq-job-worker.ts";
import { redisExpectedTransfers } from "#shard-agent/adapters/redis/redis-expected-transfers.ts";
import { redisSignedStream } from "#shard-agent/adapters/redis/redis-signed-stream.ts";
import { type OpenRpc, openHeads, openRpc } from "#shard-agent/adapters/rpc/open-rpc.ts";
import { fencedSender } from "#shard-agent/adapters/sending/fenced-sender.ts";
import { openSender } from "#shard-agent/adapters/sending/open-sender.ts";
import { serialLane } from "#shard-agent/adapters/sending/serial-lane.ts";
import { viemJobEncoder, viemJobVerifier } from "#shard-agent/adapters/sending/viem-job-desk.ts";
import { viemTransactionReader } from "#shard-agent/adapters/sending/viem-transaction-reader.ts";
import { type AgentKeys, findKeys } from "#shard-agent/adapters/signing/find-keys.ts";
import {
  guardRules,
  maxWeiPerDay,
  recoveryRules,
  transferContracts,
} from "#shard-agent/adapters/signing/guard-rules.ts";
import { signingGuard } from "#shard-agent/adapters/signing/signing-guard.ts";
import { viemQuoteSigner } from "#shard-agent/adapters/signing/viem-quote-signer.ts";
import { verifyChain, verifyRegistry } from "#shard-agent/adapters/start/verify-start.ts";
import { viemRecoveryDesk } from "#shard-agent/adapters/transfers/viem-recovery-desk.ts";
import { viemTransferReader } from "#shard-agent/adapters/transfers/viem-transfer-reader.ts";
import { type AgentConfig, agentConfigSchema } from "#shard-agent/config.ts";
import { jobKeeper } from "#shard-agent/cycles/keep-jobs.ts";
import { recoverTransfer } from "#shard-agent/cycles/recover-transfer.ts";
import { resumeUnfinished } from "#shard-agent/cycles/resume-unfinished.ts";
import { type RunningAgent, runAgent } from "#shard-agent/cycles/run-agent.ts";
import { isNotSigned } from "#shard-agent/cycles/send-call.ts";
import { answerQuote, listSeries } from "#shard-agent/cycles/serve-quotes.ts";
import { showHealth } from "#shard-agent/cycles/show-health.ts";
import { spendingBudget } from "#shard-agent/cycles/spending-budget.ts";
import { withFinality } from "#shard-agent/cycles/watch-finality.ts";
import type { Journal } from "#shard-agent/ports/journal.ts";
import type { Lease } from "#shard-agent/ports/lease.ts";
import type { Memory } from "#shard-agent/ports/memory.ts";
import type { Pause } from "#shard-agent/ports/pause.ts";
import { readArguments } from "#shard-agent/read-arguments.ts";
import { positionVenues } from "#shard-agent/venues/position-venues.ts";
import { uniswapV3Venue } from "#shard-agent/venues/uniswap-v3.ts";
import { FatalError } from "#shared/errors.ts";
import { loadConfigFile } from "#shared/node/config-file.ts";
import { jsonLog } from "#shared/node/json-log.ts";
import { retry } from "#shared/node/retry.ts";
import { runMain } from "#shared/node/run-main.ts";
import { type Shutdown, shutdownOnSignals } from "#shared/node/shutdown.ts";
import { sleep } from "#shared/node/sleep.ts";
import { systemClock } from "#shared/node/system-clock.ts";
import type { Log } from "#shared/ports/log.ts";
import { connectRedis } from "#shared/redis/connect.ts";
import { connectionOptions } from "#shared/redis/connection-options.ts";
import { streamWriter } from "#shared/redis/stream-writer.ts";
import { RECOVERY_QUEUE_PREFIX } from "#shared/wire/recovery-job.ts";
import { receiptStreamKey, reportStreamKey } from "#shared/wire/stream-keys.ts";

const STEP_TIMEOUT_MS = 3000;
const STREAM_LENGTH_MAX = 256;
/** How often the head is asked for; well below any block time. */
const HEAD_POLL_MS = 150;

await runMain(main);

async function main(): Promise<void> {
  const given = readArguments(process.argv.slice(2));
  if (given === null) return;
  const config = loadConfigFile(agentConfigSchema, given.configPath);
  const found = findKeys(config, dirname(given.configPath));
  verifyRegistry(config);
  const log = jsonLog({
    level: config.logLevel,
    name: `agent ${config.agent}`,
    secrets: found.secrets,
  });
  const shutdown = shutdownOnSignals({ log, stepTimeoutMs: STEP_TIMEOUT_MS });
  try {
    const keys = await untilDone(found.open, "a signer does not answer", { log, shutdown });
    await start(config, keys, { log, shutdown });
  } catch (error) {
    // A stop while waiting for Redis or the chain is not a failure.
    if (!shutdown.signal.aborted) throw error;
  }
}

type Process = { readonly log: Log; readonly shutdown: Shutdown };
type Wiring = Process & {
  readonly keys: AgentKeys;
  readonly journal: Journal;
  readonly rpc: OpenRpc;
  readonly producer: Redis;
};

/** The shutdown runs these steps backwards: no new job, no new quote, cycles, connections, journal. */
async function start(config: AgentConfig, keys: AgentKeys, process: Process): Promise<void> {
  const { log, shutdown } = process;
  const journal = sqliteJournal({ dataDir: config.dataDir, agent: config.agent });
  shutdown.add("journal", () => journal.close());
  const rpc = openRpc(config, { clock: systemClock, log });
  shutdown.add("rpc connections", rpc.close);
  await untilVerified(rpc, config, { keys, ...process });
  const { redisUrl: url } = config;
  const producer = await connectRedis({ url, kind: "producer", log, signal: shutdown.signal });
  shutdown.add("redis", () => producer.disconnect());

  const ports = agentPorts(config, { ...process, keys, journal, rpc, producer });
  const onFatal = (error: unknown) => stopOn(error, process);
  const running = runAgent(ports, { ...config.journal, headPollMs: HEAD_POLL_MS, onFatal });
  shutdown.add("cycles", running.stopped);
  const desk = {
    answer: (body: unknown) => answerQuote(ports, body),
    series: () => listSeries(ports),
    health: () => showHealth(ports, config.queue),
  };
  const { host, port } = config.quotes;
  const server = await fastifyQuoteServer({ host, port, desk, log });
  shutdown.add("quote server", server.close);
  takeJobs(config, ports, { producer, running, process });
  void resumeUnfinished(ports).catch((error: unknown) => {
    if (!shutdown.signal.aborted) stopOn(error, process);
  });
  const { shard, chainId } = config;
  log.info("agent runs", { shard, chainId, sender: ports.sender.address, quotesPort: server.port });
}

/** Jobs from the queue, jobs seen in it, or both, as the role says. */
function takeJobs(
  config: AgentConfig,
  ports: ReturnType<typeof agentPorts>,
  o: { readonly producer: Redis; readonly running: RunningAgent; readonly process: Process },
): void {
  const { producer, running } = o;
  const { log, shutdown } = o.process;
  const { shard, redisUrl, queue } = config;
  const { role } = queue;
  const common = {
    shard,
    connect: () => new Redis(redisUrl, connectionOptions("worker")),
    producer,
    log,
  };
  const keeper = jobKeeper(ports, { ...queue, onDone: running.flushReceipts });
  if (role !== "share") {
    const onJob = (entry: SeenEntry) => {
      keeper.see(entry).catch((error: unknown) => {
        if (error instanceof FatalError && !isNotSigned(error)) stopOn(error, o.process);
        else log.warn("a job that was seen was left alone", { queueJobId: entry.id, error });
      });
    };
    shutdown.add("job watch", bullmqJobWatch({ ...common, onJob }).close);
  }
  if (role === "standby") return;
  const handle = async (entry: QueueEntry, lease: Lease) => {
    const isRecovery = entry.id.startsWith(RECOVERY_QUEUE_PREFIX);
    const result = isRecovery
      ? await recoverTransfer(ports, entry, lease)
      : await keeper.take(entry, lease);
    running.flushReceipts();
    return result;
  };
  shutdown.add("job worker", bullmqJobWorker({ ...common, ...queue, handle }).close);
}

function agentPorts(config: AgentConfig, wiring: Wiring) {
  const { keys, log, shutdown, journal, producer } = wiring;
  const rpc = wiring.rpc.reads;
  const { contracts, shard, agent, chainId } = config;
  const { vault, optionBook } = contracts;
  const settlementToken = config.settlement.token;
  const recovery = recoveryRules(config);
  const venueDesk = config.positionVenues?.desk ?? null;
  const memory: Memory = { snapshot: null, reportBlockTimestampMs: null, health: null };
  const budget = spendingBudget({ journal, clock: systemClock, memory }, maxWeiPerDay(config));
  const signer = signingGuard(keys.sender, guardRules(config), budget);
  const sender = fencedSender(openSender(config, { ...wiring.rpc, signer }), memory);
  const pause = (ms: number) => sleep(ms, shutdown.signal);
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
    budget,
    watch: withFinality(rpc, memory),
    sender,
    lane: serialLane(),
    chain: viemChainReader(rpc, {
      contracts,
      settlementToken,
      settlementDecimals: config.settlement.decimals,
      log,
      sender: sender.address,
      positions: positionVenues(config),
      routes: routeQuoteOptions(config),
      pools: config.underlyings.flatMap((one) => one.pools.map((pool) => pool.address)),
    }),
    transactions: viemTransactionReader(rpc, {
      sender: sender.address,
      sources: venueDesk === null ? [vault] : [vault, venueDesk],
    }),
    transfers: viemTransferReader(rpc, transferContracts(config)),
    recoveryDesk: recovery === null ? null : viemRecoveryDesk(recovery),
    expected: redisExpectedTransfers(producer, shard),
    vault: viemVaultReader(rpc, { vault, sender: sender.address }),
    feeds: viemFeedReader(rpc),
    positions: viemPositionReader(rpc, { optionBook }),
    signer: viemQuoteSigner({ key: keys.quoter, chainId, optionBook }),
    verifier: viemJobVerifier({ shard, chainId, vault }),
    encoder: viemJobEncoder(rpc, { vault, optionBook, settlementToken, venueDesk }),
    venue: uniswapV3Venue(config),
    reports: stream(reportStreamKey(shard, agent)),
    receipts: stream(receiptStreamKey(shard, agent)),
    pause,
    ...announcements(config, { log, shutdown, pause }),
  };
}

function announcements(config: AgentConfig, o: Process & { readonly pause: Pause }) {
  const heads = openHeads(config, o);
  if (heads === null) return {};
  o.shutdown.add("head announcements", heads.close);
  return { heads };
}

/** Waits for a node, saying so once per reason; a configuration that disagrees with the chain stops the start. */
async function untilVerified(
  { reads: rpc, nodes }: OpenRpc,
  config: AgentConfig,
  o: Process & { readonly keys: AgentKeys },
): Promise<void> {
  const check = () => verifyChain({ rpc, nodes }, config, o.keys.quoter.address);
  await untilDone(check, "the chain cannot be checked yet", o);
}

/** Tries until it succeeds or the process is to stop, saying why once per reason. */
function untilDone<T>(run: () => Promise<T>, what: string, o: Process): Promise<T> {
  let said = "";
  return retry(run, {
    attemptsMax: Number.POSITIVE_INFINITY,
    delayFirstMs: 250,
    delayMaxMs: 5000,
    signal: o.shutdown.signal,
    onRetry: (error) => {
      if (error.message !== said) o.log.warn(`${what}; trying again`, { error });
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
