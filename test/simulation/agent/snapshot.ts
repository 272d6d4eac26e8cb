import type { DepthRequest, ShardSnapshot } from "#shard-agent/records/shard-snapshot.ts";
import type { Address } from "#shared/units/ids.ts";
import type { ConsumedJob, DeliveredTransfer } from "#shared/wire/shard-report.ts";
import { capsLeftOf } from "#test/simulation/desk/desk-caps.ts";
import { venueReadings } from "#test/simulation/desk/venue-readings.ts";
import type { SimBlock, SimChain } from "#test/simulation/world/chain.ts";
import { type Market, slicesOf } from "#test/simulation/world/market.ts";
import type { BlockEvent } from "#test/simulation/world/money-reads.ts";
import { SIMULATED_POLICY } from "#test/simulation/world/site.ts";
import { amountsOf, type ChainEvent, isEffect } from "#test/simulation/world/transaction.ts";
import { capitalRaw, liabilitiesRaw, poolOut } from "#test/simulation/world/valuation.ts";
import { MESSAGE_FEE_WEI } from "#test/simulation/world/vault.ts";

type SnapshotOptions = {
  readonly chain: SimChain;
  readonly market: Market;
  readonly sender: Address;
  readonly depth: readonly DepthRequest[];
};

type EventFields = "finalizedNumber" | "consumedJobs" | "deliveredTransfers";

/** What the lens says at one block, without what logs say. */
export function stateAt(block: SimBlock, o: SnapshotOptions): Omit<ShardSnapshot, EventFields> {
  const { state } = block;
  const { site, rules } = o.chain;
  const price = state.rounds.at(-1) ?? { priceE8: 1n, roundId: 0n, updatedAtMs: 0 };
  const terms = o.market.series(site);
  const nowSeconds = block.header.timestampMs / 1000;
  return {
    block: block.header,
    epoch: state.epoch,
    leader: state.leader,
    paused: false,
    capitalRaw: capitalRaw(state),
    liabilitiesRaw: liabilitiesRaw(state),
    settlement: {
      token: site.settlementToken,
      balanceRaw: state.settlementRaw,
      price: { priceE8: 10n ** 8n, roundId: 1n, updatedAtMs: state.settlementUpdatedAtMs },
    },
    hedgeAssets: [
      {
        token: site.hedgeToken,
        balanceRaw: state.hedgeRaw,
        price,
        slices: slicesOf(terms, state.volatilityUpdatedAtMs),
      },
    ],
    series: state.series,
    senders: [{ address: o.sender, balanceWei: state.gasWei.get(o.sender) ?? 0n }],
    depth: o.depth.map((one) => ({
      ...one,
      amountOutRaw: poolOut(state, rules, one.assetIn === site.settlementToken, one.amountInRaw),
    })),
    pools: [
      {
        pool: site.pool,
        spotTick: 0,
        twapTick: 0,
        takesTrades: true,
        windowSeconds: 60,
        maxDeviationTicks: 100,
      },
    ],
    venues: venueReadings(state, site, nowSeconds),
    caps: capsLeftOf(state, site, nowSeconds),
    routes: [...rules.sisters.keys()]
      .filter((dstEid) => dstEid !== site.endpointId)
      .map((dstEid) => ({
        dstEid,
        lzReceiveGas: SIMULATED_POLICY.transfers.lzReceiveGas,
        feeNativeWei: MESSAGE_FEE_WEI.toString(),
        gasUnits: 600_000,
        acceptsTransfers: true,
        reason: null,
      })),
  };
}

/** What the logs of a block and of those before it say. */
export function eventFields(
  events: readonly BlockEvent[],
  finalizedNumber: number,
): Pick<ShardSnapshot, EventFields> {
  const consumedJobs: ConsumedJob[] = [];
  const deliveredTransfers: DeliveredTransfer[] = [];
  for (const { block, event } of events) {
    if (event.type === "consumed") consumedJobs.push(consumedJob(block, event, events));
    if (event.type === "received")
      deliveredTransfers.push({
        guid: event.guid,
        srcEid: event.srcEid,
        amountRaw: event.amountRaw.toString(),
        blockNumber: block.header.number,
        blockHash: block.header.hash,
      });
  }
  return { finalizedNumber, consumedJobs, deliveredTransfers };
}

function consumedJob(
  block: SimBlock,
  event: Extract<ChainEvent, { type: "consumed" }>,
  events: readonly BlockEvent[],
): ConsumedJob {
  const effect = events
    .flatMap(({ block: where, event: one }) => (where === block && isEffect(one) ? [one] : []))
    .find((one) => one.jobId === event.jobId);
  const { amountInRaw, amountOutRaw } = amountsOf(effect);
  const { number, hash, timestampMs } = block.header;
  return {
    jobId: event.jobId,
    action: event.action,
    blockNumber: number,
    blockHash: hash,
    blockTimestampMs: timestampMs,
    transactionHash: event.transactionHash,
    amountInRaw: amountInRaw.toString(),
    amountOutRaw: amountOutRaw.toString(),
    guid: effect?.type === "sent" ? effect.guid : null,
  };
}
