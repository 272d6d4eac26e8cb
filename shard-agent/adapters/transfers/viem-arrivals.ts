import { keccak256 } from "viem";
import type { RpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { callView } from "#shard-agent/adapters/rpc/rpc-values.ts";
import {
  type ArrivalContracts,
  isGone,
  type KeptMessage,
} from "#shard-agent/adapters/transfers/kept-message.ts";
import { endpointAbi, receiveUlnAbi } from "#shard-agent/adapters/transfers/layerzero-abi.ts";
import { messageEvents } from "#shard-agent/adapters/transfers/viem-message-events.ts";
import type { TransferReader } from "#shard-agent/ports/transfer-reader.ts";
import type { BlockHeader } from "#shard-agent/records/shard-snapshot.ts";
import type { TransferEvidence } from "#shard-agent/records/transfer-evidence.ts";
import { guidOf, headerOf } from "#shared/evm/layerzero-packet.ts";
import type { Address, Hex } from "#shared/units/ids.ts";
import type { Attestations, ExpectedTransfer } from "#shared/wire/transfer-line.ts";

const EMPTY_HASH: Hex = `0x${"0".repeat(64)}`;

/**
 * Evidence of expected messages in two rounds of reads at one block hash: what the endpoint keeps, then
 * only what that leaves open: who has attested, which event ended it, whether a delivery failed.
 */
export function arrivalReader(rpc: RpcClient, o: ArrivalContracts): TransferReader["evidence"] {
  return async (expected, at) => {
    if (expected.length === 0) return [];
    const kept = await Promise.all(expected.map((one) => readKept(rpc, o, one, at)));
    const [events, rest] = await Promise.all([
      messageEvents(rpc, o, kept, at),
      Promise.all(kept.map((one) => readPending(rpc, o, one, at))),
    ]);
    return kept.map((one, index): TransferEvidence => {
      const { expected: wanted, guid, committedHash, inboundNonce, lazyInboundNonce } = one;
      const pending = rest[index] ?? UNREAD;
      const state = { guid, committedHash, inboundNonce, lazyInboundNonce };
      return { expected: wanted, ...state, ...events(one), ...pending };
    });
  };
}

async function readKept(
  rpc: RpcClient,
  o: ArrivalContracts,
  expected: ExpectedTransfer,
  { hash: blockHash }: BlockHeader,
): Promise<KeptMessage> {
  const { srcEid, sender } = expected;
  const nonce = BigInt(expected.nonce);
  const path = { nonce, srcEid, sender, dstEid: o.endpointId, receiver: o.token };
  const view = (name: "inboundPayloadHash" | "inboundNonce" | "lazyInboundNonce", more: bigint[]) =>
    callView(rpc, {
      abi: endpointAbi,
      to: o.endpoint,
      name,
      args: [o.token, srcEid, sender, ...more],
      at: { blockHash },
    });
  const [payloadHash, inboundNonce, lazyInboundNonce] = await Promise.all([
    view("inboundPayloadHash", [nonce]),
    view("inboundNonce", []),
    view("lazyInboundNonce", []),
  ]);
  return {
    expected,
    path,
    guid: guidOf(path),
    committedHash: payloadHash === EMPTY_HASH ? null : (payloadHash as Hex),
    inboundNonce: inboundNonce as bigint,
    lazyInboundNonce: lazyInboundNonce as bigint,
  };
}

type Pending = Pick<TransferEvidence, "isInitializable" | "attestations">;
const UNREAD: Pending = { isInitializable: true, attestations: null };

/** Asked only of a message that still has to be committed, for the first time or anew. */
async function readPending(
  rpc: RpcClient,
  o: ArrivalContracts,
  one: KeptMessage,
  at: BlockHeader,
): Promise<Pending> {
  if (isGone(one) || one.committedHash === one.expected.payloadHash) return UNREAD;
  const [isInitializable, attestations] = await Promise.all([
    readInitializable(rpc, o, one, at),
    readAttestations(rpc, o, one, at),
  ]);
  return { isInitializable, attestations };
}

/** False also when the receiver cannot say: the endpoint would not commit then either. */
async function readInitializable(
  rpc: RpcClient,
  o: ArrivalContracts,
  { path }: KeptMessage,
  { hash: blockHash }: BlockHeader,
): Promise<boolean> {
  const { srcEid, sender, nonce } = path;
  const answer = await callView(
    { ...rpc, request: async (method, params) => resultOrFalse(await rpc.ask(method, params)) },
    {
      abi: endpointAbi,
      to: o.endpoint,
      name: "initializable",
      args: [{ srcEid, sender, nonce }, o.token],
      at: { blockHash },
    },
  );
  return answer === true;
}

function resultOrFalse(answer: Awaited<ReturnType<RpcClient["ask"]>>): unknown {
  return answer.ok ? answer.result : EMPTY_HASH;
}

async function readAttestations(
  rpc: RpcClient,
  o: ArrivalContracts,
  { path, expected }: KeptMessage,
  { hash: blockHash }: BlockHeader,
): Promise<Attestations> {
  const uln = { abi: receiveUlnAbi, to: o.layerZero.receiveUln, at: { blockHash } } as const;
  const config = (await callView(rpc, {
    ...uln,
    name: "getUlnConfig",
    args: [o.token, path.srcEid],
  })) as {
    readonly confirmations: bigint;
    readonly optionalDVNThreshold: number;
    readonly requiredDVNs: readonly Address[];
    readonly optionalDVNs: readonly Address[];
  };
  const headerHash = keccak256(headerOf(path));
  const count = async (dvns: readonly Address[]): Promise<number> => {
    const answers = await Promise.all(
      dvns.map((dvn) =>
        callView(rpc, {
          ...uln,
          name: "hashLookup",
          args: [headerHash, expected.payloadHash, dvn],
        }),
      ),
    );
    return (answers as (readonly [boolean, bigint])[]).filter(
      ([isSubmitted, confirmations]) => isSubmitted && confirmations >= config.confirmations,
    ).length;
  };
  const [requiredDone, optionalDone] = await Promise.all([
    count(config.requiredDVNs),
    count(config.optionalDVNs),
  ]);
  const { requiredDVNs, optionalDVNThreshold: optionalThreshold } = config;
  return { requiredDone, required: requiredDVNs.length, optionalDone, optionalThreshold };
}
