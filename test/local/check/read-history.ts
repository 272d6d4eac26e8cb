import { type Address, erc20Abi, type Hex, parseAbi, parseEventLogs } from "viem";
import { optionBookAbi } from "#shared/evm/abi/option-book.ts";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import { venueDeskAbi } from "#shared/evm/abi/venue-desk.ts";
import type {
  Balance,
  ChainHistory,
  EventPlace,
  OptionVenueHistory,
  TokenTransfer,
} from "#test/local/check/accounts/chain-history.ts";
import { sumRaw } from "#test/local/check/accounts/chain-history.ts";
import { readReverted } from "#test/local/check/reverted-attempts.ts";
import type { ObservedChain } from "#test/local/observe/chain-client.ts";
import { readOptionAccount, readStrike } from "#test/local/observe/option-account.ts";
import { readPerpAccount, readPerpLiquidations } from "#test/local/observe/perp-account.ts";
import { OFT_EVENTS } from "#test/local/observe/vault-flows.ts";

const ERC4626_EVENTS = parseAbi([
  "event Deposit(address indexed sender, address indexed owner, uint256 assets, uint256 shares)",
  "event Withdraw(address indexed sender, address indexed receiver, address indexed owner, uint256 assets, uint256 shares)",
]);
const TRANSFER_EVENT = erc20Abi[1];
/** Blocks asked for in one eth_getLogs. */
const BLOCKS_PER_READ = 2000n;

type RawLogs = Awaited<ReturnType<ObservedChain["client"]["getLogs"]>>;
type Range = { readonly fromBlock: bigint; readonly toBlock: bigint };

/**
 * Reads a chain's whole history from the world's first block to `finalBlock`.
 *
 * @throws {Error} viem's error when the chain does not answer; the check is then no check.
 */
export async function readHistory(
  observed: ObservedChain,
  finalBlock: bigint,
): Promise<ChainHistory> {
  const { chain, client } = observed;
  const range = { fromBlock: BigInt(chain.deployBlock), toBlock: finalBlock };
  const [block, vaultLogs, deskLogs, bookLogs, tokenLogs, hedgeTransfers, reverted] =
    await Promise.all([
      client.getBlock({ blockNumber: finalBlock }),
      readLogs(observed, chain.contracts.vault, range),
      readLogs(observed, chain.contracts.venueDesk, range),
      readLogs(observed, chain.contracts.optionBook, range),
      readLogs(observed, chain.settlement.token, range),
      Promise.all(chain.underlyings.map((u) => readHedgeTransfers(observed, u.token, range))),
      readReverted(observed, range),
    ]);
  const tokens = [chain.settlement.token, ...chain.underlyings.map((u) => u.token)];
  return {
    shard: chain.shard,
    vault: chain.contracts.vault,
    book: chain.contracts.optionBook,
    settlementToken: chain.settlement.token,
    finalBlock: {
      number: Number(finalBlock),
      hash: block.hash,
      timestampMs: Number(block.timestamp) * 1000,
    },
    ...(await vaultEvents(observed, vaultLogs)),
    ...deskEvents(deskLogs),
    optionVenue: await readOptionVenue(observed, deskLogs, range),
    perpLiquidations: await readPerpLiquidations(observed, range),
    perpSizes: (await readPerpAccount(observed, finalBlock)).positions,
    ...bookEvents(bookLogs),
    ...oftEvents(tokenLogs),
    tokenTransfers: [tokenTransfers(chain.settlement.token, tokenLogs), ...hedgeTransfers].flat(),
    reverted,
    vaultBalances: await Promise.all(
      tokens.map((t) => readBalance(observed, t, chain.contracts.vault, range)),
    ),
    bookBalance: await readBalance(
      observed,
      chain.settlement.token,
      chain.contracts.optionBook,
      range,
    ),
    supply: await readSupply(observed, chain.settlement.token, range),
  };
}

