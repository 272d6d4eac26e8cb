// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPositionVenue} from "./IPositionVenue.sol";

/// @notice A position venue with perpetuals: its account holds margin and positions.
interface IPerpVenue is IPositionVenue {
    error PerpVenue_UnknownMarket(address market);

    /// @notice Vault asset whose price a market follows; reverts for a market the account does not trade.
    function underlyingOf(address market) external view returns (address);

    /// @notice Signed position in a market, positive long, units of the underlying with 18 decimals.
    function sizeOf(address market) external view returns (int256);

    /// @notice Change the position by exactly `size` at no worse than `worstPrice` (USD, 8 decimals); reverts otherwise.
    /// @return quoteAmount Paid (long) or received (short) in the venue's USD, 18 decimals.
    function changePosition(address market, int256 size, uint256 worstPrice) external returns (uint256 quoteAmount);
}
