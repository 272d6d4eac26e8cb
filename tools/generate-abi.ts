/**
 * Writes shared/evm/abi/*.ts from forge's output, or with `--check` exits 1 naming each file that differs.
 * Run `forge build` first (`npm run contracts` does both).
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

type AbiParameter = { name?: string; type: string; indexed?: boolean; components?: AbiParameter[] };
type AbiEntry = {
  type: string;
  name?: string;
  inputs?: AbiParameter[];
  outputs?: AbiParameter[];
  stateMutability?: string;
  anonymous?: boolean;
};
type Source = { readonly file: string; readonly exportName: string; readonly artifact: string };

const root = path.resolve(import.meta.dirname, "..");

const SOURCES: readonly Source[] = [
  { file: "shard-vault", exportName: "shardVaultAbi", artifact: "ShardVault.sol/ShardVault" },
  { file: "option-book", exportName: "optionBookAbi", artifact: "OptionBook.sol/OptionBook" },
  {
    file: "uniswap-v3-adapter",
    exportName: "uniswapV3AdapterAbi",
    artifact: "UniswapV3Adapter.sol/UniswapV3Adapter",
  },
  { file: "venue-desk", exportName: "venueDeskAbi", artifact: "VenueDesk.sol/VenueDesk" },
  {
    file: "aave-v3-adapter",
    exportName: "aaveV3AdapterAbi",
    artifact: "AaveV3Adapter.sol/AaveV3Adapter",
  },
  {
    file: "curie-adapter",
    exportName: "curieAdapterAbi",
    artifact: "CurieAdapter.sol/CurieAdapter",
  },
  {
    file: "lyra-v1-adapter",
    exportName: "lyraV1AdapterAbi",
    artifact: "LyraV1Adapter.sol/LyraV1Adapter",
  },
  { file: "shard-lens", exportName: "shardLensAbi", artifact: "ShardLens.sol/ShardLens" },
  {
    file: "collateral-oft",
    exportName: "collateralOftAbi",
    artifact: "CollateralOFT.sol/CollateralOFT",
  },
  { file: "local-token", exportName: "localTokenAbi", artifact: "LocalToken.sol/LocalToken" },
  {
    file: "settable-price-feed",
    exportName: "settablePriceFeedAbi",
    artifact: "SettablePriceFeed.sol/SettablePriceFeed",
  },
  {
    file: "settable-volatility-feed",
    exportName: "settableVolatilityFeedAbi",
    artifact: "SettableVolatilityFeed.sol/SettableVolatilityFeed",
  },
  { file: "erc20", exportName: "erc20Abi", artifact: "IERC20Metadata.sol/IERC20Metadata" },
];

function parameterWithoutSolidityTypes(parameter: AbiParameter): AbiParameter {
  return {
    ...(parameter.indexed === undefined ? {} : { indexed: parameter.indexed }),
    name: parameter.name ?? "",
    type: parameter.type,
    ...(parameter.components === undefined
      ? {}
      : { components: parameter.components.map(parameterWithoutSolidityTypes) }),
  };
}

function compactEntry(entry: AbiEntry): AbiEntry {
  return {
    type: entry.type,
    ...(entry.name === undefined ? {} : { name: entry.name }),
    ...(entry.inputs === undefined
      ? {}
      : { inputs: entry.inputs.map(parameterWithoutSolidityTypes) }),
    ...(entry.outputs === undefined
      ? {}
      : { outputs: entry.outputs.map(parameterWithoutSolidityTypes) }),
    ...(entry.stateMutability === undefined ? {} : { stateMutability: entry.stateMutability }),
  };
}

/** Text of one generated module. @throws {Error} If forge's output is missing. */
function moduleText(source: Source): string {
  const file = path.join(root, "contracts/out", `${source.artifact}.json`);
  const { abi } = JSON.parse(readFileSync(file, "utf8")) as { abi: AbiEntry[] };
  const contract = path.basename(source.artifact);
  const lines = abi.map((entry) => `  ${JSON.stringify(compactEntry(entry))},`);
  return [
    `/** ABI of ${contract}. Written by tools/generate-abi.ts from forge's output; do not edit. */`,
    `export const ${source.exportName} = [`,
    ...lines,
    "] as const;",
    "",
  ].join("\n");
}

function currentText(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}

const check = process.argv.includes("--check");
const folder = path.join(root, "shared/evm/abi");
mkdirSync(folder, { recursive: true });
const stale: string[] = [];
for (const source of SOURCES) {
  const file = path.join(folder, `${source.file}.ts`);
  const text = moduleText(source);
  if (currentText(file) === text) continue;
  stale.push(path.relative(root, file));
  if (!check) writeFileSync(file, text);
}
if (check && stale.length > 0) {
  process.stderr.write(`Out of date: ${stale.join(", ")}. Run: npm run contracts\n`);
  process.exitCode = 1;
} else {
  process.stdout.write(
    `${SOURCES.length} ABI modules, ${stale.length} ${check ? "out of date" : "written"}\n`,
  );
}
