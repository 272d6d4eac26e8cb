// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IShardVault} from "./interfaces/IShardVault.sol";
import {IShardVaultAdmin} from "./interfaces/IShardVaultAdmin.sol";
import {IVenueDesk} from "./interfaces/IVenueDesk.sol";
import {MandateGate} from "./MandateGate.sol";
import {SpendWindows} from "./SpendWindows.sol";
import {Actions, Mandate} from "./types/Mandate.sol";
import {VaultLock} from "./VaultLock.sol";

/// @title The vault's side of an action of its venue desk: check the mandate, pay a venue, check what is left.
abstract contract VenueActions is MandateGate, SpendWindows, VaultLock {
    using SafeERC20 for IERC20;

    /// @inheritdoc IShardVault
    mapping(address venue => bool) public venueAllowed;

    modifier onlyDesk() {
        if (msg.sender != venueDesk) revert ShardVault_OnlyDesk(msg.sender);
        _;
    }

    /// @inheritdoc IShardVault
    function beginVenueAction(Mandate calldata mandate, uint8 action, bytes32 paramsHash, bytes[] calldata signatures)
        external
        onlyDesk
        whenNotPaused
    {
        _beginVenueAction();
        bool isOfTheVault = action <= Actions.TRANSFER || action == Actions.SWAP_EXACT_OUTPUT;
        if (isOfTheVault) revert ShardVault_WrongAction(action, Actions.LEND_MOVE);
        requireFreshFeeds();
        _consume(mandate, action, paramsHash, signatures);
    }

    /// @inheritdoc IShardVault
    function payVenue(address venue, address asset, uint256 amount) external onlyDesk {
        _requireVenueAction();
        if (!venueAllowed[venue]) revert ShardVault_VenueNotAllowed(venue);
        _requireKnown(asset);
        IERC20(asset).safeTransfer(venue, amount);
    }

    /// @inheritdoc IShardVault
    function countNotional(address asset, uint256 amount) external onlyDesk {
        _requireVenueAction();
        _countNotional(asset, amount);
    }

    /// @inheritdoc IShardVault
    function endVenueAction(int256 minCapitalAfter) external onlyDesk {
        _requireVenueAction();
        _requireCapital(minCapitalAfter);
        _endVenueAction();
    }

    /// @inheritdoc IShardVaultAdmin
    function setVenueDesk(address desk) external onlyOwner {
        if (venueDesk != address(0)) revert ShardVault_DeskAlreadySet(venueDesk);
        if (address(IVenueDesk(desk).vault()) != address(this)) revert ShardVault_DeskOfAnotherVault(desk);
        venueDesk = desk;
        emit VenueDeskSet(desk);
    }

    /// @inheritdoc IShardVaultAdmin
    function setVenue(address venue, bool allowed) external onlyOwner {
        venueAllowed[venue] = allowed;
        emit VenueSet(venue, allowed);
    }

    function _requireCapital(int256 minCapitalAfter) internal view {
        int256 floor = minCapitalAfter > 0 ? minCapitalAfter : int256(0);
        int256 current = capital();
        if (current < floor) revert ShardVault_CapitalBelowFloor(current, floor);
    }
}
