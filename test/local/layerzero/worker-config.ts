import { z } from "zod";
import { addressSchema, hash32Schema } from "#shared/wire/scalars.ts";

const dvnSchema = z.strictObject({
  /** Account that submits the DVN's calls on every chain. */
  adminKey: hash32Schema,
  /** Exactly a quorum of signers. */
  signerKeys: z.array(hash32Schema).min(1),
});

const workerChainSchema = z.strictObject({
  key: z.string(),
  chainId: z.number().int().positive(),
  endpointId: z.number().int().positive(),
  rpcUrl: z.string().url(),
  fromBlock: z.number().int().min(0),
  endpoint: addressSchema,
  sendUln: addressSchema,
  receiveUln: addressSchema,
  executor: addressSchema,
  dvns: z.tuple([addressSchema, addressSchema]),
  endpointView: addressSchema,
  receiveUlnView: addressSchema,
  /** Apps whose messages are carried; on a fork the endpoint has many others. */
  apps: z.array(addressSchema).min(1),
});

/** Configuration of the worker process; holds keys, so the file is for its owner only. */
export const workerConfigSchema = z.strictObject({
  executorKey: hash32Schema,
  committerKey: hash32Schema,
  dvns: z.tuple([dvnSchema, dvnSchema]),
  confirmations: z.number().int().min(0),
  pollMs: z.number().int().min(10),
  chains: z.array(workerChainSchema).min(2),
});

export type WorkerConfig = z.infer<typeof workerConfigSchema>;
export type WorkerChain = WorkerConfig["chains"][number];
