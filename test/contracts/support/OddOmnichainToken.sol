// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    IOmnichainToken,
    OmnichainAmounts,
    OmnichainFee,
    OmnichainMessage,
    OmnichainSend
} from "riskshard/interfaces/IOmnichainToken.sol";
import {LocalToken} from "riskshard-local/LocalToken.sol";

/// @notice A settlement token whose bridge takes and promises chosen amounts, as a faulty or upgraded OFT could.
contract OddOmnichainToken is LocalToken, IOmnichainToken {
    uint256 public burnt;
    uint256 public claimedSent;
    uint256 public claimedReceived;

    constructor(address owner) LocalToken("Odd USD", "ODD", 6, owner) {}

    function behave(uint256 burnt_, uint256 claimedSent_, uint256 claimedReceived_) external {
        (burnt, claimedSent, claimedReceived) = (burnt_, claimedSent_, claimedReceived_);
    }

    function quoteSend(OmnichainSend calldata, bool) external pure returns (OmnichainFee memory) {
        return OmnichainFee(1000, 0);
    }

    function send(OmnichainSend calldata, OmnichainFee calldata fee, address)
        external
        payable
        returns (OmnichainMessage memory, OmnichainAmounts memory)
    {
        _burn(msg.sender, burnt);
        return (OmnichainMessage(bytes32("guid"), 1, fee), OmnichainAmounts(claimedSent, claimedReceived));
    }
}
