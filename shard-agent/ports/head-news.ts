import type { BlockHeader } from "#shard-agent/records/shard-snapshot.ts";

/** What endpoints announce of new heads. An announcement can be lost without a sign, so heads are asked for beside it. */
export type HeadNews = {
  /** Waits for an announcement that was not told yet, at most `ms`; at once false when the process is to stop. */
  readonly wait: (ms: number) => Promise<boolean>;
  /** The head last announced, when it may be believed without asking; it is told once. */
  readonly take: () => BlockHeader | null;
  /** Whether a head that is known is the last one that an endpoint announced; connections left behind are opened anew. */
  readonly reaches: (head: BlockHeader) => boolean;
};
