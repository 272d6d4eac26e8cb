// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ILyraGreekCache, ILyraOptionMarket, ILyraSynthetixAdapter} from "../interfaces/ILyraV1.sol";
import {IOptionVenue, OptionTerms} from "../interfaces/IOptionVenue.sol";
import {IShardVaultAdmin} from "../interfaces/IShardVaultAdmin.sol";
import {LyraSetup} from "./LyraSetup.sol";
import {VenueAccount} from "./VenueAccount.sol";

/// @title What a series at Lyra is worth by Lyra's own numbers, and for how long the account has known it.
/// @notice Lyra's volatility is whatever the last trade made it. Its geometric time-weighted average (GWAV) is not: to move
/// that, a volatility must be held away for as long as the average is taken, against everybody who would trade on it.
/// Lyra extends an average beyond a board's first day by the volatility the board was listed with, so a strike counts
/// only once the account has known it for that long: a new board is no way round the time.
abstract contract LyraSeries is IOptionVenue, VenueAccount {
    using Math for uint256;

    error LyraV1Adapter_NoMeanTime();

    uint256 private constant BPS = 10_000;
    uint256 private constant WAD = 1e18;
    /// @dev From 18 decimals to the 8 of prices.
    uint256 private constant PRICE_SCALE = 1e10;
    /// @dev Of pricesDeltaStdVega(BlackScholes.BlackScholesInputs): a library's selector is made from the name of the struct.
    bytes4 private constant PRICES_SELECTOR = 0x036d5878;

    ILyraOptionMarket public immutable market;
    /// @notice Time over which Lyra's volatility is averaged, and for which a strike must be known, in seconds.
    uint256 public immutable meanSeconds;
    ILyraGreekCache private immutable greekCache;
    ILyraSynthetixAdapter private immutable synthetix;
    address private immutable blackScholes;
    address private immutable underlying;
    uint256 private immutable feeBps;

    /// @notice Unix second at which the account first noted a strike; 0 when it has not. A strike stays on its board.
    mapping(uint256 strikeId => uint256) public knownSince;

    constructor(LyraSetup memory setup) {
        if (setup.meanSeconds == 0) revert LyraV1Adapter_NoMeanTime();
        market = setup.market;
        meanSeconds = setup.meanSeconds;
        greekCache = ILyraGreekCache(setup.viewer.marketAddresses(address(setup.market)).greekCache);
        synthetix = ILyraSynthetixAdapter(setup.viewer.synthetixAdapter());
        blackScholes = setup.blackScholes;
        underlying = setup.underlying;
        feeBps = setup.feeBps;
    }

    /// @notice Bring Lyra's cached Greeks of every stale live board up to date. Anyone may call.
    /// @return refreshed How many boards were stale.
    function refreshGreeks() external returns (uint256 refreshed) {
        uint256[] memory boards = market.getLiveBoards();
        for (uint256 i = 0; i < boards.length; i++) {
            if (!greekCache.isBoardCacheStale(boards[i])) continue;
            greekCache.updateBoardCachedGreeks(boards[i]);
            refreshed++;
        }
    }

    /// @notice Note every strike of the live boards that the account does not know yet. Anyone may call.
    /// @return noted How many were new.
    function noteStrikes() external returns (uint256 noted) {
        uint256[] memory boards = market.getLiveBoards();
        for (uint256 i = 0; i < boards.length; i++) {
            uint256[] memory strikeIds = market.getBoardStrikes(boards[i]);
            for (uint256 j = 0; j < strikeIds.length; j++) {
                if (knownSince[strikeIds[j]] != 0) continue;
                knownSince[strikeIds[j]] = block.timestamp;
                noted++;
            }
        }
    }

    /// @inheritdoc IOptionVenue
    function termsOf(address market_, uint256 strikeId, bool isCall) external view returns (OptionTerms memory terms) {
        _requireMarket(market_);
        (ILyraOptionMarket.Strike memory strike, ILyraOptionMarket.OptionBoard memory board) =
            market.getStrikeAndBoard(strikeId);
        bool isStale = greekCache.isGlobalCacheStale(synthetix.getSpotPriceForMarket(market_))
            || greekCache.isBoardCacheStale(board.id);
        if (isStale) revert OptionVenue_Stale(market_);
        uint256 spot = IShardVaultAdmin(vault).priceOf(underlying);
        uint256 left = board.expiry.saturatingSub(block.timestamp);
        terms.underlying = underlying;
        terms.strike = strike.strikePrice / PRICE_SCALE;
        uint256 current = board.iv.mulDiv(strike.skew, WAD);
        terms.fairPremium = _premiumAt(current, left, spot * PRICE_SCALE, strike.strikePrice, isCall);
        uint256 mean = _meanVolatility(strikeId, board.id);
        terms.meanPremium = _premiumAt(mean, left, spot * PRICE_SCALE, strike.strikePrice, isCall);
        terms.feeAllowance = spot.mulDiv(feeBps, BPS);
    }

    function _requireMarket(address market_) internal view {
        if (market_ != address(market)) revert OptionVenue_UnknownMarket(market_);
    }

    /// @dev As Lyra's GWAVOracle: the board's average times the strike's.
    function _meanVolatility(uint256 strikeId, uint256 boardId) private view returns (uint256) {
        uint256 since = knownSince[strikeId];
        if (since == 0 || block.timestamp < since + meanSeconds) {
            revert OptionVenue_HistoryTooShort(address(market), strikeId, since);
        }
        return greekCache.getIvGWAV(boardId, meanSeconds).mulDiv(greekCache.getSkewGWAV(strikeId, meanSeconds), WAD);
    }

    /// @dev Lyra's own formula at its own rate, but at the vault's price of the underlying.
    function _premiumAt(uint256 volatility, uint256 left, uint256 spot, uint256 strikePrice, bool isCall)
        private
        view
        returns (uint256)
    {
        if (left == 0) {
            return (isCall ? spot.saturatingSub(strikePrice) : strikePrice.saturatingSub(spot)) / PRICE_SCALE;
        }
        (bool done, bytes memory answer) = blackScholes.staticcall(
            abi.encodeWithSelector(
                PRICES_SELECTOR, left, volatility, spot, strikePrice, greekCache.getGreekCacheParams().rateAndCarry
            )
        );
        if (!done || answer.length < 64) revert OptionVenue_Stale(address(market));
        (uint256 callPrice, uint256 putPrice) = abi.decode(answer, (uint256, uint256));
        return (isCall ? callPrice : putPrice) / PRICE_SCALE;
    }
}
