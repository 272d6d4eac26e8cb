// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IUniswapV3Adapter, IUniswapV3Factory, IUniswapV3Pool, IUniswapV3Router} from "../interfaces/IUniswapV3.sol";
import {IVenueAdapter} from "../interfaces/IVenueAdapter.sol";

/// @title Uniswap v3 spot as a venue. Holds nothing between calls and trusts nobody with what it holds during one.
contract UniswapV3Adapter is IUniswapV3Adapter, Ownable2Step {
    using SafeERC20 for IERC20;

    /// @inheritdoc IUniswapV3Adapter
    IUniswapV3Router public immutable router;
    /// @inheritdoc IUniswapV3Adapter
    mapping(address pool => bool) public poolAllowed;

    constructor(IUniswapV3Router router_, address admin, address[] memory pools) Ownable(admin) {
        router = router_;
        for (uint256 i = 0; i < pools.length; i++) {
            _setPool(pools[i], true);
        }
    }

    /// @inheritdoc IUniswapV3Adapter
    function setPool(address pool, bool allowed) external onlyOwner {
        _setPool(pool, allowed);
    }

    /// @inheritdoc IVenueAdapter
    function swapExactInput(address pool, address assetIn, address assetOut, uint256 amountIn, uint256 minAmountOut)
        external
        returns (uint256 amountOut)
    {
        if (!poolAllowed[pool]) revert VenueAdapter_PoolNotAllowed(pool);
        _checkAssets(pool, assetIn, assetOut);
        IERC20 token = IERC20(assetIn);
        uint256 balance = token.balanceOf(address(this));
        if (balance < amountIn) revert UniswapV3Adapter_NotFunded(balance, amountIn);
        token.forceApprove(address(router), amountIn);
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
        uint256 spent = balance - token.balanceOf(address(this));
        if (spent != amountIn) revert UniswapV3Adapter_PartialFill(spent, amountIn);
    }

    function _checkAssets(address pool, address assetIn, address assetOut) private view {
        (address token0, address token1) = (IUniswapV3Pool(pool).token0(), IUniswapV3Pool(pool).token1());
        bool matches = (assetIn == token0 && assetOut == token1) || (assetIn == token1 && assetOut == token0);
        if (!matches) revert UniswapV3Adapter_WrongAssets(pool, assetIn, assetOut);
    }

    /// @dev The router finds a pool by tokens and fee, so only the factory's own pool for them can be allowed.
    function _setPool(address pool, bool allowed) private {
        if (allowed) {
            IUniswapV3Pool candidate = IUniswapV3Pool(pool);
            address known =
                IUniswapV3Factory(router.factory()).getPool(candidate.token0(), candidate.token1(), candidate.fee());
            if (known != pool) revert UniswapV3Adapter_UnknownPool(pool, known);
        }
        poolAllowed[pool] = allowed;
        emit PoolSet(pool, allowed);
    }
}
