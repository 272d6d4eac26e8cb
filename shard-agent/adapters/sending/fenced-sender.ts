import type { Memory } from "#shard-agent/ports/memory.ts";
import type { Sender } from "#shard-agent/ports/sender.ts";
import { describeReplaced } from "#shard-agent/records/replaced-block.ts";
import { RetryableError } from "#shared/errors.ts";

/** A sender that signs nothing once a final block of the journal was found replaced: RetryableError `finality-broken`. */
export function fencedSender(sender: Sender, memory: Pick<Memory, "replacedBlock">): Sender {
  const requireFinality = (): void => {
    if (memory.replacedBlock == null) return;
    throw new RetryableError("finality-broken", describeReplaced(memory.replacedBlock));
  };
  return {
    ...sender,
    sign: async (...args) => {
      requireFinality();
      return sender.sign(...args);
    },
    signAgain: async (...args) => {
      requireFinality();
      return sender.signAgain(...args);
    },
  };
}
