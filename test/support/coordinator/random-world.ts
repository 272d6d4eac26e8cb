import type { PassInput } from "#coordinator/cycles/planning/pass-input.ts";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import { NO_SAFETY } from "#coordinator/records/safety/safety-input.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import { DEFAULT_POLICY } from "#shared/policy/default-policy.ts";
import type { PlanningPolicy, Policy } from "#shared/policy/policy-schema.ts";
import type { CapacityLine, PerpLine, ShardReport } from "#shared/wire/shard-report.ts";
import { BLOCK_MS, EXPIRY_MS, LEADER, NOW_MS } from "#test/support/coordinator/coordinator-pass.ts";
import { aPerpMarket } from "#test/support/coordinator/perp-market.ts";
import { randomRoutes } from "#test/support/coordinator/random-routes.ts";
import { address20, aShardReport, hash32 } from "#test/support/coordinator/shard-report.ts";
import { seededRandom } from "#test/support/maths/seeded-random.ts";

export type RandomWorldOptions = {
  readonly seed: number;
  readonly shards: number;
  readonly underlyings: number;
  /** Venues of every shard for every underlying. */
  readonly venues: number;
  /** Perpetual markets of every shard, one for each of the first underlyings; none when left out. */
  readonly perps?: number;
  readonly planning?: Partial<PlanningPolicy>;
};

const SPOTS_USD = [2000, 60_000, 150, 25, 8, 0.6, 400, 90];

/**
 * A pass over random books: options short and long, hedges, cash from ample to scarce, venues with fees from 1 to 60
 * basis points and depth from thin to deep. The same options give the same world.
 */
export function aRandomPass(options: RandomWorldOptions): PassInput {
  const random = seededRandom(options.seed);
  const tickers = Array.from({ length: options.underlyings }, (_, at) =>
    at === 0 ? "ETH" : `U${at}`,
  );
  const setups = Array.from({ length: options.shards }, (_, at) => setupOf(at, tickers));
  const entries = setups.map((setup) => entryOf(setup, { tickers, options, random }));
  const led = { state: "leading", epoch: 1, leader: LEADER } as const;
  return {
    nowMs: NOW_MS,
    trigger: "timer",
    sequence: 1,
    entries,
    jobs: [],
    setups: new Map(setups.map((setup) => [setup.shard, setup])),
    takeOvers: new Map(setups.map((setup) => [setup.shard, led])),
    policy: policyOf(tickers, options.planning),
    leader: LEADER,
    shadow: false,
    manualHalt: undefined,
    brokenInvariant: undefined,
    standstill: [],
    safety: NO_SAFETY,
  };
}

function policyOf(tickers: readonly string[], planning: Partial<PlanningPolicy> = {}): Policy {
  const one = DEFAULT_POLICY.underlyings["ETH"];
  if (one === undefined) throw new Error("the default policy has no ETH");
  const limits = { ...one, netDeltaLimitUsd: 1e9, deltaQuantumUnits: 1e-6 };
  return {
    ...DEFAULT_POLICY,
    underlyings: Object.fromEntries(tickers.map((ticker) => [ticker, limits])),
    planning: { ...DEFAULT_POLICY.planning, method: "greedy", ...planning },
  };
}

function hexByte(value: number): string {
  return value.toString(16).padStart(2, "0");
}

function setupOf(at: number, tickers: readonly string[]): ShardSetup {
  return {
    shard: `shard-${String(at + 1).padStart(2, "0")}`,
    chainId: 1000 + at,
    endpointId: 30_000 + at,
    nativeTicker: "ETH",
    blockTimeMs: 1000,
    staleAfterMs: 5000,
    vault: address20("fa"),
    settlement: { ticker: "USDX", token: address20("c0"), decimals: 6 },
    underlyings: tickers.map((ticker, index) => {
      return { ticker, token: address20(hexByte(0xe0 + index)), decimals: 18 };
    }),
    agents: [{ id: `agent-${at}`, reporterPublicKey: "00".repeat(32) }],
  };
}

type EntryContext = {
  readonly tickers: readonly string[];
  readonly options: RandomWorldOptions;
  readonly random: () => number;
};

function entryOf(setup: ShardSetup, { tickers, options, random }: EntryContext): BookEntry {
  const cashUsd = 4_000 * 250 ** random();
  const cashRaw = String(Math.round(cashUsd * 1e6));
  const parts = tickers.map((ticker, index) => {
    return partOf(setup, {
      ticker,
      index,
      spotUsd: SPOTS_USD[index % 8] ?? 100,
      venues: options.venues,
      random,
    });
  });
  const settlement = {
    asset: "USDX",
    token: setup.settlement.token,
    underlying: null,
    amountRaw: cashRaw,
    decimals: 6,
    priceUsd: 1,
  };
  const perps = perpsOf(setup, { tickers, options });
  const routes = randomRoutes(options.seed * 89 + setup.chainId, options.shards);
  const [free = settlement.amountRaw] = perps.map((line) => line.freeMarginRaw);
  const report = aShardReport({
    perps,
    routes,
    shard: setup.shard,
    agent: setup.agents[0]?.id ?? "",
    chainId: setup.chainId,
    seq: BLOCK_MS + 100,
    block: { number: 120, hash: hash32("b1"), timestampMs: BLOCK_MS, finalizedNumber: 112 },
    market: parts.map((part) => part.market),
    collateral: [
      { ...settlement, location: "vault", priceUpdatedAtMs: BLOCK_MS - 500 },
      ...parts.map((part) => part.hedge),
      ...(perps.length === 0
        ? []
        : [
            {
              ...settlement,
              amountRaw: free,
              location: "venue-margin" as const,
              priceUpdatedAtMs: BLOCK_MS - 500,
            },
          ]),
    ],
    book: parts.flatMap((part) => part.book),
    greeks: [],
    capacity: parts.flatMap((part) => part.capacity),
    chain: {
      epoch: 1,
      leader: LEADER,
      paused: false,
      capitalRaw: cashRaw,
      liabilitiesRaw: "0",
      baseFeeWei: String(Math.round(1e8 * 100 ** random())),
    },
  });
  return { report, acceptedAtMs: NOW_MS - 200 };
}

