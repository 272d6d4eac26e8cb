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
    address[] senders;
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

/// @notice A pool's price (sqrt of token1 per token0, Q64.96), its tick, its liquidity in range, and what the guard says.
struct LensPool {
    uint160 sqrtPriceX96;
    int24 tick;
    int24 tickSpacing;
    uint128 liquidity;
    PoolState state;
}

/// @notice What may change with every block. Arrays follow the order of vault.hedgeAssets() or of the request.
/// @param bookRevision While it stays, what `readBook` says of the series stays.
/// @param marginBps The book's, see BookPolicy.
struct LensState {
    /// @dev Of the block the node made the call in, in seconds: that of the block asked for, unless the node took another.
    uint256 timestamp;
    uint64 epoch;
    address leader;
    bool paused;
    uint256 countedAssets;
    uint256 bookRevision;
    uint16 marginBps;
    address settlementAsset;
    uint256 settlementBalance;
    LensPrice settlementPrice;
    address[] hedgeAssets;
    uint256[] hedgeBalances;
    LensPrice[] hedgePrices;
    LensSlices[] volatility;
    uint256[] senderBalancesWei;
    LensPool[] pools;
    TwapGuard twapGuard;
}

/// @notice The option book, and what the vault makes of it.
struct LensBook {
    /// @dev As in LensState.
    uint256 timestamp;
    uint256 revision;
    int256 capital;
    uint256 liabilities;
    Series[] series;
}

/// @notice A tick at which a pool's liquidity changes by `liquidityNet` when the price rises through it.
struct LensTick {
    int24 tick;
    int128 liquidityNet;
}

/// @notice Which words of a pool's tick bitmap are read: `words` of them, from `firstWord`.
struct LensTickRange {
    address pool;
    int16 firstWord;
    uint16 words;
}

struct LensCall {
    address to;
    bytes data;
}

/// @param data What the call returned, or what it reverted with.
struct LensAnswer {
    bool ok;
    bytes data;
}

/// @title Reads a whole shard in few eth_calls; call it with eth_call only.
interface IShardLens {
    /// @notice Fewer than `gasEach` would be left for the call at `index`.
    error ShardLens_TooLittleGas(uint256 index, uint256 gasLeft);

    function readState(LensRequest calldata request) external view returns (LensState memory state);

    function readBook(address vault, address book) external view returns (LensBook memory read);

    /// @return amountsOut What Uniswap's QuoterV2 says, which is no view; 0 where the pool cannot fill the amount.
    function readQuotes(address quoter, LensQuoteRequest[] calldata quotes)
        external
        returns (uint256[] memory amountsOut);

    /// @return ticks The initialized ticks in the range, ascending.
    function readTicks(LensTickRange calldata range) external view returns (LensTick[] memory ticks);

    /// @notice Makes every call on the same state: each is undone before the next. Reverts rather than give a call less
    /// than `gasEach`, so that a refusal is the contract's own.
    function tryCalls(LensCall[] calldata calls, uint256 gasEach) external returns (LensAnswer[] memory answers);

    /// @notice Makes a call and always reverts, with an encoded LensAnswer.
    function undo(LensCall calldata call) external;
}
