// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IPositionVenue} from "./interfaces/IPositionVenue.sol";
import {IShardVaultAdmin, VaultLimits} from "./interfaces/IShardVaultAdmin.sol";
import {CapsLeft, IVenueDesk, VenueCapLeft} from "./interfaces/IVenueDesk.sol";

/// @title What is left of a vault's caps, in one view: so that nothing is planned that the vault or its desk would refuse.
abstract contract CapsView is IVenueDesk {
    using Math for uint256;

    /// @inheritdoc IVenueDesk
    function capsLeft() external view returns (CapsLeft memory caps) {
        IShardVaultAdmin admin = IShardVaultAdmin(address(this.vault()));
        VaultLimits memory limits = admin.limits();
        (uint256 swapLevel, uint256 transferLevel) = admin.windowLevels();
        caps.trades = limits.swapWindowCap.saturatingSub(swapLevel);
        caps.transfers = limits.transferWindowCap.saturatingSub(transferLevel);
        IPositionVenue[] memory venues = this.positionVenues();
        caps.venues = new VenueCapLeft[](venues.length);
        for (uint256 i = 0; i < venues.length; i++) {
            caps.venues[i] = _capLeft(address(venues[i]));
        }
    }

    function _capLeft(address venue) private view returns (VenueCapLeft memory) {
        uint256 cap = this.capOf(venue);
        if (cap == 0 || !this.vault().venueAllowed(venue)) return VenueCapLeft(venue, 0, false);
        try this.placed(venue) returns (uint256 amount) {
            return VenueCapLeft(venue, cap.saturatingSub(amount), true);
        } catch {
            return VenueCapLeft(venue, 0, true);
        }
    }
}
