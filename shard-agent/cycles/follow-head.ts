import type { ChainReader } from "#shard-agent/ports/chain.ts";
import type { HeadNews } from "#shard-agent/ports/head-news.ts";
import type { Pause } from "#shard-agent/ports/pause.ts";
import type { BlockHeader } from "#shard-agent/records/shard-snapshot.ts";
import type { Log } from "#shared/ports/log.ts";

const BACKOFF_FIRST_MS = 250;
const BACKOFF_MAX_MS = 5000;

/** How often the head is asked for while announcements keep up with it. */
const POLL_BESIDE_NEWS_MS = 1000;

type FollowPorts = {
  readonly chain: Pick<ChainReader, "head">;
  /** Left out where no endpoint announces heads. */
  readonly heads?: HeadNews;
  readonly pause: Pause;
  readonly log: Log;
};

/**
 * Hands over every new head, newest only, until `pause` says stop. A head is new when its hash is: a
 * reorganisation to the same height counts. While the node does not answer it waits longer and longer,
 * up to 5 s, and says so once per outage. An announcement of a new head is looked into at once.
 */
export async function followHead(
  ports: FollowPorts,
  o: { readonly pollMs: number; readonly onHead: (head: BlockHeader) => void },
): Promise<void> {
  const { heads = null } = ports;
  let lastHash: string | null = null;
  let failures = 0;
  let reaches = false;
  for (;;) {
    try {
      const head = heads?.take() ?? (await ports.chain.head());
      reaches = heads?.reaches(head) ?? false;
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
    const goesOn =
      failures > 0
        ? await ports.pause(Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** (failures - 1)))
        : heads === null
          ? await ports.pause(o.pollMs)
          : await heads.wait(reaches ? Math.max(o.pollMs, POLL_BESIDE_NEWS_MS) : o.pollMs);
    if (!goesOn) return;
  }
}
