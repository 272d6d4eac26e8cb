/**
 * `npm start`: brings up a local world, runs riskshard in it, and checks at the end what happened.
 * Exit codes: 0 every check holds, 1 one does not or a process failed, 2 bad flags or configuration,
 * 130 stopped at once by the user.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { runMain } from "#shared/node/run-main.ts";
import { type CliOptions, parseCliOptions } from "#test/local/cli-options.ts";
import { readForks } from "#test/local/fork/fork-config.ts";
import { loadPriceHistory } from "#test/local/market/price-history.ts";
import { Abort, listenForSignals } from "#test/local/run-control.ts";
import { runWorld, untilReady } from "#test/local/run-world.ts";
import { startWorld, type World } from "#test/local/world.ts";
import { lockFolder } from "#test/local/world-lock.ts";
import type { SetupStep } from "#test/local/world-options.ts";

await runMain(async () => {
  const options = parseCliOptions(process.argv.slice(2));
  if (options === null) return;
  checkFiles(options);
  const unlock = lockFolder(options.folder);
  const exitCode = await runLocked(options).finally(unlock);
  // What was cut off must not keep the process alive.
  process.exit(exitCode);
});

/** What the user gave is looked at before the folder, where a world may run, and before anything is started. */
function checkFiles({ prices }: CliOptions): void {
  if (prices !== null) loadPriceHistory(prices.file);
  readForks(process.env);
}

async function runLocked(options: CliOptions): Promise<number> {
  const worldFile = join(options.folder, "world.json");
  const dataDir = join(options.folder, "run");
  rmSync(dataDir, { recursive: true, force: true });
  // What an earlier run wrote must not be taken for this one's: one that died with the machine leaves its world's file.
  rmSync(worldFile, { force: true });
  if (options.jsonFile !== null) rmSync(options.jsonFile, { force: true });
  const control = listenForSignals(say);
  const startedMs = performance.now();
  say(`riskshard local world: ${options.chains} chains, seed ${options.seed}`);
  const starting = startWorld({
    ...options,
    processes: { market: options.withMarket, takers: options.withTakers },
    dataDir,
    worldFile,
    announce: sayStep,
  });
  try {
    const setUp = Promise.race([control.abort, control.interrupt.then(stopAtOnce)]);
    setUp.catch(() => undefined);
    const world = await Promise.race([starting, setUp]);
    sayStep({ text: "everything is up", ms: performance.now() - startedMs });
    say(describe(world, worldFile));
    const isReady = await Promise.race([untilReady(world), setUp]);
    sayStep({
      text: readinessText(isReady, options.shadow),
      ms: performance.now() - startedMs,
    });
    return (await Promise.race([runWorld(world, options, control.interrupt), control.abort]))
      ? 0
      : 1;
  } catch (error) {
    if (error instanceof Abort) return error.exitCode;
    throw error;
  } finally {
    // A start under way is waited for, so that what it still starts is stopped too.
    const world = await starting.catch(() => null);
    await world?.stop();
    control.end();
  }
}

function readinessText(isReady: boolean, isShadow: boolean): string {
  if (!isReady) return "the coordinator is not ready yet; going on";
  return isShadow
    ? "the coordinator plans in shadow: it signs nothing"
    : "the coordinator leads: its epoch is final on every chain";
}

function stopAtOnce(): never {
  throw new Abort(130);
}

function describe(world: World, worldFile: string): string {
  const { adminApi, redisUrl, chains } = world.description;
  return [
    `  admin API  ${adminApi.url}  (x-api-key: ${adminApi.key})`,
    `  Redis      ${redisUrl}`,
    ...chains.map(
      (chain) =>
        `  ${chain.key.padEnd(9)}  ${chain.rpcUrl}  chain id ${chain.chainId}, endpoint ${chain.endpointId}`,
    ),
    `  the world for other programs: ${worldFile}`,
  ].join("\n");
}

function sayStep({ text, ms }: SetupStep): void {
  say(`  ${ms === null ? "       " : `${(ms / 1000).toFixed(2).padStart(5)} s`}  ${text}`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
