// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IOptionBook} from "./interfaces/IOptionBook.sol";
import {IOptionBookAdmin} from "./interfaces/IOptionBookAdmin.sol";
import {IPriceFeed} from "./interfaces/IPriceFeed.sol";
import {
    IShardLens,
    LensAnswer,
    LensBook,
    LensCall,
    LensPool,
    LensPrice,
    LensQuoteRequest,
    LensRequest,
    LensSlices,
    LensState,
    LensTick,
    LensTickRange
} from "./interfaces/IShardLens.sol";
import {IShardVault} from "./interfaces/IShardVault.sol";
import {IShardVaultAdmin} from "./interfaces/IShardVaultAdmin.sol";
import {IUniswapV3Adapter, IUniswapV3Pool, IUniswapV3Quoter} from "./interfaces/IUniswapV3.sol";
import {IVolatilityFeed} from "./interfaces/IVolatilityFeed.sol";

/// @title Stateless reader of a shard.
contract ShardLens is IShardLens {
    /// @dev Prices at which Uniswap's TickMath ends; a quote that stops there has run out of liquidity.
    uint160 private constant LOWEST_SQRT_PRICE = 4295128740;
    uint160 private constant HIGHEST_SQRT_PRICE = 1461446703485210103287273052203988822378723970341;

    /// @inheritdoc IShardLens
    function readState(LensRequest calldata request) external view returns (LensState memory state) {
        state.timestamp = block.timestamp;
        _readVault(state, IShardVault(request.vault));
        _readHedges(state, request);
        state.bookRevision = IOptionBook(request.book).revision();
        state.marginBps = IOptionBookAdmin(request.book).policy().marginBps;
        state.senderBalancesWei = new uint256[](request.senders.length);
        for (uint256 i = 0; i < request.senders.length; i++) {
            state.senderBalancesWei[i] = request.senders[i].balance;
        }
        _readPools(state, request);
    }

    /// @inheritdoc IShardLens
    function readBook(address vault, address book) external view returns (LensBook memory read) {
        read.timestamp = block.timestamp;
        read.revision = IOptionBook(book).revision();
        read.capital = IShardVault(vault).capital();
        read.liabilities = IShardVault(vault).liabilities();
        read.series = IOptionBook(book).liveSeries();
    }

    /// @inheritdoc IShardLens
    function readQuotes(address quoter, LensQuoteRequest[] calldata quotes)
        external
        returns (uint256[] memory amountsOut)
    {
        amountsOut = new uint256[](quotes.length);
        for (uint256 i = 0; i < quotes.length; i++) {
            amountsOut[i] = _quote(quoter, quotes[i]);
        }
    }

    /// @inheritdoc IShardLens
    function readTicks(LensTickRange calldata range) external view returns (LensTick[] memory ticks) {
        IUniswapV3Pool pool = IUniswapV3Pool(range.pool);
        uint256[] memory words = new uint256[](range.words);
        uint256 count;
        for (uint256 i = 0; i < words.length; i++) {
            words[i] = pool.tickBitmap(_wordAt(range, i));
            count += _bits(words[i]);
        }
        ticks = new LensTick[](count);
        int24 spacing = pool.tickSpacing();
        count = 0;
        for (uint256 i = 0; i < words.length; i++) {
            int24 first = int24(_wordAt(range, i)) * 256;
            for (uint256 bit = 0; words[i] >> bit != 0; bit++) {
                if ((words[i] >> bit) & 1 == 0) continue;
                // Safe: a bit is below 256.
                int24 tick = (first + int24(uint24(bit))) * spacing;
                (, int128 net,,,,,,) = pool.ticks(tick);
                ticks[count++] = LensTick(tick, net);
            }
        }
    }

    /// @inheritdoc IShardLens
    function tryCalls(LensCall[] calldata calls, uint256 gasEach) external returns (LensAnswer[] memory answers) {
        answers = new LensAnswer[](calls.length);
        for (uint256 i = 0; i < calls.length; i++) {
            // A call is given 63 of 64 parts of what is left, twice: here and in `undo`.
            if ((gasleft() / 64) * 62 < gasEach) revert ShardLens_TooLittleGas(i, gasleft());
            try this.undo(calls[i]) {}
            catch (bytes memory answer) {
                answers[i] = abi.decode(answer, (LensAnswer));
            }
        }
    }

    /// @inheritdoc IShardLens
    function undo(LensCall calldata call_) external {
        (bool ok, bytes memory data) = call_.to.call(call_.data);
        bytes memory answer = abi.encode(LensAnswer(ok, data));
        assembly ("memory-safe") {
            revert(add(answer, 32), mload(answer))
        }
    }

    function _wordAt(LensTickRange calldata range, uint256 index) private pure returns (int16) {
        return SafeCast.toInt16(int256(range.firstWord) + int256(index));
    }

    function _bits(uint256 word) private pure returns (uint256 count) {
        for (; word != 0; word &= word - 1) {
            count++;
        }
    }

    function _readVault(LensState memory state, IShardVault vault) private view {
        state.epoch = vault.epoch();
        state.leader = vault.leader();
        state.paused = vault.paused();
        state.countedAssets = vault.countedAssets();
        state.settlementAsset = IERC4626(address(vault)).asset();
        state.settlementBalance = IERC20(state.settlementAsset).balanceOf(address(vault));
        state.settlementPrice = _price(vault, state.settlementAsset);
    }

    function _readHedges(LensState memory state, LensRequest calldata request) private view {
        IShardVault vault = IShardVault(request.vault);
        address[] memory assets = vault.hedgeAssets();
        state.hedgeAssets = assets;
        state.hedgeBalances = new uint256[](assets.length);
        state.hedgePrices = new LensPrice[](assets.length);
        state.volatility = new LensSlices[](assets.length);
        for (uint256 i = 0; i < assets.length; i++) {
            state.hedgeBalances[i] = IERC20(assets[i]).balanceOf(request.vault);
            state.hedgePrices[i] = _price(vault, assets[i]);
            state.volatility[i] = LensSlices(assets[i], IVolatilityFeed(request.volatilityFeed).slices(assets[i]));
        }
    }

    function _readPools(LensState memory state, LensRequest calldata request) private view {
        address[] calldata pools = request.pools;
        state.pools = new LensPool[](pools.length);
        if (pools.length == 0) return;
        IUniswapV3Adapter adapter = IUniswapV3Adapter(request.spotAdapter);
        state.twapGuard = adapter.twapGuard();
        bool isAllowed = IShardVault(request.vault).venueAllowed(request.spotAdapter);
        for (uint256 i = 0; i < pools.length; i++) {
            LensPool memory read = state.pools[i];
            (read.sqrtPriceX96, read.tick,,,,,) = IUniswapV3Pool(pools[i]).slot0();
            read.tickSpacing = IUniswapV3Pool(pools[i]).tickSpacing();
            read.liquidity = IUniswapV3Pool(pools[i]).liquidity();
            read.state = adapter.poolState(pools[i]);
            // What the pool would take, the vault does not give.
            if (!isAllowed) read.state.takesTrades = false;
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
