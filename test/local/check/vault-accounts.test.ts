import { describe, expect, test } from "vitest";
import { sourceHistory, targetHistory, USDX } from "#test/local/check/example-world.ts";
import {
  accountFaults,
  bookEscrowDifference,
  vaultAccounts,
} from "#test/local/check/vault-accounts.ts";

describe("vault accounts", () => {
  test("agree to the last unit when events tell everything", () => {
    const [cash, weth] = vaultAccounts(sourceHistory());
    expect(cash).toMatchObject({
      openingRaw: 0n,
      closingRaw: 564n,
      differenceRaw: 0n,
      transferDifferenceRaw: 0n,
    });
    expect(cash?.flows).toEqual({
      deposits: 1000n,
      withdrawals: 0n,
      premiumsReceived: 90n,
      optionsPaid: -30n,
      settlementsReceived: 4n,
      swapsIn: 0n,
      swapsOut: -200n,
      transfersSent: -300n,
      transfersReceived: 0n,
    });
    expect(weth).toMatchObject({ closingRaw: 5n, differenceRaw: 0n, transferDifferenceRaw: 0n });
    expect(accountFaults(sourceHistory())).toEqual([]);
    expect(accountFaults(targetHistory())).toEqual([]);
  });

  test("count what was there before the first block, on a forked chain", () => {
    const history = sourceHistory();
    const [cash, weth] = history.vaultBalances;
    if (cash === undefined || weth === undefined) throw new Error("example has no balances");
    const forked = {
      ...history,
      vaultBalances: [{ ...cash, openingRaw: 7n, closingRaw: 571n }, weth],
    };
    expect(accountFaults(forked)).toEqual([]);
  });

  test("name the shard, the asset and the amount of a single missing unit", () => {
    const history = sourceHistory();
    const balances = history.vaultBalances.map((b) =>
      b.token === USDX ? { ...b, closingRaw: b.closingRaw - 1n } : b,
    );
    const faults = accountFaults({ ...history, vaultBalances: balances });
    expect(faults).toEqual([
      `source ${USDX}: closing differs from opening + events by -1`,
      `source ${USDX}: closing differs from opening + Transfer events by -1`,
    ]);
  });

  test("notice tokens that arrived without an event of the vault", () => {
    const history = sourceHistory();
    const gift = {
      blockNumber: 9,
      transactionHash: history.finalBlock.hash,
      token: USDX,
      from: USDX,
      to: history.vault,
      amount: 6n,
    };
    const balances = history.vaultBalances.map((b) =>
      b.token === USDX ? { ...b, closingRaw: b.closingRaw + 6n } : b,
    );
    const faults = accountFaults({
      ...history,
      vaultBalances: balances,
      tokenTransfers: [...history.tokenTransfers, gift],
    });
    expect(faults).toEqual([`source ${USDX}: closing differs from opening + events by 6`]);
  });

  test("notice a vault that paid more for options than its book asked for", () => {
    const history = sourceHistory();
    const settlements = history.settlements.map((s) => ({ ...s, paidByVault: 19n }));
    expect(accountFaults({ ...history, settlements })).toEqual([
      "source: the vault paid 30 for options, the book asked for 29",
      "source option book: escrow differs from its events by 1",
    ]);
  });

  test("hold the option book's escrow to locked + settled - claimed", () => {
    expect(bookEscrowDifference(sourceHistory())).toBe(0n);
    const history = { ...sourceHistory(), claims: [] };
    expect(bookEscrowDifference(history)).toBe(-15n);
  });
});
