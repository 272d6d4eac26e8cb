// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice The parts of Lyra V1 that the adapter uses. Amounts, prices and volatilities have 18 decimals.
interface ILyraOptionMarket {
    struct TradeInputParameters {
        uint256 strikeId;
        uint256 positionId;
        uint256 iterations;
        /// @dev 0 long call, 1 long put; shorts are never used.
        uint8 optionType;
        uint256 amount;
        uint256 setCollateralTo;
        uint256 minTotalCost;
        uint256 maxTotalCost;
    }

    struct Result {
        uint256 positionId;
        uint256 totalCost;
        uint256 totalFee;
    }

    struct Strike {
        uint256 id;
        uint256 strikePrice;
        uint256 skew;
        uint256 longCall;
        uint256 shortCallBase;
        uint256 shortCallQuote;
        uint256 longPut;
        uint256 shortPut;
        uint256 boardId;
    }

    struct OptionBoard {
        uint256 id;
        uint256 expiry;
        uint256 iv;
        bool frozen;
        uint256[] strikeIds;
    }

    function openPosition(TradeInputParameters calldata params) external returns (Result memory);
    function closePosition(TradeInputParameters calldata params) external returns (Result memory);
    /// @notice Closes what {closePosition} refuses because its delta is too far out, at a price that is worse on purpose.
    function forceClosePosition(TradeInputParameters calldata params) external returns (Result memory);
    function settleExpiredBoard(uint256 boardId) external;
    function getStrikeAndBoard(uint256 strikeId) external view returns (Strike memory, OptionBoard memory);
    function getBoardStrikes(uint256 boardId) external view returns (uint256[] memory);
    function getLiveBoards() external view returns (uint256[] memory);
    function boardToPriceAtExpiry(uint256 boardId) external view returns (uint256);
}

interface ILyraOptionToken {
    struct OptionPosition {
        uint256 positionId;
        uint256 strikeId;
        uint8 optionType;
        uint256 amount;
        uint256 collateral;
        /// @dev 0 empty, 1 active, 2 closed, 3 liquidated, 4 settled, 5 merged.
        uint8 state;
    }

    function getOptionPosition(uint256 positionId) external view returns (OptionPosition memory);
}

interface ILyraGreekCache {
    struct Params {
        uint256 maxStrikesPerBoard;
        uint256 acceptableSpotPricePercentMove;
        uint256 staleUpdateDuration;
        uint256 varianceIvGWAVPeriod;
        uint256 varianceSkewGWAVPeriod;
        uint256 optionValueIvGWAVPeriod;
        uint256 optionValueSkewGWAVPeriod;
        uint256 gwavSkewFloor;
        uint256 gwavSkewCap;
        int256 rateAndCarry;
    }

    function getGreekCacheParams() external view returns (Params memory);
    function isGlobalCacheStale(uint256 spotPrice) external view returns (bool);
    function isBoardCacheStale(uint256 boardId) external view returns (bool);
    /// @notice Geometric time-weighted average of a board's base volatility over the last `secondsAgo`.
    function getIvGWAV(uint256 boardId, uint256 secondsAgo) external view returns (uint256);
    /// @notice The same of a strike's skew, the factor on the base volatility.
    function getSkewGWAV(uint256 strikeId, uint256 secondsAgo) external view returns (uint256);
    function updateBoardCachedGreeks(uint256 boardId) external;
}

interface ILyraShortCollateral {
    /// @notice Pays the owner of each position of a settled board, whoever asks.
    function settleOptions(uint256[] calldata positionIds) external;
}

interface ILyraSynthetixAdapter {
    /// @notice Reverts `RateIsInvalid` while Synthetix says its rate cannot be used.
    function getSpotPriceForMarket(address market) external view returns (uint256);
}

interface ILyraViewer {
    struct MarketAddresses {
        address liquidityPool;
        address liquidityToken;
        address greekCache;
        address optionMarket;
        address optionMarketPricer;
        address optionToken;
        address shortCollateral;
        address poolHedger;
        address quoteAsset;
        address baseAsset;
    }

    function marketAddresses(address market) external view returns (MarketAddresses memory);
    function synthetixAdapter() external view returns (address);
}
