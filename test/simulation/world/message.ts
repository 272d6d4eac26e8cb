import type { Address, Hex } from "#shared/units/ids.ts";
import { digest, type Site } from "#test/simulation/world/site.ts";

/** A verified or attested message at its target's endpoint; it goes when it is executed. */
export type EndpointMessage = {
  readonly srcEid: number;
  readonly amountRaw: bigint;
  readonly payloadHash: Hex;
  /** `attested`: by every DVN, and nobody has committed it. */
  readonly stage: "attested" | "verified";
  /** Block time of the executor's failed delivery; null when there was none. */
  readonly failedAtMs: number | null;
};

/** The only account whose word on failed deliveries counts. */
export const EXECUTOR: Address = "0x00000000000000000000000000000000000000ee";

/** As in LayerZero, the guid follows from the path and its counter, not from the job. */
export function guidOf(srcEid: number, dstEid: number, nonce: number | bigint): Hex {
  return digest("guid", srcEid, dstEid, Number(nonce));
}

export function payloadHashOf(guid: Hex, message: Hex): Hex {
  return digest("payload", guid, message);
}

/** The sending app of every path. */
export function senderOf(srcEid: number): Hex {
  return digest("token", srcEid);
}

/** What the token says to its sister: whom to credit, and how much. */
export function messageOf(dstVault: Hex, amountRaw: bigint): Hex {
  return `${dstVault}${amountRaw.toString(16).padStart(16, "0")}`;
}

export function recipientOf(message: Hex): Hex {
  return message.slice(0, 66) as Hex;
}

export function vaultBytes32(site: Site): Hex {
  return `0x${site.vault.slice(2).padStart(64, "0")}`;
}
