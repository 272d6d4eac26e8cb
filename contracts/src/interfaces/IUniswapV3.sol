// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IVenueAdapter} from "./IVenueAdapter.sol";

/// @notice The parts of Uniswap v3 that riskshard calls.
interface IUniswapV3Pool {
    function token0() external view returns (address);
    function token1() external view returns (address);
    /// @return Hundredths of a basis point.
    function fee() external view returns (uint24);
    function slot0()
        external
        view
        returns (
            uint160 sqrtPriceX96,
            int24 tick,
            uint16 observationIndex,
            uint16 observationCardinality,
            uint16 observationCardinalityNext,
            uint8 feeProtocol,
            bool unlocked
        );
    /// @return tickCumulatives Sum of the tick over the pool's seconds up to `secondsAgos`; reverts where history does not reach.
    function observe(uint32[] calldata secondsAgos)
        external
        view
        returns (int56[] memory tickCumulatives, uint160[] memory secondsPerLiquidityCumulativeX128s);
    /// @return Liquidity in range at the present price.
    function liquidity() external view returns (uint128);
    function tickSpacing() external view returns (int24);
    /// @return One bit for each of 256 neighbouring multiples of the spacing: whether liquidity changes there.
    function tickBitmap(int16 word) external view returns (uint256);
    function ticks(int24 tick)
        external
        view
        returns (
            uint128 liquidityGross,
            int128 liquidityNet,
            uint256 feeGrowthOutside0X128,
            uint256 feeGrowthOutside1X128,
            int56 tickCumulativeOutside,
            uint160 secondsPerLiquidityOutsideX128,
            uint32 secondsOutside,
            bool initialized
        );
    function increaseObservationCardinalityNext(uint16 observationCardinalityNext) external;
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

    struct ExactOutputSingleParams {
        address tokenIn;
        address tokenOut;
        uint24 fee;
        address recipient;
        uint256 deadline;
        uint256 amountOut;
        uint256 amountInMaximum;
        uint160 sqrtPriceLimitX96;
    }

    function factory() external view returns (address);
    function exactInputSingle(ExactInputSingleParams calldata params) external payable returns (uint256 amountOut);
    function exactOutputSingle(ExactOutputSingleParams calldata params) external payable returns (uint256 amountIn);
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

/// @notice How far a pool's price may have moved from its own mean before nothing is traded there.
/// @param windowSeconds Time over which the mean is taken; at least 1.
/// @param maxDeviationTicks Largest distance of the spot tick from the mean tick, in ticks (0.01 % of the price each).
/// @param observations Observations the pool must be able to keep; one is used up by each block with a trade.
struct TwapGuard {
    uint32 windowSeconds;
    uint24 maxDeviationTicks;
    uint16 observations;
}

/// @notice A pool as the guard sees it. Ticks are logarithms to the base 1.0001 of token1 per token0, in raw units.
/// @param hasHistory False when the pool cannot say its mean over the window; then `twapTick` is 0.
/// @param takesTrades Whether a swap now would pass the guard.
struct PoolState {
    int24 spotTick;
    int24 twapTick;
    bool hasHistory;
    bool takesTrades;
}

/// @title Venue adapter over Uniswap's SwapRouter with a list of allowed pools.
interface IUniswapV3Adapter is IVenueAdapter {
    event PoolSet(address indexed pool, bool allowed);
    event TwapGuardSet(TwapGuard guard);

    error UniswapV3Adapter_WrongAssets(address pool, address assetIn, address assetOut);
    error UniswapV3Adapter_NotFunded(uint256 balance, uint256 amountIn);
    error UniswapV3Adapter_PartialFill(uint256 spent, uint256 amountIn);
    /// @notice The pool cannot give `amountOut`, or not for `maxAmountIn`; `reason` is what the router reverted with.
    error UniswapV3Adapter_OutputNotFilled(uint256 amountOut, uint256 maxAmountIn, bytes reason);
    error UniswapV3Adapter_UnknownPool(address pool, address known);
    error UniswapV3Adapter_BadGuard(TwapGuard guard);
    error UniswapV3Adapter_HistoryTooShort(address pool, uint32 windowSeconds);
    error UniswapV3Adapter_PriceOffMean(address pool, int24 spotTick, int24 twapTick, uint24 maxDeviationTicks);

    /// @notice Allow or forbid a pool; an allowed one must be the factory's own pool for its tokens and fee. It is made to
    /// keep the observations that the guard needs.
    function setPool(address pool, bool allowed) external;

    /// @notice Change the guard. Allowed pools that keep too few observations for it are made to keep more.
    function setTwapGuard(TwapGuard calldata guard) external;

    function twapGuard() external view returns (TwapGuard memory);

    /// @notice Where a pool is, and whether the guard lets a swap through now.
    function poolState(address pool) external view returns (PoolState memory);

    function router() external view returns (IUniswapV3Router);
    function poolAllowed(address pool) external view returns (bool);
}
