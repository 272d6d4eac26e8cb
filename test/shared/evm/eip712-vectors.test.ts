import { readFileSync } from "node:fs";
import { hashTypedData, recoverAddress } from "viem";
import { describe, expect, test } from "vitest";
import {
  EPOCH_BUMP_TYPES,
  jobIdOf,
  mandateDigest,
  mandateSigners,
  paramsHash,
  seriesIdOf,
  vaultDomain,
} from "#shared/evm/mandate-typed-data.ts";
import { bookDomain, OPTION_QUOTE_TYPES } from "#shared/evm/option-quote-typed-data.ts";
import { jobParamsSchema, mandateSchema } from "#shared/wire/rebalance-job.ts";
import { EXAMPLE_PARAMS } from "#test/support/agent/rebalance-job.ts";

/** The same files are asserted against the contracts in test/contracts/Eip712Vectors.t.sol. */
function vector(name: string) {
  return JSON.parse(readFileSync(new URL(`../../vectors/${name}.json`, import.meta.url), "utf8"));
}

describe("mandate vectors", () => {
  const file = vector("mandate-eip712");
  const domain = vaultDomain(file.chainId, file.vault);

  test("there is a case for every kind of job", () => {
    const kinds = file.cases.map((one: { params: { kind: string } }) => one.params.kind);
    expect([...kinds].sort()).toEqual(Object.keys(EXAMPLE_PARAMS).sort());
  });

  test.each(Object.keys(EXAMPLE_PARAMS).map((_kind, index) => index))(
    "case %i has the hashes and signers of the vector",
    async (index) => {
      const entry = file.cases[index];
      const mandate = mandateSchema.parse(entry.mandate);
      const hash = paramsHash(jobParamsSchema.parse(entry.params));

      expect(hash).toBe(entry.paramsHash);
      expect(mandate.paramsHash).toBe(hash);
      const job = { planId: file.planId, shard: file.shard, step: entry.step, paramsHash: hash };
      expect(mandate.jobId).toBe(jobIdOf(job));
      expect(mandateDigest(mandate, domain)).toBe(entry.digest);
      const signers = await mandateSigners(mandate, domain, entry.signatures);
      expect(signers.map((signer) => signer.toLowerCase())).toEqual(file.signers);
    },
  );

  test("an epoch bump has the digest of the vector", () => {
    const { expectedEpoch, newLeader, digest } = file.epochBump;
    const message = { expectedEpoch: BigInt(expectedEpoch), newLeader };

    expect(
      hashTypedData({ domain, types: EPOCH_BUMP_TYPES, primaryType: "EpochBump", message }),
    ).toBe(digest);
  });
});

test("an option quote has the digest, signer and series id of the vector", async () => {
  const file = vector("option-quote-eip712");
  const { taker, underlying, isCall, vaultSells } = file.quote;
  const expiry = BigInt(file.quote.expiry);
  const strike = BigInt(file.quote.strike);
  const message = {
    taker,
    underlying,
    isCall,
    vaultSells,
    expiry,
    strike,
    quantity: BigInt(file.quote.quantity),
    premium: BigInt(file.quote.premium),
    spotMin: BigInt(file.quote.spotMin),
    spotMax: BigInt(file.quote.spotMax),
    nonce: BigInt(file.quote.nonce),
    deadline: BigInt(file.quote.deadline),
  };
  const domain = bookDomain(file.chainId, file.book);
  const digest = hashTypedData({
    domain,
    types: OPTION_QUOTE_TYPES,
    primaryType: "OptionQuote",
    message,
  });

  expect(digest).toBe(file.digest);
  const signer = await recoverAddress({ hash: digest, signature: file.signature });
  expect(signer.toLowerCase()).toBe(file.quoter);
  expect(seriesIdOf({ underlying, isCall, expirySeconds: expiry, strikeE8: strike })).toBe(
    file.seriesId,
  );
});
