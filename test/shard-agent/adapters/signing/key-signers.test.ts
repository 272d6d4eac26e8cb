import { createECDH, createPublicKey, generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { bytesToHex, type Hex, hexToBytes, keccak256, recoverAddress, slice } from "viem";
import { generatePrivateKey, privateKeyToAddress, sign } from "viem/accounts";
import { expect, onTestFinished, test } from "vitest";
import { readKeystore } from "#shard-agent/adapters/signing/keystore-file.ts";
import { kmsSigner } from "#shard-agent/adapters/signing/kms-signer.ts";
import { localSigner } from "#shard-agent/adapters/signing/local-signer.ts";
import { web3signer } from "#shard-agent/adapters/signing/web3signer.ts";
import type { KeySigner } from "#shard-agent/ports/key-signer.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;
/** Made with another implementation of scrypt (@noble/hashes): password `testpassword`. */
const KEYSTORE = {
  version: 3,
  id: "3198bc9c-6672-5ab3-d995-4942343ae5b6",
  crypto: {
    cipher: "aes-128-ctr",
    cipherparams: { iv: "83dbcc02d8ccb40e466191a123791e0e" },
    ciphertext: "91c23c03a8b5117a6e3d78dbb5dfc46f037aff9351dff59c2879586f51756502",
    kdf: "scrypt",
    kdfparams: {
      dklen: 32,
      n: 8192,
      p: 1,
      r: 8,
      salt: "ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19",
    },
    mac: "8f8639fe08fe1f43d6c13006d66ad2d993c6674ee2ba03f025596797a73614b9",
  },
};

test("a keystore file of version 3 opens with its password only", () => {
  const path = join(temporaryFolder(), "key.json");
  writeFileSync(path, JSON.stringify(KEYSTORE));
  expect(readKeystore(path, "testpassword")).toBe(
    "0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d",
  );
  expect(() => readKeystore(path, "wrong")).toThrow(/key\.json: the password does not open it/);
  writeFileSync(path, JSON.stringify({ ...KEYSTORE, version: 4 }));
  expect(() => readKeystore(path, "testpassword")).toThrow(/key\.json: version/);
});

test("a local key signs the hash of the bytes", async () => {
  const key = generatePrivateKey();
  await expectSigns(localSigner(key), privateKeyToAddress(key));
});

test("a key in KMS: the address is its public key's, every signature is low and recovers to it", async () => {
  const key = generatePrivateKey();
  const service = await kmsService(key);
  const signer = await kmsSigner(service.access);
  expect(signer.address).toBe(privateKeyToAddress(key));
  // Every other signature comes with a high s, which the chain refuses; all of ours must be low.
  for (let i = 0; i < 24; i += 1)
    await expectSigns(signer, privateKeyToAddress(key), `0x0${i % 10}`);
  expect(service.requests[0]?.headers.authorization).toMatch(
    /^AWS4-HMAC-SHA256 Credential=AKID\/\d{8}\/eu-west-1\/kms\/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=[0-9a-f]{64}$/,
  );
});

test("a KMS key of another curve, or a signature of another key, is refused", async () => {
  const service = await kmsService(generatePrivateKey());
  const signer = await kmsSigner(service.access);
  service.useKey(generatePrivateKey());
  await expect(signer.sign("0x01")).rejects.toThrow(/signer-answer/);
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  service.usePublicKey(publicKey.export({ format: "der", type: "spki" }));
  await expect(kmsSigner(service.access)).rejects.toThrow(/must be on secp256k1; found prime256v1/);
});

test("a remote signer's signature is checked before it is used", async () => {
  const key = generatePrivateKey();
  const local = localSigner(key);
  let answer: (data: Hex) => Promise<string> = local.sign;
  const seen: string[] = [];
  const url = await serve(async (request, body) => {
    seen.push(request.url ?? "");
    return answer((JSON.parse(body) as { data: Hex }).data);
  });
  const signer = web3signer({ url, identifier: "0xabc", address: local.address });
  await expectSigns(signer, local.address);
  expect(seen[0]).toBe("/api/v1/eth1/sign/0xabc");
  answer = localSigner(generatePrivateKey()).sign;
  await expect(signer.sign("0x01")).rejects.toThrow(/signer-answer/);
  answer = async () => "locked";
  await expect(signer.sign("0x01")).rejects.toThrow(/gave no signature/);
});

test("a signer that does not answer is tried again later", async () => {
  const { address } = localSigner(generatePrivateKey());
  const signer = web3signer({ url: "http://127.0.0.1:9", identifier: "k", address });
  await expect(signer.sign("0x01")).rejects.toThrow(
    /Signer at 127\.0\.0\.1:9: .*signer-unreachable/,
  );
});

async function expectSigns(signer: KeySigner, address: string, preimage: Hex = "0xf00d") {
  const signature = await signer.sign(preimage);
  expect(await recoverAddress({ hash: keccak256(preimage), signature })).toBe(address);
  expect(BigInt(slice(signature, 32, 64))).toBeLessThanOrEqual(HALF_ORDER);
}

/** A KMS-shaped server over a real secp256k1 key; like KMS it gives a high s as often as a low one. */
async function kmsService(first: Hex) {
  let privateKey = first;
  let publicKey = spkiOf(first);
  let signatures = 0;
  const requests: IncomingMessage[] = [];
  const endpoint = await serve(async (request, body) => {
    requests.push(request);
    if (request.headers["x-amz-target"] === "TrentService.GetPublicKey")
      return { PublicKey: publicKey.toString("base64") };
    const { Message } = JSON.parse(body) as { Message: string };
    const hash = bytesToHex(Buffer.from(Message, "base64"));
    signatures += 1;
    const der = derOf(await sign({ hash, privateKey }), signatures % 2 === 0);
    return { Signature: der.toString("base64") };
  });
  const access = { endpoint, region: "eu-west-1", accessKeyId: "AKID", secretAccessKey: "secret" };
  return {
    access: { ...access, keyId: "alias/sender" },
    requests,
    useKey: (next: Hex) => {
      privateKey = next;
    },
    usePublicKey: (next: Buffer) => {
      publicKey = next;
    },
  };
}

function spkiOf(privateKey: Hex): Buffer {
  const curve = createECDH("secp256k1");
  curve.setPrivateKey(Buffer.from(hexToBytes(privateKey)));
  const point = curve.getPublicKey();
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) =>
    half.toString("base64url"),
  );
  const jwk = { kty: "EC", crv: "secp256k1", x: x ?? "", y: y ?? "" };
  return createPublicKey({ key: jwk, format: "jwk" }).export({ format: "der", type: "spki" });
}

function derOf({ r, s }: { r: Hex; s: Hex }, isHigh: boolean): Buffer {
  const order = 2n * HALF_ORDER + 1n;
  const integers = [BigInt(r), isHigh ? order - BigInt(s) : BigInt(s)].map((value) => {
    const hex = value.toString(16);
    const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex");
    const body = (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
    return Buffer.concat([Buffer.from([2, body.length]), body]);
  });
  const content = Buffer.concat(integers);
  return Buffer.concat([Buffer.from([0x30, content.length]), content]);
}

/** A loopback HTTP server that answers with what `reply` gives: text as it is, all else as JSON. */
async function serve(
  reply: (request: IncomingMessage, body: string) => Promise<unknown>,
): Promise<string> {
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    request.on("end", () => {
      void reply(request, text).then((answer) =>
        response.end(typeof answer === "string" ? answer : JSON.stringify(answer)),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `http://127.0.0.1:${address.port}`;
}
