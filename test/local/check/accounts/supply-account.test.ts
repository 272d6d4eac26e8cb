import { describe, expect, test } from "vitest";
import { supplyAccount } from "#test/local/check/accounts/supply-account.ts";
import { hash, sourceHistory, targetHistory } from "#test/local/check/example-world.ts";

describe("supplyAccount", () => {
  test("adds up when every sending was delivered", () => {
    expect(supplyAccount([sourceHistory(), targetHistory()])).toEqual({
      openingRaw: 0n,
      mintedRaw: 2000n,
      burntRaw: 0n,
      closingRaw: 2000n,
      inTransitRaw: 0n,
      differenceRaw: 0n,
      sent: 1,
      delivered: 1,
      inTransitGuids: [],
      faults: [],
    });
  });

  test("counts what was sent and is not delivered", () => {
    const target = {
      ...targetHistory(),
      oftReceived: [],
      tokenTransfers: [],
      supply: { ...targetHistory().supply, closingRaw: 0n },
    };
    expect(supplyAccount([sourceHistory(), target])).toMatchObject({
      closingRaw: 1700n,
      inTransitRaw: 300n,
      differenceRaw: 0n,
      inTransitGuids: [hash(77)],
    });
  });

  test("notices supply that nobody minted", () => {
    const target = { ...targetHistory(), supply: { ...targetHistory().supply, closingRaw: 301n } };
    expect(supplyAccount([sourceHistory(), target]).differenceRaw).toBe(1n);
  });

  test("notices a delivery of another amount, one twice, and one never sent", () => {
    const [delivery] = targetHistory().oftReceived;
    if (delivery === undefined) throw new Error("example has no delivery");
    const faultsOf = (oftReceived: readonly (typeof delivery)[]) =>
      supplyAccount([sourceHistory(), { ...targetHistory(), oftReceived }]).faults;
    expect(faultsOf([{ ...delivery, amount: 299n }])).toEqual([
      `target: delivery ${hash(77)} credited 299, sent was 300`,
    ]);
    expect(faultsOf([delivery, delivery])).toContain(
      `target: delivery ${hash(77)} happened more than once`,
    );
    expect(faultsOf([delivery, { ...delivery, guid: hash(78) }])).toContain(
      `target: delivery ${hash(78)} was never sent`,
    );
  });

  test("takes a destroyed amount off what was minted", () => {
    const source = sourceHistory();
    const [mint] = source.tokenTransfers;
    if (mint === undefined) throw new Error("example mints nothing");
    const burn = { ...mint, from: mint.to, to: mint.from, amount: 100n };
    const burnt = {
      ...source,
      tokenTransfers: [...source.tokenTransfers, burn],
      supply: { ...source.supply, closingRaw: 1600n },
    };
    expect(supplyAccount([burnt, targetHistory()])).toMatchObject({
      mintedRaw: 2000n,
      burntRaw: 100n,
      differenceRaw: 0n,
    });
  });
});
