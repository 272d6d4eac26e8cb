import {
  type Address,
  decodeFunctionData,
  type Hex,
  pad,
  type TransactionSerializableEIP1559,
} from "viem";
import { guidOf, headerOf, oftRecipient, payloadHashOf } from "#shared/evm/layerzero-packet.ts";
import { recoveryAbi } from "#shared/evm/recovery-call.ts";
import { recoveryJobSchema } from "#shared/wire/recovery-job.ts";

/** Where recoveries may go, and whom they may help. */
export type RecoveryRules = {
  readonly endpoint: Address;
  readonly endpointId: number;
  readonly receiveUln: Address;
  readonly token: Address;
  readonly vault: Address;
};

/**
 * What is wrong with a transaction that is to help a message on, or null. It is read from its bytes: the
 * endpoint's lzReceive, or the library's commitVerification, without value, of the very message that the
 * journal entry names, to this vault's token, crediting this vault and nobody else.
 */
export function recoveryProblem(
  { to, data = "0x", value = 0n }: TransactionSerializableEIP1559,
  payload: string,
  rules: RecoveryRules,
): string | null {
  if (value !== 0n) return `value: found ${value} wei; must be 0`;
  const job = recoveryJobSchema.parse(JSON.parse(payload));
  const path = {
    srcEid: job.srcEid,
    sender: job.sender,
    nonce: BigInt(job.nonce),
    dstEid: rules.endpointId,
    receiver: rules.token,
  };
  const guid = guidOf(path);
  if (oftRecipient(job.message) !== pad(rules.vault).toLowerCase())
    return "message: does not credit this vault alone";
  const call = decode(data);
  if (call === undefined) return `data: ${data.slice(0, 10)} is no call that helps a message on`;
  const expected = {
    lzReceive: {
      to: rules.endpoint,
      kind: "retry-receive",
      args: [originOf(path), rules.token, guid, job.message, "0x"],
    },
    commitVerification: {
      to: rules.receiveUln,
      kind: "commit-verification",
      args: [headerOf(path), payloadHashOf(guid, job.message)],
    },
  }[call.functionName];
  if (job.kind !== expected.kind) return `calls ${call.functionName}; must be ${job.kind}`;
  if (to?.toLowerCase() !== expected.to.toLowerCase())
    return `to: found ${String(to)}; must be ${expected.to}`;
  const isSame = comparable(call.args) === comparable(expected.args);
  return isSame ? null : `${call.functionName}: not of message ${guid}`;
}

function decode(data: Hex) {
  try {
    return decodeFunctionData({ abi: recoveryAbi, data });
  } catch {
    return undefined;
  }
}

function originOf({ srcEid, sender, nonce }: Parameters<typeof guidOf>[0]) {
  return { srcEid, sender, nonce };
}

function comparable(args: readonly unknown[]): string {
  return JSON.stringify(args, (_key, one: unknown) => {
    return typeof one === "bigint" || typeof one === "number" ? `${one}` : one;
  }).toLowerCase();
}
