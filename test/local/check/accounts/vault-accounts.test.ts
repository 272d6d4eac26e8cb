import { describe, expect, test } from "vitest";
import type { PerpChanged } from "#test/local/check/accounts/chain-history.ts";
import { optionAccountFaults } from "#test/local/check/accounts/option-account-faults.ts";
import {
  accountFaults,
  bookEscrowDifference,
  vaultAccounts,
} from "#test/local/check/accounts/vault-accounts.ts";
import {
  address,
  hash,
  sourceHistory,
  targetHistory,
  USDX,
} from "#test/local/check/example-world.ts";

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
      venuesPut: 0n,
      venuesTaken: 0n,
    });
    expect(weth).toMatchObject({ closingRaw: 5n, differenceRaw: 0n, transferDifferenceRaw: 0n });
    expect(accountFaults(sourceHistory())).toEqual([]);
    expect(accountFaults(targetHistory())).toEqual([]);
  });

  test("count what goes to venues and what comes back, interest included", () => {
    const history = sourceHistory();
    const [cash, weth] = history.vaultBalances;
    if (cash === undefined || weth === undefined) throw new Error("example has no balances");
    const place = { blockNumber: 10, transactionHash: hash(10), jobId: hash(9), asset: USDX };
    const account = address(0xaa);
    const moved = {
      ...history,
      venueMoves: [
        { ...place, venue: account, amount: 100n, gained: 99n },
        { ...place, venue: account, amount: -40n, gained: 40n },
      ],
      tokenTransfers: [
        ...history.tokenTransfers,
        { ...place, token: USDX, from: history.vault, to: account, amount: 100n },
        { ...place, token: USDX, from: account, to: history.vault, amount: 40n },
      ],
      vaultBalances: [{ ...cash, closingRaw: 504n }, weth],
    };
    expect(accountFaults(moved)).toEqual([]);
    expect(vaultAccounts(moved)[0]?.flows).toMatchObject({ venuesPut: -100n, venuesTaken: 40n });
    const [first, second] = moved.venueMoves;
    if (first === undefined || second === undefined) throw new Error("two moves");
    const more = { ...moved, venueMoves: [first, { ...second, gained: 41n }] };
    expect(accountFaults(more)).toEqual([
      `source ${USDX}: closing differs from opening + events by -1`,
    ]);
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

  test("hold a perpetual position to the sum of its trades and liquidations", () => {
    const market = address(0xcc);
    const change = { ...sourceHistory().perpChanges[0], market, size: -5n } as PerpChanged;
    const perpChanges = [change, { ...change, size: 2n }];
    const told = { ...sourceHistory(), perpChanges, perpSizes: [{ market, sizeE18: -3n }] };
    expect(accountFaults(told)).toEqual([]);
    const moved = { ...told, perpSizes: [{ market, sizeE18: -1n }] };
    expect(accountFaults(moved)).toEqual([
      `source ${market}: the position is -1, its trades and liquidations -3`,
    ]);
    const { blockNumber, transactionHash } = change;
    const perpLiquidations = [{ blockNumber, transactionHash, market, size: 2n }];
    expect(accountFaults({ ...moved, perpLiquidations })).toEqual([]);
  });

  test("hold longs at an option market to the sum of their trades, and its cash to moves and trades", () => {
    const adapter = address(0xcd);
    const place = { blockNumber: 7, transactionHash: hash(7), jobId: hash(8), venue: adapter };
    const move = { ...place, asset: USDX, amount: 100n, gained: 100n };
    const series = { strikeId: 2n, isCall: true };
    const trade = { ...place, market: adapter, ...series };
    const { timestampMs } = sourceHistory().finalBlock;
    const told = (change: {
      readonly heldE18?: bigint;
      readonly expiryMs?: number;
      readonly closingRaw?: bigint;
    }) => {
      const { heldE18 = 3n, expiryMs = timestampMs + 1, closingRaw = 78n } = change;
      const history = sourceHistory();
      return optionAccountFaults({
        ...history,
        venueMoves: [move],
        optionVenue: {
          adapter,
          trades: [
            { ...trade, quantity: 5n, amount: 30n },
            { ...trade, quantity: -2n, amount: 8n },
          ],
          series: [{ ...series, expiryMs, heldE18 }],
          cash: { token: USDX, openingRaw: 0n, closingRaw },
        },
      });
    };
    const isShort = ["source strike 2 call: the account is long 2, its trades 3"];
    const isOff = (by: number) => [
      `source ${adapter}: cash differs from moves and trades by ${by}`,
    ];
    expect(told({})).toEqual([]);
    expect(told({ heldE18: 2n })).toEqual(isShort);
    expect(told({ closingRaw: 77n })).toEqual(isOff(-1));
    expect(told({ closingRaw: 79n })).toEqual(isOff(1));
    // Once the series has ended it may be settled, and pay.
    expect(told({ expiryMs: timestampMs, heldE18: 0n })).toEqual([]);
    expect(told({ expiryMs: timestampMs, heldE18: 0n, closingRaw: 90n })).toEqual([]);
    expect(told({ expiryMs: timestampMs, heldE18: 2n })).toEqual(isShort);
    expect(told({ expiryMs: timestampMs, closingRaw: 70n })).toEqual(isOff(-8));
  });

  test("hold the option book's escrow to locked + settled - claimed", () => {
    expect(bookEscrowDifference(sourceHistory())).toBe(0n);
    const history = { ...sourceHistory(), claims: [] };
    expect(bookEscrowDifference(history)).toBe(-15n);
  });
});
