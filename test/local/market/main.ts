/**
 * The market of a local world, as a process of its own that joins it through its description:
 * `node test/local/market/main.ts <world.json> [--prices <history.csv> --speed <n>]`.
 *
 * Every second it posts the same prices to every chain and moves the pools to them. From `stopsAtMs`
 * on, or from SIGUSR2, prices stand still and are only refreshed, so that no feed goes stale.
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { TICKERS } from "#test/local/deploy/world-parameters.ts";
import { type MarketChain, marketChain } from "#test/local/market/market-chain.ts";
import { historyPath, loadPriceHistory } from "#test/local/market/price-history.ts";
import { generatedPath, type MarketState } from "#test/local/market/price-path.ts";
import { worldDescriptionSchema } from "#test/local/world-description.ts";

const STEP_MS = 1_000;
/**
 * Surfaces and the settlement asset's price are posted again after this many steps, or sooner when
 * volatility moved by more than this share.
 */
const SLOW_STEPS = 4;
const SURFACE_MOVE = 0.02;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { prices: { type: "string" }, speed: { type: "string", default: "60" } },
});
const world = worldDescriptionSchema.parse(JSON.parse(readFileSync(positionals[0] ?? "", "utf8")));
const { market } = world;
if (market === null) throw new Error("this world has no market");
const { startsAtMs, crashAtMs, stopsAtMs } = market;
const path =
  values.prices === undefined
    ? generatedPath(world.seed, Math.round((crashAtMs - startsAtMs) / STEP_MS))
    : historyPath(loadPriceHistory(values.prices), Number(values.speed));
const chains = world.chains.map((chain) =>
  marketChain({
    chain,
    marketKey: keyOf("market"),
    arbitrageurKey: keyOf("arbitrageur"),
    expiriesMs: market.expiriesMs,
  }),
);

let standstillMs = stopsAtMs ?? Number.POSITIVE_INFINITY;
process.on("SIGUSR2", () => {
  standstillMs = Math.min(standstillMs, Date.now());
});
await Promise.all(chains.map(run));

async function run(chain: MarketChain): Promise<void> {
  while (!(await attempt(chain, () => chain.prepare()))) await sleep(STEP_MS);
  let surfaceStep = Number.NEGATIVE_INFINITY;
  let surface = path(0);
  for (;;) {
    const nowMs = Date.now();
    const step = Math.floor((nowMs - startsAtMs) / STEP_MS);
    const state = path(Math.floor((Math.min(nowMs, standstillMs) - startsAtMs) / STEP_MS));
    const withAll = volatilityMoved(surface, state) || step - surfaceStep >= SLOW_STEPS;
    await attempt(chain, () => chain.post(state, { withAll, withArbitrage: nowMs >= startsAtMs }));
    if (withAll) {
      surfaceStep = step;
      surface = state;
    }
    await sleep(STEP_MS - (Date.now() % STEP_MS));
  }
}

function volatilityMoved(before: MarketState, now: MarketState): boolean {
  return TICKERS.some((ticker) => {
    return Math.abs(now.volatilities[ticker] / before.volatilities[ticker] - 1) > SURFACE_MOVE;
  });
}

/** False when the chain does not answer: it is tried again with the next step. */
async function attempt(chain: MarketChain, run: () => Promise<void>): Promise<boolean> {
  try {
    await run();
    return true;
  } catch (error) {
    console.log(
      JSON.stringify({ time: new Date().toISOString(), chain: chain.key, error: String(error) }),
    );
    return false;
  }
}

function keyOf(name: string): `0x${string}` {
  const key = world.keys[name];
  if (key === undefined) throw new Error(`the world's description has no key ${name}`);
  return key;
}
