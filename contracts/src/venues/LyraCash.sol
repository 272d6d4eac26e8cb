// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IPositionVenue} from "../interfaces/IPositionVenue.sol";
import {IPriceFeed} from "../interfaces/IPriceFeed.sol";
import {IShardVaultAdmin} from "../interfaces/IShardVaultAdmin.sol";
import {IVenueAdapter} from "../interfaces/IVenueAdapter.sol";
import {LyraSetup} from "./LyraSetup.sol";
import {VenueAccount} from "./VenueAccount.sol";

/// @title The money of an account at Lyra: cash in the settlement asset, and the quote token that Lyra pays out.
abstract contract LyraCash is VenueAccount {
    using Math for uint256;
    using SafeERC20 for IERC20;

    error LyraV1Adapter_OnlyCash(address asset);
    error LyraV1Adapter_QuotePriceStale(uint256 updatedAt);

    uint256 private constant BPS = 10_000;

    IERC20 internal immutable cash;
    IERC20 internal immutable quote;
    IPriceFeed private immutable quoteFeed;
    IVenueAdapter private immutable swapVenue;
    address private immutable swapPool;
    /// @dev 10 ** decimals of the settlement asset and of the quote token.
    uint256 private immutable cashUnit;
    uint256 private immutable quoteUnit;

    constructor(LyraSetup memory setup) {
        address quoteAsset = setup.viewer.marketAddresses(address(setup.market)).quoteAsset;
        cash = IERC20(IERC4626(vault).asset());
        quote = IERC20(quoteAsset);
        quoteFeed = setup.quoteFeed;
        swapVenue = setup.swapVenue;
        swapPool = setup.swapPool;
        cashUnit = 10 ** IERC20Metadata(address(cash)).decimals();
        quoteUnit = 10 ** IERC20Metadata(quoteAsset).decimals();
    }

    /// @notice The cash, and the quote token of payouts at its feed less what changing it may cost. Options count nothing:
    /// Lyra may refuse a close for many reasons, and its cached prices are no offer.
    function held(address asset) external view returns (uint256) {
        if (asset != address(cash)) return 0;
        uint256 balance = cash.balanceOf(address(this));
        uint256 loose = quote.balanceOf(address(this));
        if (loose < _dust() || !_isQuotePriceFresh()) return balance;
        return balance + _leastCashFor(loose);
    }

    /// @dev Change payouts into cash near the feed.
    function _changeLoose() internal {
        uint256 loose = quote.balanceOf(address(this));
        if (loose < _dust()) return;
        if (!_isQuotePriceFresh()) {
            (,,, uint256 updatedAt,) = quoteFeed.latestRoundData();
            revert LyraV1Adapter_QuotePriceStale(updatedAt);
        }
        _swap(quote, cash, loose, _leastCashFor(loose));
    }

    /// @dev Sell the quote token beyond `kept`; less than one unit of cash is not worth a call.
    function _sellAbove(uint256 kept, uint256 minimum) internal {
        uint256 excess = quote.balanceOf(address(this)) - kept;
        if (excess >= _dust()) _swap(quote, cash, excess, minimum);
    }

    function _swap(IERC20 from, IERC20 to, uint256 amount, uint256 minimum) internal returns (uint256 received) {
        uint256 before = to.balanceOf(address(this));
        from.safeTransfer(address(swapVenue), amount);
        swapVenue.swapExactInput(swapPool, address(from), address(to), amount, minimum);
        received = to.balanceOf(address(this)) - before;
    }

    /// @dev Less of the quote token than one unit of cash is worth.
    function _dust() internal view returns (uint256) {
        return quoteUnit / cashUnit + 1;
    }

    function _requireCash(address asset) internal view {
        if (asset != address(cash)) revert LyraV1Adapter_OnlyCash(asset);
    }

    /// @dev Cash for an amount of the quote token at the feeds, less the vault's slippage limit, rounded down.
    function _leastCashFor(uint256 amount) private view returns (uint256) {
        (, int256 answer,,,) = quoteFeed.latestRoundData();
        IShardVaultAdmin admin = IShardVaultAdmin(vault);
        uint256 fair = amount.mulDiv(uint256(answer) * cashUnit, admin.priceOf(address(cash)) * quoteUnit);
        return fair.mulDiv(BPS - admin.limits().maxSlippageBps, BPS);
    }

    function _isQuotePriceFresh() private view returns (bool) {
        (, int256 answer,, uint256 updatedAt,) = quoteFeed.latestRoundData();
        return answer > 0 && updatedAt + IShardVaultAdmin(vault).limits().feedStaleAfterSeconds >= block.timestamp;
    }
}