async function vaultEvents(observed: ObservedChain, logs: RawLogs) {
  const own = parseEventLogs({ abi: shardVaultAbi, logs });
  const shares = parseEventLogs({ abi: ERC4626_EVENTS, logs });
  const consumedLogs = own.filter((e) => e.eventName === "MandateConsumed");
  return {
    consumed: await Promise.all(
      consumedLogs.map(async (e) => {
        const block = await observed.client.getBlock({ blockNumber: e.blockNumber });
        const { jobId, action, reportSetHash } = e.args;
        return {
          ...placeOf(e),
          jobId,
          action,
          reportSetHash,
          blockTimestampMs: Number(block.timestamp) * 1000,
        };
      }),
    ),
    swaps: own
      .filter((e) => e.eventName === "SwapExecuted")
      .map((e) => ({ ...placeOf(e), ...e.args })),
    transfers: own
      .filter((e) => e.eventName === "TransferSent")
      .map((e) => ({ ...placeOf(e), ...e.args, nativeFeeWei: e.args.nativeFee })),
    optionsPaid: own
      .filter((e) => e.eventName === "OptionPaid")
      .map((e) => ({ ...placeOf(e), amount: e.args.amount })),
    deposits: shares
      .filter((e) => e.eventName === "Deposit")
      .map((e) => ({ ...placeOf(e), amount: e.args.assets })),
    withdrawals: shares
      .filter((e) => e.eventName === "Withdraw")
      .map((e) => ({ ...placeOf(e), amount: e.args.assets })),
  };
}

function deskEvents(logs: RawLogs) {
  const events = parseEventLogs({ abi: venueDeskAbi, logs });
  return {
    venueMoves: events
      .filter((e) => e.eventName === "VenueMoved")
      .map((e) => ({ ...placeOf(e), ...e.args })),
    perpChanges: events
      .filter((e) => e.eventName === "PerpChanged")
      .map((e) => ({ ...placeOf(e), ...e.args })),
  };
}

/** The account at an option market, and the desk's trades there. */
async function readOptionVenue(
  observed: ObservedChain,
  logs: RawLogs,
  range: Range,
): Promise<OptionVenueHistory | null> {
  const account = await readOptionAccount(observed, range.toBlock);
  if (account === null) return null;
  const trades = parseEventLogs({ abi: venueDeskAbi, logs })
    .filter((e) => e.eventName === "OptionTraded")
    .map((e) => ({ ...placeOf(e), ...e.args }));
  const keyOf = (one: { readonly strikeId: bigint; readonly isCall: boolean }) =>
    `${one.strikeId}:${one.isCall}`;
  const named = new Map([...trades, ...account.longs].map((one) => [keyOf(one), one]));
  const series = [...named].map(async ([key, { strikeId, isCall }]) => {
    const { expiryMs } = await readStrike(observed, strikeId, range.toBlock);
    const held = account.longs.filter((one) => keyOf(one) === key);
    return { strikeId, isCall, expiryMs, heldE18: sumRaw(held, (one) => one.quantityE18) };
  });
  const { token } = observed.chain.settlement;
  return {
    adapter: account.adapter,
    trades,
    series: await Promise.all(series),
    cash: await readBalance(observed, token, account.adapter, range),
  };
}

function bookEvents(logs: RawLogs) {
  const events = parseEventLogs({ abi: optionBookAbi, logs });
  return {
    optionTrades: events
      .filter((e) => e.eventName === "OptionTraded")
      .map((e) => ({ ...placeOf(e), ...e.args })),
    settlements: events
      .filter((e) => e.eventName === "SeriesSettled")
      .map((e) => ({ ...placeOf(e), ...e.args })),
    claims: events
      .filter((e) => e.eventName === "Claimed")
      .map((e) => ({ ...placeOf(e), amount: e.args.amount })),
  };
}

