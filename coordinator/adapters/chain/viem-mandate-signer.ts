import { privateKeyToAccount } from "viem/accounts";
import type { MandateSigner } from "#coordinator/ports/mandate-signer.ts";
import { FatalError } from "#shared/errors.ts";
import {
  EPOCH_BUMP_TYPES,
  MANDATE_TYPES,
  mandateStruct,
  vaultDomain,
} from "#shared/evm/mandate-typed-data.ts";
import type { Hex } from "#shared/units/ids.ts";

/**
 * Signs with the planner's key in memory. ECDSA nonces are deterministic (RFC 6979): the same mandate
 * signed again after a crash gives the same bytes.
 *
 * @throws {FatalError} `config-secret` if the key is not 32 bytes of hex; the key is never shown.
 */
export function viemMandateSigner(privateKey: string): MandateSigner {
  const account = privateKeyToAccount(requirePrivateKey(privateKey, "plannerKey"));
  return {
    address: account.address,
    signMandate: (mandate, { chainId, vault }) => {
      return account.signTypedData({
        domain: vaultDomain(chainId, vault),
        types: MANDATE_TYPES,
        primaryType: "Mandate",
        message: mandateStruct(mandate),
      });
    },
    signEpochBump: (expectedEpoch, newLeader, { chainId, vault }) => {
      return account.signTypedData({
        domain: vaultDomain(chainId, vault),
        types: EPOCH_BUMP_TYPES,
        primaryType: "EpochBump",
        message: { expectedEpoch: BigInt(expectedEpoch), newLeader },
      });
    },
  };
}

/** @throws {FatalError} `config-secret` unless the text is 0x and 64 hex digits (the 0x may be missing). */
export function requirePrivateKey(text: string, field: string): Hex {
  const digits = text.startsWith("0x") ? text.slice(2) : text;
  if (/^[0-9a-fA-F]{64}$/.test(digits)) return `0x${digits.toLowerCase()}`;
  throw new FatalError(
    "config-secret",
    `${field}: must be a private key of 64 hex digits; found something else, which is not shown`,
  );
}
