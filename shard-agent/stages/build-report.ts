import type { ShardScope } from "#shard-agent/records/shard-scope.ts";
import type { ShardSnapshot } from "#shard-agent/records/shard-snapshot.ts";
import type { UnnumberedReport } from "#shard-agent/records/unnumbered-report.ts";
import type { MeasuredRisk, ValuedBook } from "#shard-agent/records/valuation.ts";
import { gasTermsOf } from "#shard-agent/stages/price-gas.ts";
import {
  type CapacityLine,
  SHARD_REPORT_VERSION,
  type ShardReport,
} from "#shared/wire/shard-report.ts";
import type { TransferLine } from "#shared/wire/transfer-line.ts";

/** Puts together what one agent says of its shard at one block. */
export function buildReport(o: {
  readonly snapshot: ShardSnapshot;
  readonly scope: ShardScope;
  readonly valued: ValuedBook;
  readonly risk: MeasuredRisk;
  readonly capacity: readonly CapacityLine[];
  readonly health: ShardReport["health"];
  readonly transfers: readonly TransferLine[];
  /** What the sender's key may still sign away today; null without a limit. */
  readonly spendLeftWei: bigint | null;
}): UnnumberedReport {
  const { snapshot, scope, valued, risk } = o;
  return {
    version: SHARD_REPORT_VERSION,
    shard: scope.shard,
    agent: scope.agent,
    chainId: scope.chainId,
    block: {
      number: snapshot.block.number,
      hash: snapshot.block.hash,
      timestampMs: snapshot.block.timestampMs,
      finalizedNumber: Math.min(snapshot.finalizedNumber, snapshot.block.number),
    },
    market: [...valued.market],
    collateral: [...valued.collateral],
    book: [...valued.book],
    greeks: [...risk.greeks],
    scenarioPnlUsd: [...risk.scenarioPnlUsd],
    capacity: [...o.capacity],
    lending: snapshot.venues.flatMap((venue) => venue.lending),
    perps: [...valued.perps],
    optionMarkets: snapshot.venues.flatMap((venue) => venue.optionMarkets),
    inventories: snapshot.venues.flatMap((venue) => venue.inventories),
    consumedJobs: [...snapshot.consumedJobs],
    deliveredTransfers: [...snapshot.deliveredTransfers],
    transfers: [...o.transfers],
    routes: [...snapshot.routes],
    caps: snapshot.caps,
    gasTerms: gasTermsOf(snapshot, scope, o.spendLeftWei),
    chain: {
      epoch: snapshot.epoch,
      leader: snapshot.leader,
      paused: snapshot.paused,
      capitalRaw: snapshot.capitalRaw.toString(),
      liabilitiesRaw: snapshot.liabilitiesRaw.toString(),
      baseFeeWei: snapshot.block.baseFeeWei.toString(),
    },
    senders: snapshot.senders.map((sender) => ({
      address: sender.address,
      balanceWei: sender.balanceWei.toString(),
    })),
    health: o.health,
  };
}
