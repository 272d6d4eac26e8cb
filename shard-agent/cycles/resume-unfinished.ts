import { type ExecutePorts, resumeJobs } from "#shard-agent/cycles/execute-job.ts";
import { dropUnsent } from "#shard-agent/cycles/housekeeping/send-housekeeping.ts";
import { type RecoverPorts, resumeRecoveries } from "#shard-agent/cycles/recover-transfer.ts";
import { RetryableError } from "#shared/errors.ts";

/**
 * Goes on with what the last life left unsigned, in the order of urgency: a mandate has a deadline of seconds. A recovery
 * that fails now is ordered again.
 */
export async function resumeUnfinished(ports: ExecutePorts & RecoverPorts): Promise<void> {
  await resumeJobs(ports);
  await dropUnsent(ports);
  await resumeRecoveries(ports).catch((error: unknown) => {
    if (!(error instanceof RetryableError)) throw error;
    ports.log.warn("a recovery from the journal waits for the next order", { error });
  });
}
