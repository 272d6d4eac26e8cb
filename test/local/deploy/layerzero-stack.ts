import type { Address } from "#shared/units/ids.ts";
import {
  type Artifact,
  call,
  create,
  encodeCall,
  thirdParty,
} from "#test/local/chains/artifacts.ts";
import type { Lane } from "#test/local/chains/lane.ts";

/** LayerZero V2 on one chain. */
export type LayerZeroStack = {
  readonly endpoint: Address;
  readonly sendUln: Address;
  readonly receiveUln: Address;
  readonly treasury: Address;
  readonly priceFeed: Address;
  readonly executor: Address;
  readonly dvns: readonly [Address, Address];
  readonly endpointView: Address;
  readonly receiveUlnView: Address;
};

/** One DVN: `quorum` of `signers` attest, `admin` submits. */
type DvnSetup = {
  readonly signers: readonly Address[];
  readonly quorum: bigint;
  readonly admin: Address;
};

export type WorkerSetup = {
  readonly endpointId: number;
  /** Account that delivers messages. */
  readonly executorAdmin: Address;
  readonly dvns: readonly [DvnSetup, DvnSetup];
};

const NO_ADDRESS: Address = "0x0000000000000000000000000000000000000000";
const TREASURY_GAS_LIMIT = 200_000n;
const TREASURY_FEE_CAP_WEI = 10n ** 16n;
/** The chain's native token has 18 decimals. */
const NATIVE_DECIMALS_RATE = 10n ** 18n;

/** Endpoint, message libraries, treasury and views; `lane`'s account owns them. */
export async function deployEndpoint(
  lane: Lane,
  endpointId: number,
): Promise<Omit<LayerZeroStack, "priceFeed" | "executor" | "dvns">> {
  const endpoint = await create(lane, thirdParty("EndpointV2"), [endpointId, lane.address]);
  const sendUln = await create(lane, thirdParty("SendUln302"), [
    endpoint,
    TREASURY_GAS_LIMIT,
    TREASURY_FEE_CAP_WEI,
  ]);
  const receiveUln = await create(lane, thirdParty("ReceiveUln302"), [endpoint]);
  const endpointContract = { artifact: thirdParty("EndpointV2"), address: endpoint };
  await call(lane, endpointContract, "registerLibrary", [sendUln]);
  await call(lane, endpointContract, "registerLibrary", [receiveUln]);
  const treasury = await create(lane, thirdParty("Treasury"));
  await call(lane, { artifact: thirdParty("SendUln302"), address: sendUln }, "setTreasury", [
    treasury,
  ]);
  const views = await deployViews(lane, { endpoint, receiveUln });
  return { endpoint, sendUln, receiveUln, treasury, ...views };
}

/** The two stateless readers of message states. */
export async function deployViews(
  lane: Lane,
  libraries: { readonly endpoint: Address; readonly receiveUln: Address },
): Promise<Pick<LayerZeroStack, "endpointView" | "receiveUlnView">> {
  const endpointView = await create(lane, thirdParty("EndpointV2View"));
  await call(
    lane,
    { artifact: thirdParty("EndpointV2View"), address: endpointView },
    "initialize",
    [libraries.endpoint],
  );
  const receiveUlnView = await create(lane, thirdParty("ReceiveUln302View"));
  await call(
    lane,
    { artifact: thirdParty("ReceiveUln302View"), address: receiveUlnView },
    "initialize",
    [libraries.endpoint, libraries.receiveUln],
  );
  return { endpointView, receiveUlnView };
}

/** Price feed, executor and two DVNs, all ours to run, for the given endpoint and send library. */
export async function deployWorkers(
  lane: Lane,
  libraries: { readonly endpoint: Address; readonly sendUln: Address },
  setup: WorkerSetup,
): Promise<Pick<LayerZeroStack, "priceFeed" | "executor" | "dvns">> {
  const proxyAdmin = await create(lane, thirdParty("ProxyAdmin"), [lane.address]);
  const priceFeed = await createBehindProxy(lane, thirdParty("PriceFeed"), proxyAdmin, [
    lane.address,
  ]);
  const executor = await createBehindProxy(lane, thirdParty("Executor"), proxyAdmin, [
    libraries.endpoint,
    NO_ADDRESS,
    [libraries.sendUln],
    priceFeed,
    lane.address,
    [lane.address, setup.executorAdmin],
  ]);
  const executorFees = await create(lane, thirdParty("ExecutorFeeLib"), [
    setup.endpointId,
    NATIVE_DECIMALS_RATE,
  ]);
  await call(lane, { artifact: thirdParty("Executor"), address: executor }, "setWorkerFeeLib", [
    executorFees,
  ]);
  const dvnFees = await create(lane, thirdParty("DVNFeeLib"), [
    setup.endpointId,
    NATIVE_DECIMALS_RATE,
  ]);
  const dvnOf = async (dvn: DvnSetup): Promise<Address> => {
    const address = await create(lane, thirdParty("DVN"), [
      setup.endpointId,
      setup.endpointId % 30_000,
      [libraries.sendUln],
      priceFeed,
      dvn.signers,
      dvn.quorum,
      [lane.address, dvn.admin],
    ]);
    await call(lane, { artifact: thirdParty("DVN"), address }, "setWorkerFeeLib", [dvnFees]);
    return address;
  };
  return { priceFeed, executor, dvns: [await dvnOf(setup.dvns[0]), await dvnOf(setup.dvns[1])] };
}

async function createBehindProxy(
  lane: Lane,
  artifact: Artifact,
  proxyAdmin: Address,
  initializeArgs: readonly unknown[],
): Promise<Address> {
  const implementation = await create(lane, artifact);
  const initialize = encodeCall(artifact, "initialize", initializeArgs);
  return create(lane, thirdParty("TransparentUpgradeableProxy"), [
    implementation,
    proxyAdmin,
    initialize,
  ]);
}
