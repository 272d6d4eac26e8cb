import type { HedgeVariables } from "#coordinator/stages/program/formulate-hedges.ts";
import type { SeriesVariables } from "#coordinator/stages/program/formulate-options.ts";
import type { TransferVariables } from "#coordinator/stages/program/formulate-transfers.ts";
import type { PlanningWorld } from "#coordinator/stages/program/planning-world.ts";
import type { ProgramBuilder, Terms } from "#coordinator/stages/program/program-builder.ts";
import {
  countedUsd,
  tradesLeftUsd,
  transfersLeftUsd,
} from "#coordinator/stages/trades/caps-left.ts";

type CapVariables = {
  readonly hedges: readonly HedgeVariables[];
  readonly series: readonly SeriesVariables[];
  readonly transfers: readonly TransferVariables[];
};

/** Rows for what a shard's trades, and its transfers, share: what the vault's windows have left. */
export function addCaps(
  builder: ProgramBuilder,
  world: PlanningWorld,
  { hedges, series, transfers }: CapVariables,
): void {
  for (const input of world.inputs) {
    const { shard } = input.setup;
    const traded: Terms = [
      ...hedges.filter(({ option }) => option.input === input),
      ...series.filter(({ option }) => option.input === input && !option.isAwaitingCash),
    ].flatMap(({ option, segments }) => {
      const usd = countedUsd(input, option.underlying, world.policy);
      return segments.map(({ column }): [number, number] => [column, usd]);
    });
    const tradesUsd = tradesLeftUsd(input, world);
    if (traded.length > 0 && Number.isFinite(tradesUsd))
      builder.atMost(`window of trades ${shard}`, traded, tradesUsd, "USD");
    const sent = transfers
      .filter(({ source }) => source === input)
      .map(({ amount }): [number, number] => [amount, 1]);
    const sentUsd = transfersLeftUsd(input, world);
    if (sent.length > 0 && Number.isFinite(sentUsd))
      builder.atMost(`window of transfers ${shard}`, sent, sentUsd, "USD");
  }
}