function oftEvents(logs: RawLogs) {
  const events = parseEventLogs({ abi: OFT_EVENTS, logs });
  return {
    oftSent: events
      .filter((e) => e.eventName === "OFTSent")
      .map((e) => ({
        ...placeOf(e),
        guid: e.args.guid,
        from: e.args.fromAddress,
        amountSent: e.args.amountSentLD,
        amountToReceive: e.args.amountReceivedLD,
      })),
    oftReceived: events
      .filter((e) => e.eventName === "OFTReceived")
      .map((e) => ({
        ...placeOf(e),
        guid: e.args.guid,
        to: e.args.toAddress,
        amount: e.args.amountReceivedLD,
      })),
  };
}

function tokenTransfers(token: Address, logs: RawLogs): TokenTransfer[] {
  const events = parseEventLogs({ abi: [TRANSFER_EVENT], logs });
  return events.map((e) => ({
    ...placeOf(e),
    token,
    from: e.args.from,
    to: e.args.to,
    amount: e.args.value,
  }));
}

/** Hedge tokens see every pool trade, so only what touches the vault is asked for. */
async function readHedgeTransfers(
  observed: ObservedChain,
  token: Address,
  range: Range,
): Promise<TokenTransfer[]> {
  const { client, chain } = observed;
  const { vault } = chain.contracts;
  const reads = chunks(range).flatMap((chunk) => [
    client.getLogs({ address: token, event: TRANSFER_EVENT, args: { from: vault }, ...chunk }),
    client.getLogs({ address: token, event: TRANSFER_EVENT, args: { to: vault }, ...chunk }),
  ]);
  const logs = (await Promise.all(reads)).flat() as RawLogs;
  return tokenTransfers(token, logs);
}

async function readLogs(
  { client }: ObservedChain,
  address: Address,
  range: Range,
): Promise<RawLogs> {
  const logs: RawLogs[] = [];
  for (const chunk of chunks(range)) logs.push(await client.getLogs({ address, ...chunk }));
  return logs.flat();
}

function chunks(range: Range): Range[] {
  const parts: Range[] = [];
  for (let from = range.fromBlock; from <= range.toBlock; from += BLOCKS_PER_READ) {
    const last = from + BLOCKS_PER_READ - 1n;
    parts.push({ fromBlock: from, toBlock: last < range.toBlock ? last : range.toBlock });
  }
  return parts;
}

async function readBalance(
  observed: ObservedChain,
  token: Address,
  holder: Address,
  range: Range,
): Promise<Balance> {
  const { client } = observed;
  const read = (blockNumber: bigint) =>
    client.readContract({
      address: token,
      abi: erc20Abi,
      functionName: "balanceOf",
      args: [holder],
      blockNumber,
    });
  return { token, ...(await readBeforeAndAfter(observed, token, range, read)) };
}

async function readSupply(observed: ObservedChain, token: Address, range: Range): Promise<Balance> {
  const { client } = observed;
  const read = (blockNumber: bigint) =>
    client.readContract({
      address: token,
      abi: erc20Abi,
      functionName: "totalSupply",
      blockNumber,
    });
  return { token, ...(await readBeforeAndAfter(observed, token, range, read)) };
}

/** A token that was not there before the world's first block had balances of zero. */
async function readBeforeAndAfter(
  { client }: ObservedChain,
  token: Address,
  range: Range,
  read: (blockNumber: bigint) => Promise<bigint>,
): Promise<{ readonly openingRaw: bigint; readonly closingRaw: bigint }> {
  const before = range.fromBlock - 1n;
  const code =
    before >= 0n ? await client.getCode({ address: token, blockNumber: before }) : undefined;
  const openingRaw = code === undefined || code === "0x" ? 0n : await read(before);
  return { openingRaw, closingRaw: await read(range.toBlock) };
}

function placeOf(event: {
  readonly blockNumber: bigint;
  readonly transactionHash: Hex;
}): EventPlace {
  return { blockNumber: Number(event.blockNumber), transactionHash: event.transactionHash };
}
