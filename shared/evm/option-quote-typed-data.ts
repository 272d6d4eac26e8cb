import type { Address } from "viem";

/** EIP-712 types of contracts/src/types/OptionQuote.sol. */
export const OPTION_QUOTE_TYPES = {
  OptionQuote: [
    { name: "taker", type: "address" },
    { name: "underlying", type: "address" },
    { name: "isCall", type: "bool" },
    { name: "vaultSells", type: "bool" },
    { name: "expiry", type: "uint64" },
    { name: "strike", type: "uint128" },
    { name: "quantity", type: "uint128" },
    { name: "premium", type: "uint256" },
    { name: "spotMin", type: "uint128" },
    { name: "spotMax", type: "uint128" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint64" },
  ],
} as const;

/** EIP-712 domain of one option book. */
export function bookDomain(chainId: number, book: Address) {
  return { name: "riskshard option book", version: "1", chainId, verifyingContract: book } as const;
}
