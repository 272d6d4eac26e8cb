import { keccak256, pad, toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { describe, expect, test } from "vitest";
import {
  actionOf,
  jobIdOf,
  MANDATE_TYPES,
  mandateDigest,
  mandateSigners,
  mandateStruct,
  paramsHash,
  seriesIdOf,
  shardBytes32,
  vaultDomain,
} from "#shared/evm/mandate-typed-data.ts";
import {
  aRebalanceJob,
  LEND_MOVE_PARAMS,
  MARGIN_MOVE_PARAMS,
  OPTION_TRADE_PARAMS,
  PERP_CHANGE_PARAMS,
  SWAP_EXACT_OUTPUT_PARAMS,
  SWAP_PARAMS,
  TRANSFER_PARAMS,
} from "#test/support/agent/rebalance-job.ts";
import { address20, hash32 } from "#test/support/coordinator/shard-report.ts";

const planner = privateKeyToAccount(`0x${"0a".repeat(32)}`);
const guard = privateKeyToAccount(`0x${"0b".repeat(32)}`);
const domain = vaultDomain(8453, address20("fa"));
const { mandate } = aRebalanceJob();

async function signed(account: typeof planner): Promise<`0x${string}`> {
  const message = mandateStruct(mandate);
  return account.signTypedData({ domain, types: MANDATE_TYPES, primaryType: "Mandate", message });
}

describe("mandates", () => {
  test("the signers are recovered in the order of the signatures", async () => {
    const signatures = [await signed(guard), await signed(planner)];

    expect(await mandateSigners(mandate, domain, signatures)).toEqual([
      guard.address,
      planner.address,
    ]);
  });

  test.each([
    { field: "jobId", value: hash32("02") },
    { field: "epoch", value: 4 },
    { field: "leader", value: address20("02") },
    { field: "shard", value: shardBytes32("arbitrum") },
    { field: "action", value: 2 },
    { field: "reportSetHash", value: hash32("02") },
    { field: "notBeforeSeconds", value: 1 },
    { field: "deadlineSeconds", value: 1 },
    { field: "maxFeeNativeWei", value: "1" },
    { field: "paramsHash", value: hash32("02") },
  ])("a changed $field is another digest, and nobody signed that", async ({ field, value }) => {
    const changed = { ...mandate, [field]: value };

    expect(mandateDigest(changed, domain)).not.toBe(mandateDigest(mandate, domain));
    expect(await mandateSigners(changed, domain, [await signed(planner)])).not.toContain(
      planner.address,
    );
  });

  test.each([
    { what: "chain", other: vaultDomain(1, address20("fa")) },
    { what: "vault", other: vaultDomain(8453, address20("fb")) },
  ])("a signature for another $what is no signature", async ({ other }) => {
    expect(await mandateSigners(mandate, other, [await signed(planner)])).not.toContain(
      planner.address,
    );
  });
});

describe("hashes", () => {
  test("the job id is keccak256 of plan id, shard, step and params hash, 32 bytes each", () => {
    const [planId, hash] = [hash32("01"), hash32("02")];
    const bytes = `0x${planId.slice(2)}${Buffer.from("base").toString("hex").padEnd(64, "0")}${"7".padStart(64, "0")}${hash.slice(2)}`;

    expect(jobIdOf({ planId, shard: "base", step: 7, paramsHash: hash })).toBe(
      keccak256(bytes as `0x${string}`),
    );
  });

  test("the params hash is EIP-712's struct hash, negative floors included", () => {
    const type =
      "SwapParams(address venue,address pool,address assetIn,address assetOut,uint256 amountIn,uint256 minAmountOut,int256 minCapitalAfter)";
    const words = [
      keccak256(toHex(type)),
      pad(address20("7e")),
      pad(address20("90")),
      pad(address20("a1")),
      pad(address20("a2")),
      pad(toHex(2_500_000n)),
      pad(toHex(10n ** 15n)),
      toHex(2n ** 256n - 5n),
    ];

    expect(paramsHash(SWAP_PARAMS)).toBe(
      keccak256(`0x${words.map((word) => word.slice(2)).join("")}`),
    );
  });

  test("a lending move is hashed as its Solidity struct is", () => {
    const type =
      "LendMoveParams(address venue,address asset,int256 amount,uint256 minReceipt,uint256 minHealthFactor,int256 minCapitalAfter)";
    const words = [
      keccak256(toHex(type)),
      pad(address20("7a")),
      pad(address20("a0")),
      pad(toHex(5_000_000_000n)),
      pad(toHex(4_999_999_998n)),
      pad(toHex(1_500_000_000_000_000_000n)),
      toHex(2n ** 256n - 5n),
    ];

    expect(paramsHash(LEND_MOVE_PARAMS)).toBe(
      keccak256(`0x${words.map((word) => word.slice(2)).join("")}`),
    );
  });

  test("an option trade is hashed as its Solidity struct is", () => {
    const type =
      "OptionTradeParams(address venue,address market,uint256 strikeId,bool isCall,int256 quantity,uint256 worstPremium,int256 minCapitalAfter)";
    const words = [
      keccak256(toHex(type)),
      pad(address20("6a")),
      pad(address20("60")),
      pad(toHex(7n)),
      pad(toHex(1n)),
      pad(toHex(2_500_000_000_000_000_000n)),
      pad(toHex(12_000_000_000n)),
      toHex(2n ** 256n - 5n),
    ];

    expect(paramsHash(OPTION_TRADE_PARAMS)).toBe(
      keccak256(`0x${words.map((word) => word.slice(2)).join("")}`),
    );
  });

  test("the action follows the parameters' kind", () => {
    expect(actionOf(SWAP_PARAMS)).toBe(1);
    expect(actionOf(TRANSFER_PARAMS)).toBe(2);
    expect(actionOf(LEND_MOVE_PARAMS)).toBe(3);
    expect(actionOf(MARGIN_MOVE_PARAMS)).toBe(4);
    expect(actionOf(PERP_CHANGE_PARAMS)).toBe(5);
    expect(actionOf(OPTION_TRADE_PARAMS)).toBe(6);
    expect(actionOf(SWAP_EXACT_OUTPUT_PARAMS)).toBe(7);
    expect(paramsHash(SWAP_PARAMS)).not.toBe(paramsHash(TRANSFER_PARAMS));
  });

  test("a shard id is left-aligned ASCII", () => {
    expect(shardBytes32("base")).toBe(`0x62617365${"0".repeat(56)}`);
  });

  test("a series id packs its fields without padding", () => {
    const packed = `0x${"aa".repeat(20)}01${(1_790_600_000).toString(16).padStart(16, "0")}${(210_000_000_000).toString(16).padStart(32, "0")}`;
    const series = {
      underlying: address20("aa"),
      isCall: true,
      expirySeconds: 1_790_600_000n,
      strikeE8: 210_000_000_000n,
    };

    expect(seriesIdOf(series)).toBe(keccak256(packed as `0x${string}`));
  });
});
