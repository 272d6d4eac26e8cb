import type { ExpectedTransfers, TransferReader } from "#shard-agent/ports/transfer-reader.ts";
import type { BlockHeader } from "#shard-agent/records/shard-snapshot.ts";
import { classifyTransfer } from "#shard-agent/stages/classify-transfer.ts";
import { RetryableError } from "#shared/errors.ts";
import type { Log } from "#shared/ports/log.ts";
import type { ConsumedJob } from "#shared/wire/shard-report.ts";
import type { TransferLine } from "#shared/wire/transfer-line.ts";

export type TransferPorts = {
  readonly transfers: TransferReader;
  readonly expected: ExpectedTransfers;
  readonly log: Log;
};

/** What the endpoint sent for the transfers that the vault has consumed; without news when it cannot be read. */
export function trackSent(
  ports: TransferPorts,
  jobs: readonly ConsumedJob[],
): Promise<readonly TransferLine[]> {
  return newsOf(ports, () => ports.transfers.sent(jobs));
}

/** How far every message that the coordinator expects here has come at a block; without news when it cannot be read. */
export function trackArrivals(
  ports: TransferPorts,
  block: BlockHeader,
): Promise<readonly TransferLine[]> {
  const { executor } = ports.transfers;
  if (executor === null) return Promise.resolve([]);
  return newsOf(ports, async () => {
    const expected = await ports.expected.read();
    const evidence = await ports.transfers.evidence(expected, block);
    return evidence.map((one) => classifyTransfer(one, executor));
  });
}

/** No line means no news, never that nothing is on its way: a report need not wait for the next block. */
async function newsOf(
  { log }: TransferPorts,
  read: () => Promise<readonly TransferLine[]>,
): Promise<readonly TransferLine[]> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof RetryableError)) throw error;
    log.debug("transfers could not be read at this block", { error });
    return [];
  }
}