/**
 * Perpetuals of one account, with and without a position and margin, on numbers of their own: a world without them is the
 * same as before.
 */
function perpsOf(
  setup: ShardSetup,
  { tickers, options }: Pick<EntryContext, "tickers" | "options">,
): PerpLine[] {
  const random = seededRandom(options.seed * 97 + setup.chainId);
  const held = random() < 0.4 ? (random() - 0.5) * 60_000 : 0;
  const marginUsd = random() < 0.4 ? 0 : 500 * 60 ** random() + 0.4 * Math.abs(held);
  return tickers.slice(0, options.perps ?? 0).map((underlying, index) => {
    const spotUsd = SPOTS_USD[index % 8] ?? 100;
    return aPerpMarket({
      underlying,
      spotUsd,
      marginUsd,
      feeFraction: random() < 0.5 ? 0.0002 : 0.001,
      depthUsd: 200_000 * 10 ** random(),
      sizeUnits: index === 0 ? held / spotUsd : 0,
      change: {
        market: address20(hexByte(0xb0 + index)),
        fundingFractionPerDay: (random() - 0.5) * 0.002,
        indexUpdatedAtMs: BLOCK_MS - 500,
        gasUnits: 300_000,
        ...(index === 0 ? {} : boundElsewhere(held, marginUsd)),
      },
    });
  });
}

/** What an account whose position is in another market says on a line without one. */
function boundElsewhere(heldUsd: number, marginUsd: number): Partial<PerpLine> {
  const freeUsd = Math.max(0, marginUsd - 0.1 * Math.abs(heldUsd));
  const marginRatio = heldUsd === 0 ? null : marginUsd / Math.abs(heldUsd);
  return { freeMarginRaw: String(Math.round(freeUsd * 1e6)), marginRatio };
}

type PartContext = {
  readonly ticker: string;
  readonly index: number;
  readonly spotUsd: number;
  readonly venues: number;
  readonly random: () => number;
};

function partOf(setup: ShardSetup, { ticker, index, spotUsd, venues, random }: PartContext) {
  const token = setup.underlyings[index]?.token ?? address20("00");
  const notionalUsd = 600_000 * (random() - 0.6);
  const hedgeUnits = (40_000 * random()) / spotUsd;
  return {
    market: {
      underlying: ticker,
      source: `${setup.shard}-${ticker}`,
      spotUsd,
      spotUpdatedAtMs: BLOCK_MS - 500,
      volatility: [
        {
          expiryMs: EXPIRY_MS,
          a: 0.004,
          b: 0.02,
          rho: -0.3,
          m: 0,
          sigma: 0.1,
          updatedAtMs: BLOCK_MS - 500,
        },
      ],
    } satisfies ShardReport["market"][number],
    hedge: {
      asset: ticker,
      token,
      underlying: ticker,
      amountRaw: raw(hedgeUnits, 18),
      decimals: 18,
      location: "vault",
      priceUsd: spotUsd,
      priceUpdatedAtMs: BLOCK_MS - 500,
    } satisfies ShardReport["collateral"][number],
    book: [
      {
        kind: "option",
        venue: "option-book",
        seriesId: hash32(hexByte(0x10 + index)),
        underlying: ticker,
        type: random() < 0.6 ? "call" : "put",
        strikeUsd: spotUsd * (0.9 + 0.2 * random()),
        expiryMs: EXPIRY_MS,
        quantity: notionalUsd / spotUsd,
        markUsd: spotUsd * 0.03,
      },
    ] satisfies ShardReport["book"],
    capacity: Array.from({ length: venues }, (_, venue) => {
      return poolOf({ ticker, token, spotUsd, venue, random });
    }),
  };
}

function poolOf(context: {
  readonly ticker: string;
  readonly token: `0x${string}`;
  readonly spotUsd: number;
  readonly venue: number;
  readonly random: () => number;
}): CapacityLine {
  const { ticker, token, spotUsd, venue, random } = context;
  const feeFraction = [0.0001, 0.0005, 0.001, 0.003, 0.006][Math.floor(random() * 5)] ?? 0.003;
  const depthUsd = 40_000 * 25 ** random();
  const sizes = [0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1].map(
    (part) => (part * depthUsd) / spotUsd,
  );
  const usd = (units: number, side: 1 | -1): number => {
    return units * spotUsd * (1 + side * (feeFraction + (0.02 * units * spotUsd) / depthUsd));
  };
  return {
    venue: "uniswap-v3",
    adapter: address20("ad"),
    pool: address20(hexByte(0x90 + venue)),
    underlying: ticker,
    token,
    feeFraction,
    gasUnits: 150_000 + Math.floor(150_000 * random()),
    acceptsTrades: true,
    meanPrice: null,
    buy: sizes.map((units) => ({
      amountInRaw: raw(usd(units, 1), 6),
      amountOutRaw: raw(units, 18),
    })),
    sell: sizes.map((units) => ({
      amountInRaw: raw(units, 18),
      amountOutRaw: raw(usd(units, -1), 6),
    })),
  };
}

function raw(value: number, decimals: number): string {
  const digits = Math.min(decimals, 9);
  return (BigInt(Math.round(value * 10 ** digits)) * 10n ** BigInt(decimals - digits)).toString();
}
