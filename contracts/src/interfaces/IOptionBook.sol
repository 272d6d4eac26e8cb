// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {OptionQuote, Series} from "../types/OptionQuote.sol";
import {IShardVault} from "./IShardVault.sol";

/// @title European cash-settled calls and puts of one shard, traded against quotes signed by the shard's quoter key.
/// @notice An option pays its USD payoff in whole settlement assets at par: one dollar of payoff is one settlement asset,
/// whatever the settlement asset's own price. So a written put is fully covered by its strike, and premiums, payoffs and
/// liabilities need no conversion.
interface IOptionBook {
    /// @param collateralDelta Change of the taker's locked collateral in settlement-asset units; positive means locked.
    event OptionTraded(
        bytes32 indexed seriesId,
        address indexed taker,
        address indexed underlying,
        bool isCall,
        bool vaultSells,
        uint64 expiry,
        uint128 strike,
        uint128 quantity,
        uint256 premium,
        int256 collateralDelta
    );
    /// @param paidByVault Moved from the vault to the book for takers that are long, settlement-asset units.
    /// @param receivedByVault Moved from writers' collateral to the vault, settlement-asset units.
    event SeriesSettled(
        bytes32 indexed seriesId, uint256 price, uint80 roundId, uint256 paidByVault, uint256 receivedByVault
    );
    event Claimed(bytes32 indexed seriesId, address indexed account, uint256 amount);

    error OptionBook_VaultPaused();
    error OptionBook_WrongTaker(address taker, address caller);
    error OptionBook_WrongQuoter(address signer, address quoter);
    error OptionBook_NonceUsed(address quoter, uint256 nonce);
    error OptionBook_QuoteExpired(uint64 deadline, uint256 blockTimestamp);
    error OptionBook_SeriesExpired(uint64 expiry, uint256 blockTimestamp);
    error OptionBook_UnderlyingNotListed(address underlying);
    error OptionBook_ZeroStrike();
    error OptionBook_ZeroQuantity();
    error OptionBook_OnlyPutsCanBeWritten(uint256 quantity, uint256 long);
    error OptionBook_SpotMoved(uint256 spot, uint128 spotMin, uint128 spotMax);
    error OptionBook_PremiumTooLow(uint256 premium, uint256 least);
    error OptionBook_PremiumTooHigh(uint256 premium, uint256 most);
    error OptionBook_QuoterCapExceeded(uint256 used, uint256 cap);
    error OptionBook_SeriesCapExceeded(uint256 quantity, uint256 cap);
    error OptionBook_ExpiryCapExceeded(uint256 notional, uint256 cap);
    error OptionBook_TooManySeries(uint256 cap);
    error OptionBook_CapitalBelowFloor(int256 capital);
    error OptionBook_SeriesNotLive(bytes32 seriesId);
    error OptionBook_NotExpired(uint64 expiry, uint256 blockTimestamp);
    error OptionBook_WrongRound(uint80 roundId, uint256 updatedAt, uint256 nextUpdatedAt, uint64 expiry);
    error OptionBook_NextRoundMissing(uint80 roundId);
    error OptionBook_BadPrice(uint80 roundId, int256 answer);
    error OptionBook_NotSettled(bytes32 seriesId);
    error OptionBook_NothingToClaim(bytes32 seriesId, address account);

    /// @notice Trade against a signed quote. The taker (msg.sender) must have approved the book for what it pays.
    /// A taker that sells more than it is long writes puts only, and locks the full strike.
    function trade(OptionQuote calldata quote, bytes calldata signature) external;

    /// @notice Settle an expired series at the last feed round with updatedAt <= expiry; `roundId + 1` proves it is the last.
    /// Anyone may call it.
    function settle(bytes32 seriesId, uint80 roundId) external;

    /// @notice Pay out an account's settled position: payoff of longs, remaining collateral of writers. Anyone may call it.
    function claim(bytes32 seriesId, address account) external returns (uint256 amount);

    function seriesIdOf(address underlying, bool isCall, uint64 expiry, uint128 strike) external pure returns (bytes32);
    function series(bytes32 seriesId) external view returns (Series memory);

    /// @notice Series with open quantity that are not settled yet, bounded by the book's cap.
    function liveSeries() external view returns (Series[] memory);
    function liveSeriesCount() external view returns (uint256);

    /// @notice Rises with every change of what is live or open. While it stays, `liveSeries()` stays.
    function revision() external view returns (uint256);

    /// @notice The vault that is the other side of every trade.
    function vault() external view returns (IShardVault);

    /// @notice Whether a quote's nonce has been used; nonces have no order.
    function nonceUsed(address quoterKey, uint256 nonce) external view returns (bool);

    /// @notice Collateral an account's written puts lock in a series, in settlement-asset units, rounded up.
    function collateralOf(bytes32 seriesId, address account) external view returns (uint256);

    function longOf(bytes32 seriesId, address account) external view returns (uint256);
    function shortOf(bytes32 seriesId, address account) external view returns (uint256);
    function quoter() external view returns (address);

    /// @notice Liability of the vault from its short series at the current feeds, settlement-asset units, rounded up.
    function liabilities() external view returns (uint256);
}
