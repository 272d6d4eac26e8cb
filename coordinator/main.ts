import { dirname, resolve } from "node:path";
import type { Redis } from "ioredis";
import { privateKeyToAccount } from "viem/accounts";
import {
  requirePrivateKey,
  viemMandateSigner,
} from "#coordinator/adapters/chain/viem-mandate-signer.ts";
import { viemShardChain } from "#coordinator/adapters/chain/viem-shard-chain.ts";
import { openSqliteJournal } from "#coordinator/adapters/journal/sqlite-journal.ts";
import { bullmqJobQueue } from "#coordinator/adapters/redis/bullmq-job-queue.ts";
import { redisStreamInbox } from "#coordinator/adapters/redis/redis-stream-inbox.ts";
import { redisWatchList } from "#coordinator/adapters/redis/redis-watch-list.ts";
import { repeat } from "#coordinator/adapters/repeat.ts";
import { highsSolver } from "#coordinator/adapters/solver/highs-solver.ts";
import { lazySolver } from "#coordinator/adapters/solver/lazy-solver.ts";
import { wakeUp } from "#coordinator/adapters/wake-up.ts";
import { adminApi } from "#coordinator/api/admin-api.ts";
import { checkSetup } from "#coordinator/check-setup.ts";
import { type CoordinatorConfig, coordinatorConfigSchema } from "#coordinator/config.ts";
import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { recountAll } from "#coordinator/cycles/jobs/take-back.ts";
import { trackJobs } from "#coordinator/cycles/jobs/track-jobs.ts";
import { roundWaitMs } from "#coordinator/cycles/messages/await-round.ts";
import { ingestReceipts } from "#coordinator/cycles/messages/ingest-receipts.ts";
import { ingestReports } from "#coordinator/cycles/messages/ingest-reports.ts";
import { operate } from "#coordinator/cycles/operate.ts";
import { pruneOldRows } from "#coordinator/cycles/prune-journal.ts";
import { rebalance } from "#coordinator/cycles/rebalance.ts";
import { recallState } from "#coordinator/cycles/recall-state.ts";
import { auditShard } from "#coordinator/cycles/safety/audit-shard.ts";
import { recallFinality } from "#coordinator/cycles/safety/follow-finality.ts";
import { recallSafety } from "#coordinator/cycles/safety/keep-safety.ts";
import { takeOver } from "#coordinator/cycles/take-over.ts";
import { recoverTransfers } from "#coordinator/cycles/transfers/recover-transfers.ts";
import type { JobQueue, RecoveryQueue } from "#coordinator/ports/job-queue.ts";
import type { Journal, JournalPruner } from "#coordinator/ports/journal.ts";
import type { MandateSigner } from "#coordinator/ports/mandate-signer.ts";
import type { ShardChain } from "#coordinator/ports/shard-chain.ts";
import type { Solver } from "#coordinator/ports/solver.ts";
import type { StreamInbox } from "#coordinator/ports/stream-inbox.ts";
import type { WatchList } from "#coordinator/ports/watch-list.ts";
import { readArguments } from "#coordinator/read-arguments.ts";
import { FatalError } from "#shared/errors.ts";
import { crossCheckChains } from "#shared/evm/chain-registry.ts";
import { loadConfigFile } from "#shared/node/config-file.ts";
import { jsonLog } from "#shared/node/json-log.ts";
import { runMain } from "#shared/node/run-main.ts";
import { type Shutdown, shutdownOnSignals } from "#shared/node/shutdown.ts";
import { sleep } from "#shared/node/sleep.ts";
import { systemClock } from "#shared/node/system-clock.ts";
import type { Log } from "#shared/ports/log.ts";
import { connectRedis } from "#shared/redis/connect.ts";
import { receiptStreamKey, reportStreamKey } from "#shared/wire/stream-keys.ts";

const STEP_TIMEOUT_MS = 4_000;
const TRACK_EVERY_MS = 1_000;
const PRUNE_EVERY_MS = 3_600_000;
const LOOKBACK_BLOCKS = 50_000;

await runMain(main);

