import { ADMITTED, type Admission, refuse } from "#shard-agent/records/admission.ts";
import { isSameAddress, type ShardScope } from "#shard-agent/records/shard-scope.ts";
import type { Address } from "#shared/units/ids.ts";
import type {
  LendMoveParams,
  MarginMoveParams,
  OptionTradeParams,
  PerpChangeParams,
  RebalanceJob,
  SwapExactOutputParams,
  SwapParams,
} from "#shared/wire/rebalance-job.ts";

/** The world as the agent sees it when it is about to sign. */
export type JobConditions = {
  /** Which RPC endpoints contradict the others, and where; null when they agree. */
  readonly disagreement: string | null;
  readonly nowMs: number;
  readonly headTimestampMs: number;
  readonly vault: { readonly epoch: number; readonly leader: Address; readonly consumed: boolean };
  readonly senderBalanceWei: bigint;
  /** Block timestamp of the agent's newest published report; null when there is none yet. */
  readonly reportBlockTimestampMs: number | null;
  /** LayerZero fee of a transfer at this moment; 0 for everything else. */
  readonly nativeFeeWei: bigint;
};

/**
 * Whether an authentic job may run now. Time, fence and one-time use are judged against the chain's
 * head; the vault checks them again, so a wrong answer here costs gas, never funds.
 *
 * Conditions are judged in the order reads, consumed, window, fence, venue, own report, fee, gas. The first that fails is the answer.
 */
export function admitJob(
  job: RebalanceJob,
  conditions: JobConditions,
  scope: ShardScope,
): Admission {
  const judgements = [
    judgeReads,
    judgeConsumed,
    judgeWindow,
    judgeFence,
    judgeVenue,
    judgeReport,
    judgeGas,
  ];
  for (const judge of judgements) {
    const admission = judge(job, conditions, scope);
    if (!admission.admitted) return admission;
  }
  return ADMITTED;
}

/** What the chain says cannot be believed while its endpoints contradict each other. */
function judgeReads(_job: RebalanceJob, now: JobConditions): Admission {
  if (now.disagreement === null) return ADMITTED;
  return refuse("rpc-disagreement", `RPC endpoints contradict each other: ${now.disagreement}`);
}

function judgeConsumed(job: RebalanceJob, now: JobConditions): Admission {
  if (!now.vault.consumed) return ADMITTED;
  return refuse("already-consumed", `mandate.jobId: ${job.mandate.jobId} is consumed in the vault`);
}

/** A transaction sent now is included in the next block at the earliest. */
function judgeWindow(job: RebalanceJob, now: JobConditions, scope: ShardScope): Admission {
  const { deadlineSeconds, notBeforeSeconds } = job.mandate;
  const earliestSeconds = Math.floor(
    Math.max(now.nowMs, now.headTimestampMs + scope.blockTimeMs) / 1000,
  );
  if (earliestSeconds > deadlineSeconds) {
    const spare = earliestSeconds - deadlineSeconds;
    return refuse(
      "expired",
      `mandate.deadline: found ${deadlineSeconds}; the next block is at ${earliestSeconds}, ${spare} s too late`,
    );
  }
  if (earliestSeconds < notBeforeSeconds) {
    return refuse(
      "too-early",
      `mandate.notBefore: found ${notBeforeSeconds}; the next block is at ${earliestSeconds}`,
    );
  }
  return ADMITTED;
}

function judgeFence(job: RebalanceJob, now: JobConditions): Admission {
  const { epoch, leader } = job.mandate;
  if (epoch !== now.vault.epoch) {
    return refuse(
      "wrong-epoch",
      `mandate.epoch: found ${epoch}; the vault is at ${now.vault.epoch}`,
    );
  }
  if (!isSameAddress(leader, now.vault.leader)) {
    return refuse(
      "wrong-leader",
      `mandate.leader: found ${leader}; the vault's leader is ${now.vault.leader}`,
    );
  }
  return ADMITTED;
}

function judgeVenue(job: RebalanceJob, _now: JobConditions, scope: ShardScope): Admission {
  switch (job.params.kind) {
    case "swap":
    case "swap-exact-output":
      return judgeSwapVenue(job.params, scope);
    case "lend-move":
      return judgeLendMove(job.params, scope);
    case "margin-move":
      return judgeMarginMove(job.params, scope);
    case "perp-change":
      return judgePerpChange(job.params, scope);
    case "option-trade":
      return judgeOptionTrade(job.params, scope);
    case "transfer":
      return ADMITTED;
  }
}

