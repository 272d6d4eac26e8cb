import type { RecoveryDesk } from "#shard-agent/ports/recovery-desk.ts";
import type { TransferReader } from "#shard-agent/ports/transfer-reader.ts";
import type { TransferEvidence } from "#shard-agent/records/transfer-evidence.ts";
import { RetryableError } from "#shared/errors.ts";
import { recoveryIdOf } from "#shared/wire/recovery-job.ts";
import type { ExpectedTransfer, SentTransfer } from "#shared/wire/transfer-line.ts";
import type { AgentSite } from "#test/simulation/agent/agent-ports.ts";
import type { SimBlock } from "#test/simulation/world/chain.ts";
import {
  EXECUTOR,
  guidOf,
  payloadHashOf,
  recipientOf,
  senderOf,
  vaultBytes32,
} from "#test/simulation/world/message.ts";
import type { NodeView } from "#test/simulation/world/rpc.ts";

const DVNS = 2;

/** What the endpoint's events and state say of messages, at one block of one node's view. */
export function transferReader({ rpc, chain }: AgentSite): TransferReader {
  return {
    executor: EXECUTOR,
    sent: (jobs) =>
      rpc.read((view) =>
        jobs.flatMap(({ jobId, guid, blockNumber, blockHash }) => {
          const block = guid === null ? undefined : view.at(blockNumber);
          if (block?.header.hash !== blockHash) return [];
          return sentTransfers(block, chain.site.endpointId).filter((one) => one.jobId === jobId);
        }),
      ),
    evidence: (expected, at) =>
      rpc.at(at.hash, "transfers", (view) => {
        const block = view.byHash(at.hash);
        if (block === undefined) throw new RetryableError("rpc-failed", "unknown block");
        return expected.map((one) =>
          evidenceOf(one, { block, view, dstEid: chain.site.endpointId }),
        );
      }),
  };
}

/** What the endpoint sent in one block. */
export function sentTransfers(block: SimBlock | undefined, srcEid: number): SentTransfer[] {
  if (block === undefined) return [];
  const { number: blockNumber, hash: blockHash, timestampMs: blockTimestampMs } = block.header;
  return block.events.flatMap((event): SentTransfer[] => {
    if (event.type !== "sent") return [];
    const { guid, nonce, message, dstEid, amountRaw, receiver, jobId } = event;
    return [
      {
        side: "source",
        guid,
        srcEid,
        sender: senderOf(srcEid),
        nonce: nonce.toString(),
        payloadHash: payloadHashOf(guid, message),
        jobId,
        dstEid,
        receiver,
        message,
        amountRaw: amountRaw.toString(),
        blockNumber,
        blockHash,
        blockTimestampMs,
      },
    ];
  });
}

function evidenceOf(
  expected: ExpectedTransfer,
  o: { readonly block: SimBlock; readonly view: NodeView; readonly dstEid: number },
): TransferEvidence {
  const { state } = o.block;
  const guid = guidOf(expected.srcEid, o.dstEid, BigInt(expected.nonce));
  const kept = state.messages.get(guid);
  const isReceived = state.received.has(guid);
  const nonce = BigInt(expected.nonce);
  const committedHash = kept?.stage === "verified" ? kept.payloadHash : null;
  const done = kept?.stage === "attested" ? DVNS : 0;
  return {
    expected,
    guid,
    delivered: isReceived ? { blockNumber: creditedIn(guid, o), isCredited: true } : null,
    burntInBlock: null,
    skippedInBlock: null,
    committedHash,
    inboundNonce: nonce,
    lazyInboundNonce: isReceived ? nonce : 0n,
    alerts:
      kept === undefined || kept.failedAtMs === null
        ? []
        : [{ blockNumber: 0, executor: EXECUTOR, payloadHash: kept.payloadHash, reason: "0x" }],
    isInitializable: true,
    attestations: { requiredDone: done, required: DVNS, optionalDone: 0, optionalThreshold: 0 },
  };
}

/** The block of the credit, on the branch of the block that is looked at. */
function creditedIn(
  guid: string,
  { block, view }: { readonly block: SimBlock; readonly view: NodeView },
): number {
  for (let at: SimBlock | undefined = block; at !== undefined; ) {
    if (at.events.some((one) => one.type === "received" && one.guid === guid))
      return at.header.number;
    at = view.byHash(at.header.parentHash);
  }
  return 0;
}

/** Recomputes and encodes as the real one, with the simulation's hashes. */
export function recoveryDesk({ chain, codec }: AgentSite): RecoveryDesk {
  const { site } = chain;
  return {
    prove: (job) => ({
      recoveryId: recoveryIdOf(job),
      guid: guidOf(job.srcEid, site.endpointId, BigInt(job.nonce)),
      payloadHash: payloadHashOf(job.guid, job.message),
      recipient: recipientOf(job.message),
      ownToken: site.settlementToken,
      ownVault: vaultBytes32(site),
    }),
    encode: (job) => codec.encodeRecovery(job, site),
  };
}
