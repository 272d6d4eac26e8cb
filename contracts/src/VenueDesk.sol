// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IPositionVenue} from "./interfaces/IPositionVenue.sol";
import {IShardVault} from "./interfaces/IShardVault.sol";
import {IShardVaultAdmin} from "./interfaces/IShardVaultAdmin.sol";
import {IVenueDesk} from "./interfaces/IVenueDesk.sol";
import {MandateHash} from "./libraries/MandateHash.sol";
import {Actions, LendMoveParams, Mandate} from "./types/Mandate.sol";

/// @title One vault's desk: lists the vault's accounts at venues, says what they hold, and acts on them under mandates.
/// @notice Beside the vault and not in it because both together exceed the size a contract may have. It never holds
/// anything: the vault pays a venue directly, a venue pays the vault directly.
contract VenueDesk is IVenueDesk, Ownable2Step {
    using Math for uint256;
    using MandateHash for LendMoveParams;

    uint256 private constant VENUES_MAX = 8;

    /// @inheritdoc IVenueDesk
    IShardVault public immutable vault;
    address private immutable settlementAsset;
    IPositionVenue[] private venueList;
    mapping(address venue => bool) private isRegistered;
    /// @inheritdoc IVenueDesk
    mapping(address venue => uint256) public capOf;

    constructor(IShardVault vault_, address admin) Ownable(admin) {
        vault = vault_;
        settlementAsset = IERC4626(address(vault_)).asset();
    }

    /// @inheritdoc IVenueDesk
    function executeLendMove(Mandate calldata mandate, LendMoveParams calldata params, bytes[] calldata signatures)
        external
    {
        vault.beginVenueAction(mandate, Actions.LEND_MOVE, params.hash(), signatures);
        uint256 gained = _move(params.venue, params.asset, params.amount);
        _requireReceived(gained, params.minReceipt);
        _requireHealth(params.venue, params.minHealthFactor);
        vault.endVenueAction(params.minCapitalAfter);
        emit VenueMoved(mandate.jobId, params.venue, params.asset, params.amount, gained);
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

    /// @dev Moves an asset between the vault and its account at a venue. What was spent and gained is measured here.
    function _move(address venue, address asset, int256 amount) private returns (uint256 gained) {
        _requireRegistered(venue);
        if (amount < 0) {
            uint256 before = _vaultBalance(asset);
            IPositionVenue(venue).take(asset, uint256(-amount));
            return _vaultBalance(asset).saturatingSub(before);
        }
        uint256 heldBefore = IPositionVenue(venue).held(asset);
        _pay(venue, asset, uint256(amount));
        IPositionVenue(venue).put(asset, uint256(amount));
        _requireWithinCap(venue);
        return IPositionVenue(venue).held(asset).saturatingSub(heldBefore);
    }

    function _pay(address venue, address asset, uint256 amount) private {
        uint256 before = _vaultBalance(asset);
        vault.payVenue(venue, asset, amount);
        uint256 current = _vaultBalance(asset);
        if (current + amount != before) revert VenueDesk_WrongAmountSpent(before, current, amount);
    }

    function _requireRegistered(address venue) private view {
        if (!isRegistered[venue]) revert VenueDesk_NotRegistered(venue);
    }

    function _requireWithinCap(address venue) private view {
        uint256 placed = IPositionVenue(venue).held(settlementAsset);
        address[] memory hedges = vault.hedgeAssets();
        for (uint256 i = 0; i < hedges.length; i++) {
            uint256 amount = IPositionVenue(venue).held(hedges[i]);
            if (amount != 0) placed += IShardVaultAdmin(address(vault)).settlementValueOf(hedges[i], amount);
        }
        if (placed > capOf[venue]) revert VenueDesk_CapExceeded(venue, placed, capOf[venue]);
    }

    function _requireHealth(address venue, uint256 minimum) private view {
        uint256 current = IPositionVenue(venue).health();
        if (current < minimum) revert VenueDesk_HealthBelowFloor(venue, current, minimum);
    }

    function _requireReceived(uint256 received, uint256 minimum) private pure {
        if (received < minimum) revert VenueDesk_ReceivedTooLittle(received, minimum);
    }

    function _vaultBalance(address asset) private view returns (uint256) {
        return IERC20(asset).balanceOf(address(vault));
    }
}
