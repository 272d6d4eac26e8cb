// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice LayerZero's SendParam; "LD" means the token's own decimals.
struct OmnichainSend {
    uint32 dstEid;
    bytes32 to;
    uint256 amountLD;
    uint256 minAmountLD;
    bytes extraOptions;
    bytes composeMsg;
    bytes oftCmd;
}

/// @notice LayerZero's MessagingFee, in wei and in units of its own token.
struct OmnichainFee {
    uint256 nativeFee;
    uint256 lzTokenFee;
}

struct OmnichainMessage {
    bytes32 guid;
    uint64 nonce;
    OmnichainFee fee;
}

struct OmnichainAmounts {
    uint256 amountSentLD;
    uint256 amountReceivedLD;
}

/// @title The part of LayerZero's IOFT that a vault needs, ABI-compatible with it.
interface IOmnichainToken {
    function quoteSend(OmnichainSend calldata param, bool payInLzToken) external view returns (OmnichainFee memory);

    function send(OmnichainSend calldata param, OmnichainFee calldata fee, address refundAddress)
        external
        payable
        returns (OmnichainMessage memory, OmnichainAmounts memory);
}
