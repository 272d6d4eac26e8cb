import { encodeAbiParameters } from "viem";
import type { Address, Hex } from "#shared/units/ids.ts";
import { call, thirdParty } from "#test/local/chains/artifacts.ts";
import type { Lane } from "#test/local/chains/lane.ts";
import type { LayerZeroStack } from "#test/local/deploy/layerzero-stack.ts";

/** Blocks on the source chain before a DVN attests; every configuration of the world uses this number. */
export const ULN_CONFIRMATIONS = 2;

const MAX_MESSAGE_BYTES = 10_000;
const WORKER_MARGIN_BPS = 12_000;
const REMOTE_PRICE = { priceRatio: 10n ** 20n, gasPriceInUnit: 10n ** 9n, gasPerByte: 16 };
/** 3000 USD with the price feed's 20 decimals. */
const NATIVE_PRICE_USD = 3_000n * 10n ** 20n;
const CONFIG_TYPE_EXECUTOR = 1;
const CONFIG_TYPE_ULN = 2;

/** Fees and capacities of our executor and DVNs towards `remotes` (endpoint ids). */
export async function wireWorkers(
  lane: Lane,
  stack: Pick<LayerZeroStack, "priceFeed" | "executor" | "dvns">,
  remotes: readonly number[],
): Promise<void> {
  const priceFeed = { artifact: thirdParty("PriceFeed"), address: stack.priceFeed };
  // The price feed is keyed by the short id; under any other key messages would be free.
  await call(lane, priceFeed, "setPrice", [
    remotes.map((eid) => ({ eid: eid % 30_000, price: REMOTE_PRICE })),
  ]);
  await call(lane, priceFeed, "setNativeTokenPriceUSD", [NATIVE_PRICE_USD]);
  await call(lane, { artifact: thirdParty("Executor"), address: stack.executor }, "setDstConfig", [
    remotes.map((dstEid) => ({
      dstEid,
      lzReceiveBaseGas: 50_000n,
      lzComposeBaseGas: 50_000n,
      multiplierBps: WORKER_MARGIN_BPS,
      floorMarginUSD: 0n,
      nativeCap: 10n ** 18n,
    })),
  ]);
  for (const address of stack.dvns) {
    await call(lane, { artifact: thirdParty("DVN"), address }, "setDstConfig", [
      remotes.map((dstEid) => ({
        dstEid,
        gas: 150_000n,
        multiplierBps: WORKER_MARGIN_BPS,
        floorMarginUSD: 0n,
      })),
    ]);
  }
}

/** Defaults of the whole chain: libraries, both DVNs required, our executor. Once per remote only. */
export async function wireDefaults(
  lane: Lane,
  stack: LayerZeroStack,
  remotes: readonly number[],
): Promise<void> {
  const sendUln = { artifact: thirdParty("SendUln302"), address: stack.sendUln };
  const receiveUln = { artifact: thirdParty("ReceiveUln302"), address: stack.receiveUln };
  const endpoint = { artifact: thirdParty("EndpointV2"), address: stack.endpoint };
  const ulnParams = remotes.map((eid) => ({ eid, config: ulnConfig(stack.dvns) }));
  const executor = { maxMessageSize: MAX_MESSAGE_BYTES, executor: stack.executor };
  await call(lane, sendUln, "setDefaultUlnConfigs", [ulnParams]);
  await call(lane, sendUln, "setDefaultExecutorConfigs", [
    remotes.map((eid) => ({ eid, config: executor })),
  ]);
  await call(lane, receiveUln, "setDefaultUlnConfigs", [ulnParams]);
  // A library becomes a default only after it supports the remote.
  for (const eid of remotes) {
    await call(lane, endpoint, "setDefaultSendLibrary", [eid, stack.sendUln]);
    await call(lane, endpoint, "setDefaultReceiveLibrary", [eid, stack.receiveUln, 0n]);
  }
}

/**
 * The collateral token's own configuration: both DVNs required in both directions and our executor,
 * whatever the chain's defaults are or become. `lane`'s account must be the token's delegate.
 */
export async function wireApp(
  lane: Lane,
  stack: Pick<LayerZeroStack, "endpoint" | "sendUln" | "receiveUln" | "executor" | "dvns">,
  app: { readonly address: Address; readonly remotes: readonly number[] },
): Promise<void> {
  const endpoint = { artifact: thirdParty("EndpointV2"), address: stack.endpoint };
  const uln = encodeUlnConfig(stack.dvns);
  const executor = encodeAbiParameters(
    [{ type: "tuple", components: [{ type: "uint32" }, { type: "address" }] }],
    [[MAX_MESSAGE_BYTES, stack.executor]],
  );
  for (const eid of app.remotes) {
    await call(lane, endpoint, "setSendLibrary", [app.address, eid, stack.sendUln]);
    await call(lane, endpoint, "setReceiveLibrary", [app.address, eid, stack.receiveUln, 0n]);
  }
  await call(lane, endpoint, "setConfig", [
    app.address,
    stack.sendUln,
    app.remotes.flatMap((eid) => [
      { eid, configType: CONFIG_TYPE_EXECUTOR, config: executor },
      { eid, configType: CONFIG_TYPE_ULN, config: uln },
    ]),
  ]);
  await call(lane, endpoint, "setConfig", [
    app.address,
    stack.receiveUln,
    app.remotes.map((eid) => ({ eid, configType: CONFIG_TYPE_ULN, config: uln })),
  ]);
}

function ulnConfig(dvns: readonly Address[]) {
  return {
    confirmations: BigInt(ULN_CONFIRMATIONS),
    requiredDVNCount: dvns.length,
    optionalDVNCount: 0,
    optionalDVNThreshold: 0,
    requiredDVNs: ascending(dvns),
    optionalDVNs: [] as Address[],
  };
}

function encodeUlnConfig(dvns: readonly Address[]): Hex {
  const components = [
    { name: "confirmations", type: "uint64" },
    { name: "requiredDVNCount", type: "uint8" },
    { name: "optionalDVNCount", type: "uint8" },
    { name: "optionalDVNThreshold", type: "uint8" },
    { name: "requiredDVNs", type: "address[]" },
    { name: "optionalDVNs", type: "address[]" },
  ] as const;
  return encodeAbiParameters([{ type: "tuple", components }], [ulnConfig(dvns)]);
}

/** The message libraries refuse DVN lists that are not sorted. */
function ascending(addresses: readonly Address[]): Address[] {
  return [...addresses].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
}
