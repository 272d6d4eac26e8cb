import type { ChainReader } from "#shard-agent/ports/chain.ts";
import type { Pause } from "#shard-agent/ports/pause.ts";
import type { BlockHeader } from "#shard-agent/records/shard-snapshot.ts";
import type { Log } from "#shared/ports/log.ts";

const BACKOFF_FIRST_MS = 250;
const BACKOFF_MAX_MS = 5000;

/**
 * Hands over every new head, newest only, until `pause` says stop. A head is new when its hash is: a
 * reorganisation to the same height counts. While the node does not answer it waits longer and longer,
 * up to 5 s, and says so once per outage.
 */
export async function followHead(
  ports: { readonly chain: Pick<ChainReader, "head">; readonly pause: Pause; readonly log: Log },
  o: { readonly pollMs: number; readonly onHead: (head: BlockHeader) => void },
): Promise<void> {
  let lastHash: string | null = null;
  let failures = 0;
  for (;;) {
    try {
      const head = await ports.chain.head();
      if (failures > 0) ports.log.info("RPC answers again", { failures });
      failures = 0;
      if (head.hash !== lastHash) {
        lastHash = head.hash;
        o.onHead(head);
      }
    } catch (error) {
      if (failures === 0)
        ports.log.warn("RPC is not reachable; reports and jobs wait until it is", { error });
      failures += 1;
    }
    const waitMs =
      failures === 0 ? o.pollMs : Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** (failures - 1));
    if (!(await ports.pause(waitMs))) return;
  }
}
