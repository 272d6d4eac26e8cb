import type { Journal } from "#shard-agent/ports/journal.ts";
import type { ReceiptPublisher } from "#shard-agent/ports/publisher.ts";

const BATCH = 100;

/**
 * Sends the receipts that wait in the journal, oldest first, each dropped once Redis has it. One that
 * Redis took without saying so is sent twice, under two numbers.
 *
 * @returns How many were sent.
 * @throws {RetryableError} When Redis did not confirm; the rest waits.
 */
export async function publishReceipts(ports: {
  readonly journal: Journal;
  readonly publisher: ReceiptPublisher;
}): Promise<number> {
  let sent = 0;
  for (;;) {
    const batch = ports.journal.queuedReceipts(BATCH);
    if (batch.length === 0) return sent;
    for (const { id, receipt } of batch) {
      await ports.publisher.publish(receipt);
      ports.journal.dropReceipt(id);
      sent += 1;
    }
  }
}
