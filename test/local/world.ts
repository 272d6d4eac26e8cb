import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type WorldKeys, worldKeys } from "#test/local/chains/world-keys.ts";
import { writeOwnerOnly } from "#test/local/config/owner-only-file.ts";
import { writeProcessConfigs } from "#test/local/config/process-configs.ts";
import { buildContracts } from "#test/local/contracts-build.ts";
import { UNDERLYINGS } from "#test/local/deploy/world-parameters.ts";
import { describeWorld } from "#test/local/describe-world.ts";
import { readForks } from "#test/local/fork/fork-config.ts";
import { historyPath, loadPriceHistory } from "#test/local/market/price-history.ts";
import type { MarketState } from "#test/local/market/price-path.ts";
import { timelineOf } from "#test/local/market/timeline.ts";
import {
  createSupervisor,
  type Supervisor,
  type UnexpectedExit,
} from "#test/local/processes/supervisor.ts";
import { startRedis } from "#test/local/redis-server.ts";
import type { WorldDescription } from "#test/local/world-description.ts";
import { PROCESS_NAMES, type ProcessKind, type WorldOptions } from "#test/local/world-options.ts";
import { type WorldProcesses, worldProcesses } from "#test/local/world-processes.ts";
import {
  connectShards,
  deployShards,
  openShards,
  startClocks,
  startSites,
} from "#test/local/world-setup.ts";

/** A running local world. */
export type World = {
  readonly description: WorldDescription;
  readonly keys: WorldKeys;
  readonly processes: WorldProcesses;
  /** Settles when a process ends that nobody stopped. */
  readonly unexpectedExit: Promise<UnexpectedExit>;
  /** Stops every process of the world, in order; safe to call twice. */
  readonly stop: () => Promise<void>;
};

/** From the end of the deployment to the first move of the market: the processes start meanwhile. */
const LEAD_MS = { base: 10_000, perChain: 1_000 } as const;
const ANSWER_TIMEOUT_MS = 10_000;

/**
 * Brings up a world of real contracts on local chains, with a real Redis and the production processes.
 * Each world has its own folder, ports and keys, so several can run beside each other.
 *
 * @throws {FatalError} With a clear message when a part does not start; whatever was started is stopped.
 */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const env = options.env ?? process.env;
  const forks = readForks(env);
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), "riskshard-world-"));
  const supervisor = createSupervisor(join(dataDir, "logs"));
  let release = async (): Promise<void> => {};
  const stop = async (): Promise<void> => {
    await supervisor.stop();
    await release();
    if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    const atEnd = (run: () => Promise<void>): void => {
      release = run;
    };
    return await bringUp(options, { supervisor, dataDir, env, forks, stop, atEnd });
  } catch (error) {
    await stop();
    throw error;
  }
}

type Ground = {
  readonly supervisor: Supervisor;
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly forks: ReturnType<typeof readForks>;
  readonly stop: () => Promise<void>;
  /** Runs when every process has been stopped. */
  readonly atEnd: (run: () => Promise<void>) => void;
};

async function bringUp(options: WorldOptions, ground: Ground): Promise<World> {
  const { supervisor, dataDir, forks } = ground;
  const seed = options.seed ?? 1;
  const minutes = options.minutes ?? null;
  const chains = options.chains ?? 3;
  const keys = worldKeys(seed);
  const step = stopwatch(options.announce ?? (() => undefined));
  const prices = options.prices ?? null;
  const start = startStateOf(prices);

  await step("contracts compiled", async () => buildContracts(step.notice));
  const redisOptions = {
    dataDir: join(dataDir, "redis"),
    givenUrl: ground.env["REDIS_URL"],
    announce: step.notice,
  };
  const [redis, sites] = await step(`Redis and ${chains} chains`, () =>
    Promise.all([
      startRedis(supervisor, redisOptions),
      startSites(supervisor, { chains, keys, startPricesUsd: start.pricesUsd, forks, dataDir }),
    ]),
  );
  ground.atEnd(redis.release);
  const shards = await step("contracts deployed on every chain", () => deployShards(sites));
  await step("chains connected by LayerZero", () => connectShards(shards));
  const timeline = timelineOf(Date.now() + LEAD_MS.base + chains * LEAD_MS.perChain, minutes);
  await step("first prices and deposits", () =>
    openShards(shards, { state: start, expiriesMs: timeline.expiriesMs }),
  );
  await step("one block a second", () => startClocks(sites));
  const description = await describeWorld({
    seed,
    minutes,
    shadow: options.shadow ?? false,
    redisUrl: redis.url,
    dataDir,
    keys,
    shards,
    forkUrls: new Map([...forks].map(([key, fork]) => [key, fork.url])),
    timeline,
    source:
      options.processes?.market === false ? "none" : prices === null ? "generator" : "history",
  });
  const processes = await startProcesses({ options, ground, description, keys, step });
  const { unexpectedExit } = supervisor;
  return { description, keys, processes, unexpectedExit, stop: ground.stop };
}

