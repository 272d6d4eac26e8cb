import {
  isHedge,
  type PendingEffect,
  pendingSellRaw,
} from "#coordinator/records/pending-effect.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import type { ShardValuation, UnderlyingValuation } from "#coordinator/records/shard-valuation.ts";
import {
  assessCapital,
  movedRange,
  NOTHING_PENDING,
  pendingRanges,
  requiredCapitalUsd,
} from "#coordinator/stages/assess-capital.ts";
import {
  costSegments,
  type DepthContext,
  type DepthPoint,
  depthPoints,
  executionCostUsd,
  largestWhere,
  type Side,
  unitsWithinSlippage,
  usdFor,
} from "#coordinator/stages/depth-cost.ts";
import type { ShardStatus } from "#coordinator/stages/judge-shard.ts";
import type { TradeOption } from "#coordinator/stages/split-trade.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import { slippageMaxFraction } from "#shared/policy/slippage.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";
import type { CapacityLine } from "#shared/wire/shard-report.ts";

/** What one shard brings to a pass. */
export type ShardInput = {
  readonly setup: ShardSetup;
  readonly status: ShardStatus;
  readonly valuation: ShardValuation;
};

/** Most units each limit allows, by what it says when it leaves nothing. */
type Limits = Readonly<Record<string, number>>;

/** A venue on which a shard may trade now, with what limits it. */
export type HedgeOption = TradeOption & {
  readonly input: ShardInput;
  readonly line: CapacityLine;
  readonly points: readonly DepthPoint[];
  readonly depth: DepthContext;
  /** Raw amount of the asset sold that is there and no pending job will spend. */
  readonly freeRaw: bigint;
  /** The better of snapshot and the shard's own feed for this side: what the vault compares with, too. */
  readonly fairSpotUsd: number;
  /** The smallest of them is `limitUnits`. */
  readonly limits: Limits;
};

export type HedgeOptionOutcome =
  | { readonly usable: true; readonly option: HedgeOption }
  | { readonly usable: false; readonly reason: string };

/** All venues of one shard on which it may trade, the cheapest first; never empty when usable. */
export type HedgeOptionsOutcome =
  | { readonly usable: true; readonly options: readonly HedgeOption[] }
  | { readonly usable: false; readonly reason: string };

export type HedgeContext = {
  readonly underlying: string;
  readonly side: Side;
  readonly effects: readonly PendingEffect[];
  readonly policy: Policy;
  /** USD per native coin by ticker, for gas. */
  readonly nativeUsd: ReadonlyMap<string, number>;
};

/**
 * Half of the allowed slippage may be used up by the venue's fee and depth when the trade is planned;
 * the other half is for moves until the block of the trade.
 */
export const SLIPPAGE_SHARE_PLANNED = 0.5;

/** How much, where and at what cost one shard may trade on its cheapest venue, or why it may not. */
export function hedgeOption(input: ShardInput, context: HedgeContext): HedgeOptionOutcome {
  const outcome = hedgeOptions(input, context);
  if (!outcome.usable) return outcome;
  const [option] = outcome.options;
  return option === undefined
    ? { usable: false, reason: `${input.setup.shard}: no venue` }
    : { usable: true, option };
}

/** How much and at what cost one shard may trade on each of its venues, or why it may not. */
export function hedgeOptions(input: ShardInput, context: HedgeContext): HedgeOptionsOutcome {
  const { status, setup, valuation } = input;
  const refuse = (reason: string): HedgeOptionsOutcome => ({
    usable: false,
    reason: `${setup.shard}: ${reason}`,
  });
  if (!status.takesJobs)
    return refuse(`${status.mode}${status.mode === "run" ? ", takes no jobs" : ""}`);
  const own = valuation.underlyings.get(context.underlying);
  const token = setup.underlyings.find((candidate) => candidate.ticker === context.underlying);
  if (own === undefined || token === undefined) return refuse(`no market in ${context.underlying}`);
  if (valuation.unvalued.size > 0) return refuse("part of its book cannot be valued");
  if (hasHedgeInFlight(context, setup.shard)) return refuse("hedge in flight");
  const depth: DepthContext = {
    side: context.side,
    spotUsd: own.spotUsd,
    settlementUsd: valuation.settlementUsd,
    settlementDecimals: setup.settlement.decimals,
    tokenDecimals: token.decimals,
  };
  const known = valuation.entry.report.capacity.filter(
    (line) => line.underlying === context.underlying,
  );
  const open = known.filter(({ adapter }) => {
    return !status.closedVenues.includes(adapter.toLowerCase());
  });
  if (known.length > 0 && open.length === 0) return refuse("its venue is closed by a breaker");
  const venues = open.filter((line) => line.acceptsTrades);
  const options = venues.map((line) => venueOption(input, own, line, { ...context, depth }));
  const usable = options
    .filter((option) => option.limitUnits > 0)
    .sort((left, right) => averageCost(left) - averageCost(right));
  if (known.length === 0) return refuse("no venue");
  if (venues.length === 0) return refuse(closedReason(open));
  return usable.length === 0
    ? refuse(limitReason(options[0]?.limits))
    : { usable: true, options: usable };
}

