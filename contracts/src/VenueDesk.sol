// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {IOptionVenue} from "./interfaces/IOptionVenue.sol";
import {IPerpVenue} from "./interfaces/IPerpVenue.sol";
import {IPositionVenue} from "./interfaces/IPositionVenue.sol";
import {IShardVault} from "./interfaces/IShardVault.sol";
import {IVenueDesk} from "./interfaces/IVenueDesk.sol";
import {MandateHash} from "./libraries/MandateHash.sol";
import {
    Actions,
    LendMoveParams,
    Mandate,
    MarginMoveParams,
    OptionTradeParams,
    PerpChangeParams
} from "./types/Mandate.sol";
import {VenueBounds} from "./VenueBounds.sol";
import {VenueRegistry} from "./VenueRegistry.sol";

/// @title One vault's desk: lists the vault's accounts at venues, says what they hold, and acts on them under mandates.
/// @notice Beside the vault and not in it because both together exceed the size a contract may have. It never holds
/// anything: the vault pays a venue directly, a venue pays the vault directly.
contract VenueDesk is VenueBounds {
    using Math for uint256;
    using MandateHash for LendMoveParams;
    using MandateHash for MarginMoveParams;
    using MandateHash for OptionTradeParams;
    using MandateHash for PerpChangeParams;

    constructor(IShardVault vault_, address admin) VenueRegistry(vault_, admin) {}

    /// @inheritdoc IVenueDesk
    function executeLendMove(Mandate calldata mandate, LendMoveParams calldata params, bytes[] calldata signatures)
        external
    {
        vault.beginVenueAction(mandate, Actions.LEND_MOVE, params.hash(), signatures);
        uint256 gained = _move(params.venue, params.asset, params.amount);
        _requireReceived(gained, params.minReceipt);
        _requireHealth(params.venue, params.minHealthFactor, params.amount < 0);
        vault.endVenueAction(params.minCapitalAfter);
        emit VenueMoved(mandate.jobId, params.venue, params.asset, params.amount, gained);
    }

    /// @inheritdoc IVenueDesk
    function executeMarginMove(Mandate calldata mandate, MarginMoveParams calldata params, bytes[] calldata signatures)
        external
    {
        vault.beginVenueAction(mandate, Actions.MARGIN_MOVE, params.hash(), signatures);
        uint256 gained = _move(params.venue, params.asset, params.amount);
        _requireReceived(gained, params.minReceipt);
        _requireHealth(params.venue, params.minMarginRatio, params.amount < 0);
        vault.endVenueAction(params.minCapitalAfter);
        emit VenueMoved(mandate.jobId, params.venue, params.asset, params.amount, gained);
    }

    /// @inheritdoc IVenueDesk
    function executePerpChange(Mandate calldata mandate, PerpChangeParams calldata params, bytes[] calldata signatures)
        external
    {
        vault.beginVenueAction(mandate, Actions.PERP_CHANGE, params.hash(), signatures);
        _requireRegistered(params.venue);
        _requireAmount(params.size);
        IPerpVenue venue = IPerpVenue(params.venue);
        _boundPrice(venue.underlyingOf(params.market), params.size, params.worstPrice);
        int256 before = venue.sizeOf(params.market);
        bool reduces = (before > 0) == (params.size < 0) && SignedMath.abs(params.size) <= SignedMath.abs(before);
        if (!reduces) _requireMayGrow(params.venue);
        uint256 quoteAmount = venue.changePosition(params.market, params.size, params.worstPrice);
        int256 current = venue.sizeOf(params.market);
        if (current != before + params.size) revert VenueDesk_WrongSize(before, current, params.size);
        _requireHealth(params.venue, params.minMarginRatio, !reduces);
        vault.endVenueAction(params.minCapitalAfter);
        emit PerpChanged(mandate.jobId, params.venue, params.market, params.size, quoteAmount);
    }

    /// @inheritdoc IVenueDesk
    function executeOptionTrade(
        Mandate calldata mandate,
        OptionTradeParams calldata params,
        bytes[] calldata signatures
    ) external {
        vault.beginVenueAction(mandate, Actions.OPTION_TRADE, params.hash(), signatures);
        _requireRegistered(params.venue);
        _requireAmount(params.quantity);
        if (params.quantity > 0) _requireMayGrow(params.venue);
        IOptionVenue venue = IOptionVenue(params.venue);
        _boundPremium(venue.termsOf(params.market, params.strikeId, params.isCall), params);
        uint256 before = venue.longOf(params.market, params.strikeId, params.isCall);
        uint256 amount = _tradeOption(venue, params);
        uint256 current = venue.longOf(params.market, params.strikeId, params.isCall);
        if (int256(current) != int256(before) + params.quantity) {
            revert VenueDesk_WrongSize(int256(before), int256(current), params.quantity);
        }
        vault.endVenueAction(params.minCapitalAfter);
        emit OptionTraded(
            mandate.jobId, params.venue, params.market, params.strikeId, params.isCall, params.quantity, amount
        );
    }

    /// @dev Moves an asset between the vault and its account at a venue. What was spent and gained is measured here.
    function _move(address venue, address asset, int256 amount) private returns (uint256 gained) {
        _requireRegistered(venue);
        _requireAmount(amount);
        if (amount < 0) {
            uint256 before = _vaultBalance(asset);
            IPositionVenue(venue).take(asset, uint256(-amount));
            _noteTaken(venue, asset, uint256(-amount));
            return _vaultBalance(asset).saturatingSub(before);
        }
        _notePut(venue, asset, uint256(amount));
        uint256 heldBefore = IPositionVenue(venue).held(asset);
        _pay(venue, asset, uint256(amount));
        IPositionVenue(venue).put(asset, uint256(amount));
        _requireWithinCap(venue);
        return IPositionVenue(venue).held(asset).saturatingSub(heldBefore);
    }

    /// @dev What the account spent or gained is measured on its own balance of the settlement asset.
    function _tradeOption(IOptionVenue venue, OptionTradeParams calldata params) private returns (uint256 amount) {
        bool opens = params.quantity > 0;
        uint256 limit = _settlementUnits(params.quantity, params.worstPremium, opens);
        venue.collect();
        uint256 before = IERC20(settlementAsset).balanceOf(params.venue);
        venue.changeOption(params.market, params.strikeId, params.isCall, params.quantity, limit);
        uint256 current = IERC20(settlementAsset).balanceOf(params.venue);
        amount = opens ? before.saturatingSub(current) : current.saturatingSub(before);
        if (opens && amount > limit) revert VenueDesk_SpentTooMuch(amount, limit);
        if (!opens) _requireReceived(amount, limit);
    }

    function _pay(address venue, address asset, uint256 amount) private {
        uint256 before = _vaultBalance(asset);
        vault.payVenue(venue, asset, amount);
        uint256 current = _vaultBalance(asset);
        if (current + amount != before) revert VenueDesk_WrongAmountSpent(before, current, amount);
    }

    /// @dev A mandate that changes nothing was made by mistake.
    function _requireAmount(int256 amount) private pure {
        if (amount == 0) revert VenueDesk_ZeroAmount();
    }

    function _requireReceived(uint256 received, uint256 minimum) private pure {
        if (received < minimum) revert VenueDesk_ReceivedTooLittle(received, minimum);
    }

    function _vaultBalance(address asset) private view returns (uint256) {
        return IERC20(asset).balanceOf(address(vault));
    }
}