/** Writes the configurations, then starts what was asked for. */
async function startProcesses(o: {
  readonly options: WorldOptions;
  readonly ground: Ground;
  readonly description: WorldDescription;
  readonly keys: WorldKeys;
  readonly step: Stopwatch;
}): Promise<WorldProcesses> {
  const { options, ground, description } = o;
  const worldFile = options.worldFile ?? join(ground.dataDir, "world.json");
  const files = writeProcessConfigs(description, o.keys);
  // It holds keys: nothing of it may outlive the world, whatever way that ends.
  ground.supervisor.own(worldFile);
  writeOwnerOnly(worldFile, `${JSON.stringify(description, null, 2)}\n`);
  const processes = worldProcesses(ground.supervisor, {
    files,
    worldFile,
    prices: options.prices ?? null,
    shadow: options.shadow ?? false,
  });
  const wanted = PROCESS_NAMES.filter((kind) => options.processes?.[kind] ?? true);
  const servers = [
    ...(wanted.includes("coordinator") ? [description.adminApi.url] : []),
    ...(wanted.includes("agents") ? description.chains.map((chain) => chain.quotesUrl) : []),
  ];
  await o.step("coordinator, agents and LayerZero workers answer", async () => {
    for (const kind of wanted) if (!isOutside(kind)) processes.startKind(kind);
    const answering = Promise.all(servers.map(untilAnswering));
    await Promise.race([answering, ground.supervisor.unexpectedExit]);
  });
  for (const kind of wanted) if (isOutside(kind)) processes.startKind(kind);
  return processes;
}

/** Market and takers wait, so that they do not compete with the start of what they trade with. */
function isOutside(kind: ProcessKind): boolean {
  return kind === "market" || kind === "takers";
}

/** Waits until a server answers, but not for ever: what is wrong shows later, and clearer. */
async function untilAnswering(url: string): Promise<void> {
  const deadlineMs = Date.now() + ANSWER_TIMEOUT_MS;
  const livez = new URL("/livez", url);
  while (Date.now() < deadlineMs) {
    const isLive = await fetch(livez, { signal: AbortSignal.timeout(1_000) }).then(
      (response) => response.ok,
      () => false,
    );
    if (isLive) return;
    await sleep(50);
  }
}

/** Prices and volatilities at which pools and feeds start. */
function startStateOf(prices: WorldOptions["prices"] | null): MarketState {
  if (prices !== null && prices !== undefined)
    return historyPath(loadPriceHistory(prices.file), prices.speed)(0);
  const { ETH, BTC } = UNDERLYINGS;
  return {
    pricesUsd: { ETH: ETH.startPriceUsd, BTC: BTC.startPriceUsd },
    volatilities: { ETH: ETH.startVolatility, BTC: BTC.startVolatility },
    settlementUsd: 1,
  };
}

type Stopwatch = {
  <T>(text: string, run: () => Promise<T>): Promise<T>;
  readonly notice: (text: string) => void;
};

/** Runs steps one after the other and announces each with the time it took. */
function stopwatch(announce: NonNullable<WorldOptions["announce"]>): Stopwatch {
  const timed = async <T>(text: string, run: () => Promise<T>): Promise<T> => {
    const startedMs = performance.now();
    const result = await run();
    announce({ text, ms: performance.now() - startedMs });
    return result;
  };
  return Object.assign(timed, { notice: (text: string) => announce({ text, ms: null }) });
}
