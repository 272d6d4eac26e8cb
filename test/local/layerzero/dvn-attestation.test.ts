import { encodePacked, keccak256, recoverMessageAddress, slice } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { expect, test } from "vitest";
import { dvnIdOf, signDvnCall } from "#test/local/layerzero/dvn-attestation.ts";

test("a DVN call carries its quorum's signatures in ascending order of signer", async () => {
  const signers = [1, 2, 3].map((n) => privateKeyToAccount(keccak256(`0x0${n}`)));
  const call = {
    vid: dvnIdOf(30110),
    target: signers[0]?.address ?? "0x",
    callData: "0xabcd",
    expiration: 99n,
  } as const;
  const { signatures } = await signDvnCall(signers, call);
  const raw = keccak256(
    encodePacked(["uint32", "address", "uint256", "bytes"], [110, call.target, 99n, "0xabcd"]),
  );
  const recovered = await Promise.all(
    [0, 1, 2].map((n) =>
      recoverMessageAddress({
        message: { raw },
        signature: slice(signatures, 65 * n, 65 * (n + 1)),
      }),
    ),
  );
  const ascending = signers.map((s) => s.address).sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
  expect(recovered).toEqual(ascending);
});
