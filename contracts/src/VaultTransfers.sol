// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {
    IOmnichainToken,
    OmnichainAmounts,
    OmnichainFee,
    OmnichainMessage,
    OmnichainSend
} from "./interfaces/IOmnichainToken.sol";
import {IShardVault} from "./interfaces/IShardVault.sol";
import {IShardVaultAdmin} from "./interfaces/IShardVaultAdmin.sol";
import {MandateHash} from "./libraries/MandateHash.sol";
import {Actions, Mandate, TransferParams} from "./types/Mandate.sol";
import {VenueActions} from "./VenueActions.sol";

/// @title Mandated transfers of collateral to the vault's sisters on other chains, over the settlement asset's OFT.
abstract contract VaultTransfers is VenueActions {
    using Math for uint256;
    using MandateHash for TransferParams;

    /// @inheritdoc IShardVault
    mapping(uint32 eid => bytes32) public sisterVault;

    /// @inheritdoc IShardVault
    function executeTransfer(Mandate calldata mandate, TransferParams calldata params, bytes[] calldata signatures)
        external
        payable
        nonReentrant
        whenNotPaused
    {
        _consume(mandate, Actions.TRANSFER, params.hash(), signatures);
        if (params.amount == 0) revert ShardVault_ZeroAmount();
        bytes32 sister = sisterVault[params.dstEid];
        if (sister == bytes32(0) || sister != params.dstVault) {
            revert ShardVault_RouteNotAllowed(params.dstEid, params.dstVault);
        }
        _countTransfer(params.amount);
        requireFreshFeeds();
        uint256 nativeFee = _send(mandate, params);
        _requireCapital(params.minCapitalAfter);
        if (msg.value > nativeFee) Address.sendValue(payable(msg.sender), msg.value - nativeFee);
    }

    /// @inheritdoc IShardVaultAdmin
    function setSisterVault(uint32 eid, bytes32 vault) external onlyOwner {
        sisterVault[eid] = vault;
        emit SisterVaultSet(eid, vault);
    }

    /// @return The LayerZero fee paid, in wei.
    function _send(Mandate calldata mandate, TransferParams calldata params) private returns (uint256) {
        OmnichainSend memory param = OmnichainSend({
            dstEid: params.dstEid,
            to: params.dstVault,
            amountLD: params.amount,
            minAmountLD: params.minAmount,
            extraOptions: _lzReceiveOption(params.lzReceiveGas),
            composeMsg: "",
            oftCmd: ""
        });
        IOmnichainToken token = IOmnichainToken(settlementAsset);
        OmnichainFee memory fee = token.quoteSend(param, false);
        uint256 maximum = mandate.maxFeeNative.min(msg.value);
        if (fee.nativeFee > maximum) revert ShardVault_FeeTooHigh(fee.nativeFee, maximum);

        uint256 balanceBefore = _settlementBalance();
        (OmnichainMessage memory message, OmnichainAmounts memory amounts) =
            token.send{value: fee.nativeFee}(param, fee, msg.sender);
        uint256 balanceAfter = _settlementBalance();
        if (balanceAfter + amounts.amountSentLD != balanceBefore || amounts.amountSentLD > params.amount) {
            revert ShardVault_WrongAmountSpent(balanceBefore, balanceAfter, params.amount);
        }
        if (amounts.amountReceivedLD < params.minAmount) {
            revert ShardVault_ReceivedTooLittle(amounts.amountReceivedLD, params.minAmount);
        }
        emit TransferSent(
            mandate.jobId,
            message.guid,
            params.dstEid,
            params.dstVault,
            amounts.amountSentLD,
            amounts.amountReceivedLD,
            fee.nativeFee
        );
        return fee.nativeFee;
    }

    /// @dev LayerZero options of type 3 with one executor option: lzReceive with `gas_` and no value.
    function _lzReceiveOption(uint128 gas_) private pure returns (bytes memory) {
        return abi.encodePacked(uint16(3), uint8(1), uint16(17), uint8(1), gas_);
    }
}
