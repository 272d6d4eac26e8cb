import { concat, encodePacked, keccak256 } from "viem";
import type { PrivateKeyAccount } from "viem/accounts";
import type { Address, Hex } from "#shared/units/ids.ts";

/** What DVN.execute takes: a call that a quorum of the DVN's signers agreed to. */
export type DvnCall = {
  readonly vid: number;
  readonly target: Address;
  readonly callData: Hex;
  readonly expiration: bigint;
  readonly signatures: Hex;
};

/** The DVN's id of a chain: the endpoint id without its V2 offset. */
export function dvnIdOf(endpointId: number): number {
  return endpointId % 30_000;
}

/**
 * Signs a call for a DVN on the chain `vid`.
 *
 * @param signers Exactly a quorum of the DVN's signers, in any order.
 * @param call `expiration` in Unix seconds of the chain that executes it.
 */
export async function signDvnCall(
  signers: readonly PrivateKeyAccount[],
  call: Omit<DvnCall, "signatures">,
): Promise<DvnCall> {
  const hash = keccak256(
    encodePacked(
      ["uint32", "address", "uint256", "bytes"],
      [call.vid, call.target, call.expiration, call.callData],
    ),
  );
  const ascending = [...signers].sort((a, b) => (BigInt(a.address) < BigInt(b.address) ? -1 : 1));
  const signatures = await Promise.all(
    ascending.map((signer) => signer.signMessage({ message: { raw: hash } })),
  );
  return { ...call, signatures: concat(signatures) };
}
