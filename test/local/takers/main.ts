/**
 * The takers of a local world, as a process of its own that joins it through its description:
 * `node test/local/takers/main.ts <world.json>`. They ask the shards for quotes, trade on chain, and
 * claim what settled series pay. The intents follow from the seed; which are filled does not.
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { seriesIdOf } from "#shared/evm/mandate-typed-data.ts";
import type { Hex } from "#shared/units/ids.ts";
import {
  type Intent,
  type IntentSeries,
  type Leg,
  takerIntents,
} from "#test/local/takers/intents.ts";
import type { QuoteAnswer } from "#test/local/takers/quote-client.ts";
import { type Order, type TakerDesk, takerDesk } from "#test/local/takers/taker-desk.ts";
import { worldDescriptionSchema } from "#test/local/world-description.ts";

const TAKERS = ["taker-1", "taker-2", "taker-3", "taker-4"] as const;
/** An intent that is not filled by then is given up. */
const PATIENCE_MS = 25_000;
const CLAIM_DELAY_MS = 10_000;
const CLAIM_TRIES = 6;

const world = worldDescriptionSchema.parse(JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")));
const { market } = world;
if (market === null) throw new Error("this world has no market");
const { startsAtMs, stopsAtMs, expiriesMs, expiryAtMs } = market;
const lengthSeconds = ((stopsAtMs ?? startsAtMs + 300_000) - startsAtMs) / 1000;
const endMs = stopsAtMs ?? Number.POSITIVE_INFINITY;
const desks = world.chains.map((chain) =>
  takerDesk({ chain, takerKeys: TAKERS.map((name) => keyOf(name)), expiriesMs, log }),
);
/** Share of each first or second part that was filled, so that closing follows opening. */
const filledShares = new Map<string, number>();
const expiring = new Map<string, { desk: TakerDesk; chainIndex: number; series: IntentSeries }>();

await Promise.all(desks.map(prepared));
log("ready", { lengthSeconds });
void claimAfterExpiry();
const { startPricesUsd } = market;
for (const intent of takerIntents({
  seed: world.seed,
  shards: desks.length,
  lengthSeconds,
  startPricesUsd,
})) {
  const atMs = startsAtMs + intent.atSeconds * 1000;
  if (atMs >= endMs) break;
  await sleep(Math.max(0, atMs - Date.now()));
  void trade(intent);
}
// Claims and late fills go on; the world ends this process.
setInterval(() => undefined, 60_000);

/** A chain that does not answer is tried again. */
async function prepared(desk: TakerDesk): Promise<void> {
  for (;;) {
    try {
      return await desk.prepare();
    } catch (error) {
      log("not-prepared", { error: String(error) });
      await sleep(1_000);
    }
  }
}

async function trade(intent: Intent): Promise<void> {
  const untilMs = Math.min(Date.now() + PATIENCE_MS, endMs);
  const opening = filledShares.get(intent.id.replace("close", "open"));
  const share = intent.id.includes("close") ? (opening ?? 0) : 1;
  if (share === 0) return;
  const answers = await Promise.all(intent.first.map((leg) => quote(leg, share)));
  const first = fillAll(intent.first, { share, untilMs, answers });
  // When a price is refused, the second part waits to see how much of the first can be had.
  const hasPrices = answers.every((answer) => answer?.quoted === true);
  const firstFilled = hasPrices ? 1 : await first;
  const second = await fillAll(intent.second, { share: share * firstFilled, untilMs });
  filledShares.set(intent.id, share * Math.min(await first, second));
}

function quote(leg: Leg, share: number): Promise<QuoteAnswer> | undefined {
  return desks[leg.shardIndex]?.quote(leg, quantityOf(leg, share));
}

function quantityOf(leg: Leg, share: number): number {
  return Number((leg.quantity * share).toPrecision(4));
}

/** Share of the legs that was filled, by quantity of puts; 1 when there are none. */
async function fillAll(
  legs: readonly Leg[],
  o: {
    readonly share: number;
    readonly untilMs: number;
    readonly answers?: readonly (QuoteAnswer | undefined)[];
  },
): Promise<number> {
  if (o.share === 0) return 0;
  const filled = await Promise.all(
    legs.map(async (leg, index) => {
      const order = { quantity: quantityOf(leg, o.share), untilMs: o.untilMs };
      return (await fill(leg, { ...order, firstAnswer: o.answers?.[index] })) ? leg.quantity : 0;
    }),
  );
  const puts = legs.map((leg) => (leg.series.type === "put" ? leg.quantity : 0));
  const wanted = sum(puts);
  const got = sum(filled.map((quantity, index) => (puts[index] === 0 ? 0 : quantity)));
  return wanted === 0 ? 1 : got / wanted;
}

async function fill(leg: Leg, order: Order): Promise<boolean> {
  const { shardIndex, series } = leg;
  const desk = desks[shardIndex];
  if (desk === undefined || !(await desk.fill(leg, order))) return false;
  if (series.expiryIndex === 0) {
    expiring.set(`${shardIndex} ${series.ticker}`, { desk, chainIndex: shardIndex, series });
  }
  return true;
}

/** The agents settle; takers fetch what the settled series pay. */
async function claimAfterExpiry(): Promise<void> {
  await sleep(Math.max(0, expiryAtMs + CLAIM_DELAY_MS - Date.now()));
  for (const { desk, chainIndex, series } of expiring.values()) {
    for (let attempt = 1; attempt <= CLAIM_TRIES; attempt++) {
      try {
        await desk.claim(seriesIdFor(chainIndex, series));
        log("claimed", { shard: world.chains[chainIndex]?.shard, ...series });
        break;
      } catch (error) {
        log("not-claimed", { attempt, error: String(error) });
        await sleep(5_000);
      }
    }
  }
}

function seriesIdFor(chainIndex: number, series: IntentSeries): Hex {
  const token = world.chains[chainIndex]?.underlyings.find(
    ({ ticker }) => ticker === series.ticker,
  )?.token;
  if (token === undefined) throw new Error(`chain ${chainIndex} has no ${series.ticker}`);
  return seriesIdOf({
    underlying: token,
    isCall: series.type === "call",
    expirySeconds: BigInt((expiriesMs[series.expiryIndex] ?? 0) / 1000),
    strikeE8: BigInt(Math.round(series.strikeUsd * 1e8)),
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function keyOf(name: string): Hex {
  const key = world.keys[name];
  if (key === undefined) throw new Error(`the world's description has no key ${name}`);
  return key;
}

function log(event: string, fields: Record<string, unknown>): void {
  console.log(JSON.stringify({ time: new Date().toISOString(), event, ...fields }));
}
