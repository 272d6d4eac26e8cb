// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    LendMoveParams,
    Mandate,
    MarginMoveParams,
    OptionTradeParams,
    PerpChangeParams,
    SwapExactOutputParams,
    SwapParams,
    TransferParams
} from "../types/Mandate.sol";

/// @title EIP-712 struct hashes of what signers sign. The strings are part of the protocol: changing one breaks every signature.
library MandateHash {
    bytes32 internal constant MANDATE_TYPEHASH = keccak256(
        "Mandate(bytes32 jobId,uint64 epoch,address leader,bytes32 shard,uint8 action,bytes32 reportSetHash,uint64 notBefore,uint64 deadline,uint256 maxFeeNative,bytes32 paramsHash)"
    );
    bytes32 internal constant SWAP_TYPEHASH = keccak256(
        "SwapParams(address venue,address pool,address assetIn,address assetOut,uint256 amountIn,uint256 minAmountOut,int256 minCapitalAfter)"
    );
    bytes32 internal constant TRANSFER_TYPEHASH = keccak256(
        "TransferParams(uint32 dstEid,bytes32 dstVault,uint256 amount,uint256 minAmount,uint128 lzReceiveGas,int256 minCapitalAfter)"
    );
    bytes32 internal constant LEND_MOVE_TYPEHASH = keccak256(
        "LendMoveParams(address venue,address asset,int256 amount,uint256 minReceipt,uint256 minHealthFactor,int256 minCapitalAfter)"
    );
    bytes32 internal constant MARGIN_MOVE_TYPEHASH = keccak256(
        "MarginMoveParams(address venue,address asset,int256 amount,uint256 minReceipt,uint256 minMarginRatio,int256 minCapitalAfter)"
    );
    bytes32 internal constant PERP_CHANGE_TYPEHASH = keccak256(
        "PerpChangeParams(address venue,address market,int256 size,uint256 worstPrice,uint256 minMarginRatio,int256 minCapitalAfter)"
    );
    bytes32 internal constant OPTION_TRADE_TYPEHASH = keccak256(
        "OptionTradeParams(address venue,address market,uint256 strikeId,bool isCall,int256 quantity,uint256 worstPremium,int256 minCapitalAfter)"
    );
    bytes32 internal constant SWAP_EXACT_OUTPUT_TYPEHASH = keccak256(
        "SwapExactOutputParams(address venue,address pool,address assetIn,address assetOut,uint256 amountOut,uint256 maxAmountIn,int256 minCapitalAfter)"
    );
    bytes32 internal constant EPOCH_BUMP_TYPEHASH = keccak256("EpochBump(uint64 expectedEpoch,address newLeader)");

    // The structs hold value types only, so abi.encode of one is the concatenation of its 32-byte words, as EIP-712 wants.

    function hash(Mandate calldata mandate) internal pure returns (bytes32) {
        return keccak256(abi.encode(MANDATE_TYPEHASH, mandate));
    }

    function hash(SwapParams calldata params) internal pure returns (bytes32) {
        return keccak256(abi.encode(SWAP_TYPEHASH, params));
    }

    function hash(TransferParams calldata params) internal pure returns (bytes32) {
        return keccak256(abi.encode(TRANSFER_TYPEHASH, params));
    }

    function hash(LendMoveParams calldata params) internal pure returns (bytes32) {
        return keccak256(abi.encode(LEND_MOVE_TYPEHASH, params));
    }

    function hash(MarginMoveParams calldata params) internal pure returns (bytes32) {
        return keccak256(abi.encode(MARGIN_MOVE_TYPEHASH, params));
    }

    function hash(PerpChangeParams calldata params) internal pure returns (bytes32) {
        return keccak256(abi.encode(PERP_CHANGE_TYPEHASH, params));
    }

    function hash(OptionTradeParams calldata params) internal pure returns (bytes32) {
        return keccak256(abi.encode(OPTION_TRADE_TYPEHASH, params));
    }

    function hash(SwapExactOutputParams calldata params) internal pure returns (bytes32) {
        return keccak256(abi.encode(SWAP_EXACT_OUTPUT_TYPEHASH, params));
    }

    function hashEpochBump(uint64 expectedEpoch, address newLeader) internal pure returns (bytes32) {
        return keccak256(abi.encode(EPOCH_BUMP_TYPEHASH, expectedEpoch, newLeader));
    }
}
