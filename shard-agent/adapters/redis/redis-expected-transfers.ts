import type { Redis } from "ioredis";
import type { ExpectedTransfers } from "#shard-agent/ports/transfer-reader.ts";
import {
  type ExpectedTransfer,
  expectedTransfersKey,
  expectedTransfersSchema,
} from "#shared/wire/transfer-line.ts";

/** Longest a report waits for the list; after that the last one counts. */
const WAIT_MS = 100;

/** {@link ExpectedTransfers} under one Redis key. Whoever writes there can make the agent look, and nothing more. */
export function redisExpectedTransfers(redis: Redis, shard: string): ExpectedTransfers {
  let last: readonly ExpectedTransfer[] = [];
  const refresh = async (): Promise<void> => {
    const text = await redis.get(expectedTransfersKey(shard)).catch(() => null);
    if (text === null) return;
    last = parse(text) ?? last;
  };
  return {
    read: async () => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((done) => {
        timer = setTimeout(done, WAIT_MS);
      });
      await Promise.race([refresh(), late]);
      clearTimeout(timer);
      return last;
    },
  };
}

function parse(text: string): readonly ExpectedTransfer[] | undefined {
  try {
    const parsed = expectedTransfersSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data.transfers : undefined;
  } catch {
    return undefined;
  }
}