function judgeSwapVenue(params: SwapParams | SwapExactOutputParams, scope: ShardScope): Admission {
  if (!isSameAddress(params.venue, scope.contracts.uniswapAdapter)) {
    return refuse(
      "venue-not-allowed",
      `params.venue: found ${params.venue}; configured: ${scope.contracts.uniswapAdapter}`,
    );
  }
  const underlying = scope.underlyings.find((one) =>
    one.pools.some((pool) => isSameAddress(pool.address, params.pool)),
  );
  if (underlying === undefined) {
    return refuse(
      "venue-not-allowed",
      `params.pool: found ${params.pool}; it is not one of the configured pools`,
    );
  }
  const buys =
    isSameAddress(params.assetIn, scope.settlement.token) &&
    isSameAddress(params.assetOut, underlying.token);
  const sells =
    isSameAddress(params.assetOut, scope.settlement.token) &&
    isSameAddress(params.assetIn, underlying.token);
  if (buys || sells) return ADMITTED;
  const pair = `${scope.settlement.token} and ${underlying.token}`;
  return refuse(
    "venue-not-allowed",
    `params: found ${params.assetIn} to ${params.assetOut}; the pool trades ${pair}`,
  );
}

function judgeLendMove(params: LendMoveParams, scope: ShardScope): Admission {
  const account = scope.positionVenues?.aaveV3?.adapter;
  if (account === undefined || !isSameAddress(params.venue, account)) {
    return refuse(
      "venue-not-allowed",
      `params.venue: found ${params.venue}; configured: ${account ?? "no lending venue"}`,
    );
  }
  const tokens = [scope.settlement.token, ...scope.underlyings.map((one) => one.token)];
  if (tokens.some((token) => isSameAddress(token, params.asset))) return ADMITTED;
  return refuse(
    "venue-not-allowed",
    `params.asset: found ${params.asset}; the vault has ${tokens.join(", ")}`,
  );
}

function judgeMarginMove(params: MarginMoveParams, scope: ShardScope): Admission {
  const { curie, lyraV1 } = scope.positionVenues ?? {};
  const accounts = [curie?.adapter, lyraV1?.adapter].filter((one) => one !== undefined);
  if (!accounts.some((account) => isSameAddress(params.venue, account))) {
    const configured = accounts.join(", ") || "no venue with margin";
    return refuse(
      "venue-not-allowed",
      `params.venue: found ${params.venue}; configured: ${configured}`,
    );
  }
  if (isSameAddress(params.asset, scope.settlement.token)) return ADMITTED;
  return refuse(
    "venue-not-allowed",
    `params.asset: found ${params.asset}; the venue's margin is ${scope.settlement.token}`,
  );
}

function judgePerpChange(params: PerpChangeParams, scope: ShardScope): Admission {
  const curie = scope.positionVenues?.curie ?? null;
  if (curie === null || !isSameAddress(params.venue, curie.adapter)) {
    return refuse(
      "venue-not-allowed",
      `params.venue: found ${params.venue}; configured: ${curie?.adapter ?? "no perpetual venue"}`,
    );
  }
  const markets = curie.markets.map((one) => one.market);
  if (markets.some((market) => isSameAddress(market, params.market))) return ADMITTED;
  return refuse(
    "venue-not-allowed",
    `params.market: found ${params.market}; configured: ${markets.join(", ")}`,
  );
}

function judgeOptionTrade(params: OptionTradeParams, scope: ShardScope): Admission {
  const account = scope.positionVenues?.lyraV1;
  if (account === undefined || account === null || !isSameAddress(params.venue, account.adapter)) {
    return refuse(
      "venue-not-allowed",
      `params.venue: found ${params.venue}; configured: ${account?.adapter ?? "no option market"}`,
    );
  }
  if (isSameAddress(params.market, account.market)) return ADMITTED;
  return refuse(
    "venue-not-allowed",
    `params.market: found ${params.market}; configured: ${account.market}`,
  );
}

function judgeReport(_job: RebalanceJob, now: JobConditions, scope: ShardScope): Admission {
  if (now.reportBlockTimestampMs === null) {
    return refuse("report-stale", "own report: none is published yet");
  }
  // By the chain's time too: on a clock that is behind, no report would ever be old.
  const ageMs = Math.max(now.nowMs, now.headTimestampMs) - now.reportBlockTimestampMs;
  if (ageMs > scope.staleAfterMs) {
    return refuse(
      "report-stale",
      `own report: ${ageMs} ms old; the limit is ${scope.staleAfterMs} ms`,
    );
  }
  return ADMITTED;
}

function judgeGas(job: RebalanceJob, now: JobConditions, scope: ShardScope): Admission {
  const maxFeeNativeWei = BigInt(job.mandate.maxFeeNativeWei);
  if (now.nativeFeeWei > maxFeeNativeWei) {
    return refuse(
      "fee-too-high",
      `LayerZero fee: ${now.nativeFeeWei} wei; mandate.maxFeeNative is ${maxFeeNativeWei} wei`,
    );
  }
  const floorWei = BigInt(scope.gasFloorWei);
  const leftWei = now.senderBalanceWei - now.nativeFeeWei;
  if (leftWei < floorWei) {
    return refuse(
      "gas-below-floor",
      `sender balance after fees: ${leftWei} wei; the floor is ${floorWei} wei`,
    );
  }
  return ADMITTED;
}
