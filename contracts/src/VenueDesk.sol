// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IOptionVenue, OptionTerms} from "./interfaces/IOptionVenue.sol";
import {IPerpVenue} from "./interfaces/IPerpVenue.sol";
import {IPositionVenue} from "./interfaces/IPositionVenue.sol";
import {IShardVault} from "./interfaces/IShardVault.sol";
import {IShardVaultAdmin, VaultLimits} from "./interfaces/IShardVaultAdmin.sol";
import {IVenueDesk} from "./interfaces/IVenueDesk.sol";
import {LeakyBucket} from "./libraries/LeakyBucket.sol";
import {MandateHash} from "./libraries/MandateHash.sol";
import {
    Actions,
    LendMoveParams,
    Mandate,
    MarginMoveParams,
    OptionTradeParams,
    PerpChangeParams
} from "./types/Mandate.sol";

/// @title One vault's desk: lists the vault's accounts at venues, says what they hold, and acts on them under mandates.
/// @notice Beside the vault and not in it because both together exceed the size a contract may have. It never holds
/// anything: the vault pays a venue directly, a venue pays the vault directly.
contract VenueDesk is IVenueDesk, Ownable2Step {
    using Math for uint256;
    using LeakyBucket for LeakyBucket.Bucket;
    using MandateHash for LendMoveParams;
    using MandateHash for MarginMoveParams;
    using MandateHash for OptionTradeParams;
    using MandateHash for PerpChangeParams;

    uint256 private constant VENUES_MAX = 8;
    uint256 private constant BPS = 10_000;

    /// @inheritdoc IVenueDesk
    IShardVault public immutable vault;
    address private immutable settlementAsset;
    IPositionVenue[] private venueList;
    LeakyBucket.Bucket private derivativeWindow;
    /// @dev Put into a venue beyond what was taken out, in settlement-asset units, counted from when it was last exact.
    mapping(address venue => uint256) private placedAt;
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
    function executeMarginMove(Mandate calldata mandate, MarginMoveParams calldata params, bytes[] calldata signatures)
        external
    {
        vault.beginVenueAction(mandate, Actions.MARGIN_MOVE, params.hash(), signatures);
        uint256 gained = _move(params.venue, params.asset, params.amount);
        _requireReceived(gained, params.minReceipt);
        _requireHealth(params.venue, params.minMarginRatio);
        vault.endVenueAction(params.minCapitalAfter);
        emit VenueMoved(mandate.jobId, params.venue, params.asset, params.amount, gained);
    }

    /// @inheritdoc IVenueDesk
    function executePerpChange(Mandate calldata mandate, PerpChangeParams calldata params, bytes[] calldata signatures)
        external
    {
        vault.beginVenueAction(mandate, Actions.PERP_CHANGE, params.hash(), signatures);
        _requireRegistered(params.venue);
        IPerpVenue venue = IPerpVenue(params.venue);
        _boundPrice(venue.underlyingOf(params.market), params.size, params.worstPrice);
        int256 before = venue.sizeOf(params.market);
        bool reduces = (before > 0) == (params.size < 0) && _absolute(params.size) <= _absolute(before);
        if (!reduces) _requireMayGrow(params.venue);
        uint256 quoteAmount = venue.changePosition(params.market, params.size, params.worstPrice);
        int256 current = venue.sizeOf(params.market);
        if (current != before + params.size) revert VenueDesk_WrongSize(before, current, params.size);
        _requireHealth(params.venue, params.minMarginRatio);
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
            placedAt[venue] = placedAt[venue].saturatingSub(_settlementValue(asset, uint256(-amount)));
            return _vaultBalance(asset).saturatingSub(before);
        }
        placedAt[venue] = _placed(venue) + _settlementValue(asset, uint256(amount));
        uint256 heldBefore = IPositionVenue(venue).held(asset);
        _pay(venue, asset, uint256(amount));
        IPositionVenue(venue).put(asset, uint256(amount));
        _requireWithinCap(venue);
        return IPositionVenue(venue).held(asset).saturatingSub(heldBefore);
    }

    /// @dev The worst price must lie within the vault's slippage limit of its own feed, the notional within the window.
    function _boundPrice(address underlying, int256 size, uint256 worstPrice) private {
        IShardVaultAdmin admin = IShardVaultAdmin(address(vault));
        VaultLimits memory limits = admin.limits();
        uint256 fair = admin.priceOf(underlying);
        uint256 limit = size > 0
            ? fair.mulDiv(BPS + limits.maxSlippageBps, BPS)
            : fair.mulDiv(BPS - limits.maxSlippageBps, BPS, Math.Rounding.Ceil);
        if (size > 0 ? worstPrice > limit : worstPrice < limit) {
            revert VenueDesk_PriceOutsideLimit(worstPrice, limit);
        }
        _countNotional(admin, limits, underlying, size);
    }

    /// @dev The worst premium must lie near the venue's own value, the vault's slippage limit counted on spot and the
    /// venue's fees allowed for; and no option is ever worth more than its underlying (call) or strike (put).
    function _boundPremium(OptionTerms memory terms, OptionTradeParams calldata params) private {
        IShardVaultAdmin admin = IShardVaultAdmin(address(vault));
        VaultLimits memory limits = admin.limits();
        uint256 spot = admin.priceOf(terms.underlying);
        uint256 slack = terms.feeAllowance + spot.mulDiv(limits.maxSlippageBps, BPS);
        uint256 limit = params.quantity > 0
            ? (terms.fairPremium + slack).min(params.isCall ? spot : terms.strike)
            : terms.fairPremium.saturatingSub(slack);
        if (params.quantity > 0 ? params.worstPremium > limit : params.worstPremium < limit) {
            revert VenueDesk_PriceOutsideLimit(params.worstPremium, limit);
        }
        _countNotional(admin, limits, terms.underlying, params.quantity);
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

    /// @dev `quantity` (18 decimals) times `price` (USD, 8 decimals) at the settlement asset's own price, against the vault.
    function _settlementUnits(int256 quantity, uint256 price, bool isSpent) private view returns (uint256) {
        uint256 unit = 10 ** IERC20Metadata(settlementAsset).decimals();
        uint256 settlementPrice = IShardVaultAdmin(address(vault)).priceOf(settlementAsset);
        return _absolute(quantity)
            .mulDiv(price * unit, settlementPrice * 1e18, isSpent ? Math.Rounding.Floor : Math.Rounding.Ceil);
    }

    /// @dev Perpetuals and options share one window, each counted at the value of its underlying.
    function _countNotional(IShardVaultAdmin admin, VaultLimits memory limits, address underlying, int256 size)
        private
    {
        uint256 notional = admin.settlementValueOf(underlying, _absolute(size) / _scaleOf(underlying));
        (bool fits, uint256 level) = derivativeWindow.add(notional, limits.swapWindowCap, limits.windowSeconds);
        if (!fits) revert VenueDesk_WindowCapExceeded(level, limits.swapWindowCap);
    }

    function _absolute(int256 value) private pure returns (uint256) {
        return uint256(value > 0 ? value : -value);
    }

    /// @dev Divisor that turns 18 decimals into the asset's own.
    function _scaleOf(address asset) private view returns (uint256) {
        return 10 ** (18 - IERC20Metadata(asset).decimals());
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
        uint256 placed = _placed(venue);
        if (placed > capOf[venue]) revert VenueDesk_CapExceeded(venue, placed, capOf[venue]);
    }

    /// @dev What counts against a venue's cap. While a position binds margin or cash became options, what is held says too
    /// little; what was put there, losses included, says enough.
    function _placed(address venue) private view returns (uint256 placed) {
        placed = IPositionVenue(venue).held(settlementAsset);
        address[] memory hedges = vault.hedgeAssets();
        for (uint256 i = 0; i < hedges.length; i++) {
            uint256 amount = IPositionVenue(venue).held(hedges[i]);
            if (amount != 0) placed += _settlementValue(hedges[i], amount);
        }
        if (!IPositionVenue(venue).isExact()) placed = placed.max(placedAt[venue]);
    }

    function _settlementValue(address asset, uint256 amount) private view returns (uint256) {
        return IShardVaultAdmin(address(vault)).settlementValueOf(asset, amount);
    }

    /// @dev A venue with a cap of 0, or no longer allowed by the vault, is being left: nothing grows there.
    function _requireMayGrow(address venue) private view {
        if (capOf[venue] == 0 || !vault.venueAllowed(venue)) revert VenueDesk_OnlyReduces(venue);
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
