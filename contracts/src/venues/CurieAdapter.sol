// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ICurieAccountBalance, ICurieClearingHouse, ICurieVault} from "../interfaces/ICurie.sol";
import {IPerpVenue} from "../interfaces/IPerpVenue.sol";
import {IPositionVenue} from "../interfaces/IPositionVenue.sol";
import {IVenueDesk} from "../interfaces/IVenueDesk.sol";
import {VenueAccount} from "./VenueAccount.sol";

/// @param market Curie's base token.
/// @param underlying Vault asset whose price it follows.
struct CurieMarket {
    address market;
    address underlying;
}

/// @title One vault's trader account at Perpetual Protocol v2, which knows traders by their address.
contract CurieAdapter is IPerpVenue, VenueAccount {
    using Math for uint256;
    using SafeERC20 for IERC20;

    error CurieAdapter_OnlyMargin(address asset);

    uint256 private constant WAD = 1e18;
    uint256 private constant PRICE_UNIT = 1e8;

    ICurieClearingHouse public immutable clearingHouse;
    ICurieVault private immutable margin;
    ICurieAccountBalance private immutable positions;
    address private immutable marginAsset;
    /// @dev Divisor that turns 18 decimals into the margin asset's own.
    uint256 private immutable marginScale;
    mapping(address market => address) private underlyings;

    constructor(IVenueDesk desk_, ICurieClearingHouse clearingHouse_, CurieMarket[] memory markets)
        VenueAccount(desk_)
    {
        clearingHouse = clearingHouse_;
        margin = ICurieVault(clearingHouse_.getVault());
        positions = ICurieAccountBalance(clearingHouse_.getAccountBalance());
        marginAsset = margin.getSettlementToken();
        marginScale = 10 ** (18 - IERC20Metadata(marginAsset).decimals());
        for (uint256 i = 0; i < markets.length; i++) {
            underlyings[markets[i].market] = markets[i].underlying;
        }
    }

    /// @inheritdoc IPositionVenue
    function put(address asset, uint256 amount) external onlyDesk {
        if (asset != marginAsset) revert CurieAdapter_OnlyMargin(asset);
        IERC20(asset).forceApprove(address(margin), amount);
        margin.deposit(asset, amount);
    }

    /// @inheritdoc IPositionVenue
    function take(address asset, uint256 amount) external onlyDesk {
        margin.withdraw(asset, amount);
        IERC20(asset).safeTransfer(vault, amount);
    }

    /// @inheritdoc IPerpVenue
    function changePosition(address market, int256 size, uint256 worstPrice)
        external
        onlyDesk
        returns (uint256 quoteAmount)
    {
        underlyingOf(market);
        uint256 amount = uint256(size > 0 ? size : -size);
        Math.Rounding against = size > 0 ? Math.Rounding.Floor : Math.Rounding.Ceil;
        (, quoteAmount) = clearingHouse.openPosition(
            ICurieClearingHouse.OpenPositionParams({
                baseToken: market,
                isBaseToQuote: size < 0,
                isExactInput: size < 0,
                amount: amount,
                oppositeAmountBound: amount.mulDiv(worstPrice, PRICE_UNIT, against),
                deadline: block.timestamp,
                sqrtPriceLimitX96: 0,
                referralCode: 0
            })
        );
    }

    /// @notice Of the margin asset the smaller of account value and what could be taken out at once; other collateral, which
    /// strangers may give, is no margin asset.
    function held(address asset) external view returns (uint256) {
        if (asset != marginAsset) return 0;
        int256 value = clearingHouse.getAccountValue(address(this));
        if (value <= 0) return 0;
        return (uint256(value) / marginScale).min(margin.getFreeCollateralByToken(address(this), marginAsset));
    }

    /// @notice Account value over the value of all positions, as Curie's own margin ratios count it.
    function health() external view returns (uint256) {
        uint256 exposure = positions.getTotalAbsPositionValue(address(this));
        if (exposure == 0) return type(uint256).max;
        int256 value = clearingHouse.getAccountValue(address(this));
        return value <= 0 ? 0 : uint256(value).mulDiv(WAD, exposure);
    }

    /// @notice While there is no position; with one, only what is free is counted.
    function isExact() external view returns (bool) {
        return positions.getBaseTokens(address(this)).length == 0;
    }

    /// @inheritdoc IPerpVenue
    function sizeOf(address market) external view returns (int256) {
        return positions.getTakerPositionSize(address(this), market);
    }

    /// @inheritdoc IPerpVenue
    function underlyingOf(address market) public view returns (address underlying) {
        underlying = underlyings[market];
        if (underlying == address(0)) revert PerpVenue_UnknownMarket(market);
    }
}
