import type { Hex } from "#shared/units/ids.ts";
import type {
  LendMoveParams,
  MarginMoveParams,
  PerpChangeParams,
} from "#shared/wire/rebalance-job.ts";
import type { DeskState, ShardState, VaultRules } from "#test/simulation/world/shard-state.ts";
import { VAULT_LIMITS } from "#test/simulation/world/site.ts";
import type { ChainEvent } from "#test/simulation/world/transaction.ts";
import {
  ceilDiv,
  exposureE18,
  freeMarginRaw,
  perpQuoteE18,
  priceE8,
  valueE18,
} from "#test/simulation/world/valuation.ts";

export type DeskParams = LendMoveParams | MarginMoveParams | PerpChangeParams;

export type DeskOutcome =
  | { readonly ok: true; readonly state: ShardState; readonly events: readonly ChainEvent[] }
  | { readonly ok: false; readonly reason: string };

const BPS = 10_000n;
const WAD = 10n ** 18n;
/** As Curie's initial margin, in millionths. */
export const INITIAL_MARGIN_MILLIONTHS = 100_000n;
export const MAINTENANCE_MARGIN_MILLIONTHS = 62_500n;

/** What VenueDesk does with the vault's accounts at a lending pool and at a perpetual market: the same checks in the same order. */
export function actAtVenue(
  state: ShardState,
  jobId: Hex,
  params: DeskParams,
  rules: VaultRules,
): DeskOutcome {
  switch (params.kind) {
    case "lend-move":
      return lend(state, jobId, params, rules);
    case "margin-move":
      return moveMargin(state, jobId, params, rules);
    case "perp-change":
      return changePerp(state, jobId, params, rules);
  }
}

function fail(reason: string): DeskOutcome {
  return { ok: false, reason };
}

function lend(
  state: ShardState,
  jobId: Hex,
  params: LendMoveParams,
  { site }: VaultRules,
): DeskOutcome {
  if (params.venue !== site.venues.aave) return fail("NotRegistered");
  if (params.asset !== site.settlementToken) return fail("AssetNotAllowed");
  const amountRaw = BigInt(params.amountRaw);
  if (amountRaw === 0n) return fail("ZeroAmount");
  if (amountRaw > 0n && state.desk.isClosed) return fail("ReservePaused");
  const suppliedRaw = state.desk.suppliedRaw + amountRaw;
  if (suppliedRaw < 0n || state.settlementRaw < amountRaw) return fail("InsufficientBalance");
  return moved(
    state,
    { jobId, venue: "aave", amountRaw, minReceiptRaw: BigInt(params.minReceiptRaw) },
    {
      suppliedRaw,
    },
  );
}

function moveMargin(
  state: ShardState,
  jobId: Hex,
  params: MarginMoveParams,
  { site }: VaultRules,
): DeskOutcome {
  if (params.venue !== site.venues.curie) return fail("NotRegistered");
  if (params.asset !== site.settlementToken) return fail("AssetNotAllowed");
  const amountRaw = BigInt(params.amountRaw);
  if (amountRaw === 0n) return fail("ZeroAmount");
  if (state.settlementRaw < amountRaw) return fail("InsufficientBalance");
  if (-amountRaw > freeMarginRaw(state)) return fail("NotEnoughFreeCollateral");
  const outcome = moved(
    state,
    { jobId, venue: "curie", amountRaw, minReceiptRaw: BigInt(params.minReceiptRaw) },
    { marginRaw: state.desk.marginRaw + amountRaw },
  );
  return outcome.ok ? requireHealth(outcome, BigInt(params.minMarginRatioE18)) : outcome;
}

function moved(
  state: ShardState,
  o: {
    readonly jobId: Hex;
    readonly venue: "aave" | "curie";
    readonly amountRaw: bigint;
    readonly minReceiptRaw: bigint;
  },
  change: Partial<DeskState>,
): DeskOutcome {
  const { jobId, venue, amountRaw } = o;
  const gainedRaw = amountRaw > 0n ? amountRaw : -amountRaw;
  if (gainedRaw < o.minReceiptRaw) return fail("ReceivedTooLittle");
  return {
    ok: true,
    state: {
      ...state,
      settlementRaw: state.settlementRaw - amountRaw,
      desk: { ...state.desk, ...change },
    },
    events: [{ type: "venue", jobId, venue, amountRaw, gainedRaw }],
  };
}

/** The window is the caller's: it counts swaps as well. */
function changePerp(
  state: ShardState,
  jobId: Hex,
  params: PerpChangeParams,
  { site }: VaultRules,
): DeskOutcome {
  if (params.venue !== site.venues.curie) return fail("NotRegistered");
  if (params.market !== site.venues.market) return fail("UnknownMarket");
  const sizeE18 = BigInt(params.sizeE18);
  if (sizeE18 === 0n) return fail("ZeroAmount");
  if (state.desk.isClosed) return fail("MarketClosed");
  const fairE8 = priceE8(state);
  const worstE8 = BigInt(params.worstPriceE8);
  const isBuy = sizeE18 > 0n;
  const { maxSlippageBps } = VAULT_LIMITS;
  const isOutside = isBuy
    ? worstE8 > (fairE8 * (BPS + maxSlippageBps)) / BPS
    : worstE8 < ceilDiv(fairE8 * (BPS - maxSlippageBps), BPS);
  if (isOutside) return fail("PriceOutsideLimit");
  const size = isBuy ? sizeE18 : -sizeE18;
  const quoteE18 = perpQuoteE18(state, size, isBuy);
  const worstQuoteE18 = (size * worstE8) / 10n ** 8n;
  if (isBuy ? quoteE18 > worstQuoteE18 : quoteE18 < worstQuoteE18) return fail("TooMuchSlippage");
  const desk = {
    ...state.desk,
    sizeE18: state.desk.sizeE18 + sizeE18,
    openE18: state.desk.openE18 + (isBuy ? quoteE18 : -quoteE18),
  };
  const after = { ...state, desk };
  const isGrowing = exposureE18(after) > exposureE18(state);
  const neededE18 = (exposureE18(after) * INITIAL_MARGIN_MILLIONTHS) / 1_000_000n;
  if (isGrowing && valueE18(after) < neededE18) return fail("NotEnoughFreeCollateral");
  const event = { type: "perp", jobId, sizeE18, quoteE18 } as const;
  return requireHealth(
    { ok: true, state: after, events: [event] },
    BigInt(params.minMarginRatioE18),
  );
}

function requireHealth(
  outcome: Extract<DeskOutcome, { ok: true }>,
  minimumE18: bigint,
): DeskOutcome {
  const healthE18 = marginRatioE18(outcome.state);
  return healthE18 !== null && healthE18 < minimumE18 ? fail("HealthBelowFloor") : outcome;
}

/** Account value over exposure, 18 decimals; null without a position. */
export function marginRatioE18(state: ShardState): bigint | null {
  const exposure = exposureE18(state);
  if (exposure === 0n) return null;
  const value = valueE18(state);
  return value <= 0n ? 0n : (value * WAD) / exposure;
}
