// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {
    IUniswapV3Adapter,
    IUniswapV3Factory,
    IUniswapV3Pool,
    IUniswapV3Router,
    PoolState,
    TwapGuard
} from "../interfaces/IUniswapV3.sol";
import {IVenueAdapter} from "../interfaces/IVenueAdapter.sol";

/// @title Uniswap v3 spot as a venue. Holds nothing between calls and trusts nobody with what it holds during one.
/// @notice Trades only where a pool's price is near its own mean: a price pushed away within a block has no time behind it,
/// so a trade set up against the vault is refused even where the vault's feeds would still let it pass. A pool without
/// enough history is refused too: a guard that steps aside when history is short could be made to.
contract UniswapV3Adapter is IUniswapV3Adapter, Ownable2Step {
    using SafeERC20 for IERC20;

    /// @inheritdoc IUniswapV3Adapter
    IUniswapV3Router public immutable router;
    /// @inheritdoc IUniswapV3Adapter
    mapping(address pool => bool) public poolAllowed;
    TwapGuard private guard;
    mapping(address pool => bool) private poolListed;
    /// @dev Every pool that was ever allowed, once.
    address[] private poolList;

    constructor(IUniswapV3Router router_, address admin, TwapGuard memory guard_, address[] memory pools)
        Ownable(admin)
    {
        router = router_;
        _setTwapGuard(guard_);
        for (uint256 i = 0; i < pools.length; i++) {
            _setPool(pools[i], true);
        }
    }

    /// @inheritdoc IUniswapV3Adapter
    function setPool(address pool, bool allowed) external onlyOwner {
        _setPool(pool, allowed);
    }

    /// @inheritdoc IUniswapV3Adapter
    function setTwapGuard(TwapGuard calldata guard_) external onlyOwner {
        _setTwapGuard(guard_);
    }

    /// @inheritdoc IUniswapV3Adapter
    function twapGuard() external view returns (TwapGuard memory) {
        return guard;
    }

    /// @inheritdoc IVenueAdapter
    function swapExactInput(address pool, address assetIn, address assetOut, uint256 amountIn, uint256 minAmountOut)
        external
        returns (uint256 amountOut)
    {
        uint256 balance = _prepare(pool, assetIn, assetOut, amountIn);
        amountOut = router.exactInputSingle(
            IUniswapV3Router.ExactInputSingleParams({
                tokenIn: assetIn,
                tokenOut: assetOut,
                fee: IUniswapV3Pool(pool).fee(),
                recipient: msg.sender,
                deadline: block.timestamp,
                amountIn: amountIn,
                amountOutMinimum: minAmountOut,
                sqrtPriceLimitX96: 0
            })
        );
        // A pool that runs out of liquidity takes a part only; the caller asked for an exact input.
        uint256 spent = balance - IERC20(assetIn).balanceOf(address(this));
        if (spent != amountIn) revert UniswapV3Adapter_PartialFill(spent, amountIn);
    }

    /// @inheritdoc IVenueAdapter
    function swapExactOutput(address pool, address assetIn, address assetOut, uint256 amountOut, uint256 maxAmountIn)
        external
        returns (uint256 amountIn)
    {
        uint256 balance = _prepare(pool, assetIn, assetOut, maxAmountIn);
        try router.exactOutputSingle(
            IUniswapV3Router.ExactOutputSingleParams({
                tokenIn: assetIn,
                tokenOut: assetOut,
                fee: IUniswapV3Pool(pool).fee(),
                recipient: msg.sender,
                deadline: block.timestamp,
                amountOut: amountOut,
                amountInMaximum: maxAmountIn,
                sqrtPriceLimitX96: 0
            })
        ) returns (
            uint256
        ) {}
        catch (bytes memory reason) {
            revert UniswapV3Adapter_OutputNotFilled(amountOut, maxAmountIn, reason);
        }
        IERC20 token = IERC20(assetIn);
        amountIn = balance - token.balanceOf(address(this));
        token.forceApprove(address(router), 0);
        token.safeTransfer(msg.sender, maxAmountIn - amountIn);
    }

    /// @inheritdoc IUniswapV3Adapter
    function poolState(address pool) public view returns (PoolState memory state) {
        (, state.spotTick,,,,,) = IUniswapV3Pool(pool).slot0();
        uint32[] memory secondsAgos = new uint32[](2);
        secondsAgos[0] = guard.windowSeconds;
        try IUniswapV3Pool(pool).observe(secondsAgos) returns (int56[] memory cumulatives, uint160[] memory) {
            state.hasHistory = true;
            state.twapTick = _meanTick(cumulatives, guard.windowSeconds);
            uint256 deviation = SignedMath.abs(int256(state.spotTick) - state.twapTick);
            state.takesTrades = deviation <= guard.maxDeviationTicks;
        } catch {}
    }

    /// @dev Everything that must hold before a swap. Lets the router take what may be spent.
    /// @return balance Of `assetIn` before the swap.
    function _prepare(address pool, address assetIn, address assetOut, uint256 mostIn)
        private
        returns (uint256 balance)
    {
        if (!poolAllowed[pool]) revert VenueAdapter_PoolNotAllowed(pool);
        _checkAssets(pool, assetIn, assetOut);
        _checkPrice(pool);
        balance = IERC20(assetIn).balanceOf(address(this));
        if (balance < mostIn) revert UniswapV3Adapter_NotFunded(balance, mostIn);
        IERC20(assetIn).forceApprove(address(router), mostIn);
    }

    function _checkAssets(address pool, address assetIn, address assetOut) private view {
        (address token0, address token1) = (IUniswapV3Pool(pool).token0(), IUniswapV3Pool(pool).token1());
        bool matches = (assetIn == token0 && assetOut == token1) || (assetIn == token1 && assetOut == token0);
        if (!matches) revert UniswapV3Adapter_WrongAssets(pool, assetIn, assetOut);
    }

    function _checkPrice(address pool) private view {
        PoolState memory state = poolState(pool);
        if (!state.hasHistory) revert UniswapV3Adapter_HistoryTooShort(pool, guard.windowSeconds);
        if (!state.takesTrades) {
            revert UniswapV3Adapter_PriceOffMean(pool, state.spotTick, state.twapTick, guard.maxDeviationTicks);
        }
    }

    /// @dev Mean tick as Uniswap's OracleLibrary.consult takes it: rounded towards negative infinity.
    function _meanTick(int56[] memory cumulatives, uint32 windowSeconds) private pure returns (int24) {
        // Cumulatives wrap around by design; only their difference means something.
        unchecked {
            int56 sum = cumulatives[1] - cumulatives[0];
            int56 window = int56(uint56(windowSeconds));
            int56 mean = sum / window;
            if (sum < 0 && sum % window != 0) mean--;
            return int24(mean);
        }
    }

    /// @dev The router finds a pool by tokens and fee, so only the factory's own pool for them can be allowed.
    function _setPool(address pool, bool allowed) private {
        if (allowed) {
            IUniswapV3Pool candidate = IUniswapV3Pool(pool);
            address known =
                IUniswapV3Factory(router.factory()).getPool(candidate.token0(), candidate.token1(), candidate.fee());
            if (known != pool) revert UniswapV3Adapter_UnknownPool(pool, known);
            candidate.increaseObservationCardinalityNext(guard.observations);
            if (!poolListed[pool]) {
                poolListed[pool] = true;
                poolList.push(pool);
            }
        }
        poolAllowed[pool] = allowed;
        emit PoolSet(pool, allowed);
    }

    function _setTwapGuard(TwapGuard memory guard_) private {
        bool valid = guard_.windowSeconds != 0 && guard_.maxDeviationTicks != 0 && guard_.observations > 1;
        if (!valid) revert UniswapV3Adapter_BadGuard(guard_);
        guard = guard_;
        // A pool that keeps more already is left as it is.
        for (uint256 i = 0; i < poolList.length; i++) {
            if (poolAllowed[poolList[i]]) {
                IUniswapV3Pool(poolList[i]).increaseObservationCardinalityNext(guard_.observations);
            }
        }
        emit TwapGuardSet(guard_);
    }
}
