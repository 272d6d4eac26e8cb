import type { Address } from "viem";
import {
  type ChainHistory,
  isSameAddress,
  sumRaw,
} from "#test/local/check/accounts/chain-history.ts";
import { optionAccountFaults } from "#test/local/check/accounts/option-account-faults.ts";

/** What moved one asset of one vault, from the contracts' own events; raw units, signed as seen from the vault. */
type AssetFlows = {
  readonly deposits: bigint;
  readonly withdrawals: bigint;
  readonly premiumsReceived: bigint;
  readonly optionsPaid: bigint;
  readonly settlementsReceived: bigint;
  readonly swapsIn: bigint;
  readonly swapsOut: bigint;
  readonly transfersSent: bigint;
  readonly transfersReceived: bigint;
  /** To, and from, the vault's accounts at venues. */
  readonly venuesPut: bigint;
  readonly venuesTaken: bigint;
};

/** Account of one asset of one vault. `differenceRaw` = closing - (opening + flows); exactly 0 when all is told. */
export type AssetAccount = {
  readonly shard: string;
  readonly token: Address;
  readonly openingRaw: bigint;
  readonly flows: AssetFlows;
  readonly closingRaw: bigint;
  readonly differenceRaw: bigint;
  /** Same, from the token's own Transfer events, which know no reasons. */
  readonly transferDifferenceRaw: bigint;
};

/** Accounts of every asset of one vault, in the order of its balances. */
export function vaultAccounts(history: ChainHistory): AssetAccount[] {
  return history.vaultBalances.map(({ token, openingRaw, closingRaw }) => {
    const flows = flowsOf(history, token);
    const net = Object.values(flows).reduce((sum, amount) => sum + amount, 0n);
    return {
      shard: history.shard,
      token,
      openingRaw,
      flows,
      closingRaw,
      differenceRaw: closingRaw - (openingRaw + net),
      transferDifferenceRaw: closingRaw - (openingRaw + transferNet(history, token)),
    };
  });
}

/** What a vault's events disagree about: each entry says what, where and by how much. Empty when all agrees. */
export function accountFaults(history: ChainHistory): string[] {
  const faults: string[] = [];
  for (const account of vaultAccounts(history)) {
    const name = `${history.shard} ${account.token}`;
    if (account.differenceRaw !== 0n) {
      faults.push(`${name}: closing differs from opening + events by ${account.differenceRaw}`);
    }
    if (account.transferDifferenceRaw !== 0n) {
      faults.push(
        `${name}: closing differs from opening + Transfer events by ${account.transferDifferenceRaw}`,
      );
    }
  }
  const paid = sumRaw(history.optionsPaid, (e) => e.amount);
  const owed = purchasePremiums(history) + sumRaw(history.settlements, (e) => e.paidByVault);
  if (paid !== owed) {
    faults.push(`${history.shard}: the vault paid ${paid} for options, the book asked for ${owed}`);
  }
  const escrow = bookEscrowDifference(history);
  if (escrow !== 0n)
    faults.push(`${history.shard} option book: escrow differs from its events by ${escrow}`);
  for (const { market, sizeE18 } of history.perpSizes) {
    const changes = history.perpChanges.filter((e) => isSameAddress(e.market, market));
    const taken = history.perpLiquidations.filter((e) => isSameAddress(e.market, market));
    const traded = sumRaw(changes, (e) => e.size) + sumRaw(taken, (e) => e.size);
    if (sizeE18 !== traded)
      faults.push(
        `${history.shard} ${market}: the position is ${sizeE18}, its trades and liquidations ${traded}`,
      );
  }
  return [...faults, ...optionAccountFaults(history)];
}

/** Closing balance of the option book minus what its events leave in it: locked + settled - claimed. */
export function bookEscrowDifference(history: ChainHistory): bigint {
  const { openingRaw, closingRaw } = history.bookBalance;
  const locked = sumRaw(history.optionTrades, (e) => e.collateralDelta);
  const settled = sumRaw(history.settlements, (e) => e.paidByVault - e.receivedByVault);
  const claimed = sumRaw(history.claims, (e) => e.amount);
  return closingRaw - (openingRaw + locked + settled - claimed);
}

function flowsOf(history: ChainHistory, token: Address): AssetFlows {
  const isToken = (asset: Address) => isSameAddress(asset, token);
  const swapsIn = sumRaw(history.swaps, (e) => (isToken(e.assetOut) ? e.amountOut : 0n));
  const swapsOut = -sumRaw(history.swaps, (e) => (isToken(e.assetIn) ? e.amountIn : 0n));
  const moves = history.venueMoves.filter((e) => isToken(e.asset));
  const venuesPut = -sumRaw(moves, (e) => (e.amount > 0n ? e.amount : 0n));
  const venuesTaken = sumRaw(moves, (e) => (e.amount < 0n ? e.gained : 0n));
  const none = { deposits: 0n, withdrawals: 0n, premiumsReceived: 0n, optionsPaid: 0n };
  if (!isToken(history.settlementToken)) {
    return {
      ...none,
      settlementsReceived: 0n,
      swapsIn,
      swapsOut,
      transfersSent: 0n,
      transfersReceived: 0n,
      venuesPut,
      venuesTaken,
    };
  }
  return {
    deposits: sumRaw(history.deposits, (e) => e.amount),
    withdrawals: -sumRaw(history.withdrawals, (e) => e.amount),
    premiumsReceived: sumRaw(history.optionTrades, (e) => (e.vaultSells ? e.premium : 0n)),
    optionsPaid: -sumRaw(history.optionsPaid, (e) => e.amount),
    settlementsReceived: sumRaw(history.settlements, (e) => e.receivedByVault),
    swapsIn,
    swapsOut,
    transfersSent: -sumRaw(history.transfers, (e) => e.amountSent),
    transfersReceived: sumRaw(history.oftReceived, (e) =>
      isSameAddress(e.to, history.vault) ? e.amount : 0n,
    ),
    venuesPut,
    venuesTaken,
  };
}

function purchasePremiums(history: ChainHistory): bigint {
  return sumRaw(history.optionTrades, (e) => (e.vaultSells ? 0n : e.premium));
}

function transferNet(history: ChainHistory, token: Address): bigint {
  return sumRaw(history.tokenTransfers, (e) => {
    if (!isSameAddress(e.token, token)) return 0n;
    const received = isSameAddress(e.to, history.vault) ? e.amount : 0n;
    const sent = isSameAddress(e.from, history.vault) ? e.amount : 0n;
    return received - sent;
  });
}
