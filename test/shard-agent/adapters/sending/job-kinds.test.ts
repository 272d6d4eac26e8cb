import fc from "fast-check";
import { type Hex, keccak256, recoverAddress, serializeTransaction } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { describe, expect, test } from "vitest";
import { viemJobVerifier } from "#shard-agent/adapters/sending/viem-job-desk.ts";
import { localSigner } from "#shard-agent/adapters/signing/local-signer.ts";
import { signingGuard } from "#shard-agent/adapters/signing/signing-guard.ts";
import { authenticateJob } from "#shard-agent/stages/authenticate-job.ts";
import { mandateCall } from "#shared/evm/mandate-call.ts";
import { MANDATE_TYPES, mandateStruct, vaultDomain } from "#shared/evm/mandate-typed-data.ts";
import type { JobParams, RebalanceJob } from "#shared/wire/rebalance-job.ts";
import { aScope } from "#test/support/agent/agent-snapshot.ts";
import { ARBITRARY_PARAMS } from "#test/support/agent/arbitrary-job.ts";
import { aRebalanceJob } from "#test/support/agent/rebalance-job.ts";
import { NO_BUDGET, NO_CEILINGS } from "#test/support/agent/signing-ceilings.ts";
import { address20 } from "#test/support/coordinator/shard-report.ts";

const KINDS = Object.entries(ARBITRARY_PARAMS).map(([kind, params]) => ({ kind, params }));
const PLANNER = privateKeyToAccount(generatePrivateKey());
const KEY = localSigner(generatePrivateKey());
const CAP_WEI = 10n ** 15n;
const RULES = {
  chainId: 8453,
  vault: address20("01"),
  venueDesk: address20("0d"),
  optionBook: address20("02"),
  recovery: null,
  upkeepAccounts: [],
  mandateSigners: [PLANNER.address],
  mandateQuorum: 1,
  ceilings: NO_CEILINGS,
};
const GUARD = signingGuard(KEY, RULES, NO_BUDGET);
const VERIFIER = viemJobVerifier({ shard: "base", chainId: RULES.chainId, vault: RULES.vault });
const SCOPE = aScope({ mandateSigners: [PLANNER.address], mandateQuorum: 1 });
/** Signatures are slow: fewer runs, each over every field. */
const RUNS = { numRuns: 8 };

async function signedJob(params: JobParams): Promise<RebalanceJob> {
  const job = aRebalanceJob(params);
  const mandate = { ...job.mandate, leader: PLANNER.address };
  const signature = await PLANNER.signTypedData({
    domain: vaultDomain(RULES.chainId, RULES.vault),
    types: MANDATE_TYPES,
    primaryType: "Mandate",
    message: mandateStruct(mandate),
  });
  return { ...job, mandate, signatures: [signature] };
}

function unsigned(call: { readonly to: Hex; readonly data: Hex }): Hex {
  return serializeTransaction({
    type: "eip1559",
    chainId: RULES.chainId,
    nonce: 7,
    gas: 100_000n,
    maxFeePerGas: CAP_WEI / 100_000n,
    maxPriorityFeePerGas: 1n,
    ...call,
  });
}

describe.each(KINDS)("$kind", ({ params }) => {
  test("what the coordinator signs the agent finds authentic, and its guard signs just that", async () => {
    const property = fc.asyncProperty(params, params, async (one, other) => {
      const job = await signedJob(one);
      expect(authenticateJob(job, await VERIFIER.prove(job), SCOPE)).toEqual({ admitted: true });
      const intent = { kind: "job", payload: JSON.stringify(job), gasFeeCapWei: CAP_WEI } as const;
      const bytes = unsigned(mandateCall(job, RULES));
      const signature = await GUARD.sign(bytes, intent);
      expect(await recoverAddress({ hash: keccak256(bytes), signature })).toBe(KEY.address);
      for (const field of Object.keys(one)) {
        const changed = { ...one, [field]: other[field as keyof JobParams] } as JobParams;
        if (JSON.stringify(changed) === JSON.stringify(one)) continue;
        const altered = unsigned(mandateCall({ ...job, params: changed }, RULES));
        await expect(GUARD.sign(altered, intent)).rejects.toThrow(/parameters: not those of job/);
        const forged = { ...job, params: changed };
        const payload = JSON.stringify(forged);
        await expect(GUARD.sign(altered, { ...intent, payload })).rejects.toThrow("paramsHash");
        expect(authenticateJob(forged, await VERIFIER.prove(forged), SCOPE)).toMatchObject({
          admitted: false,
          reason: "params-mismatch",
        });
      }
    });
    await fc.assert(property, RUNS);
  });
});

test("parameters with an address that its own checksum contradicts are refused, not thrown over", async () => {
  const pool = "0xAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  const job = aRebalanceJob();
  const altered = { ...job, params: { ...job.params, pool } } as RebalanceJob;
  const proofs = await VERIFIER.prove(altered);
  expect(authenticateJob(altered, proofs, SCOPE)).toMatchObject({ reason: "malformed" });
});