async function main(): Promise<void> {
  const given = readArguments(process.argv.slice(2));
  if (given === null) return;
  const { configPath, shadow } = given;
  const config = loadConfigFile(coordinatorConfigSchema, configPath);
  const checked = checkSetup(config, dirname(configPath));
  crossCheckChains();
  const signer = viemMandateSigner(checked.secrets.plannerKey);
  const feePayer = privateKeyToAccount(
    requirePrivateKey(checked.secrets.feePayerKey, "feePayerKey"),
  );
  const secrets = Object.values(checked.secrets);
  const log = jsonLog({ level: config.logLevel, name: `coordinator ${config.instance}`, secrets });
  const shutdown = shutdownOnSignals({ log, stepTimeoutMs: STEP_TIMEOUT_MS });
  const journal = openSqliteJournal(resolve(dirname(configPath), config.dataDir, "journal.sqlite"));
  shutdown.add("journal", journal.close);
  const { setups, policy } = checked;
  const state = recallState(journal, { setups, policy, leader: signer.address, shadow });
  recallSafety(state, { journal, log }, systemClock.nowMs());
  recallFinality(state, { log });
  recountAll(state, { jobs: journal.jobs, journal, log }, systemClock.nowMs());
  const chains = new Map(
    config.shards.flatMap((shard): [string, ShardChain][] => {
      const setup = checked.setups.get(shard.id);
      const { optionBook, rpcUrls } = shard;
      const { volatilityFeed, quoterV2: quoter, lyraViewer } = shard.audit;
      const audit = { volatilityFeed, quoter, lyraViewer };
      return setup === undefined
        ? []
        : [[shard.id, viemShardChain({ setup, optionBook, audit, rpcUrls, feePayer })]];
    }),
  );
  // Its thread starts with the first program: a coordinator that has nothing to plan, or plans greedily, has none.
  const solver = lazySolver(() => highsSolver({ log }));
  shutdown.add("solver", solver.close);
  const parts: Parts = { config, state, journal, signer, chains, solver, log, shutdown, redis: {} };
  await listen(parts, checked.secrets.apiKey);
  startCycles(parts);
}

/** Redis once it has answered; absent until then. */
type RedisParts = {
  producer?: Redis;
  queue?: JobQueue & RecoveryQueue;
  watchList?: WatchList;
  reports?: StreamInbox;
  receipts?: StreamInbox;
};

type Parts = {
  readonly config: CoordinatorConfig;
  readonly state: CoordinatorState;
  readonly journal: Journal & JournalPruner;
  readonly signer: MandateSigner;
  readonly chains: ReadonlyMap<string, ShardChain>;
  /** Undefined when the policy plans greedily. */
  readonly solver: Solver;
  readonly log: Log;
  readonly shutdown: Shutdown;
  readonly redis: RedisParts;
};

async function listen(
  { config, state, journal, log, shutdown, redis }: Parts,
  key: string,
): Promise<void> {
  const isRedisReady = (): boolean => redis.producer?.status === "ready";
  // A solver of its own: no real pass waits for a dry run.
  const solver = lazySolver(() => highsSolver({ log }));
  shutdown.add("dry-run solver", solver.close);
  const queue = (): JobQueue | undefined => redis.queue;
  const operator = operate(state, {
    journal,
    clock: systemClock,
    log,
    isRedisReady,
    queue,
    solver,
  });
  const api = adminApi({ operator, key, log });
  const { host, port } = config.api;
  try {
    const url = await api.listen({ host, port });
    log.info("admin API is up", { url, shadow: state.shadow, leader: state.leader });
  } catch (error) {
    throw new FatalError("config-api-address", `api: cannot listen on ${host}:${port}`, {
      cause: error,
    });
  }
  shutdown.add("admin API", () => api.close());
}

/** Every cycle runs on its own; none stops another, and all end when the process is told to stop. */
function startCycles(parts: Parts): void {
  const { config, state, chains, log, shutdown } = parts;
  const { signal } = shutdown;
  const passes = wakeUp(config.passIntervalMs, signal);
  const reported = new Set<string>();
  const pass = (): Promise<void> => nextPass(parts, passes.next, reported);
  const loops = [
    redisCycles(parts, passes.wake, reported),
    repeat(pass, { name: "planning", signal, log, everyMs: 0 }),
  ];
  const track = trackPorts(parts);
  const prune = (): Promise<void> => pruneOldRows(state, { ...track, journal: parts.journal });
  loops.push(repeat(prune, { name: "pruning", signal, log, everyMs: PRUNE_EVERY_MS }));
  for (const shard of chains.keys()) {
    if (!state.shadow) loops.push(leadShard(parts, shard));
    const step = (): Promise<void> => trackJobs(state, track, shard);
    const audit = (): Promise<void> =>
      auditShard(state, { ...track, journal: parts.journal }, shard);
    const { auditEveryMs } = state.policy.quarantine;
    loops.push(repeat(audit, { name: `auditing ${shard}`, signal, log, everyMs: auditEveryMs }));
    loops.push(repeat(step, { name: `tracking ${shard}`, signal, log, everyMs: TRACK_EVERY_MS }));
  }
  shutdown.add("cycles", async () => void (await Promise.all(loops)));
}

