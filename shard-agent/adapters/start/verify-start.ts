import { type Address, hexToNumber, parseAbi, zeroAddress } from "viem";
import { chainIdOver, socketName } from "#shard-agent/adapters/rpc/kept-socket.ts";
import type { RpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { callView } from "#shard-agent/adapters/rpc/rpc-values.ts";
import type { RpcNode } from "#shard-agent/adapters/rpc/rpc-vote.ts";
import { mismatch } from "#shard-agent/adapters/start/config-mismatch.ts";
import {
  type AccountClaims,
  accountMismatches,
} from "#shard-agent/adapters/start/verify-accounts.ts";
import {
  type DecimalsClaims,
  decimalsMismatches,
} from "#shard-agent/adapters/start/verify-decimals.ts";
import { FatalError } from "#shared/errors.ts";
import { optionBookAbi } from "#shared/evm/abi/option-book.ts";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import { chainByKey, crossCheckChains } from "#shared/evm/chain-registry.ts";
import { shardBytes32 } from "#shared/evm/mandate-typed-data.ts";

const endpointAbi = parseAbi([
  "function eid() view returns (uint32)",
  "function isRegisteredLibrary(address library) view returns (bool)",
]);

/** How long a WebSocket endpoint is waited for before the start goes on without its word. */
const SOCKET_WAIT_MS = 2_000;

/** What the configuration claims of the chain and its contracts. */
export type StartClaims = DecimalsClaims & {
  readonly shard: string;
  readonly chain: string;
  readonly chainId: number;
  readonly endpointId: number;
  readonly rpc: { readonly wsUrls: readonly string[] };
  readonly contracts: {
    readonly vault: Address;
    readonly optionBook: Address;
    readonly endpoint: Address;
  };
  /** Null when the vault has no venue desk. */
  readonly positionVenues:
    | (NonNullable<AccountClaims["positionVenues"]> & { readonly desk: Address })
    | null;
  /** Null when messages are not looked at. */
  readonly layerZero: { readonly receiveUln: Address } | null;
  readonly underlyings: readonly {
    readonly ticker: string;
    readonly token: Address;
    readonly feed: Address;
  }[];
  readonly mandateSigners: readonly Address[];
  readonly mandateQuorum: number;
};

/**
 * Compares the configuration with the chain registry; needs no network.
 *
 * @throws {FatalError} `config-chain` naming each field, what was found and what is allowed.
 */
export function verifyRegistry(config: StartClaims): void {
  crossCheckChains();
  const chain = chainByKey(config.chain);
  failOn(
    [
      mismatch("chainId", config.chainId, chain.chainId, `chain ${config.chain}`),
      mismatch("endpointId", config.endpointId, chain.endpointId, `chain ${config.chain}`),
    ],
    "config-chain",
  );
}

/**
 * Compares the configuration with what the chain and the contracts say of themselves.
 *
 * @throws {FatalError} `config-chain` naming every wrong field at once.
 * @throws {RetryableError} When the node does not answer.
 */
export async function verifyChain(
  { rpc, nodes }: { readonly rpc: RpcClient; readonly nodes: readonly RpcNode[] },
  config: StartClaims,
  quoter: Address,
): Promise<void> {
  const { contracts } = config;
  await verifyEndpoints(nodes, config.chainId);
  await verifySockets(config);
  const view = (
    name: "shard" | "quorum" | "optionBook" | "venueDesk" | "asset" | "feedOf" | "signerAllowed",
    args: readonly unknown[] = [],
  ) => callView(rpc, { abi: shardVaultAbi, to: contracts.vault, name, args, at: "latest" });
  const endpoint = {
    abi: endpointAbi,
    to: contracts.endpoint,
    name: "eid",
    args: [],
    at: "latest",
  } as const;
  const book = {
    abi: optionBookAbi,
    to: contracts.optionBook,
    name: "quoter",
    args: [],
    at: "latest",
  } as const;
  const [shard, quorum, optionBook, venueDesk, asset, eid, bookQuoter] = await Promise.all([
    view("shard"),
    view("quorum"),
    view("optionBook"),
    view("venueDesk"),
    view("asset"),
    callView(rpc, endpoint),
    callView(rpc, book),
  ]);
  const signers = await Promise.all(
    config.mandateSigners.map((signer) => view("signerAllowed", [signer])),
  );
  const feeds = await Promise.all(config.underlyings.map((one) => view("feedOf", [one.token])));
  failOn(
    [
      mismatch("shard", shardBytes32(config.shard), shard, "the vault's shard"),
      mismatch("mandateQuorum", config.mandateQuorum, Number(quorum), "the vault's quorum"),
      mismatch("contracts.optionBook", contracts.optionBook, optionBook, "the vault's option book"),
      mismatch("positionVenues.desk", deskClaim(config), venueDesk, "the vault's venue desk"),
      ...(await accountMismatches(rpc, config, venueDesk)),
      ...(await decimalsMismatches(rpc, config)),
      await libraryMismatch(rpc, config),
      mismatch("settlement.token", config.settlement.token, asset, "the vault's asset"),
      mismatch("endpointId", config.endpointId, Number(eid), "the endpoint"),
      mismatch("quoterKey", quoter, bookQuoter, "the option book's quoter"),
      ...signers.map((allowed, index) =>
        mismatch(`mandateSigners[${index}]`, true, allowed, "allowed by the vault"),
      ),
      ...feeds.map((feed, index) =>
        mismatch(
          `underlyings[${index}].feed`,
          config.underlyings[index]?.feed,
          feed,
          "the vault's feed",
        ),
      ),
    ],
    "config-chain",
  );
}

/** Of another library the agent would read that nobody has ever attested anything. */
async function libraryMismatch(
  rpc: RpcClient,
  { contracts, layerZero }: StartClaims,
): Promise<string | null> {
  if (layerZero === null) return null;
  const isKnown = await callView(rpc, {
    abi: endpointAbi,
    to: contracts.endpoint,
    name: "isRegisteredLibrary",
    args: [layerZero.receiveUln],
    at: "latest",
  });
  if (isKnown === true) return null;
  return `layerZero.receiveUln: must be a library of the endpoint; found ${layerZero.receiveUln}`;
}

/** The vault says the zero address when it has no desk. */
function deskClaim({ positionVenues }: StartClaims): Address {
  return positionVenues?.desk ?? zeroAddress;
}

/** Every endpoint that answers must be on the chain; those that do not answer have no vote later either. */
async function verifyEndpoints(nodes: readonly RpcNode[], chainId: number): Promise<void> {
  const answers = await Promise.allSettled(nodes.map(({ rpc }) => rpc.request("eth_chainId", [])));
  const lines = answers.map((answer, index) => {
    if (answer.status === "rejected") return null;
    const found = hexToNumber(answer.value as `0x${string}`);
    return mismatch("chainId", chainId, found, nodes[index]?.name ?? "the RPC");
  });
  failOn(lines, "config-chain");
  const failed = answers.find((answer) => answer.status === "rejected");
  if (failed !== undefined && answers.every((answer) => answer.status === "rejected"))
    throw failed.reason;
}

/** One that does not answer is no obstacle: it is asked again whenever it is connected. */
async function verifySockets({ chainId, rpc }: StartClaims): Promise<void> {
  const found = await Promise.all(rpc.wsUrls.map((url) => chainIdOver(url, SOCKET_WAIT_MS)));
  const lines = found.map((one, index) =>
    mismatch("chainId", chainId, one ?? chainId, socketName(rpc.wsUrls[index] ?? "", index)),
  );
  failOn(lines, "config-chain");
}

function failOn(lines: readonly (string | null)[], code: string): void {
  const wrong = lines.filter((line) => line !== null);
  if (wrong.length > 0)
    throw new FatalError(code, `configuration and chain disagree\n  ${wrong.join("\n  ")}`);
}
