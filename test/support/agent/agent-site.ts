import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { erc20Abi, type PublicClient } from "viem";
import { optionBookAbi } from "#shared/evm/abi/option-book.ts";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import type { Address, Hex } from "#shared/units/ids.ts";
import { type JobReceipt, jobReceiptSchema } from "#shared/wire/job-receipt.ts";
import { decodeMessage } from "#shared/wire/msgpack/msgpack-codec.ts";
import { queueJobId, type RebalanceJob, rebalanceQueueName } from "#shared/wire/rebalance-job.ts";
import { type ShardReport, shardReportSchema } from "#shared/wire/shard-report.ts";
import { isSignedBy, reporterPublicKey } from "#shared/wire/signed-bytes.ts";
import { receiptStreamKey, reportStreamKey } from "#shared/wire/stream-keys.ts";
import { chainClient } from "#test/local/chains/chain-client.ts";
import { type Lane, openLane } from "#test/local/chains/lane.ts";
import type { World } from "#test/local/world.ts";
import type { WorldChain } from "#test/local/world-description.ts";

const POLL_MS = 50;
/** A bound, not an expectation: far more than a busy machine needs. */
const WAIT_MS = 120_000;

/** One shard of a running world as a test sees it: its chain, its streams, its queue. */
export type AgentSite = {
  readonly chain: WorldChain;
  readonly client: PublicClient;
  readonly user: Lane;
  readonly market: Lane;
  /** Newest report, its signature checked. */
  readonly newestReport: () => Promise<ShardReport>;
  /** Waits for a report for which `accept` holds. */
  readonly reportWith: (accept: (report: ShardReport) => boolean) => Promise<ShardReport>;
  readonly reportSeqs: () => Promise<number[]>;
  /** Of the shard's own agent, or of another by name that signs with the same key. */
  readonly receiptsOf: (jobId: Hex, agent?: string) => Promise<JobReceipt[]>;
  /** Puts a job into the queue and waits for what the agent answers. */
  readonly run: (job: RebalanceJob | object, queueId?: string) => Promise<JobAnswer>;
  /** Puts a job into the queue without waiting. */
  readonly enqueue: (job: RebalanceJob) => Promise<void>;
  readonly vaultRead: (name: "epoch" | "consumed", args?: readonly unknown[]) => Promise<unknown>;
  readonly tokenBalance: (token: Address, owner: Address) => Promise<bigint>;
  readonly liveSeriesCount: () => Promise<number>;
  readonly close: () => Promise<void>;
};

type JobAnswer = {
  readonly outcome: string;
  readonly reason?: string;
  readonly detail?: string;
  readonly transactionHash?: Hex;
};

/** Opens a site; the caller closes it. */
export function openSite(world: World, chain: WorldChain): AgentSite {
  const { redisUrl } = world.description;
  const redis = new Redis(redisUrl);
  const { hostname, port } = new URL(redisUrl);
  const connection = { host: hostname, port: Number(port), maxRetriesPerRequest: null };
  const queue = new Queue(rebalanceQueueName(chain.shard), { connection });
  const client = chainClient(chain.rpcUrl, chain.chainId);
  const streamKey = reportStreamKey(chain.shard, chain.agent.id);
  const newestReport = async () => {
    const [entry] = await entriesOf(redis, streamKey, 1);
    if (entry === undefined) throw new Error(`no report on ${streamKey}`);
    return shardReportSchema.parse(signedBody(entry.fields, chain));
  };
  const { vault, optionBook } = chain.contracts;
  return {
    chain,
    client,
    user: openLane(client, world.keys.account("user"), POLL_MS),
    market: openLane(client, world.keys.account("market"), POLL_MS),
    newestReport,
    reportWith: (accept) => waitFor(newestReport, accept, `report of ${chain.shard}`),
    reportSeqs: async () =>
      (await entriesOf(redis, streamKey, 1000)).map(({ id }) => Number(id.split("-")[0])),
    receiptsOf: async (jobId, agent = chain.agent.id) => {
      const entries = await entriesOf(redis, receiptStreamKey(chain.shard, agent), 1000);
      const receipts = entries.map(({ fields }) =>
        jobReceiptSchema.parse(signedBody(fields, chain)),
      );
      return receipts.filter((receipt) => receipt.jobId === jobId).reverse();
    },
    run: async (job, queueId) => runJob(queue, job, queueId),
    enqueue: (job) => addJob(queue, job, queueJobId(job.mandate.jobId)),
    vaultRead: (name, args = []) =>
      client.readContract({
        address: vault,
        abi: shardVaultAbi,
        functionName: name,
        args,
      } as never),
    tokenBalance: (token, owner) =>
      client.readContract({
        address: token,
        abi: erc20Abi,
        functionName: "balanceOf",
        args: [owner],
      }),
    liveSeriesCount: async () => {
      const call = { address: optionBook, abi: optionBookAbi, functionName: "liveSeriesCount" };
      return Number(await client.readContract(call as never));
    },
    close: async () => {
      await queue.close();
      redis.disconnect();
    },
  };
}

/**
 * Reads until `accept` holds.
 *
 * @throws {Error} After two minutes, with what was read last.
 */
export async function waitFor<T>(
  read: () => Promise<T>,
  accept: (value: T) => boolean,
  what: string,
): Promise<T> {
  const endMs = Date.now() + WAIT_MS;
  let last: unknown;
  while (Date.now() < endMs) {
    try {
      const value = await read();
      if (accept(value)) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  const text = JSON.stringify(last, (_key, value) =>
    typeof value === "bigint" ? String(value) : value,
  );
  throw new Error(
    `${what}: not seen in ${WAIT_MS} ms; last: ${last instanceof Error ? last.message : text}`,
  );
}

async function addJob(queue: Queue, job: object, id: string): Promise<void> {
  await queue.add("rebalance", job, { jobId: id, attempts: 1, removeOnFail: false });
}

async function runJob(queue: Queue, job: object, queueId?: string): Promise<JobAnswer> {
  const id = queueId ?? queueJobId((job as RebalanceJob).mandate.jobId);
  await addJob(queue, job, id);
  const read = async () => {
    const found = await queue.getJob(id);
    return { state: await found?.getState(), answer: found?.returnvalue as JobAnswer };
  };
  const { answer } = await waitFor(
    read,
    ({ state, answer: given }) => state === "completed" && given !== null,
    `queue job ${id}`,
  );
  return answer;
}

type Entry = { readonly id: string; readonly fields: Map<string, Buffer> };

/** Newest first. */
async function entriesOf(redis: Redis, key: string, count: number): Promise<Entry[]> {
  const raw = (await redis.xrevrangeBuffer(key, "+", "-", "COUNT", count)) as [Buffer, Buffer[]][];
  return raw.map(([id, flat]) => {
    const fields = new Map<string, Buffer>();
    for (let i = 0; i + 1 < flat.length; i += 2) {
      fields.set(String(flat[i]), flat[i + 1] ?? Buffer.alloc(0));
    }
    return { id: id.toString(), fields };
  });
}

function signedBody(fields: Map<string, Buffer>, chain: WorldChain): unknown {
  const body = fields.get("body") ?? Buffer.alloc(0);
  const signature = fields.get("sig") ?? Buffer.alloc(0);
  const key = reporterPublicKey(chain.agent.reporterPublicKey);
  if (!isSignedBy(body, signature, key)) throw new Error("signature does not match");
  return decodeMessage(body);
}
