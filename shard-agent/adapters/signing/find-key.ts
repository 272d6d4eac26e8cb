import { resolve } from "node:path";
import { readKeystore } from "#shard-agent/adapters/signing/keystore-file.ts";
import { kmsSigner } from "#shard-agent/adapters/signing/kms-signer.ts";
import { localSigner } from "#shard-agent/adapters/signing/local-signer.ts";
import { web3signer } from "#shard-agent/adapters/signing/web3signer.ts";
import type { KeySigner } from "#shard-agent/ports/key-signer.ts";
import { FatalError } from "#shared/errors.ts";
import { readSecrets } from "#shared/node/read-secret.ts";
import type { Address } from "#shared/units/ids.ts";

/** Where a key lives, as the configuration says. */
export type KeySource =
  | string
  | { readonly keystore: string; readonly password: string }
  | {
      readonly kms: {
        readonly endpoint: string;
        readonly region: string;
        readonly keyId: string;
        readonly accessKeyId: string;
        readonly secretAccessKey: string;
      };
    }
  | {
      readonly web3signer: {
        readonly url: string;
        readonly identifier: string;
        readonly address: Address;
      };
    };

/** A key whose secrets are read; `open` asks a remote service, if there is one. */
export type FoundKey = {
  /** Never to be logged. */
  readonly secrets: readonly string[];
  /** @throws {RetryableError} `signer-unreachable`. */
  readonly open: () => Promise<KeySigner>;
};

/**
 * Reads what a key source refers to.
 *
 * @throws {FatalError} `config-secret` naming the field.
 */
export function findKey(field: string, source: KeySource, baseDir: string): FoundKey {
  if (typeof source === "string") {
    const { [field]: secret = "" } = readSecrets({ [field]: source }, { baseDir });
    const signer = localKey(field, secret);
    return { secrets: [secret], open: async () => signer };
  }
  if ("keystore" in source) {
    const name = `${field}.password`;
    const { [name]: password = "" } = readSecrets({ [name]: source.password }, { baseDir });
    const key = readKeystore(resolve(baseDir, source.keystore), password);
    const signer = localSigner(key);
    return { secrets: [password, key, key.slice(2)], open: async () => signer };
  }
  if ("web3signer" in source) {
    const signer = web3signer(source.web3signer);
    return { secrets: [], open: async () => signer };
  }
  const { accessKeyId, secretAccessKey, ...service } = source.kms;
  const access = readSecrets({ accessKeyId, secretAccessKey }, { baseDir });
  return {
    secrets: [access.secretAccessKey],
    open: () => kmsSigner({ ...service, ...access }),
  };
}

function localKey(field: string, secret: string): KeySigner {
  try {
    return localSigner(`0x${secret.replace(/^0x/, "")}`);
  } catch {
    const allowed = "a secp256k1 key of 64 hex digits";
    throw new FatalError(
      "config-secret",
      `${field}: must be ${allowed}; found something else, which is not shown`,
    );
  }
}
