import { type Abi, decodeFunctionResult, encodeFunctionData, type PublicClient } from "viem";
import type { Address, Hex } from "#shared/units/ids.ts";

type AuditCall = {
  readonly abi: Abi | readonly unknown[];
  readonly to: Address;
  readonly name: string;
  readonly args?: readonly unknown[];
  readonly from?: Address;
};

/** Contract calls at one block. */
export type AuditView = {
  /** Answer of a contract that the configuration or the vault itself names. Throws when there is none. */
  readonly view: <T>(call: AuditCall) => Promise<T>;
  /**
   * The same of a contract that only a report names: null where it reverts, answers what the function cannot have
   * answered, or cannot be asked at all with what the report, or a contract that it names, says. A report must not be
   * able to stop its own audit. Throws only when the node does not answer.
   */
  readonly tryView: <T>(call: AuditCall) => Promise<T | null>;
  /**
   * What one part of the look finds; null, and noted as not seen, when it cannot be read, for whatever reason: one contract
   * that does not answer must not keep the rest from being looked at.
   */
  readonly part: <T>(key: string, read: () => Promise<T>) => Promise<T | null>;
  /** Parts that could not be read so far. */
  readonly unseen: ReadonlySet<string>;
};

/** Calls answered from the state of one block. */
export function auditView(rpc: PublicClient, blockHash: Hex): AuditView {
  const encode = ({ abi, name, args = [] }: AuditCall): Hex =>
    encodeFunctionData({ abi: abi as Abi, functionName: name, args });
  const ask = ({ to, from }: AuditCall, data: Hex): Promise<Hex> => {
    const sent = { to, data, ...(from === undefined ? {} : { from }) };
    return rpc.request({ method: "eth_call", params: [sent, { blockHash }] });
  };
  const decode = <T>({ abi, name }: AuditCall, data: Hex): T =>
    decodeFunctionResult({ abi: abi as Abi, functionName: name, data }) as T;
  const unseen = new Set<string>();
  return {
    unseen,
    part: async (key, read) => {
      try {
        return await read();
      } catch {
        unseen.add(key);
        return null;
      }
    },
    view: async <T>(call: AuditCall) => decode<T>(call, await ask(call, encode(call))),
    tryView: async <T>(call: AuditCall) => {
      const asked = orNull(() => encode(call));
      if (asked === null) return null;
      const data = await ask(call, asked).catch((error: unknown) => {
        if (isRevert(error)) return null;
        throw error;
      });
      return data === null ? null : orNull(() => decode<T>(call, data));
    },
  };
}

function orNull<T>(run: () => T): T | null {
  try {
    return run();
  } catch {
    return null;
  }
}

/** JSON-RPC's code of a call that reverted, as most nodes give it; others say so only in words. */
const REVERTED_CODE = 3;

function isRevert(error: unknown): boolean {
  for (let one = error; one instanceof Error; one = one.cause) {
    if ("code" in one && one.code === REVERTED_CODE) return true;
    if (/revert|invalid opcode|out of gas/i.test(one.message)) return true;
  }
  return false;
}
