// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What a vault needs of a spot venue. The vault transfers `amountIn` to the adapter first.
interface IVenueAdapter {
    error VenueAdapter_PoolNotAllowed(address pool);

    /// @notice Swap all of `amountIn` of `assetIn` and send the proceeds to the caller.
    /// @return amountOut Amount of `assetOut` received, in its own decimals.
    function swapExactInput(address pool, address assetIn, address assetOut, uint256 amountIn, uint256 minAmountOut)
        external
        returns (uint256 amountOut);
}
