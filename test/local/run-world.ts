import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { FatalError } from "#shared/errors.ts";
import { checkWorld } from "#test/local/check/check-world.ts";
import { renderSummary } from "#test/local/check/summary/render-summary.ts";
import type { Summary } from "#test/local/check/summary/summary-schema.ts";
import type { CliOptions } from "#test/local/cli-options.ts";
import { type AdminApi, adminApiClient } from "#test/local/observe/admin-api.ts";
import { startObserver } from "#test/local/observe/observer.ts";
import { startView } from "#test/local/view/view.ts";
import type { World } from "#test/local/world.ts";

/** Why a run came to its end. */
type RunEnd = "time" | "interrupt";

const READY_TIMEOUT_MS = 60_000;
const SETTLE_TIMEOUT_MS = 40_000;
const SETTLE_POLL_MS = 1_000;
/** Looks in a row that must find the world at rest: an effect may still be on its way to the first. */
const RESTFUL_LOOKS = 3;

/**
 * Watches a world to its end, lets it come to rest, checks it and prints the summary.
 *
 * @param interrupt Settles when the user asks for the end.
 * @returns Whether every check holds.
 */
export async function runWorld(
  world: World,
  options: CliOptions,
  interrupt: Promise<void>,
): Promise<boolean> {
  const { description } = world;
  const api = adminApiClient(description.adminApi);
  const observer = startObserver(description);
  const view = startView(description, api, process.stdout);
  const end = await Promise.race([
    interrupt.then((): RunEnd => {
      view.continueBelow();
      return "interrupt";
    }),
    sleep(untilEndMs(world), "time" as const, { ref: true }),
    failure(world),
  ]);
  if (options.withTakers) await world.processes.get("takers").stop();
  if (options.withMarket && end === "interrupt") world.processes.get("market").signal("SIGUSR2");
  // In shadow nothing comes to rest: the plans are never carried out.
  if (!options.shadow) await Promise.race([untilAtRest(api), failure(world)]);
  await view.stop();
  await observer.stop();
  const summary = await checkWorld(description, observer, api);
  process.stdout.write(`\n${renderSummary(summary)}\n`);
  if (options.jsonFile !== null) writeSummary(options.jsonFile, summary);
  return summary.ok;
}

function writeSummary(file: string, summary: Summary): void {
  try {
    writeFileSync(file, `${JSON.stringify(summary, null, 2)}\n`);
  } catch (cause) {
    throw new FatalError("world-summary", `--json ${file}: could not be written: ${cause}`, {
      cause,
    });
  }
  process.stdout.write(`summary written to ${file}\n`);
}

/** Waits until the coordinator says that it is ready; false when it does not in time. */
export async function untilReady(world: World): Promise<boolean> {
  const url = new URL("/readyz", world.description.adminApi.url);
  const deadlineMs = Date.now() + READY_TIMEOUT_MS;
  const attempt = async (): Promise<boolean> => {
    try {
      return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
    } catch {
      return false;
    }
  };
  while (Date.now() < deadlineMs) {
    if (await Promise.race([attempt(), failure(world)])) return true;
    await sleep(100);
  }
  return false;
}

/** A child that ends by itself fails the run; the message says which, how, and its last lines. */
async function failure(world: World): Promise<never> {
  const { name, how, logTail } = await world.unexpectedExit;
  const text = `${name} ended unexpectedly (${how}). The end of its log:\n${logTail}\n`;
  throw new FatalError("world-process-ended", text);
}

function untilEndMs(world: World): number {
  const { minutes, startedAtMs } = world.description;
  // The longest time a timer takes: 24 days.
  if (minutes === null) return 2 ** 31 - 1;
  return Math.max(0, startedAtMs + minutes * 60_000 - Date.now());
}

/** Waits until no job is in flight and every underlying is inside its band, but not for ever. */
async function untilAtRest(api: AdminApi): Promise<void> {
  const deadlineMs = Date.now() + SETTLE_TIMEOUT_MS;
  let restfulLooks = 0;
  while (Date.now() < deadlineMs && restfulLooks < RESTFUL_LOOKS) {
    restfulLooks = (await isAtRest(api)) ? restfulLooks + 1 : 0;
    await sleep(SETTLE_POLL_MS);
  }
}

async function isAtRest(api: AdminApi): Promise<boolean> {
  try {
    const risk = await api.risk();
    return (
      risk.jobsInFlight === 0 && Object.values(risk.net).every((net) => net.status === "inside")
    );
  } catch {
    return false;
  }
}
