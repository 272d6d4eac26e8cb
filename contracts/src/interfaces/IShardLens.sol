// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Series} from "../types/OptionQuote.sol";
import {PoolState, TwapGuard} from "./IUniswapV3.sol";
import {SviSlice} from "./IVolatilityFeed.sol";

struct LensQuoteRequest {
    address pool;
    address assetIn;
    address assetOut;
    uint24 fee;
    uint256 amountIn;
}

struct LensRequest {
    address vault;
    address book;
    address volatilityFeed;
    address quoter;
    address[] senders;
    LensQuoteRequest[] quotes;
    /// @dev Adapter whose guard is asked about `pools`.
    address spotAdapter;
    address[] pools;
}

/// @notice A price as its feed gives it: 8 decimals, Unix seconds.
struct LensPrice {
    address asset;
    uint80 roundId;
    int256 answer;
    uint256 updatedAt;
}

struct LensSlices {
    address underlying;
    SviSlice[] slices;
}

/// @notice Everything one report needs, read at one block. Arrays follow the order of vault.hedgeAssets() or of the request.
struct LensShard {
    uint256 blockNumber;
    uint256 timestamp;
    bytes32 shard;
    uint64 epoch;
    address leader;
    bool paused;
    int256 capital;
    uint256 liabilities;
    address settlementAsset;
    uint256 settlementBalance;
    LensPrice settlementPrice;
    address[] hedgeAssets;
    uint256[] hedgeBalances;
    LensPrice[] hedgePrices;
    LensSlices[] volatility;
    Series[] series;
    uint256[] senderBalancesWei;
    uint256[] quoteAmountsOut;
    PoolState[] pools;
    TwapGuard twapGuard;
}

/// @title Reads a whole shard in one eth_call. `read` is not a view because Uniswap's QuoterV2 is not; call it with eth_call only.
interface IShardLens {
    /// @return shard quoteAmountsOut[i] is 0 when the pool cannot fill quotes[i].
    function read(LensRequest calldata request) external returns (LensShard memory shard);
}
