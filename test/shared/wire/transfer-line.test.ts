import fc from "fast-check";
import { expect, test } from "vitest";
import { guidOf, headerOf } from "#shared/evm/layerzero-packet.ts";
import { recoveryCall } from "#shared/evm/recovery-call.ts";
import { recoveryJobSchema } from "#shared/wire/recovery-job.ts";
import { expectedTransfersSchema } from "#shared/wire/transfer-line.ts";
import { aRecoveryJob } from "#test/support/agent/recovery-job.ts";
import { address20, hash32 } from "#test/support/coordinator/shard-report.ts";

const EXPECTED = {
  guid: hash32("01"),
  srcEid: 30101,
  sender: hash32("02"),
  nonce: "7",
  payloadHash: hash32("03"),
};

function isExpected(change: Partial<typeof EXPECTED>): boolean {
  const transfers = [{ ...EXPECTED, ...change }];
  return expectedTransfersSchema.safeParse({ version: 1, transfers }).success;
}

function isRecovery(change: object): boolean {
  return recoveryJobSchema.safeParse({ ...aRecoveryJob(), ...change }).success;
}

test.each([
  ["the last nonce", { nonce: (2n ** 64n - 1n).toString() }, true],
  ["a nonce beyond the last", { nonce: (2n ** 64n).toString() }, false],
  ["the last endpoint id", { srcEid: 2 ** 32 - 1 }, true],
  ["an endpoint id beyond the last", { srcEid: 2 ** 32 }, false],
])("%s is what a path may hold, or not", (_, change, isAllowed) => {
  expect(isExpected(change)).toBe(isAllowed);
  expect(isRecovery(change)).toBe(isAllowed);
});

test("of every path that is accepted, guid, header and call can be made", () => {
  const nonces = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 70n }), fc.bigInt({ min: 0n }));
  const eids = fc.oneof(fc.nat(), fc.maxSafeInteger());
  fc.assert(
    fc.property(nonces, eids, (nonce, srcEid) => {
      const change = { nonce: nonce.toString(), srcEid };
      fc.pre(isExpected(change));
      const { sender } = EXPECTED;
      const path = { srcEid, sender, nonce, dstEid: 30102, receiver: address20("0f") };
      expect(guidOf(path)).toHaveLength(66);
      expect(headerOf(path)).toHaveLength(2 + 2 * 81);
      const contracts = {
        endpoint: address20("0a"),
        endpointId: 30102,
        receiveUln: address20("0b"),
      };
      for (const kind of ["retry-receive", "commit-verification"] as const)
        expect(recoveryCall({ ...aRecoveryJob(), ...change, kind }, contracts).data).toMatch(/^0x/);
    }),
  );
});
