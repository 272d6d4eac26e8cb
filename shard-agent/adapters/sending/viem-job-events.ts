import { getAbiItem, hexToNumber, parseEventLogs, toEventSelector } from "viem";
import type { RpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import type { RawLog } from "#shard-agent/adapters/rpc/rpc-values.ts";
import { RetryableError } from "#shared/errors.ts";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import { venueDeskAbi } from "#shared/evm/abi/venue-desk.ts";
import type { Hex } from "#shared/units/ids.ts";
import type { ConsumedJob } from "#shared/wire/shard-report.ts";

const HEADER_CACHE_MAX = 4096;

const jobEventsAbi = [
  getAbiItem({ abi: shardVaultAbi, name: "MandateConsumed" }),
  getAbiItem({ abi: shardVaultAbi, name: "SwapExecuted" }),
  getAbiItem({ abi: shardVaultAbi, name: "TransferSent" }),
  getAbiItem({ abi: venueDeskAbi, name: "VenueMoved" }),
  getAbiItem({ abi: venueDeskAbi, name: "PerpChanged" }),
  getAbiItem({ abi: venueDeskAbi, name: "OptionTraded" }),
] as const;
/** First topics of the events below. */
export const JOB_TOPICS = jobEventsAbi.map((event) => toEventSelector(event));

/**
 * What an action moved: what it gave and what it got, in raw units of the assets its parameters name. A
 * perpetual trade gives USD and gets units when it buys, the other way round when it sells; 18 decimals each. An
 * option trade gives settlement asset and gets options (18 decimals), or the other way round.
 */
export type JobEffect = {
  readonly jobId: Hex;
  readonly blockHash: Hex;
  readonly amountInRaw: bigint;
  readonly amountOutRaw: bigint;
  /** LayerZero guid of a transfer. */
  readonly guid: Hex | null;
  readonly nativeFeeWei: bigint;
};

type JobEvent = ReturnType<typeof parseEventLogs<typeof jobEventsAbi, true>>[number];

/** What a log says never changes, and the same logs are looked at block after block. */
const parsed = new WeakMap<RawLog, readonly JobEvent[]>();

function jobEventsOf(log: RawLog): readonly JobEvent[] {
  const known = parsed.get(log);
  if (known !== undefined) return known;
  const events = parseEventLogs({ abi: jobEventsAbi, logs: [log] as never, strict: true });
  parsed.set(log, events);
  return events;
}

/** Effects among the logs of the vault and its venue desk; other events are passed over. */
export function jobEffects(logs: readonly RawLog[]): JobEffect[] {
  return logs.flatMap(jobEventsOf).flatMap((event): JobEffect[] => {
    const { blockHash } = event as unknown as RawLog;
    const base = { blockHash, guid: null, nativeFeeWei: 0n };
    switch (event.eventName) {
      case "SwapExecuted": {
        const { jobId, amountIn, amountOut } = event.args;
        return [{ ...base, jobId, amountInRaw: amountIn, amountOutRaw: amountOut }];
      }
      case "TransferSent": {
        const { jobId, guid, amountSent, amountToReceive, nativeFee } = event.args;
        const amounts = { amountInRaw: amountSent, amountOutRaw: amountToReceive };
        return [{ ...base, jobId, ...amounts, guid, nativeFeeWei: nativeFee }];
      }
      case "VenueMoved": {
        const { jobId, amount, gained } = event.args;
        const amountInRaw = amount < 0n ? -amount : amount;
        return [{ ...base, jobId, amountInRaw, amountOutRaw: gained }];
      }
      case "PerpChanged": {
        const { jobId, size, quoteAmount } = event.args;
        const given = size > 0n ? quoteAmount : -size;
        return [
          { ...base, jobId, amountInRaw: given, amountOutRaw: size > 0n ? size : quoteAmount },
        ];
      }
      case "OptionTraded": {
        const { jobId, quantity, amount } = event.args;
        const given = quantity > 0n ? amount : -quantity;
        const got = quantity > 0n ? quantity : amount;
        return [{ ...base, jobId, amountInRaw: given, amountOutRaw: got }];
      }
      default:
        return [];
    }
  });
}

/** The mandates that the vault consumed, among its logs and its venue desk's, with what they moved. */
export function consumedJobReader(
  rpc: RpcClient,
): (logs: readonly RawLog[]) => Promise<ConsumedJob[]> {
  const timestampOf = timestampCache(rpc);
  return async (logs) => {
    const effects = jobEffects(logs);
    const jobs: ConsumedJob[] = [];
    for (const event of logs.flatMap(jobEventsOf)) {
      if (event.eventName !== "MandateConsumed") continue;
      const log = event as unknown as RawLog;
      const { jobId, action } = event.args;
      const effect = effects.find((one) => one.jobId === jobId && one.blockHash === log.blockHash);
      jobs.push({
        jobId,
        action,
        blockNumber: hexToNumber(log.blockNumber),
        blockHash: log.blockHash,
        blockTimestampMs: await timestampOf(log),
        transactionHash: log.transactionHash,
        amountInRaw: (effect?.amountInRaw ?? 0n).toString(),
        amountOutRaw: (effect?.amountOutRaw ?? 0n).toString(),
        guid: effect?.guid ?? null,
      });
    }
    return jobs;
  };
}

/** Block timestamps by hash: a hash never changes its time, so the cache cannot be wrong. */
function timestampCache(rpc: RpcClient): (log: RawLog) => Promise<number> {
  const known = new Map<string, number>();
  return async (log) => {
    if (log.blockTimestamp !== undefined) return hexToNumber(log.blockTimestamp) * 1000;
    const cached = known.get(log.blockHash);
    if (cached !== undefined) return cached;
    const block = (await rpc.request("eth_getBlockByHash", [log.blockHash, false])) as {
      timestamp: `0x${string}`;
    } | null;
    if (block === null)
      throw new RetryableError("block-not-canonical", `Block ${log.blockHash} is gone`);
    const timestampMs = hexToNumber(block.timestamp) * 1000;
    if (known.size >= HEADER_CACHE_MAX) known.clear();
    known.set(log.blockHash, timestampMs);
    return timestampMs;
  };
}
