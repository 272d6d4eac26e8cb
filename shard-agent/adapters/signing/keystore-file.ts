import { createDecipheriv, scryptSync, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { bytesToHex, hexToBytes, keccak256 } from "viem";
import { z } from "zod";
import { FatalError } from "#shared/errors.ts";
import type { Hex } from "#shared/units/ids.ts";
import { describeIssues } from "#shared/wire/describe-issues.ts";

const hex = z.string().regex(/^[0-9a-fA-F]*$/, "must be hex without 0x");
/** scrypt needs 128 x n x r bytes; 512 MB allows four times geth's strongest setting. */
const SCRYPT_BYTES_MAX = 512 * 1024 * 1024;

const keystoreSchema = z.object({
  version: z.literal(3),
  crypto: z.object({
    cipher: z.literal("aes-128-ctr"),
    cipherparams: z.object({ iv: hex.length(32) }),
    ciphertext: hex.length(64),
    kdf: z.literal("scrypt"),
    kdfparams: z.object({
      dklen: z.literal(32),
      n: z.number().int().min(2),
      r: z.number().int().min(1),
      p: z.number().int().min(1),
      salt: hex,
    }),
    mac: hex.length(64),
  }),
});

/**
 * The private key in a keystore file (Web3 Secret Storage version 3, scrypt), as geth, cast and most
 * wallets write it.
 *
 * @throws {FatalError} `config-secret` naming the file: unreadable, another format, or a wrong password.
 */
export function readKeystore(path: string, password: string): Hex {
  const { crypto } = parseKeystore(path);
  const { n, r, p, dklen, salt } = crypto.kdfparams;
  const key = derive(path, () =>
    scryptSync(password, Buffer.from(salt, "hex"), dklen, { N: n, r, p, maxmem: SCRYPT_BYTES_MAX }),
  );
  const ciphertext = Buffer.from(crypto.ciphertext, "hex");
  const mac = hexToBytes(keccak256(Buffer.concat([key.subarray(16, 32), ciphertext])));
  if (!timingSafeEqual(mac, Buffer.from(crypto.mac, "hex")))
    throw new FatalError("config-secret", `keystore ${path}: the password does not open it`);
  const iv = Buffer.from(crypto.cipherparams.iv, "hex");
  const decipher = createDecipheriv("aes-128-ctr", key.subarray(0, 16), iv);
  return bytesToHex(Buffer.concat([decipher.update(ciphertext), decipher.final()]));
}

function derive(path: string, run: () => Buffer): Buffer {
  try {
    return run();
  } catch (error) {
    const what = "crypto.kdfparams: not supported (n below 2^16 x r, at most 512 MB)";
    throw new FatalError("config-secret", `keystore ${path}: ${what}`, { cause: error });
  }
}

function parseKeystore(path: string): z.infer<typeof keystoreSchema> {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    const reason = error instanceof SyntaxError ? "is not JSON" : "cannot be read";
    throw new FatalError("config-secret", `keystore ${path}: ${reason}`, { cause: error });
  }
  const parsed = keystoreSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  const wrong = describeIssues(parsed.error, content).join("; ");
  throw new FatalError("config-secret", `keystore ${path}: ${wrong}`);
}
