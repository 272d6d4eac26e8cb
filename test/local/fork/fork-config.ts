import type { PublicClient } from "viem";
import { erc20Abi } from "viem";
import { z } from "zod";
import { FatalError } from "#shared/errors.ts";
import { CHAIN_KEYS } from "#shared/evm/chain-registry.ts";
import { loadConfigFile } from "#shared/node/config-file.ts";
import type { Address } from "#shared/units/ids.ts";
import { addressSchema } from "#shared/wire/scalars.ts";

/**
 * Third-party contracts of a forked chain, from the file that FORK_CONFIG_<CHAIN> names (YAML or JSON).
 * Without a feed for an underlying the world deploys one that its market sets.
 */
const forkContractsSchema = z.strictObject({
  layerZero: z.strictObject({
    endpoint: addressSchema,
    sendUln: addressSchema,
    receiveUln: addressSchema,
    treasury: addressSchema,
  }),
  uniswap: z.strictObject({
    factory: addressSchema,
    swapRouter: addressSchema,
    quoterV2: addressSchema,
    positionManager: addressSchema,
  }),
  weth: addressSchema,
  btc: z.strictObject({
    token: addressSchema,
    /** Account that owns enough of the token for pools and traders; the fork acts in its name. */
    holder: addressSchema,
  }),
  /** Chainlink-shaped feeds with 8 decimals, by ticker; the market leaves them alone. */
  feeds: z
    .strictObject({ ETH: addressSchema.optional(), BTC: addressSchema.optional() })
    .optional(),
});

export type ForkContracts = z.infer<typeof forkContractsSchema>;

/** A chain to start as a fork. */
export type Fork = { readonly url: string; readonly contracts: ForkContracts };

const BTC_DECIMALS = 8;
const feedAbi = [
  {
    type: "function",
    name: "decimals",
    stateMutability: "view",
    inputs: [],
    outputs: [{ type: "uint8" }],
  },
] as const;
const FEED_DECIMALS = 8;

/**
 * Forks asked for by FORK_URL_<CHAIN>, by chain key.
 *
 * @throws {FatalError} `config-fork` listing all wrong variables at once, or the errors of the file.
 */
export function readForks(
  env: Readonly<Record<string, string | undefined>>,
): ReadonlyMap<string, Fork> {
  const problems: string[] = [];
  const forks = new Map<string, Fork>();
  const known = CHAIN_KEYS.map((key) => key.toUpperCase());
  for (const name of Object.keys(env)) {
    const chain = /^FORK_(?:URL|CONFIG)_(.+)$/.exec(name)?.[1];
    if (chain !== undefined && !known.includes(chain)) {
      problems.push(`${name}: unknown chain ${chain}; known are ${known.join(", ")}`);
    }
  }
  for (const key of CHAIN_KEYS) {
    const url = env[`FORK_URL_${key.toUpperCase()}`] ?? "";
    const file = env[`FORK_CONFIG_${key.toUpperCase()}`] ?? "";
    if (url === "" && file !== "")
      problems.push(`FORK_CONFIG_${key.toUpperCase()}: FORK_URL_${key.toUpperCase()} is not set`);
    if (url === "") continue;
    if (!/^(https?|wss?):\/\/\S+$/.test(url)) {
      problems.push(`FORK_URL_${key.toUpperCase()}: must be an http(s) or ws(s) URL`);
    }
    if (file === "") {
      problems.push(
        `FORK_CONFIG_${key.toUpperCase()}: must name the file with the chain's third-party contracts`,
      );
      continue;
    }
    try {
      forks.set(key, { url, contracts: loadConfigFile(forkContractsSchema, file) });
    } catch (error) {
      problems.push(
        `FORK_CONFIG_${key.toUpperCase()}: ${error instanceof FatalError ? error.text : String(error)}`,
      );
    }
  }
  if (problems.length > 0)
    throw new FatalError("config-fork", `forks cannot be started\n  ${problems.join("\n  ")}`);
  return forks;
}

/**
 * Checks that the forked chain holds what the file says.
 *
 * @throws {FatalError} `config-fork` listing every address without code and every wrong decimals at once.
 */
export async function verifyFork(client: PublicClient, key: string, fork: Fork): Promise<void> {
  const { layerZero, uniswap, weth, btc, feeds } = fork.contracts;
  const named: Record<string, Address> = {
    ...prefixed("layerZero", layerZero),
    ...prefixed("uniswap", uniswap),
    weth,
    "btc.token": btc.token,
    ...(feeds?.ETH === undefined ? {} : { "feeds.ETH": feeds.ETH }),
    ...(feeds?.BTC === undefined ? {} : { "feeds.BTC": feeds.BTC }),
  };
  const checks = await Promise.all(
    Object.entries(named).map(async ([field, address]) => {
      const code = await client.getCode({ address });
      if (code === undefined || code === "0x") return [`${field}: no contract at ${address}`];
      return wrongDecimals(client, field, address);
    }),
  );
  const problems = checks.flat();
  if (problems.length === 0) return;
  const variable = `FORK_CONFIG_${key.toUpperCase()}`;
  throw new FatalError(
    "config-fork",
    `${variable} does not fit the forked chain\n  ${problems.join("\n  ")}`,
  );
}

async function wrongDecimals(
  client: PublicClient,
  field: string,
  address: Address,
): Promise<string[]> {
  const isFeed = field.startsWith("feeds.");
  if (!isFeed && field !== "btc.token") return [];
  const allowed = isFeed ? FEED_DECIMALS : BTC_DECIMALS;
  const abi = isFeed ? feedAbi : erc20Abi;
  const found = await client
    .readContract({ address, abi, functionName: "decimals" })
    .catch(() => null);
  return found === allowed
    ? []
    : [`${field}: found ${found ?? "no"} decimals at ${address}; must be ${allowed}`];
}

function prefixed(
  prefix: string,
  fields: Readonly<Record<string, Address>>,
): Record<string, Address> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, address]) => [`${prefix}.${name}`, address]),
  );
}
