// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {CapsView} from "./CapsView.sol";
import {IPositionVenue} from "./interfaces/IPositionVenue.sol";
import {IShardVault} from "./interfaces/IShardVault.sol";
import {IShardVaultAdmin} from "./interfaces/IShardVaultAdmin.sol";
import {IVenueDesk} from "./interfaces/IVenueDesk.sol";

/// @title Which accounts at venues a vault has, what lies there, and what the admin allows of it.
abstract contract VenueRegistry is CapsView, Ownable2Step {
    using Math for uint256;

    uint256 private constant VENUES_MAX = 8;

    /// @inheritdoc IVenueDesk
    IShardVault public immutable vault;
    address internal immutable settlementAsset;
    IPositionVenue[] private venueList;
    /// @dev Put into a venue beyond what was taken out, in settlement-asset units, counted from when it was last exact.
    mapping(address venue => uint256) private placedAt;
    mapping(address venue => bool) private isRegistered;
    /// @inheritdoc IVenueDesk
    mapping(address venue => uint256) public capOf;
    /// @inheritdoc IVenueDesk
    mapping(address venue => uint256) public healthFloorOf;

    constructor(IShardVault vault_, address admin) Ownable(admin) {
        vault = vault_;
        settlementAsset = IERC4626(address(vault_)).asset();
    }

    /// @inheritdoc IVenueDesk
    function setPositionVenue(address venue, uint256 cap) external onlyOwner {
        if (!isRegistered[venue]) {
            if (IPositionVenue(venue).desk() != address(this)) revert VenueDesk_OfAnotherDesk(venue);
            if (venueList.length == VENUES_MAX) revert VenueDesk_TooManyVenues(VENUES_MAX);
            isRegistered[venue] = true;
            venueList.push(IPositionVenue(venue));
        }
        capOf[venue] = cap;
        emit PositionVenueSet(venue, cap);
    }

    /// @inheritdoc IVenueDesk
    function retirePositionVenue(address venue, uint256 writeOff) external onlyOwner {
        _requireRegistered(venue);
        if (capOf[venue] != 0) revert VenueDesk_NotLeft(venue, capOf[venue]);
        // One of which everything is written off is not asked: it may revert, or burn all gas.
        uint256 left = writeOff == type(uint256).max ? writeOff : placed(venue);
        if (left > writeOff) revert VenueDesk_StillHolds(venue, left, writeOff);
        isRegistered[venue] = false;
        placedAt[venue] = 0;
        healthFloorOf[venue] = 0;
        _unlist(venue);
        emit PositionVenueRetired(venue, left);
    }

    /// @inheritdoc IVenueDesk
    function setHealthFloor(address venue, uint256 floor) external onlyOwner {
        _requireRegistered(venue);
        healthFloorOf[venue] = floor;
        emit HealthFloorSet(venue, floor);
    }

    /// @inheritdoc IVenueDesk
    function positionVenues() external view returns (IPositionVenue[] memory) {
        return venueList;
    }

    /// @inheritdoc IVenueDesk
    function held(address asset, bool strict) external view returns (uint256 total) {
        for (uint256 i = 0; i < venueList.length; i++) {
            try venueList[i].held(asset) returns (uint256 amount) {
                total += amount;
            } catch {
                if (strict) revert VenueDesk_Inexact(address(venueList[i]));
            }
        }
    }

    /// @inheritdoc IVenueDesk
    function requireExact() external view {
        for (uint256 i = 0; i < venueList.length; i++) {
            if (!venueList[i].isExact()) revert VenueDesk_Inexact(address(venueList[i]));
        }
    }

    /// @inheritdoc IVenueDesk
    /// @dev While a position binds margin or cash became options, what is held says too little; what was put there, losses
    /// included, says enough.
    function placed(address venue) public view returns (uint256 total) {
        total = IPositionVenue(venue).held(settlementAsset);
        address[] memory hedges = vault.hedgeAssets();
        for (uint256 i = 0; i < hedges.length; i++) {
            uint256 amount = IPositionVenue(venue).held(hedges[i]);
            if (amount != 0) total += _settlementValue(hedges[i], amount);
        }
        if (!IPositionVenue(venue).isExact()) total = total.max(placedAt[venue]);
    }

    /// @dev Before an amount is put into a venue.
    function _notePut(address venue, address asset, uint256 amount) internal {
        placedAt[venue] = placed(venue) + _settlementValue(asset, amount);
    }

    /// @dev After an amount was taken out of a venue.
    function _noteTaken(address venue, address asset, uint256 amount) internal {
        placedAt[venue] = placedAt[venue].saturatingSub(_settlementValue(asset, amount));
    }

    function _requireRegistered(address venue) internal view {
        if (!isRegistered[venue]) revert VenueDesk_NotRegistered(venue);
    }

    function _requireWithinCap(address venue) internal view {
        uint256 total = placed(venue);
        if (total > capOf[venue]) revert VenueDesk_CapExceeded(venue, total, capOf[venue]);
    }

    /// @dev A venue with a cap of 0, or no longer allowed by the vault, is being left: nothing grows there.
    function _requireMayGrow(address venue) internal view {
        if (capOf[venue] == 0 || !vault.venueAllowed(venue)) revert VenueDesk_OnlyReduces(venue);
    }

    /// @dev What makes an account weaker must itself ask for at least the admin's floor; what makes it safer need not
    /// reach the floor, or an account below it could not be brought back step by step.
    function _requireHealth(address venue, uint256 minimum, bool weakens) internal view {
        uint256 floor = healthFloorOf[venue];
        if (weakens && minimum < floor) revert VenueDesk_FloorTooLow(venue, minimum, floor);
        uint256 current = IPositionVenue(venue).health();
        if (current < minimum) revert VenueDesk_HealthBelowFloor(venue, current, minimum);
    }

    /// @dev The others keep their order.
    function _unlist(address venue) private {
        uint256 last = venueList.length - 1;
        bool found = false;
        for (uint256 i = 0; i < last; i++) {
            found = found || address(venueList[i]) == venue;
            if (found) venueList[i] = venueList[i + 1];
        }
        venueList.pop();
    }

    function _settlementValue(address asset, uint256 amount) private view returns (uint256) {
        return IShardVaultAdmin(address(vault)).settlementValueOf(asset, amount);
    }
}
