// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPositionVenue} from "./IPositionVenue.sol";

/// @notice One series as its venue sees it now.
/// @param underlying Vault asset whose price it follows.
/// @param strike USD with 8 decimals.
/// @param fairPremium The venue's own value of one option at the vault's price of the underlying and the venue's volatility
/// now, USD with 8 decimals.
/// @param meanPremium The same at the mean of that volatility over a time that no trader can afford to hold it away for.
/// @param feeAllowance What the venue's fees may add to, or take from, the premium of one option, USD with 8 decimals.
struct OptionTerms {
    address underlying;
    uint256 strike;
    uint256 fairPremium;
    uint256 meanPremium;
    uint256 feeAllowance;
}

/// @notice A position venue with options: its account holds cash and longs, never shorts.
interface IOptionVenue is IPositionVenue {
    error OptionVenue_UnknownMarket(address market);
    error OptionVenue_Stale(address market);
    /// @notice The series is known for too short a time to say a mean volatility.
    error OptionVenue_HistoryTooShort(address market, uint256 strikeId, uint256 knownSince);

    /// @notice Terms of a series; reverts for a market the account does not trade, while the venue's figures are stale, and
    /// while the series is too young to have a mean volatility.
    function termsOf(address market, uint256 strikeId, bool isCall) external view returns (OptionTerms memory);

    /// @notice What the account is long in a series, options with 18 decimals.
    function longOf(address market, uint256 strikeId, bool isCall) external view returns (uint256);

    /// @notice Bring payouts of options that have ended into the account's cash, so that no trade is measured with them.
    function collect() external;

    /// @notice Open (`quantity` positive) or close exactly `quantity` options with the cash in the account.
    /// @param limit Most spent (opening) or least gained (closing) in all, in settlement-asset units.
    function changeOption(address market, uint256 strikeId, bool isCall, int256 quantity, uint256 limit) external;
}