/** Why venues that exist take no trades, with how far the first lies from its mean. */
function closedReason(lines: readonly CapacityLine[]): string {
  const { meanPrice, venue } = lines[0] ?? { meanPrice: null, venue: "venue" };
  if (meanPrice === null) return `${venue} takes no trades`;
  const { spotOverMeanFraction, limitFraction, windowSeconds } = meanPrice;
  const seconds = `${windowSeconds} s`;
  if (spotOverMeanFraction === null)
    return `${venue} takes no trades: no price history of ${seconds}`;
  const [off, limit] = [spotOverMeanFraction, limitFraction].map((one) => (one * 100).toFixed(2));
  return `${venue} takes no trades: spot is ${off} % off its mean of ${seconds}, the limit is ${limit} %`;
}

function hasHedgeInFlight({ effects, underlying }: HedgeContext, shard: string): boolean {
  return effects.some((effect) => {
    return isHedge(effect) && effect.shard === shard && effect.underlying === underlying;
  });
}

function averageCost(option: HedgeOption): number {
  return executionCostUsd(option.points, option.limitUnits, option.depth) / option.limitUnits;
}

/** Which limit left nothing to trade. */
function limitReason(limits: Limits | undefined): string {
  const zero = Object.entries(limits ?? {}).find(([, units]) => !(units > 0));
  return zero?.[0] ?? "nothing to trade";
}

function venueOption(
  input: ShardInput,
  own: UnderlyingValuation,
  line: CapacityLine,
  context: HedgeContext & { readonly depth: DepthContext },
): HedgeOption {
  const { policy, depth } = context;
  const points = depthPoints(line, depth);
  const slippage = slippageMaxFraction(policy, context.underlying) * SLIPPAGE_SHARE_PLANNED;
  const fairSpotUsd = fairSpot(input, own, context);
  const depthUnits = unitsWithinSlippage(points, { ...depth, spotUsd: fairSpotUsd }, slippage);
  const notionalMaxUsd = policy.underlyings[context.underlying]?.hedgeNotionalMaxUsd ?? 0;
  const freeRaw = freeRawOf(input, own, context);
  const limits: Limits = {
    "venue too thin or too dear": depthUnits,
    "notional limit": notionalMaxUsd / own.spotUsd,
    ...(context.side === "buy"
      ? { "no free cash": cashUnits(input, points, depthUnits, freeRaw) }
      : { "no hedge to sell": unitsFromRaw(freeRaw, depth.tokenDecimals) }),
    ...(input.status.reducesOnly
      ? { "would not reduce its own delta": reducingUnits(input, context) }
      : {}),
    "would not stay solvent": solventUnits(input, own, { points, depthUnits, context }),
  };
  const limitUnits = Math.max(0, Math.min(...Object.values(limits)));
  const gasUsd = gasCostUsd(input, line, context.nativeUsd) ?? 0;
  const costFraction = policy.underlyings[context.underlying]?.costFraction ?? 1;
  return {
    shard: input.setup.shard,
    segments: costSegments(points, depth),
    limitUnits,
    gasUsd,
    leastUnits: gasUsd / costFraction / own.spotUsd,
    input,
    line,
    points,
    depth,
    freeRaw,
    fairSpotUsd,
    limits,
  };
}

