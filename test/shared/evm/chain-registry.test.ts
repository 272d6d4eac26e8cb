import { describe, expect, test } from "vitest";
import { FatalError } from "#shared/errors.ts";
import {
  CHAIN_KEYS,
  CHAIN_REGISTRY,
  chainByKey,
  crossCheckChains,
} from "#shared/evm/chain-registry.ts";

describe("the chain registry", () => {
  test.each([
    { key: "ethereum", chainId: 1, endpointId: 30_101 },
    { key: "arbitrum", chainId: 42_161, endpointId: 30_110 },
    { key: "base", chainId: 8453, endpointId: 30_184 },
    { key: "optimism", chainId: 10, endpointId: 30_111 },
    { key: "polygon", chainId: 137, endpointId: 30_109 },
    { key: "bsc", chainId: 56, endpointId: 30_102 },
    { key: "avalanche", chainId: 43_114, endpointId: 30_106 },
    { key: "linea", chainId: 59_144, endpointId: 30_183 },
  ])("$key is chain $chainId with endpoint $endpointId", ({ key, chainId, endpointId }) => {
    expect(chainByKey(key)).toMatchObject({ key, chainId, endpointId });
  });

  test("its sources agree", () => {
    expect(() => crossCheckChains()).not.toThrow();
  });

  test("it cannot be changed", () => {
    expect(Object.isFrozen(CHAIN_REGISTRY)).toBe(true);
    expect(CHAIN_KEYS.every((key) => Object.isFrozen(CHAIN_REGISTRY[key]))).toBe(true);
  });

  test("an unknown key is refused with the known ones", () => {
    expect(() => chainByKey("solana")).toThrow(FatalError);
    expect(() => chainByKey("solana")).toThrow(
      /must be one of ethereum, arbitrum, .*; found "solana"/,
    );
    expect(() => chainByKey("toString")).toThrow(FatalError);
  });
});

describe("crossCheckChains", () => {
  test.each([
    {
      planted: { lzListedChainId: 8454 },
      said: "base: chain id, viem against lz-sdk: 8453 against 8454",
    },
    {
      planted: { lzV1Id: 110 },
      said: "base: endpoint id, lz-definitions against lz-sdk's id + 30000: 30184 against 30110",
    },
    {
      planted: { lzV1Key: "basis" },
      said: "base: network, lz-definitions against lz-sdk's key: base-mainnet against basis-mainnet",
    },
    {
      planted: { key: "linea" } as const,
      said: "linea: key, registry against lz-definitions: linea against base",
    },
    {
      planted: { endpointId: 39_999 },
      said: "base: key, registry against lz-definitions: base against unknown",
    },
  ])("names the chain and both values of a planted disagreement: $said", ({ planted, said }) => {
    const entries = CHAIN_KEYS.map((key) => {
      return key === "base" ? { ...CHAIN_REGISTRY.base, ...planted } : CHAIN_REGISTRY[key];
    });

    expect(() => crossCheckChains(entries)).toThrow(FatalError);
    expect(() => crossCheckChains(entries)).toThrow(said);
  });

  test("names every chain that disagrees", () => {
    const entries = CHAIN_KEYS.map((key) => ({ ...CHAIN_REGISTRY[key], lzListedChainId: 5 }));

    for (const key of CHAIN_KEYS)
      expect(() => crossCheckChains(entries)).toThrow(`${key}: chain id`);
  });
});
