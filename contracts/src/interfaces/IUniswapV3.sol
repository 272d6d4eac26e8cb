// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IVenueAdapter} from "./IVenueAdapter.sol";

/// @notice The parts of Uniswap v3 that riskshard calls.
interface IUniswapV3Pool {
    function token0() external view returns (address);
    function token1() external view returns (address);
    /// @return Hundredths of a basis point.
    function fee() external view returns (uint24);
}

interface IUniswapV3Factory {
    function getPool(address tokenA, address tokenB, uint24 fee) external view returns (address);
}

interface IUniswapV3Router {
    struct ExactInputSingleParams {
        address tokenIn;
        address tokenOut;
        uint24 fee;
        address recipient;
        uint256 deadline;
        uint256 amountIn;
        uint256 amountOutMinimum;
        uint160 sqrtPriceLimitX96;
    }

    function factory() external view returns (address);
    function exactInputSingle(ExactInputSingleParams calldata params) external payable returns (uint256 amountOut);
}

interface IUniswapV3Quoter {
    struct QuoteExactInputSingleParams {
        address tokenIn;
        address tokenOut;
        uint256 amountIn;
        uint24 fee;
        uint160 sqrtPriceLimitX96;
    }

    function quoteExactInputSingle(QuoteExactInputSingleParams calldata params)
        external
        returns (uint256 amountOut, uint160 sqrtPriceX96After, uint32 initializedTicksCrossed, uint256 gasEstimate);
}

/// @title Venue adapter over Uniswap's SwapRouter with a list of allowed pools.
interface IUniswapV3Adapter is IVenueAdapter {
    event PoolSet(address indexed pool, bool allowed);

    error UniswapV3Adapter_WrongAssets(address pool, address assetIn, address assetOut);
    error UniswapV3Adapter_NotFunded(uint256 balance, uint256 amountIn);
    error UniswapV3Adapter_PartialFill(uint256 spent, uint256 amountIn);
    error UniswapV3Adapter_UnknownPool(address pool, address known);

    /// @notice Allow or forbid a pool; an allowed one must be the factory's own pool for its tokens and fee.
    function setPool(address pool, bool allowed) external;
    function router() external view returns (IUniswapV3Router);
    function poolAllowed(address pool) external view returns (bool);
}
