import { z } from "zod";
import {
  addressSchema,
  endpointIdSchema,
  hash32Schema,
  hexSchema,
  rawAmountSchema,
  uint64Schema,
  unixMsSchema,
} from "#shared/wire/scalars.ts";

/** How far a cross-chain message has come, as its target's chain shows it (docs/protocol.md, "Transfers"). */
export const TRANSFER_STATES = [
  "unknown",
  "sent",
  "dvn-quorum-reached",
  "path-not-initializable",
  "blocked-by-prior-nonce",
  "verified-executable",
  "failed-retryable",
  "wrong-payload",
  "nilified",
  "skipped",
  "burnt",
  "cleared-or-silent",
  "delivered",
] as const;

const countSchema = z.number().int().min(0).max(255);

/** What names a message on its path. The guid follows from it, the receiver and the target's endpoint id. */
const pathFields = {
  guid: hash32Schema,
  srcEid: endpointIdSchema,
  /** Sending app, left-padded to 32 bytes. */
  sender: hash32Schema,
  nonce: uint64Schema,
  /** keccak256(guid, message): what DVNs attest to. */
  payloadHash: hash32Schema,
} as const;

/** A message that a mandate of this shard's vault sent, as EndpointV2 put it into PacketSent. */
const sentTransferSchema = z.strictObject({
  side: z.literal("source"),
  ...pathFields,
  jobId: hash32Schema,
  dstEid: endpointIdSchema,
  /** Receiving app. */
  receiver: addressSchema,
  message: hexSchema,
  amountRaw: rawAmountSchema,
  blockNumber: z.number().int().min(0),
  blockHash: hash32Schema,
  blockTimestampMs: unixMsSchema,
});

/** How many DVNs have attested, of how many that must. */
export const attestationsSchema = z.strictObject({
  requiredDone: countSchema,
  required: countSchema,
  optionalDone: countSchema,
  optionalThreshold: countSchema,
});

/** A message that is expected at this shard's vault, at the report's block. */
const arrivalSchema = z.strictObject({
  side: z.literal("target"),
  ...pathFields,
  state: z.enum(TRANSFER_STATES),
  /** Null once the verification is committed: the library then forgets who attested. */
  attestations: attestationsSchema.nullable(),
  /** Payload hash the endpoint keeps for this nonce; null when it keeps none. */
  committedHash: hash32Schema.nullable(),
  /** Newest failed delivery by the executor; `reason` as the receiver gave it, "0x" when it ran out of gas. */
  alert: z.strictObject({ blockNumber: z.number().int().min(0), reason: hexSchema }).nullable(),
  /** Block of the event that ended it, where one did. */
  endedInBlock: z.number().int().min(0).nullable(),
});

export const transferLineSchema = z.discriminatedUnion("side", [sentTransferSchema, arrivalSchema]);

/** A message the coordinator asks a target to look for. */
const expectedTransferSchema = z.strictObject(pathFields);

/** Most messages one shard is asked to look for at a time. */
export const EXPECTED_TRANSFERS_MAX = 64;

/** What the coordinator writes under {@link expectedTransfersKey}. A hint: the chain decides. */
export const expectedTransfersSchema = z.strictObject({
  version: z.literal(1),
  transfers: z.array(expectedTransferSchema).max(EXPECTED_TRANSFERS_MAX),
});

export type TransferState = (typeof TRANSFER_STATES)[number];
export type SentTransfer = z.infer<typeof sentTransferSchema>;
export type Attestations = z.infer<typeof attestationsSchema>;
export type Arrival = z.infer<typeof arrivalSchema>;
export type TransferLine = z.infer<typeof transferLineSchema>;
export type ExpectedTransfer = z.infer<typeof expectedTransferSchema>;

/** Redis key under which a shard's agents find what to expect. */
export function expectedTransfersKey(shard: string): string {
  return `expected-transfers:${shard}`;
}
