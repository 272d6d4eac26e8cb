import { actionOf, shardBytes32 } from "#shared/evm/mandate-typed-data.ts";
import type { Hex } from "#shared/units/ids.ts";
import type {
  JobParams,
  SwapExactOutputParams,
  SwapParams,
  TransferParams,
} from "#shared/wire/rebalance-job.ts";
import { settleLongs } from "#test/simulation/desk/option-market.ts";
import { actAtVenue, countedE18, type DeskParams } from "#test/simulation/desk/venue-desk.ts";
import { fill } from "#test/simulation/desk/windows.ts";
import { guidOf, messageOf } from "#test/simulation/world/message.ts";
import { ceilDiv, intrinsicE8, priceE8 } from "#test/simulation/world/price.ts";
import type { ShardState, VaultRules } from "#test/simulation/world/shard-state.ts";
import { VAULT_LIMITS } from "#test/simulation/world/site.ts";
import type { ChainCall, ChainEvent, Transaction } from "#test/simulation/world/transaction.ts";
import { capitalRaw, poolIn, poolOut } from "#test/simulation/world/valuation.ts";
import { receive } from "#test/simulation/world/world-op.ts";

export type CallOutcome =
  | { readonly ok: true; readonly state: ShardState; readonly events: readonly ChainEvent[] }
  | { readonly ok: false; readonly reason: string };

/** LayerZero fee of any transfer. */
export const MESSAGE_FEE_WEI = 10n ** 15n;
const BPS = 10_000n;

/** What contracts/src would do with a call in a block of this time: the same checks in the same order. */
export function execute(
  state: ShardState,
  transaction: Transaction,
  rules: VaultRules,
  nowSeconds: number,
): CallOutcome {
  const { call } = transaction;
  if (call.kind === "nothing") return { ok: true, state, events: [] };
  if (call.kind === "bump") return bump(state, call, rules);
  if (call.kind === "recover") return recover(state, call);
  if (call.kind === "settle") return settle(state, call, nowSeconds);
  if (call.kind === "upkeep") return upkeep(state, nowSeconds);
  const consumed = consume(state, call, { transaction, rules, nowSeconds });
  if (!consumed.ok) return consumed;
  const { params } = call;
  const effect = act(consumed.state, { call, params, transaction }, { rules, nowSeconds });
  if (!effect.ok) return effect;
  const floor = BigInt(params.minCapitalAfterRaw);
  const least = floor > 0n ? floor : 0n;
  if (capitalRaw(effect.state) < least) return fail("CapitalBelowFloor");
  return { ...effect, events: [...consumed.events, ...effect.events] };
}

function act(state: ShardState, o: Acting, where: Where): CallOutcome {
  const { params, call } = o;
  if (params.kind === "swap" || params.kind === "swap-exact-output")
    return swap(state, call.mandate.jobId, params, where);
  if (params.kind === "transfer") return transfer(state, { ...o, params }, where);
  return desk(state, call.mandate.jobId, params, where);
}

type Acting = {
  readonly call: Extract<ChainCall, { kind: "mandate" }>;
  readonly params: JobParams;
  readonly transaction: Transaction;
};

function fail(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}

function bump(
  state: ShardState,
  call: Extract<ChainCall, { kind: "bump" }>,
  rules: VaultRules,
): CallOutcome {
  if (call.expectedEpoch !== state.epoch) return fail("WrongEpoch");
  if (!call.signers.includes(rules.signer) || call.leader !== rules.signer)
    return fail("LeaderDidNotSign");
  const epoch = state.epoch + 1;
  const event = { type: "bumped", epoch, leader: call.leader } as const;
  return { ok: true, state: { ...state, epoch, leader: call.leader }, events: [event] };
}

type MandateContext = {
  readonly transaction: Transaction;
  readonly rules: VaultRules;
  readonly nowSeconds: number;
};

