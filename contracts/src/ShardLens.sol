// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {IOptionBook} from "./interfaces/IOptionBook.sol";
import {IPriceFeed} from "./interfaces/IPriceFeed.sol";
import {IShardLens, LensPrice, LensQuoteRequest, LensRequest, LensShard, LensSlices} from "./interfaces/IShardLens.sol";
import {IShardVault} from "./interfaces/IShardVault.sol";
import {IShardVaultAdmin} from "./interfaces/IShardVaultAdmin.sol";
import {IUniswapV3Adapter, IUniswapV3Quoter, PoolState} from "./interfaces/IUniswapV3.sol";
import {IVolatilityFeed} from "./interfaces/IVolatilityFeed.sol";

/// @title Stateless reader of a shard.
contract ShardLens is IShardLens {
    /// @dev Prices at which Uniswap's TickMath ends; a quote that stops there has run out of liquidity.
    uint160 private constant LOWEST_SQRT_PRICE = 4295128740;
    uint160 private constant HIGHEST_SQRT_PRICE = 1461446703485210103287273052203988822378723970341;

    /// @inheritdoc IShardLens
    function read(LensRequest calldata request) external returns (LensShard memory shard) {
        _readVault(shard, IShardVault(request.vault));
        _readHedges(shard, request);
        shard.series = IOptionBook(request.book).liveSeries();
        shard.senderBalancesWei = new uint256[](request.senders.length);
        for (uint256 i = 0; i < request.senders.length; i++) {
            shard.senderBalancesWei[i] = request.senders[i].balance;
        }
        shard.quoteAmountsOut = new uint256[](request.quotes.length);
        for (uint256 i = 0; i < request.quotes.length; i++) {
            shard.quoteAmountsOut[i] = _quote(request.quoter, request.quotes[i]);
        }
        _readPools(shard, IUniswapV3Adapter(request.spotAdapter), request.pools);
    }

    function _readVault(LensShard memory shard, IShardVault vault) private view {
        shard.blockNumber = block.number;
        shard.timestamp = block.timestamp;
        shard.shard = vault.shard();
        shard.epoch = vault.epoch();
        shard.leader = vault.leader();
        shard.paused = vault.paused();
        shard.capital = vault.capital();
        shard.liabilities = vault.liabilities();
        shard.settlementAsset = IERC4626(address(vault)).asset();
        shard.settlementBalance = IERC20(shard.settlementAsset).balanceOf(address(vault));
        shard.settlementPrice = _price(vault, shard.settlementAsset);
    }

    function _readHedges(LensShard memory shard, LensRequest calldata request) private view {
        IShardVault vault = IShardVault(request.vault);
        address[] memory assets = vault.hedgeAssets();
        shard.hedgeAssets = assets;
        shard.hedgeBalances = new uint256[](assets.length);
        shard.hedgePrices = new LensPrice[](assets.length);
        shard.volatility = new LensSlices[](assets.length);
        for (uint256 i = 0; i < assets.length; i++) {
            shard.hedgeBalances[i] = IERC20(assets[i]).balanceOf(request.vault);
            shard.hedgePrices[i] = _price(vault, assets[i]);
            shard.volatility[i] = LensSlices(assets[i], IVolatilityFeed(request.volatilityFeed).slices(assets[i]));
        }
    }

    function _readPools(LensShard memory shard, IUniswapV3Adapter adapter, address[] calldata pools) private view {
        shard.pools = new PoolState[](pools.length);
        if (pools.length == 0) return;
        shard.twapGuard = adapter.twapGuard();
        for (uint256 i = 0; i < pools.length; i++) {
            shard.pools[i] = adapter.poolState(pools[i]);
        }
    }

    function _price(IShardVault vault, address asset) private view returns (LensPrice memory price) {
        IPriceFeed feed = IShardVaultAdmin(address(vault)).feedOf(asset);
        price.asset = asset;
        (price.roundId, price.answer,, price.updatedAt,) = feed.latestRoundData();
    }

    function _quote(address quoter, LensQuoteRequest calldata request) private returns (uint256) {
        IUniswapV3Quoter.QuoteExactInputSingleParams memory params = IUniswapV3Quoter.QuoteExactInputSingleParams({
            tokenIn: request.assetIn,
            tokenOut: request.assetOut,
            amountIn: request.amountIn,
            fee: request.fee,
            sqrtPriceLimitX96: 0
        });
        try IUniswapV3Quoter(quoter).quoteExactInputSingle(params) returns (
            uint256 amountOut, uint160 sqrtPriceAfter, uint32, uint256
        ) {
            bool ranOut = sqrtPriceAfter <= LOWEST_SQRT_PRICE || sqrtPriceAfter >= HIGHEST_SQRT_PRICE;
            return ranOut ? 0 : amountOut;
        } catch {
            return 0;
        }
    }
}