function fairSpot(input: ShardInput, own: UnderlyingValuation, context: HedgeContext): number {
  const { market } = input.valuation.entry.report;
  const feed =
    market.find((line) => line.underlying === context.underlying)?.spotUsd ?? own.spotUsd;
  return context.side === "buy" ? Math.min(feed, own.spotUsd) : Math.max(feed, own.spotUsd);
}

/** Gas of one hedge on a venue in USD; null when the native coin has no price here. */
export function gasCostUsd(
  input: ShardInput,
  line: CapacityLine,
  nativeUsd: ReadonlyMap<string, number>,
): number | null {
  const usd = nativeUsd.get(input.setup.nativeTicker);
  if (usd === undefined) return null;
  return (
    line.gasUnits * unitsFromRaw(BigInt(input.valuation.entry.report.chain.baseFeeWei), 18) * usd
  );
}

function freeRawOf(
  input: ShardInput,
  own: UnderlyingValuation,
  { side, underlying, effects, policy }: HedgeContext,
): bigint {
  const { setup, valuation } = input;
  if (side === "buy") return assessCapital(valuation, setup, effects, policy).freeCashRaw;
  const freeRaw = own.sellableRaw - pendingSellRaw(effects, setup.shard, underlying);
  return freeRaw > 0n ? freeRaw : 0n;
}

function cashUnits(
  input: ShardInput,
  points: readonly DepthPoint[],
  most: number,
  freeCashRaw: bigint,
): number {
  const { setup, valuation } = input;
  const freeUsd = unitsFromRaw(freeCashRaw, setup.settlement.decimals) * valuation.settlementUsd;
  return largestWhere(most, (units) => usdFor(points, units) <= freeUsd);
}

/**
 * Most units a shard may trade that is only to reduce: with every subset of its jobs in flight done or
 * not, the trade leaves its own delta no further from zero, and never beyond it.
 */
function reducingUnits(
  { setup, valuation }: ShardInput,
  { side, underlying, effects }: Pick<HedgeContext, "side" | "underlying" | "effects">,
): number {
  const delta = valuation.underlyings.get(underlying)?.greeks.deltaUnits ?? 0;
  const pending = effects
    .filter((effect) => {
      const isOwn = effect.shard === setup.shard && effect.underlying === underlying;
      return isOwn && effect.isPendingAtShard;
    })
    .map((effect) => effect.deltaUnits);
  const reach = (sign: 1 | -1): number =>
    pending.reduce((sum, units) => (Math.sign(units) === sign ? sum + units : sum), 0);
  return Math.max(0, side === "buy" ? -(delta + reach(1)) : delta + reach(-1));
}

/**
 * Most units after which the shard keeps its required capital and buffer and its capital on chain is
 * not negative, or at least, when it is short of that already, is no worse off than before.
 */
function solventUnits(
  input: ShardInput,
  own: UnderlyingValuation,
  trade: {
    readonly points: readonly DepthPoint[];
    readonly depthUnits: number;
    readonly context: HedgeContext & { readonly depth: DepthContext };
  },
): number {
  const { points, context } = trade;
  const { setup, valuation } = input;
  const haircut = context.policy.capital.hedgeHaircutFraction;
  const before = assessCapital(valuation, setup, context.effects, context.policy);
  const pending = pendingRanges(setup.shard, context.effects);
  const sign = context.side === "buy" ? 1 : -1;
  const chainCapitalUsd =
    unitsFromRaw(BigInt(valuation.entry.report.chain.capitalRaw), setup.settlement.decimals) *
    valuation.settlementUsd;
  const collateralChangeUsd = (units: number): number => {
    return -executionCostUsd(points, units, context.depth) - sign * units * own.spotUsd * haircut;
  };
  const slackUsd = (units: number): number => {
    const after = new Map(pending);
    const range = pending.get(context.underlying) ?? NOTHING_PENDING;
    after.set(context.underlying, movedRange(range, sign * units));
    const required = requiredCapitalUsd(valuation, setup, after, context.policy);
    const buffered = required * context.policy.capital.bufferMultiplier;
    return before.collateralUsdAfterHaircut + collateralChangeUsd(units) - buffered;
  };
  const least = Math.min(0, slackUsd(0)) - 1e-6;
  return largestWhere(trade.depthUnits, (units) => {
    return slackUsd(units) >= least && chainCapitalUsd + collateralChangeUsd(units) >= 0;
  });
}