function consume(
  state: ShardState,
  call: Extract<ChainCall, { kind: "mandate" }>,
  { transaction, rules, nowSeconds }: MandateContext,
): CallOutcome {
  const { mandate } = call;
  const action = actionOf(call.params);
  if (mandate.epoch !== state.epoch) return fail("WrongEpoch");
  if (mandate.leader !== state.leader) return fail("WrongLeader");
  if (mandate.shard !== shardBytes32(rules.site.shard)) return fail("WrongShard");
  if (mandate.action !== action) return fail("WrongAction");
  if (nowSeconds < mandate.notBeforeSeconds) return fail("TooEarly");
  if (nowSeconds > mandate.deadlineSeconds) return fail("Expired");
  if (state.consumed.has(mandate.jobId) && !rules.takesTwice) return fail("AlreadyConsumed");
  if (mandate.paramsHash !== call.paramsHash) return fail("ParamsMismatch");
  if (!call.signers.every((signer) => signer === rules.signer)) return fail("SignerNotAllowed");
  if (!call.signers.includes(mandate.leader)) return fail("LeaderDidNotSign");
  const event: ChainEvent = {
    type: "consumed",
    jobId: mandate.jobId,
    action,
    epoch: mandate.epoch,
    leader: mandate.leader,
    shard: mandate.shard,
    paramsHash: call.paramsHash,
    transactionHash: transaction.hash,
  };
  const consumed = new Set(state.consumed).add(mandate.jobId);
  return { ok: true, state: { ...state, consumed }, events: [event] };
}

type Where = { readonly rules: VaultRules; readonly nowSeconds: number };

function swap(
  state: ShardState,
  jobId: Hex,
  params: SwapParams | SwapExactOutputParams,
  { rules, nowSeconds }: Where,
): CallOutcome {
  const { site } = rules;
  const isBuy = params.assetIn === site.settlementToken && params.assetOut === site.hedgeToken;
  const isSell = params.assetIn === site.hedgeToken && params.assetOut === site.settlementToken;
  if (params.venue !== site.adapter || params.pool !== site.pool) return fail("VenueNotAllowed");
  if (!isBuy && !isSell) return fail("AssetNotAllowed");
  if (!areFeedsFresh(state, nowSeconds)) return fail("PriceStale");
  if (state.poolRefuses === (isBuy ? "buy" : "sell")) return fail("PoolRefuses");
  const isExactOutput = params.kind === "swap-exact-output";
  const mostIn = BigInt(isExactOutput ? params.maxAmountInRaw : params.amountInRaw);
  const minimum = BigInt(isExactOutput ? params.amountOutRaw : params.minAmountOutRaw);
  const price = priceE8(state);
  const fair = isBuy ? ceilDiv(mostIn * 10n ** 20n, price) : ceilDiv(mostIn * price, 10n ** 20n);
  if (minimum < ceilDiv(fair * (BPS - VAULT_LIMITS.maxSlippageBps), BPS))
    return fail("MinimumOutTooLow");
  const notional = isBuy ? mostIn : ceilDiv(mostIn * price, 10n ** 20n);
  const swapWindow = fill(state.swapWindow, notional, VAULT_LIMITS.swapWindowCapRaw, nowSeconds);
  if (swapWindow === undefined) return fail("WindowCapExceeded");
  if (mostIn > (isBuy ? state.settlementRaw : state.hedgeRaw)) return fail("InsufficientBalance");
  const most = poolOut(state, rules, isBuy, mostIn);
  if (most < minimum) return fail("ReceivedTooLittle");
  const amountIn = isExactOutput
    ? poolIn(state, rules, isBuy, { amountOut: minimum, mostIn })
    : mostIn;
  const amountOut = isExactOutput ? minimum : most;
  const event = {
    type: "swap",
    jobId,
    isBuy,
    amountInRaw: amountIn,
    amountOutRaw: amountOut,
  } as const;
  return {
    ok: true,
    state: {
      ...state,
      swapWindow,
      settlementRaw: state.settlementRaw + (isBuy ? -amountIn : amountOut),
      hedgeRaw: state.hedgeRaw + (isBuy ? amountOut : -amountIn),
    },
    events: [{ ...event, notionalRaw: notional }],
  };
}

/** The desk's own checks come after the vault's. */
function desk(state: ShardState, jobId: Hex, params: DeskParams, where: Where): CallOutcome {
  if (!areFeedsFresh(state, where.nowSeconds)) return fail("PriceStale");
  const outcome = actAtVenue(state, params, { jobId, ...where });
  const sizeE18 = countedE18(params);
  if (!outcome.ok || sizeE18 === 0n) return outcome;
  const notional = ceilDiv(sizeE18 * priceE8(state), 10n ** 20n);
  const cap = VAULT_LIMITS.swapWindowCapRaw;
  const swapWindow = fill(state.swapWindow, notional, cap, where.nowSeconds);
  if (swapWindow === undefined) return fail("WindowCapExceeded");
  return { ...outcome, state: { ...outcome.state, swapWindow } };
}

/** LyraV1Adapter.settleExpired. */
function upkeep(state: ShardState, nowSeconds: number): CallOutcome {
  const settled = settleLongs(state, nowSeconds);
  return settled.events.length === 0 ? fail("NothingToSettle") : { ok: true, ...settled };
}

