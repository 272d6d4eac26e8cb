import {
  decodeEventLog,
  encodeEventTopics,
  numberToHex,
  type PublicClient,
  pad,
  parseAbi,
  type RpcLog,
} from "viem";
import type { BlockRange, ConsumedMandate, Delivery } from "#coordinator/ports/shard-chain.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import { RetryableError } from "#shared/errors.ts";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import type { Address, Hex } from "#shared/units/ids.ts";

/** Blocks per eth_getLogs call; public RPCs refuse much wider ranges. */
const CHUNK_BLOCKS = 10_000;
/** A node that does not answer for as few cannot be searched in any bounded time. */
const NARROW_BLOCKS = 500;
/** How nodes say that a range has too many blocks or events; codes differ. A node that is asked too often must not be asked more. */
const REFUSES_RANGE = /range|too (many|large|wide)|more than \d+ (results|logs)|limited to/i;
const REFUSES_RATE = /rate|requests|capacity|throughput/i;

const OFT_ABI = parseAbi([
  "event OFTReceived(bytes32 indexed guid, uint32 srcEid, address indexed toAddress, uint256 amountReceivedLD)",
]);

/** Mandates a vault consumed, oldest first, with the amounts of the events of the same job. */
export async function consumedMandates(
  rpc: PublicClient,
  vault: Address,
  range: BlockRange,
  jobId: Hex | undefined,
): Promise<ConsumedMandate[]> {
  const names = ["MandateConsumed", "SwapExecuted", "TransferSent"] as const;
  const topics = names.map((eventName) => encodeEventTopics({ abi: shardVaultAbi, eventName })[0]);
  const logs = await logsOf(rpc, { address: vault, topics: [topics, jobId ?? null] }, range);
  const mandates = new Map<Hex, ConsumedMandate>();
  for (const log of logs) {
    const decoded = decodeEventLog({
      abi: shardVaultAbi,
      data: log.data,
      topics: log.topics as [Hex, ...Hex[]],
    });
    if (decoded.eventName === "MandateConsumed") {
      const { action } = decoded.args;
      const blockNumber = Number(log.blockNumber);
      mandates.set(decoded.args.jobId, {
        ...EMPTY,
        jobId: decoded.args.jobId,
        action,
        blockNumber,
      });
    } else if (decoded.eventName === "SwapExecuted" || decoded.eventName === "TransferSent") {
      const known = mandates.get(decoded.args.jobId);
      if (known === undefined) continue;
      mandates.set(known.jobId, { ...known, ...amountsOf(decoded) });
    }
  }
  return [...mandates.values()];
}

const EMPTY = { amountInRaw: "0", amountOutRaw: "0", guid: null, dstEid: null };

type Amounts = Pick<ConsumedMandate, "amountInRaw" | "amountOutRaw"> &
  Partial<Pick<ConsumedMandate, "guid" | "dstEid">>;

function amountsOf(
  event:
    | {
        readonly eventName: "SwapExecuted";
        readonly args: { readonly amountIn: bigint; readonly amountOut: bigint };
      }
    | {
        readonly eventName: "TransferSent";
        readonly args: {
          readonly guid: Hex;
          readonly dstEid: number;
          readonly amountSent: bigint;
          readonly amountToReceive: bigint;
        };
      },
): Amounts {
  if (event.eventName === "SwapExecuted") {
    return {
      amountInRaw: event.args.amountIn.toString(),
      amountOutRaw: event.args.amountOut.toString(),
    };
  }
  const { guid, dstEid, amountSent, amountToReceive } = event.args;
  return {
    amountInRaw: amountSent.toString(),
    amountOutRaw: amountToReceive.toString(),
    guid,
    dstEid,
  };
}

/** Transfers the settlement token credited to the vault, oldest first. */
export async function deliveries(
  rpc: PublicClient,
  setup: Pick<ShardSetup, "vault" | "settlement">,
  range: BlockRange,
  guid: Hex | undefined,
): Promise<Delivery[]> {
  const [signature] = encodeEventTopics({ abi: OFT_ABI, eventName: "OFTReceived" });
  const topics = [signature, guid ?? null, pad(setup.vault)];
  const logs = await logsOf(rpc, { address: setup.settlement.token, topics }, range);
  return logs.flatMap((log) => {
    const [, id] = log.topics;
    return id === undefined ? [] : [{ guid: id, blockNumber: Number(log.blockNumber) }];
  });
}

/**
 * What the settlement token credited the vault with in the one block that is named for each message: raw amount by
 * guid. Where it credited nothing there, the guid is missing.
 */
export async function creditsIn(
  rpc: PublicClient,
  setup: ShardSetup,
  asked: readonly { readonly guid: Hex; readonly blockNumber: number }[],
): Promise<Map<string, string>> {
  const [signature] = encodeEventTopics({ abi: OFT_ABI, eventName: "OFTReceived" });
  const found = asked.map(async ({ guid, blockNumber }): Promise<[string, string][]> => {
    const filter = { address: setup.settlement.token, topics: [signature, guid, pad(setup.vault)] };
    const range = { fromBlock: blockNumber, toBlock: blockNumber };
    const [log] = await logsOf(rpc, filter, range);
    if (log === undefined) return [];
    const topics = log.topics as [Hex, ...Hex[]];
    const { args } = decodeEventLog({ abi: OFT_ABI, data: log.data, topics });
    return [[guid, args.amountReceivedLD.toString()]];
  });
  return new Map((await Promise.all(found)).flat());
}

type Filter = { readonly address: Address; readonly topics: unknown[] };

async function logsOf(rpc: PublicClient, filter: Filter, range: BlockRange): Promise<RpcLog[]> {
  const all: RpcLog[] = [];
  for (let from = Math.max(0, range.fromBlock); from <= range.toBlock; from += CHUNK_BLOCKS) {
    const to = Math.min(range.toBlock, from + CHUNK_BLOCKS - 1);
    all.push(...(await logsWithin(rpc, filter, { fromBlock: from, toBlock: to })));
  }
  return all;
}

/** Half as many blocks at a time while the node refuses them. */
async function logsWithin(
  rpc: PublicClient,
  filter: Filter,
  { fromBlock, toBlock }: BlockRange,
): Promise<RpcLog[]> {
  const params = {
    ...filter,
    fromBlock: numberToHex(fromBlock),
    toBlock: numberToHex(toBlock),
  };
  try {
    return (await rpc.request({ method: "eth_getLogs", params: [params] } as Parameters<
      typeof rpc.request
    >[0])) as RpcLog[];
  } catch (error) {
    const words = wordsOf(error);
    if (!REFUSES_RANGE.test(words) || REFUSES_RATE.test(words)) throw error;
    const middle = fromBlock + Math.floor((toBlock - fromBlock) / 2);
    if (toBlock - fromBlock < NARROW_BLOCKS)
      throw new RetryableError(
        "chain-range-refused",
        `eth_getLogs of blocks ${fromBlock} to ${toBlock}: the node must answer for at least ${NARROW_BLOCKS}; it says: ${words}`,
      );
    const older = await logsWithin(rpc, filter, { fromBlock, toBlock: middle });
    return [...older, ...(await logsWithin(rpc, filter, { fromBlock: middle + 1, toBlock }))];
  }
}

function wordsOf(error: unknown): string {
  if (typeof error === "object" && error !== null && "details" in error)
    return String(error.details);
  return String(error);
}
