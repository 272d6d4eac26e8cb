// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What a vault needs of a spot venue. The vault transfers what may be spent to the adapter first: all of `amountIn`,
/// or `maxAmountIn`.
interface IVenueAdapter {
    error VenueAdapter_PoolNotAllowed(address pool);

    /// @notice Swap all of `amountIn` of `assetIn` and send the proceeds to the caller.
    /// @return amountOut Amount of `assetOut` received, in its own decimals.
    function swapExactInput(address pool, address assetIn, address assetOut, uint256 amountIn, uint256 minAmountOut)
        external
        returns (uint256 amountOut);

    /// @notice Spend as little of `maxAmountIn` of `assetIn` as brings exactly `amountOut`, send the proceeds and what was
    /// not spent to the caller.
    /// @return amountIn Amount of `assetIn` spent, in its own decimals.
    function swapExactOutput(address pool, address assetIn, address assetOut, uint256 amountOut, uint256 maxAmountIn)
        external
        returns (uint256 amountIn);
}