function transfer(
  state: ShardState,
  o: Acting & { readonly params: TransferParams },
  { rules, nowSeconds }: Where,
): CallOutcome {
  const { params, call, transaction } = o;
  if (rules.sisters.get(params.dstEid) !== params.dstVault) return fail("RouteNotAllowed");
  const amount = BigInt(params.amountRaw);
  const cap = VAULT_LIMITS.transferWindowCapRaw;
  const transferWindow = fill(state.transferWindow, amount, cap, nowSeconds);
  if (transferWindow === undefined) return fail("WindowCapExceeded");
  if (!areFeedsFresh(state, nowSeconds)) return fail("PriceStale");
  const maxFee = BigInt(call.mandate.maxFeeNativeWei);
  const allowedWei = maxFee < transaction.valueWei ? maxFee : transaction.valueWei;
  if (MESSAGE_FEE_WEI > allowedWei) return fail("FeeTooHigh");
  if (amount > state.settlementRaw) return fail("InsufficientBalance");
  if (amount < BigInt(params.minAmountRaw)) return fail("ReceivedTooLittle");
  const nonce = (state.outboundNonces.get(params.dstEid) ?? 0) + 1;
  const guid = guidOf(rules.site.endpointId, params.dstEid, nonce);
  const outboundNonces = new Map(state.outboundNonces).set(params.dstEid, nonce);
  const event: ChainEvent = {
    type: "sent",
    jobId: call.mandate.jobId,
    guid,
    dstEid: params.dstEid,
    nonce,
    receiver: rules.tokens.get(params.dstEid) ?? "0x",
    message: messageOf(params.dstVault, amount),
    amountRaw: amount,
    nativeFeeWei: MESSAGE_FEE_WEI,
  };
  const settlementRaw = state.settlementRaw - amount;
  return {
    ok: true,
    state: { ...state, transferWindow, outboundNonces, settlementRaw },
    events: [event],
  };
}

/** ReceiveUln302.commitVerification and EndpointV2.lzReceive. */
function recover(state: ShardState, call: Extract<ChainCall, { kind: "recover" }>): CallOutcome {
  const { guid, payloadHash, step } = call;
  const kept = state.messages.get(guid);
  if (kept?.payloadHash !== payloadHash) return fail("LZ_PayloadHashNotFound");
  if (step === "receive") {
    if (kept.stage !== "verified") return fail("LZ_PayloadHashNotFound");
    const { srcEid, amountRaw } = kept;
    return { ok: true, ...receive(state, { guid, srcEid, amountRaw }) };
  }
  if (kept.stage !== "attested") return fail("LZ_PathNotVerifiable");
  const messages = new Map(state.messages).set(guid, { ...kept, stage: "verified" });
  return { ok: true, state: { ...state, messages }, events: [] };
}

function settle(
  state: ShardState,
  call: Extract<ChainCall, { kind: "settle" }>,
  nowSeconds: number,
): CallOutcome {
  const series = state.series.find((one) => one.seriesId === call.seriesId);
  if (series === undefined) return fail("SeriesNotLive");
  if (BigInt(nowSeconds) <= series.expirySeconds) return fail("NotExpired");
  const expiryMs = Number(series.expirySeconds) * 1000;
  const round = state.rounds[Number(call.roundId) - 1];
  const next = state.rounds[Number(call.roundId)];
  if (round === undefined || next === undefined) return fail("RoundNotFound");
  if (round.updatedAtMs > expiryMs || next.updatedAtMs <= expiryMs) return fail("WrongRound");
  const payoff = intrinsicE8(series, round.priceE8);
  const paid = (series.takersLongE18 * payoff) / 10n ** 20n;
  const received = ceilDiv(series.takersShortE18 * payoff, 10n ** 20n);
  if (paid > state.settlementRaw + received) return fail("InsufficientBalance");
  return {
    ok: true,
    state: {
      ...state,
      series: state.series.filter((one) => one !== series),
      settlementRaw: state.settlementRaw + received - paid,
    },
    events: [{ type: "takers", amountRaw: received - paid }],
  };
}

function areFeedsFresh(state: ShardState, nowSeconds: number): boolean {
  const oldestMs = Math.min(state.rounds.at(-1)?.updatedAtMs ?? 0, state.settlementUpdatedAtMs);
  return oldestMs / 1000 + VAULT_LIMITS.feedStaleAfterSeconds >= nowSeconds;
}
