import type { DepthRequest, ShardSnapshot } from "#shard-agent/records/shard-snapshot.ts";
import type { Address } from "#shared/units/ids.ts";
import type { ConsumedJob, DeliveredTransfer } from "#shared/wire/shard-report.ts";
import type { SimBlock, SimChain } from "#test/simulation/world/chain.ts";
import { type Market, slicesOf } from "#test/simulation/world/market.ts";
import type { NodeView } from "#test/simulation/world/rpc.ts";
import { SIMULATED_POLICY } from "#test/simulation/world/site.ts";
import type { ChainEvent } from "#test/simulation/world/transaction.ts";
import { capitalRaw, liabilitiesRaw, poolOut } from "#test/simulation/world/valuation.ts";
import { MESSAGE_FEE_WEI } from "#test/simulation/world/vault.ts";

/** Blocks before the last final one from which events are reported again. */
const EVENT_LOOKBACK_BLOCKS = 64;

type SnapshotOptions = {
  readonly chain: SimChain;
  readonly market: Market;
  readonly sender: Address;
  readonly depth: readonly DepthRequest[];
  readonly finalized: number;
};

/** True when a node that sees this much of the chain has the block on it. */
export function isSeen(block: SimBlock, view: NodeView): boolean {
  return view.at(block.header.number) === block;
}

/** What the lens and the logs say at one block. */
export function snapshotAt(block: SimBlock, view: NodeView, o: SnapshotOptions): ShardSnapshot {
  const { state } = block;
  const { site, rules } = o.chain;
  const price = state.rounds.at(-1) ?? { priceE8: 1n, roundId: 0n, updatedAtMs: 0 };
  const terms = o.market.series(site);
  return {
    block: block.header,
    finalizedNumber: o.finalized,
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
    venues: [],
    caps: null,
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
    ...eventsOf(block, view, o.finalized),
  };
}

function eventsOf(
  block: SimBlock,
  view: NodeView,
  finalized: number,
): Pick<ShardSnapshot, "consumedJobs" | "deliveredTransfers"> {
  const consumedJobs: ConsumedJob[] = [];
  const deliveredTransfers: DeliveredTransfer[] = [];
  const first = Math.max(0, finalized - EVENT_LOOKBACK_BLOCKS);
  for (let number = first; number <= block.header.number; number += 1) {
    const at = view.at(number);
    for (const event of at?.events ?? []) {
      if (at === undefined) break;
      if (event.type === "consumed") consumedJobs.push(consumedJob(at, event));
      if (event.type === "received")
        deliveredTransfers.push({
          guid: event.guid,
          srcEid: event.srcEid,
          amountRaw: event.amountRaw.toString(),
          blockNumber: number,
          blockHash: at.header.hash,
        });
    }
  }
  return { consumedJobs, deliveredTransfers };
}

function consumedJob(
  block: SimBlock,
  event: Extract<ChainEvent, { type: "consumed" }>,
): ConsumedJob {
  const effect = block.events.find(
    (one) => (one.type === "swap" || one.type === "sent") && one.jobId === event.jobId,
  );
  const { number, hash, timestampMs } = block.header;
  return {
    jobId: event.jobId,
    action: event.action,
    blockNumber: number,
    blockHash: hash,
    blockTimestampMs: timestampMs,
    transactionHash: event.transactionHash,
    amountInRaw: (effect?.type === "swap" ? effect.amountInRaw : amountSent(effect)).toString(),
    amountOutRaw: (effect?.type === "swap" ? effect.amountOutRaw : amountSent(effect)).toString(),
    guid: effect?.type === "sent" ? effect.guid : null,
  };
}

function amountSent(effect: ChainEvent | undefined): bigint {
  return effect?.type === "sent" ? effect.amountRaw : 0n;
}
