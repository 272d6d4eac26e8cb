// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IShardVaultAdmin, VaultLimits} from "./interfaces/IShardVaultAdmin.sol";
import {LeakyBucket} from "./libraries/LeakyBucket.sol";
import {ShardValuation} from "./ShardValuation.sol";

/// @title What a vault may trade and send away per window, whoever signed for it.
/// @notice Every trade counts in one window, on whatever venue: a stolen signer quorum gets its cap once, and not once per
/// kind of trade. Transfers have a window of their own, for what they send away arrives at a sister vault.
abstract contract SpendWindows is ShardValuation {
    using LeakyBucket for LeakyBucket.Bucket;

    LeakyBucket.Bucket private swapWindow;
    LeakyBucket.Bucket private transferWindow;

    /// @inheritdoc IShardVaultAdmin
    function windowLevels() external view returns (uint256 swapLevel, uint256 transferLevel) {
        uint256 windowSeconds = currentLimits.windowSeconds;
        swapLevel = swapWindow.levelAt(currentLimits.swapWindowCap, windowSeconds, block.timestamp);
        transferLevel = transferWindow.levelAt(currentLimits.transferWindowCap, windowSeconds, block.timestamp);
    }

    /// @dev A trade by the worth of what it moves at the feeds, rounded up.
    function _countNotional(address asset, uint256 amount) internal {
        uint256 notional = _valueIn(asset, settlementAsset, amount, Math.Rounding.Ceil);
        _count(swapWindow, notional, currentLimits.swapWindowCap);
    }

    function _countTransfer(uint256 amount) internal {
        _count(transferWindow, amount, currentLimits.transferWindowCap);
    }

    function _setLimits(VaultLimits memory limits_) internal {
        bool valid = limits_.maxSlippageBps < BPS && limits_.hedgeHaircutBps <= BPS
            && limits_.feedStaleAfterSeconds != 0 && limits_.windowSeconds != 0
            && limits_.swapWindowCap <= type(uint192).max && limits_.transferWindowCap <= type(uint192).max;
        if (!valid) revert ShardVault_BadLimits(limits_);
        currentLimits = limits_;
        emit LimitsSet(limits_);
    }

    function _count(LeakyBucket.Bucket storage window, uint256 amount, uint256 cap) private {
        (bool fits, uint256 level) = window.add(amount, cap, currentLimits.windowSeconds);
        if (!fits) revert ShardVault_WindowCapExceeded(level, cap);
    }
}
