import { keccak256, stringToHex } from "viem";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import type { Hex } from "#shared/units/ids.ts";

/**
 * The throw-away keys of one world, by name. They follow from the world's seed: worth nothing outside
 * of it, and other than anvil's well-known test keys they have no history on a forked chain.
 */
export type WorldKeys = {
  /** Private key of a name; the same name gives the same key. */
  readonly privateKey: (name: string) => Hex;
  readonly account: (name: string) => PrivateKeyAccount;
  /** Every key asked for so far. */
  readonly all: () => Record<string, Hex>;
};

/** @param seed Seed of the world. */
export function worldKeys(seed: number): WorldKeys {
  const keys = new Map<string, Hex>();
  const accounts = new Map<string, PrivateKeyAccount>();
  const privateKey = (name: string): Hex => {
    const known = keys.get(name);
    if (known !== undefined) return known;
    const key = keccak256(stringToHex(`riskshard local world ${seed}: ${name}`));
    keys.set(name, key);
    return key;
  };
  return {
    privateKey,
    account: (name) => {
      const known = accounts.get(name);
      if (known !== undefined) return known;
      const account = privateKeyToAccount(privateKey(name));
      accounts.set(name, account);
      return account;
    },
    all: () => Object.fromEntries(keys),
  };
}
