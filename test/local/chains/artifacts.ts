import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type Abi, encodeDeployData, encodeFunctionData, keccak256, toBytes } from "viem";
import { FatalError } from "#shared/errors.ts";
import type { Address, Hex } from "#shared/units/ids.ts";
import type { Lane } from "#test/local/chains/lane.ts";

/** ABI and creation bytecode of a contract. */
export type Artifact = { readonly name: string; readonly abi: Abi; readonly bytecode: Hex };

const require = createRequire(import.meta.url);
const REPOSITORY = join(import.meta.dirname, "../../..");
const LAYER_ZERO = "@layerzerolabs/lz-evm-";
const loaded = new Map<string, Artifact>();

/** Third-party contracts, as their npm packages ship them. */
const PACKAGE_PATHS = {
  EndpointV2: `${LAYER_ZERO}protocol-v2/artifacts/contracts/EndpointV2.sol/EndpointV2.json`,
  EndpointV2View: `${LAYER_ZERO}protocol-v2/artifacts/contracts/EndpointV2View.sol/EndpointV2View.json`,
  SendUln302: `${LAYER_ZERO}messagelib-v2/artifacts/contracts/uln/uln302/SendUln302.sol/SendUln302.json`,
  ReceiveUln302: `${LAYER_ZERO}messagelib-v2/artifacts/contracts/uln/uln302/ReceiveUln302.sol/ReceiveUln302.json`,
  ReceiveUln302View: `${LAYER_ZERO}messagelib-v2/artifacts/contracts/uln/uln302/ReceiveUln302View.sol/ReceiveUln302View.json`,
  PriceFeed: `${LAYER_ZERO}messagelib-v2/artifacts/contracts/PriceFeed.sol/PriceFeed.json`,
  ExecutorFeeLib: `${LAYER_ZERO}messagelib-v2/artifacts/contracts/ExecutorFeeLib.sol/ExecutorFeeLib.json`,
  Executor: `${LAYER_ZERO}messagelib-v2/artifacts/contracts/Executor.sol/Executor.json`,
  DVNFeeLib: `${LAYER_ZERO}messagelib-v2/artifacts/contracts/uln/dvn/DVNFeeLib.sol/DVNFeeLib.json`,
  DVN: `${LAYER_ZERO}messagelib-v2/artifacts/contracts/uln/dvn/DVN.sol/DVN.json`,
  Treasury: `${LAYER_ZERO}messagelib-v2/artifacts/contracts/Treasury.sol/Treasury.json`,
  TransparentUpgradeableProxy: `${LAYER_ZERO}messagelib-v2/artifacts/contracts/upgradeable/proxy/TransparentUpgradeableProxy.sol/TransparentUpgradeableProxy.json`,
  ProxyAdmin: `${LAYER_ZERO}messagelib-v2/artifacts/contracts/upgradeable/proxy/ProxyAdmin.sol/ProxyAdmin.json`,
  UniswapV3Factory:
    "@uniswap/v3-core/artifacts/contracts/UniswapV3Factory.sol/UniswapV3Factory.json",
  UniswapV3Pool: "@uniswap/v3-core/artifacts/contracts/UniswapV3Pool.sol/UniswapV3Pool.json",
  SwapRouter: "@uniswap/v3-periphery/artifacts/contracts/SwapRouter.sol/SwapRouter.json",
  QuoterV2: "@uniswap/v3-periphery/artifacts/contracts/lens/QuoterV2.sol/QuoterV2.json",
  NonfungiblePositionManager:
    "@uniswap/v3-periphery/artifacts/contracts/NonfungiblePositionManager.sol/NonfungiblePositionManager.json",
  WETH9: "canonical-weth/build/contracts/WETH9.json",
} as const;

export type ThirdPartyName = keyof typeof PACKAGE_PATHS;

/** A third-party contract from its npm package. */
export function thirdParty(name: ThirdPartyName): Artifact {
  return load(name, () => require.resolve(PACKAGE_PATHS[name]));
}

/** A third-party contract by the path of its artifact within its npm package's name. */
export function fromPackage(path: string): Artifact {
  return load(path, () => require.resolve(path));
}

/**
 * The artifact with library addresses filled into its bytecode.
 *
 * @param libraries By fully qualified name (`contracts/A.sol:A`); those it does not use are passed over.
 * @throws {FatalError} `world-artifact` if a library it uses is not among them.
 */
export function linked(artifact: Artifact, libraries: ReadonlyMap<string, Address>): Artifact {
  let bytecode: string = artifact.bytecode;
  for (const [name, address] of libraries) {
    const placeholder = `__$${keccak256(toBytes(name)).slice(2, 36)}$__`;
    bytecode = bytecode.replaceAll(placeholder, address.slice(2).toLowerCase());
  }
  const missing = /__\$[0-9a-f]{34}\$__/.exec(bytecode);
  if (missing === null) return { ...artifact, bytecode: bytecode as Hex };
  throw new FatalError("world-artifact", `${artifact.name}: no library for ${missing[0]}`);
}

/**
 * One of this repository's contracts, as `npm run contracts` built it.
 *
 * @throws {FatalError} If it is not built.
 */
export function own(name: string): Artifact {
  return load(name, () => join(REPOSITORY, "contracts/out", `${name}.sol`, `${name}.json`));
}

function load(name: string, locate: () => string): Artifact {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  let json: { abi: Abi; bytecode: string | { object: string } };
  try {
    json = JSON.parse(readFileSync(locate(), "utf8"));
  } catch (cause) {
    throw new FatalError("world-artifact", `${name}: its compiled form cannot be read`, { cause });
  }
  const code = typeof json.bytecode === "string" ? json.bytecode : json.bytecode.object;
  const artifact = {
    name: name.slice(name.lastIndexOf("/") + 1),
    abi: json.abi,
    bytecode: (code.startsWith("0x") ? code : `0x${code}`) as Hex,
  };
  loaded.set(name, artifact);
  return artifact;
}

/** Gas limit of set-up transactions: they run one to a block, so the size does not matter. */
const SETUP_GAS = 8_000_000n;

/** Broadcasts the creation of a contract; its address is known at once. */
export function create(
  lane: Lane,
  artifact: Artifact,
  args: readonly unknown[] = [],
): Promise<Address> {
  const data = encodeDeployData({
    abi: artifact.abi,
    bytecode: artifact.bytecode,
    args: [...args],
  });
  return lane.create({ label: `create ${artifact.name}`, data, gas: SETUP_GAS });
}

/** Broadcasts a call during set-up; `lane.flush` tells whether it worked. */
export async function call(
  lane: Lane,
  target: { readonly artifact: Artifact; readonly address: Address },
  functionName: string,
  args: readonly unknown[],
): Promise<void> {
  const data = encodeCall(target.artifact, functionName, args);
  await lane.stage({
    label: `${target.artifact.name}.${functionName}`,
    to: target.address,
    data,
    gas: SETUP_GAS,
  });
}

/** Call data of a function of an artifact. */
export function encodeCall(
  artifact: Artifact,
  functionName: string,
  args: readonly unknown[],
): Hex {
  return encodeFunctionData({ abi: artifact.abi, functionName, args: [...args] });
}
