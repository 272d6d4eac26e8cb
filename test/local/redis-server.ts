import { execFileSync, spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { FatalError } from "#shared/errors.ts";
import { freePort } from "#test/local/processes/free-port.ts";
import {
  logTail,
  type SupervisedProcess,
  type Supervisor,
} from "#test/local/processes/supervisor.ts";

/** A running Redis, and how it came to be. */
export type RedisServer = {
  readonly url: string;
  readonly origin: "REDIS_URL" | "started" | "docker";
  /** Gives back what the world used of a Redis that is not its own; to be called when nothing uses it any more. */
  readonly release: () => Promise<void>;
};

export type RedisOptions = {
  readonly dataDir: string;
  /** Value of REDIS_URL, if set. */
  readonly givenUrl: string | undefined;
  /** Tells the user of a step that takes time or changes the machine. */
  readonly announce: (text: string) => void;
};

const SERVERS = ["redis-server", "valkey-server"] as const;
const DOCKER_IMAGE = "redis:7.4-alpine";
const START_TIMEOUT_MS = 60_000;
const PULL_TIMEOUT_MS = 120_000;

/**
 * A Redis for a local world: REDIS_URL if given; else redis-server or valkey-server from PATH, started
 * privately with an append-only file; else installed with apt; else run by Docker.
 *
 * @throws {FatalError} Naming the three ways out when none of them works.
 */
export async function startRedis(
  supervisor: Supervisor,
  options: RedisOptions,
): Promise<RedisServer> {
  if (options.givenUrl !== undefined && options.givenUrl !== "") {
    return claimDatabase(options.givenUrl);
  }
  const binary = serverOnPath() ?? installWithApt(options.announce);
  if (binary !== null) return startBinary(supervisor, options, binary);
  if (dockerAnswers()) return startDocker(supervisor, options);
  throw new FatalError(
    "world-no-redis",
    [
      "No Redis was found and none could be started. Any one of these helps:",
      "  1. set REDIS_URL to a Redis 7 or Valkey server of your own (maxmemory-policy noeviction),",
      "  2. install redis-server or valkey-server so that it is on PATH,",
      "  3. start Docker, so that an image can be run.",
    ].join("\n"),
  );
}

async function startBinary(
  supervisor: Supervisor,
  options: RedisOptions,
  binary: string,
): Promise<RedisServer> {
  const port = await freePort();
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const server = supervisor.start({
    name: "redis",
    command: binary,
    args: [
      ...["--bind", "127.0.0.1", "--port", String(port), "--dir", options.dataDir],
      ...[
        "--appendonly",
        "yes",
        "--appendfsync",
        "everysec",
        "--maxmemory-policy",
        "noeviction",
        "--save",
        "",
      ],
    ],
  });
  const url = `redis://127.0.0.1:${port}`;
  await untilAnswering(url, server, START_TIMEOUT_MS);
  return { url, origin: "started", release };
}

async function startDocker(supervisor: Supervisor, options: RedisOptions): Promise<RedisServer> {
  options.announce(`running Redis with Docker (${DOCKER_IMAGE})`);
  const port = await freePort();
  const server = supervisor.start({
    name: "redis",
    command: "docker",
    args: [
      ...["run", "--rm", "--publish", `127.0.0.1:${port}:6379`, DOCKER_IMAGE],
      ...["redis-server", "--appendonly", "yes", "--maxmemory-policy", "noeviction"],
    ],
  });
  const url = `redis://127.0.0.1:${port}`;
  await untilAnswering(url, server, PULL_TIMEOUT_MS);
  return { url, origin: "docker", release };
}

/** Absolute path of a Redis or Valkey server, or null. */
function serverOnPath(): string | null {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  for (const name of SERVERS) {
    for (const folder of folders) {
      const candidate = join(folder, name);
      try {
        accessSync(candidate, constants.X_OK);
        return candidate;
      } catch {
        // Not in this folder.
      }
    }
  }
  return null;
}

/** Installs redis-server on a Debian-like system, as root only; null when that is not possible. */
function installWithApt(announce: (text: string) => void): string | null {
  const isRoot = process.getuid?.() === 0;
  if (!isRoot || !existsSync("/usr/bin/apt-get")) return null;
  announce("no redis-server found: installing it with apt-get (apt-get install redis-server)");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  const apt = (...args: string[]) =>
    spawnSync("apt-get", args, { env, stdio: "ignore" }).status === 0;
  const packages = ["install", "-y", "--no-install-recommends", "redis-server"];
  if (!apt(...packages) && !(apt("update") && apt(...packages))) {
    announce("apt-get could not install redis-server");
    return null;
  }
  return serverOnPath();
}

function dockerAnswers(): boolean {
  try {
    execFileSync("docker", ["info"], { stdio: "ignore", timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}

/** The world's own Redis ends with the world. */
async function release(): Promise<void> {}

/** Key that marks a database as a world's. */
const CLAIM_KEY = "riskshard:local-world";
const DATABASES = 16;

/**
 * An empty database of somebody's Redis: the one the URL names, else the first empty one. It is emptied
 * again at the end; databases with keys in them are never touched.
 *
 * @throws {FatalError} `config-redis-url` if nothing answers or no database is empty.
 */
async function claimDatabase(givenUrl: string): Promise<RedisServer> {
  if (!(await answers(givenUrl))) {
    const text =
      "REDIS_URL: no Redis answers there; start it, or unset REDIS_URL to have one started.";
    throw new FatalError("config-redis-url", text);
  }
  const named = /^\/(\d+)$/.exec(new URL(givenUrl).pathname)?.[1];
  const candidates = named === undefined ? [...Array(DATABASES).keys()] : [Number(named)];
  for (const database of candidates) {
    const url = new URL(givenUrl);
    url.pathname = `/${database}`;
    const isOurs = await withRedis(url.href, async (redis) => {
      if ((await redis.dbsize()) > 0) return false;
      return (await redis.set(CLAIM_KEY, process.pid, "NX")) === "OK";
    });
    const empty = () => withRedis(url.href, async (redis) => void (await redis.flushdb()));
    if (isOurs) return { url: url.href, origin: "REDIS_URL", release: empty };
  }
  const which =
    named === undefined ? `none of 0 to ${DATABASES - 1} is` : `database ${named} is not`;
  throw new FatalError(
    "config-redis-url",
    `REDIS_URL: a world needs an empty database, and ${which} empty.`,
  );
}

async function withRedis<T>(url: string, run: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, { maxRetriesPerRequest: 1 });
  redis.on("error", () => undefined);
  try {
    return await run(redis);
  } finally {
    redis.disconnect();
  }
}

async function untilAnswering(
  url: string,
  server: SupervisedProcess,
  timeoutMs: number,
): Promise<void> {
  const deadlineMs = Date.now() + timeoutMs;
  while (Date.now() < deadlineMs) {
    if (!server.isAlive()) break;
    if (await answers(url)) return;
    await sleep(20);
  }
  throw new FatalError("world-redis", `Redis did not start:\n${logTail(server.logFile)}`);
}

async function answers(url: string): Promise<boolean> {
  const redis = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  redis.on("error", () => undefined);
  try {
    await redis.connect();
    return (await redis.ping()) === "PONG";
  } catch {
    return false;
  } finally {
    redis.disconnect();
  }
}
