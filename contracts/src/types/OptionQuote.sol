// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A price a shard is willing to trade at, signed (EIP-712, the book's domain) by the shard's quoter key.
/// @param taker The only account that may use the quote.
/// @param underlying Spot token of the underlying (the vault's hedge asset).
/// @param isCall Call when true, put when false.
/// @param vaultSells True when the taker buys from the vault, false when the taker sells to the vault.
/// @param expiry Unix second of expiry.
/// @param strike Strike in USD with 8 decimals.
/// @param quantity Number of options with 18 decimals; one option is on one unit of the underlying.
/// @param premium Total premium in settlement-asset units, paid by the buyer.
/// @param spotMin Lowest feed price of the underlying at which the quote may be used, USD with 8 decimals.
/// @param spotMax Highest one. Outside both the price has moved away from the premium: the quote is dead.
/// @param nonce Unordered one-time number of the quote.
/// @param deadline Last Unix second at which the quote may be used.
struct OptionQuote {
    address taker;
    address underlying;
    bool isCall;
    bool vaultSells;
    uint64 expiry;
    uint128 strike;
    uint128 quantity;
    uint256 premium;
    uint128 spotMin;
    uint128 spotMax;
    uint256 nonce;
    uint64 deadline;
}

/// @notice One option series as the book keeps it.
/// @param takersLong Sum of what takers are long, 18 decimals: the vault is short this.
/// @param takersShort Sum of what takers have written, 18 decimals, fully collateralised: the vault is long this.
struct Series {
    bytes32 id;
    address underlying;
    bool isCall;
    bool settled;
    uint64 expiry;
    uint128 strike;
    uint256 takersLong;
    uint256 takersShort;
    uint256 settlementPrice;
}
