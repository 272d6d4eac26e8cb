// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice One signed, bounded, one-time permission for one shard to do one thing.
/// @param jobId keccak256(planId, shard, step, paramsHash); the vault consumes it once.
/// @param epoch Fence: must equal the vault's current epoch.
/// @param leader Coordinator that issued it: must equal the vault's current leader and be among the signers.
/// @param shard Shard id, ASCII left-aligned in 32 bytes.
/// @param action One of the constants in {Actions}.
/// @param reportSetHash Hash of the reports the plan was made from; recorded, not interpreted on chain.
/// @param notBefore First second (Unix) at which it may execute.
/// @param deadline Last second (Unix) at which it may execute.
/// @param maxFeeNative Largest native fee in wei the sender may pass on (LayerZero fee); 0 for swaps.
/// @param paramsHash EIP-712 struct hash of the action's own parameters.
struct Mandate {
    bytes32 jobId;
    uint64 epoch;
    address leader;
    bytes32 shard;
    uint8 action;
    bytes32 reportSetHash;
    uint64 notBefore;
    uint64 deadline;
    uint256 maxFeeNative;
    bytes32 paramsHash;
}

/// @notice Exact-input swap of one vault asset for another on an allow-listed venue.
/// @param venue Venue adapter contract; must be allow-listed by the vault.
/// @param pool Pool the adapter must use; must be allow-listed by the adapter.
/// @param assetIn Asset spent, in its own decimals.
/// @param assetOut Asset received, in its own decimals.
/// @param amountIn Exact amount spent.
/// @param minAmountOut Least amount received; must itself be within the vault's oracle deviation limit.
/// @param minCapitalAfter Least vault capital after the trade, in settlement-asset units.
struct SwapParams {
    address venue;
    address pool;
    address assetIn;
    address assetOut;
    uint256 amountIn;
    uint256 minAmountOut;
    int256 minCapitalAfter;
}

/// @notice Exact-output swap of one vault asset for another on an allow-listed venue.
/// @param venue Venue adapter contract; must be allow-listed by the vault.
/// @param pool Pool the adapter must use; must be allow-listed by the adapter.
/// @param assetIn Asset spent, in its own decimals.
/// @param assetOut Asset received, in its own decimals.
/// @param amountOut Exact amount received.
/// @param maxAmountIn Most spent; must itself be within the vault's oracle deviation limit. What is not needed comes back.
/// @param minCapitalAfter Least vault capital after the trade, in settlement-asset units.
struct SwapExactOutputParams {
    address venue;
    address pool;
    address assetIn;
    address assetOut;
    uint256 amountOut;
    uint256 maxAmountIn;
    int256 minCapitalAfter;
}

/// @notice Collateral move to the sister vault on another chain over the settlement asset's OFT.
/// @param dstEid LayerZero endpoint id of the destination chain.
/// @param dstVault Sister vault, left-padded to 32 bytes; must equal the vault's registered sister for dstEid.
/// @param amount Amount burnt here, in settlement-asset units.
/// @param minAmount Least amount minted there, in settlement-asset units of this chain.
/// @param lzReceiveGas Gas bought for the delivery on the destination chain.
/// @param minCapitalAfter Least vault capital after the amount has left, in settlement-asset units.
struct TransferParams {
    uint32 dstEid;
    bytes32 dstVault;
    uint256 amount;
    uint256 minAmount;
    uint128 lzReceiveGas;
    int256 minCapitalAfter;
}

/// @notice Supply to, or withdrawal from, the vault's own account at a lending venue. The price is par: the size is the spend.
/// @param venue Position venue; must be registered with the vault.
/// @param asset Asset moved; must be a vault asset.
/// @param amount Positive into the venue, negative out of it, in the asset's own decimals.
/// @param minReceipt Least gain of the receiving side (the position, or the vault), in the asset's own decimals.
/// @param minHealthFactor Least health factor of the account after the move, 18 decimals.
/// @param minCapitalAfter Least vault capital after the move, in settlement-asset units.
struct LendMoveParams {
    address venue;
    address asset;
    int256 amount;
    uint256 minReceipt;
    uint256 minHealthFactor;
    int256 minCapitalAfter;
}

/// @notice Margin into, or out of, the vault's own account at a perpetual venue. The price is par: the size is the spend.
/// @param venue Position venue; must be registered with the desk.
/// @param asset Margin asset; must be a vault asset.
/// @param amount Positive into the venue, negative out of it, in the asset's own decimals.
/// @param minReceipt Least gain of the receiving side (free collateral, or the vault), in the asset's own decimals.
/// @param minMarginRatio Least account value over position value after the move, 18 decimals.
/// @param minCapitalAfter Least vault capital after the move, in settlement-asset units.
struct MarginMoveParams {
    address venue;
    address asset;
    int256 amount;
    uint256 minReceipt;
    uint256 minMarginRatio;
    int256 minCapitalAfter;
}

/// @notice A trade that opens, grows, reduces or closes a perpetual position of the vault's own account.
/// @param venue Position venue with perpetuals; must be registered with the desk.
/// @param market Market as the venue names it.
/// @param size Change of the position, positive long, units of the underlying with 18 decimals.
/// @param worstPrice Most (long) or least (short) USD for one unit, 8 decimals; with the size it bounds what is owed.
/// @param minMarginRatio Least account value over position value after the trade, 18 decimals.
/// @param minCapitalAfter Least vault capital after the trade, in settlement-asset units.
struct PerpChangeParams {
    address venue;
    address market;
    int256 size;
    uint256 worstPrice;
    uint256 minMarginRatio;
    int256 minCapitalAfter;
}

/// @notice A trade that opens or closes long options of the vault's own account at an option market.
/// @param venue Position venue with options; must be registered with the desk.
/// @param market Market as the venue names it.
/// @param strikeId Strike as the venue numbers it; it fixes the expiry too.
/// @param isCall Whether it is a call.
/// @param quantity Positive opens longs, negative closes them; options with 18 decimals.
/// @param worstPremium Most paid or least received for one option, USD with 8 decimals, everything included.
/// @param minCapitalAfter Least vault capital after the trade, in settlement-asset units.
struct OptionTradeParams {
    address venue;
    address market;
    uint256 strikeId;
    bool isCall;
    int256 quantity;
    uint256 worstPremium;
    int256 minCapitalAfter;
}

library Actions {
    uint8 internal constant SWAP = 1;
    uint8 internal constant TRANSFER = 2;
    uint8 internal constant LEND_MOVE = 3;
    uint8 internal constant MARGIN_MOVE = 4;
    uint8 internal constant PERP_CHANGE = 5;
    uint8 internal constant OPTION_TRADE = 6;
    uint8 internal constant SWAP_EXACT_OUTPUT = 7;
}
