import { createPublicKey } from "node:crypto";
import { bytesToHex, hexToBytes, keccak256 } from "viem";
import { publicKeyToAddress } from "viem/accounts";
import { z } from "zod";
import { type AwsAccess, signedHeaders } from "#shard-agent/adapters/signing/aws-request.ts";
import { fromDer } from "#shard-agent/adapters/signing/digest-signature.ts";
import { postJson } from "#shard-agent/adapters/signing/post-json.ts";
import type { KeySigner } from "#shard-agent/ports/key-signer.ts";
import { FatalError } from "#shared/errors.ts";

const publicKeySchema = z.object({ PublicKey: z.base64() });
const signatureSchema = z.object({ Signature: z.base64() });

/**
 * {@link KeySigner} with an ECC_SECG_P256K1 key of AWS KMS, or of anything with its interface. The key
 * never leaves the service; its address is read once, here.
 *
 * @throws {RetryableError} `signer-unreachable`.
 * @throws {FatalError} `config-secret` if the key is not one on secp256k1, `signer-answer` as in the port.
 */
export async function kmsSigner(o: AwsAccess & { readonly keyId: string }): Promise<KeySigner> {
  const call = async (action: string, request: object): Promise<unknown> => {
    const body = JSON.stringify({ KeyId: o.keyId, ...request });
    const target = `TrentService.${action}`;
    const headers = signedHeaders(o, { service: "kms", target, body, at: new Date() });
    return postJson(o.endpoint, { body, headers });
  };
  const { PublicKey } = answerOf(publicKeySchema, await call("GetPublicKey", {}));
  const address = addressOf(Buffer.from(PublicKey, "base64"), o.keyId);
  return {
    address,
    sign: async (preimage) => {
      const digest = keccak256(preimage);
      const Message = Buffer.from(hexToBytes(digest)).toString("base64");
      const request = { Message, MessageType: "DIGEST", SigningAlgorithm: "ECDSA_SHA_256" };
      const { Signature } = answerOf(signatureSchema, await call("Sign", request));
      return fromDer(Buffer.from(Signature, "base64"), digest, address);
    },
  };
}

function answerOf<T>(schema: z.ZodType<T>, answer: unknown): T {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new FatalError("signer-answer", "Signer: gave no answer of KMS; nothing is sent");
}

function addressOf(spki: Buffer, keyId: string): `0x${string}` {
  const key = createPublicKey({ key: spki, format: "der", type: "spki" });
  const { asymmetricKeyDetails: details } = key;
  if (details?.namedCurve !== "secp256k1") {
    const found = details?.namedCurve ?? key.asymmetricKeyType;
    throw new FatalError("config-secret", `KMS key ${keyId}: must be on secp256k1; found ${found}`);
  }
  const { x, y } = key.export({ format: "jwk" });
  const point = Buffer.concat([x, y].map((part) => Buffer.from(part ?? "", "base64url")));
  return publicKeyToAddress(bytesToHex(Buffer.concat([Buffer.from([4]), point])));
}
