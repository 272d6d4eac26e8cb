// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IPositionVenue} from "../interfaces/IPositionVenue.sol";
import {IShardVaultAdmin} from "../interfaces/IShardVaultAdmin.sol";
import {IVenueDesk} from "../interfaces/IVenueDesk.sol";

/// @title What every account of a vault at a venue has in common: whose it is, who orders, and what strays in goes home.
abstract contract VenueAccount is IPositionVenue {
    using SafeERC20 for IERC20;

    /// @inheritdoc IPositionVenue
    address public immutable desk;
    /// @inheritdoc IPositionVenue
    address public immutable vault;

    modifier onlyDesk() {
        if (msg.sender != desk) revert PositionVenue_OnlyDesk(msg.sender);
        _;
    }

    constructor(IVenueDesk desk_) {
        desk = address(desk_);
        vault = address(desk_.vault());
    }

    /// @inheritdoc IPositionVenue
    function sweep(address asset) external returns (uint256 amount) {
        bool isOfTheVault = address(IShardVaultAdmin(vault).feedOf(asset)) != address(0);
        if (!isOfTheVault || _isPosition(asset)) revert PositionVenue_NotLoose(asset);
        amount = IERC20(asset).balanceOf(address(this));
        IERC20(asset).safeTransfer(vault, amount);
    }

    /// @dev Whether a balance of `asset` here is the position itself. By default nothing lies here between calls.
    function _isPosition(address) internal view virtual returns (bool) {
        return false;
    }
}
