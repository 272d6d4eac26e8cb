import {
  EndpointId,
  endpointIdToChainKey,
  endpointIdToNetwork,
} from "@layerzerolabs/lz-definitions";
import { ChainId, ChainListId, ChainKey as LzChainKey } from "@layerzerolabs/lz-sdk";
import type { Chain } from "viem";
import { arbitrum, avalanche, base, bsc, linea, mainnet, optimism, polygon } from "viem/chains";
import { FatalError } from "#shared/errors.ts";

/** Chains riskshard knows; the keys are LayerZero's current chain keys. */
export const CHAIN_KEYS = [
  "ethereum",
  "arbitrum",
  "base",
  "optimism",
  "polygon",
  "bsc",
  "avalanche",
  "linea",
] as const;

export type ChainKey = (typeof CHAIN_KEYS)[number];

/** What the three sources say of one chain. */
export type ChainEntry = {
  readonly key: ChainKey;
  /** Name for people, from viem. */
  readonly name: string;
  /** EVM chain id: viem is the authority. */
  readonly chainId: number;
  /** LayerZero V2 endpoint id: lz-definitions is the authority. */
  readonly endpointId: number;
  /** LayerZero V1 chain id, from lz-sdk; the endpoint id is 30000 more. */
  readonly lzV1Id: number;
  /** Chain key in lz-sdk; older than `key` for some chains. */
  readonly lzV1Key: string;
  /** EVM chain id as lz-sdk lists it; only a cross-check. */
  readonly lzListedChainId: number;
  /** Ticker of the coin that pays for gas. */
  readonly nativeTicker: string;
};

/** lz-sdk and the enums of lz-definitions still call Linea by the name it had before launch. */
const SOURCES = {
  ethereum: { lzName: "ETHEREUM", chain: mainnet },
  arbitrum: { lzName: "ARBITRUM", chain: arbitrum },
  base: { lzName: "BASE", chain: base },
  optimism: { lzName: "OPTIMISM", chain: optimism },
  polygon: { lzName: "POLYGON", chain: polygon },
  bsc: { lzName: "BSC", chain: bsc },
  avalanche: { lzName: "AVALANCHE", chain: avalanche },
  linea: { lzName: "ZKCONSENSYS", chain: linea },
} as const satisfies Record<ChainKey, { lzName: keyof typeof ChainId; chain: Chain }>;

/** The registry; frozen. */
export const CHAIN_REGISTRY: Readonly<Record<ChainKey, ChainEntry>> = Object.freeze(
  Object.fromEntries(CHAIN_KEYS.map((key) => [key, Object.freeze(entryOf(key))])) as Record<
    ChainKey,
    ChainEntry
  >,
);

/**
 * Entry of a chain by its key.
 *
 * @throws {FatalError} `config-unknown-chain`, listing the known keys.
 */
export function chainByKey(key: string): ChainEntry {
  const known = CHAIN_KEYS.find((candidate) => candidate === key);
  if (known !== undefined) return CHAIN_REGISTRY[known];
  throw new FatalError(
    "config-unknown-chain",
    `chain: must be one of ${CHAIN_KEYS.join(", ")}; found "${key}"`,
  );
}

/**
 * Compares the sources of every entry with one another; to be called before anything else starts.
 *
 * @param entries The registry when left out.
 * @throws {FatalError} `chain-registry-disagreement`, naming each chain and both values.
 */
export function crossCheckChains(
  entries: readonly ChainEntry[] = Object.values(CHAIN_REGISTRY),
): void {
  const disagreements = entries.flatMap(disagreementsOf);
  if (disagreements.length === 0) return;
  throw new FatalError(
    "chain-registry-disagreement",
    `chain registry disagrees with itself\n  ${disagreements.join("\n  ")}`,
  );
}

function entryOf(key: ChainKey): ChainEntry {
  const { lzName, chain } = SOURCES[key];
  return {
    key,
    name: chain.name,
    chainId: chain.id,
    endpointId: EndpointId[`${lzName}_V2_MAINNET`],
    lzV1Id: ChainId[lzName],
    lzV1Key: LzChainKey[lzName],
    lzListedChainId: ChainListId[lzName],
    nativeTicker: chain.nativeCurrency.symbol,
  };
}

function disagreementsOf(entry: ChainEntry): string[] {
  const differing = (what: string, one: string | number, other: string | number): string[] => {
    return one === other ? [] : [`${entry.key}: ${what}: ${one} against ${other}`];
  };
  return [
    ...differing("chain id, viem against lz-sdk", entry.chainId, entry.lzListedChainId),
    ...differing(
      "endpoint id, lz-definitions against lz-sdk's id + 30000",
      entry.endpointId,
      entry.lzV1Id + 30_000,
    ),
    ...differing(
      "network, lz-definitions against lz-sdk's key",
      networkOf(entry.endpointId),
      `${entry.lzV1Key}-mainnet`,
    ),
    ...differing("key, registry against lz-definitions", entry.key, chainKeyOf(entry.endpointId)),
  ];
}

/** Both lookups throw on an unknown id; here that is a disagreement like any other. */
function networkOf(endpointId: number): string {
  return EndpointId[endpointId] === undefined
    ? "unknown"
    : endpointIdToNetwork(endpointId as EndpointId);
}

function chainKeyOf(endpointId: number): string {
  return EndpointId[endpointId] === undefined
    ? "unknown"
    : endpointIdToChainKey(endpointId as EndpointId);
}
