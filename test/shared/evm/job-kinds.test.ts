import { readFileSync } from "node:fs";
import fc from "fast-check";
import {
  type Abi,
  type AbiFunction,
  type AbiParameter,
  concat,
  decodeFunctionData,
  encodeAbiParameters,
  keccak256,
  stringToHex,
  toFunctionSelector,
} from "viem";
import { describe, expect, test } from "vitest";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import { venueDeskAbi } from "#shared/evm/abi/venue-desk.ts";
import { mandateCall } from "#shared/evm/mandate-call.ts";
import { actionOf, paramsHash } from "#shared/evm/mandate-typed-data.ts";
import { typedParams } from "#shared/evm/params-typed-data.ts";
import { type JobParams, jobParamsSchema, rebalanceJobSchema } from "#shared/wire/rebalance-job.ts";
import { ARBITRARY_PARAMS } from "#test/support/agent/arbitrary-job.ts";
import { aRebalanceJob } from "#test/support/agent/rebalance-job.ts";
import { address20 } from "#test/support/coordinator/shard-report.ts";

const KINDS = Object.entries(ARBITRARY_PARAMS).map(([kind, params]) => ({ kind, params }));
const CONTRACTS = { vault: address20("01"), venueDesk: address20("0d") };
const ABI: Abi = [...shardVaultAbi, ...venueDeskAbi];
/** What signers sign, as the contracts spell it. */
const TYPE_STRINGS = readFileSync("contracts/src/libraries/MandateHash.sol", "utf8");
const ACTIONS = readFileSync("contracts/src/types/Mandate.sol", "utf8");

test("every kind of the wire has a law, and no two share an action", () => {
  const kinds = jobParamsSchema.options.map((one) => one.shape.kind.value);
  expect(KINDS.map((one) => one.kind).sort()).toEqual([...kinds].sort());
  const actions = KINDS.map(({ params }) => actionOf(fc.sample(params, 1)[0] as JobParams));
  expect(new Set(actions).size).toBe(KINDS.length);
});

describe.each(KINDS)("$kind", ({ kind, params }) => {
  test("its action is the contracts' constant of the same name", () => {
    const [sample] = fc.sample(params, 1);
    const name = kind.toUpperCase().replaceAll("-", "_");
    expect(ACTIONS).toContain(` ${name} = ${actionOf(sample as JobParams)};`);
  });

  test("it is hashed as the contracts' type string and ABI say", () => {
    fc.assert(
      fc.property(params, (one) => {
        const job = aRebalanceJob(one);
        const call = mandateCall(job, CONTRACTS);
        const { functionName, args } = decodeFunctionData({ abi: ABI, data: call.data });
        const input: AbiParameter & { components?: readonly AbiParameter[] } = abiFunction(
          functionName,
        ).inputs[1] ?? { type: "tuple" };
        const components = input.components ?? [];
        const fields = components.map(({ type, name }) => `${type} ${name}`).join(",");
        const { primaryType } = typedParams(one);
        const typeString = `${primaryType}(${fields})`;
        expect(TYPE_STRINGS).toContain(`"${typeString}"`);
        const struct = (args as readonly unknown[])[1] as Record<string, unknown>;
        const encoded = encodeAbiParameters(
          components,
          components.map(({ name }) => struct[name ?? ""]),
        );
        expect(paramsHash(one)).toBe(
          keccak256(concat([keccak256(stringToHex(typeString)), encoded])),
        );
      }),
    );
  });

  test("it comes out of the queue and the journal as it went in, and so does its call", () => {
    fc.assert(
      fc.property(params, (one) => {
        const job = aRebalanceJob(one);
        const read = rebalanceJobSchema.parse(JSON.parse(JSON.stringify(job)));
        expect(read).toEqual(job);
        expect(mandateCall(read, CONTRACTS)).toEqual(mandateCall(job, CONTRACTS));
        expect(mandateCall(read, CONTRACTS).data.slice(0, 10)).toBe(
          toFunctionSelector(abiFunction(functionOf(kind))),
        );
      }),
    );
  });

  test("every field of its parameters is in the hash", () => {
    fc.assert(
      fc.property(params, params, (one, other) => {
        for (const field of Object.keys(one)) {
          if (field === "kind") continue;
          const changed = { ...one, [field]: other[field as keyof JobParams] } as JobParams;
          const isSame = JSON.stringify(changed) === JSON.stringify(one);
          expect(paramsHash(changed) === paramsHash(one)).toBe(isSame);
        }
      }),
      { numRuns: 30 },
    );
  });

  test("a number that its Solidity type cannot hold is refused by name", () => {
    const [sample] = fc.sample(params, 1);
    for (const [field, value] of Object.entries(sample as JobParams)) {
      if (typeof value !== "string" || !/^-?[0-9]+$/.test(value)) continue;
      for (const wrong of [(2n ** 256n).toString(), "1e9", "", "0x10", "-0", "9".repeat(79)]) {
        const found = jobParamsSchema.safeParse({ ...sample, [field]: wrong });
        expect(found.success).toBe(false);
        expect(found.error?.issues[0]?.path).toEqual([field]);
      }
    }
  });
});

test("an endpoint id that Solidity cannot hold is refused", () => {
  const [transfer] = fc.sample(ARBITRARY_PARAMS.transfer, 1);
  expect(jobParamsSchema.safeParse({ ...transfer, dstEid: 2 ** 32 }).success).toBe(false);
});

function functionOf(kind: string): string {
  const words = kind.split("-").map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return `execute${words.join("")}`;
}

function abiFunction(name: string): AbiFunction {
  const item = ABI.find((one) => one.type === "function" && one.name === name);
  if (item?.type !== "function") throw new Error(`no function ${name}`);
  return item;
}