async function nextPass(
  parts: Parts,
  next: () => Promise<"timer" | "woken" | "stopped">,
  reported: Set<string>,
): Promise<void> {
  const cause = await next();
  if (cause === "stopped") return;
  reported.clear();
  const { state, journal, signer, solver, log, redis } = parts;
  const ports = { journal, queue: () => redis.queue, signer, clock: systemClock, log, solver };
  await rebalance(state, ports, cause === "woken" ? "report" : "timer");
}

function trackPorts({ journal, chains, log, config }: Parts) {
  const lookbackBlocks = config.takeOverLookbackBlocks ?? LOOKBACK_BLOCKS;
  return { jobs: journal.jobs, chains, clock: systemClock, log, lookbackBlocks };
}

/** Tries to take a vault over until it is led; the others go on meanwhile. */
async function leadShard(parts: Parts, shard: string): Promise<void> {
  const { state, signer, log, shutdown } = parts;
  const done = new AbortController();
  const signal = AbortSignal.any([shutdown.signal, done.signal]);
  const wait = (ms: number): Promise<boolean> => sleep(ms, shutdown.signal);
  const step = async (): Promise<void> => {
    await takeOver(state, { ...trackPorts(parts), signer, wait }, shard);
    if (state.takeOvers.get(shard)?.state === "leading") done.abort();
  };
  await repeat(step, { name: `taking over ${shard}`, signal, log, everyMs: 250 });
}

/** Connects to Redis, however long that takes, then reads reports and receipts. */
async function redisCycles(
  parts: Parts,
  wake: (withinMs: number) => void,
  reported: Set<string>,
): Promise<void> {
  const { config, state, log, shutdown, journal, redis } = parts;
  const { signal } = shutdown;
  try {
    await connect(parts);
  } catch (error) {
    if (signal.aborted) return;
    log.error("Redis cannot be used", { error });
    void shutdown.begin("Redis cannot be used", 2);
    return;
  }
  const ports = { journal, clock: systemClock, log };
  const { reports, receipts } = redis;
  if (reports === undefined || receipts === undefined) return;
  const readReports = async (): Promise<void> => {
    const renewed = await ingestReports(state, { ...ports, inbox: reports });
    if (renewed.size === 0) return;
    for (const shard of renewed) reported.add(shard);
    wake(roundWaitMs(state, reported, systemClock.nowMs()));
  };
  const readReceipts = (): Promise<void> => ingestReceipts(state, { ...ports, inbox: receipts });
  log.info("reading reports and receipts", { shards: config.shards.length });
  const { watchList } = redis;
  const recover = async (): Promise<void> => {
    if (watchList === undefined) return;
    const { chains, lookbackBlocks } = trackPorts(parts);
    const queue = (): RecoveryQueue | undefined => redis.queue;
    await recoverTransfers(state, { ...ports, queue, watchList, chains, lookbackBlocks });
  };
  await Promise.all([
    repeat(recover, { name: "recovering transfers", signal, log, everyMs: TRACK_EVERY_MS }),
    repeat(readReports, { name: "reading reports", signal, log, everyMs: 0 }),
    repeat(readReceipts, { name: "reading receipts", signal, log, everyMs: 0 }),
  ]);
}

async function connect({ config, log, shutdown, redis }: Parts): Promise<void> {
  const { redisUrl: url, shards } = config;
  const { signal } = shutdown;
  const [producer, reportReader, receiptReader] = await Promise.all([
    connectRedis({ url, kind: "producer", log, signal }),
    connectRedis({ url, kind: "stream-reader", log, signal }),
    connectRedis({ url, kind: "stream-reader", log, signal }),
  ]);
  const streams = (keyOf: (shard: string, agent: string) => string) =>
    shards.flatMap(({ id, agents }) => {
      return agents.map((agent) => ({ key: keyOf(id, agent.id), shard: id, agent: agent.id }));
    });
  const queue = bullmqJobQueue(
    producer,
    shards.map((shard) => shard.id),
    log,
  );
  shutdown.add("Redis", async () => {
    await queue.close().catch(() => undefined);
    for (const connection of [producer, reportReader, receiptReader]) connection.disconnect();
  });
  signal.addEventListener("abort", () => {
    // Ends the blocking reads, so that the cycles can end.
    reportReader.disconnect();
    receiptReader.disconnect();
  });
  redis.reports = redisStreamInbox(reportReader, {
    streams: streams(reportStreamKey),
    from: "newest",
  });
  redis.receipts = redisStreamInbox(receiptReader, {
    streams: streams(receiptStreamKey),
    from: "oldest",
  });
  redis.watchList = redisWatchList(producer);
  redis.producer = producer;
  redis.queue = queue;
}
