// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {IOptionVenue, OptionTerms} from "./interfaces/IOptionVenue.sol";
import {IShardVaultAdmin} from "./interfaces/IShardVaultAdmin.sol";
import {IVenueDesk} from "./interfaces/IVenueDesk.sol";
import {OptionTradeParams} from "./types/Mandate.sol";
import {VenueRegistry} from "./VenueRegistry.sol";

/// @title What a mandate at a venue may at worst agree to, whoever signed it.
abstract contract VenueBounds is VenueRegistry {
    using Math for uint256;

    uint256 private constant BPS = 10_000;

    /// @inheritdoc IVenueDesk
    function premiumLimits(address venue, address market, uint256 strikeId, bool isCall)
        external
        view
        returns (uint256 mostToOpen, uint256 leastToClose)
    {
        OptionTerms memory terms = IOptionVenue(venue).termsOf(market, strikeId, isCall);
        mostToOpen = _premiumLimit(terms, isCall, true);
        leastToClose = _premiumLimit(terms, isCall, false);
    }

    /// @dev The worst price must lie within the vault's slippage limit of its own feed, the notional within the window.
    function _boundPrice(address underlying, int256 size, uint256 worstPrice) internal {
        IShardVaultAdmin admin = _admin();
        uint256 maxSlippageBps = admin.limits().maxSlippageBps;
        uint256 fair = admin.priceOf(underlying);
        uint256 limit = size > 0
            ? fair.mulDiv(BPS + maxSlippageBps, BPS)
            : fair.mulDiv(BPS - maxSlippageBps, BPS, Math.Rounding.Ceil);
        if (size > 0 ? worstPrice > limit : worstPrice < limit) {
            revert VenueDesk_PriceOutsideLimit(worstPrice, limit);
        }
        _countNotional(underlying, size);
    }

    function _boundPremium(OptionTerms memory terms, OptionTradeParams calldata params) internal {
        bool opens = params.quantity > 0;
        uint256 limit = _premiumLimit(terms, params.isCall, opens);
        if (opens ? params.worstPremium > limit : params.worstPremium < limit) {
            revert VenueDesk_PriceOutsideLimit(params.worstPremium, limit);
        }
        _countNotional(terms.underlying, params.quantity);
    }

    /// @dev `quantity` (18 decimals) times `price` (USD, 8 decimals) at the settlement asset's own price, against the vault.
    function _settlementUnits(int256 quantity, uint256 price, bool isSpent) internal view returns (uint256) {
        uint256 unit = 10 ** IERC20Metadata(settlementAsset).decimals();
        uint256 settlementPrice = _admin().priceOf(settlementAsset);
        return SignedMath.abs(quantity)
            .mulDiv(price * unit, settlementPrice * 1e18, isSpent ? Math.Rounding.Floor : Math.Rounding.Ceil);
    }

    /// @dev The worst premium must lie near the venue's own value, both at its volatility now and at the mean one, for the
    /// volatility now is what a trade just made it. The vault's slippage limit counts on spot, the venue's fees are
    /// allowed for; and no option is ever worth more than its underlying (call) or strike (put).
    function _premiumLimit(OptionTerms memory terms, bool isCall, bool opens) private view returns (uint256) {
        IShardVaultAdmin admin = _admin();
        uint256 spot = admin.priceOf(terms.underlying);
        uint256 slack = terms.feeAllowance + spot.mulDiv(admin.limits().maxSlippageBps, BPS);
        if (!opens) return terms.fairPremium.max(terms.meanPremium).saturatingSub(slack);
        return (terms.fairPremium.min(terms.meanPremium) + slack).min(isCall ? spot : terms.strike);
    }

    /// @dev Swaps, perpetuals and options share the vault's one window, each counted at the value of its underlying.
    function _countNotional(address underlying, int256 size) private {
        // 18 decimals to the asset's own, rounded up: no size is too small to count.
        uint256 scale = 10 ** (18 - IERC20Metadata(underlying).decimals());
        vault.countNotional(underlying, SignedMath.abs(size).ceilDiv(scale));
    }

    function _admin() private view returns (IShardVaultAdmin) {
        return IShardVaultAdmin(address(vault));
    }
}
