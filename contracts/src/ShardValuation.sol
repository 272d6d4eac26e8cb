// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IOptionBook} from "./interfaces/IOptionBook.sol";
import {IPriceFeed} from "./interfaces/IPriceFeed.sol";
import {IVenueDesk} from "./interfaces/IVenueDesk.sol";
import {IShardVault} from "./interfaces/IShardVault.sol";
import {HedgeAsset, IShardVaultAdmin, VaultLimits} from "./interfaces/IShardVaultAdmin.sol";

/// @title What a vault is worth: settlement balance, hedge assets at their feeds, short options.
abstract contract ShardValuation is IShardVault, IShardVaultAdmin {
    using Math for uint256;

    uint256 internal constant BPS = 10_000;
    uint8 private constant FEED_DECIMALS = 8;

    address internal immutable settlementAsset;
    IPriceFeed private immutable settlementFeed;
    /// @dev 10 ** decimals of the settlement asset.
    uint256 private immutable settlementUnit;

    // Three slots: 2 + 2 + 4 + 4 = 12 bytes, then one for each cap.
    VaultLimits internal currentLimits;
    address[] private hedgeList;
    mapping(address asset => IPriceFeed) private hedgeFeeds;
    /// @dev 10 ** decimals of a hedge asset.
    mapping(address asset => uint256) private hedgeUnits;
    /// @inheritdoc IShardVaultAdmin
    address public optionBook;
    /// @inheritdoc IShardVaultAdmin
    address public venueDesk;

    constructor(address asset, IPriceFeed feed, HedgeAsset[] memory hedges) {
        settlementAsset = asset;
        settlementFeed = _checkedFeed(feed);
        settlementUnit = 10 ** IERC20Metadata(asset).decimals();
        for (uint256 i = 0; i < hedges.length; i++) {
            address hedge = hedges[i].asset;
            if (hedge == asset || hedgeUnits[hedge] != 0) revert ShardVault_DuplicateAsset(hedge);
            hedgeFeeds[hedge] = _checkedFeed(hedges[i].feed);
            hedgeUnits[hedge] = 10 ** IERC20Metadata(hedge).decimals();
            hedgeList.push(hedge);
        }
    }

    /// @inheritdoc IShardVault
    function hedgeAssets() external view returns (address[] memory) {
        return hedgeList;
    }

    /// @inheritdoc IShardVaultAdmin
    function limits() external view returns (VaultLimits memory) {
        return currentLimits;
    }

    /// @inheritdoc IShardVaultAdmin
    function feedOf(address asset) public view returns (IPriceFeed) {
        return asset == settlementAsset ? settlementFeed : hedgeFeeds[asset];
    }

    /// @inheritdoc IShardVaultAdmin
    function priceOf(address asset) public view returns (uint256 price) {
        (price,) = _read(_knownFeed(asset));
    }

    /// @inheritdoc IShardVaultAdmin
    function requireFreshFeeds() public view {
        _requireFresh(settlementAsset);
        for (uint256 i = 0; i < hedgeList.length; i++) {
            _requireFresh(hedgeList[i]);
        }
    }

    /// @inheritdoc IShardVaultAdmin
    function settlementValueOf(address asset, uint256 amount) external view returns (uint256) {
        return _valueIn(asset, settlementAsset, amount, Math.Rounding.Floor);
    }

    /// @inheritdoc IShardVault
    function liabilities() public view returns (uint256) {
        return optionBook == address(0) ? 0 : IOptionBook(optionBook).liabilities();
    }

    /// @inheritdoc IShardVault
    function countedAssets() public view returns (uint256) {
        uint256 countedBps = BPS - currentLimits.hedgeHaircutBps;
        uint256 assets = _settlementBalance() + _held(settlementAsset, false);
        return assets + _hedgeValue(false).mulDiv(countedBps, BPS);
    }

    /// @inheritdoc IShardVault
    function capital() public view returns (int256) {
        return SafeCast.toInt256(countedAssets()) - SafeCast.toInt256(liabilities());
    }

    /// @dev Net asset value in settlement-asset units without haircut, never below 0, rounded down.
    function _netAssetValue() internal view returns (uint256) {
        uint256 settlement = _settlementBalance() + _held(settlementAsset, true);
        return settlement.saturatingAdd(_hedgeValue(true)).saturatingSub(liabilities());
    }

    function _settlementBalance() internal view returns (uint256) {
        return IERC20Metadata(settlementAsset).balanceOf(address(this));
    }

    /// @dev Feed value of `amountIn` of `assetIn`, in units of `assetOut`, both vault assets.
    function _valueIn(address assetIn, address assetOut, uint256 amountIn, Math.Rounding rounding)
        internal
        view
        returns (uint256)
    {
        if (assetIn == assetOut) return amountIn;
        return amountIn.mulDiv(priceOf(assetIn) * _unitOf(assetOut), priceOf(assetOut) * _unitOf(assetIn), rounding);
    }

    function _requireKnown(address asset) internal view {
        _knownFeed(asset);
    }

    /// @dev Hedge assets here and at venues at their feeds, in settlement-asset units, rounded down.
    function _hedgeValue(bool strict) private view returns (uint256 value) {
        for (uint256 i = 0; i < hedgeList.length; i++) {
            address hedge = hedgeList[i];
            uint256 balance = IERC20Metadata(hedge).balanceOf(address(this)) + _held(hedge, strict);
            if (balance != 0) value += _valueIn(hedge, settlementAsset, balance, Math.Rounding.Floor);
        }
    }

    /// @dev What venues hold for the vault; one that cannot be read counts as nothing, or reverts when `strict`.
    function _held(address asset, bool strict) private view returns (uint256) {
        return venueDesk == address(0) ? 0 : IVenueDesk(venueDesk).held(asset, strict);
    }

    function _unitOf(address asset) private view returns (uint256) {
        return asset == settlementAsset ? settlementUnit : hedgeUnits[asset];
    }

    function _knownFeed(address asset) private view returns (IPriceFeed feed) {
        feed = feedOf(asset);
        if (address(feed) == address(0)) revert ShardVault_AssetNotAllowed(asset);
    }

    function _requireFresh(address asset) private view {
        (, uint256 updatedAt) = _read(feedOf(asset));
        if (updatedAt + currentLimits.feedStaleAfterSeconds < block.timestamp) {
            revert ShardVault_PriceStale(asset, updatedAt, block.timestamp);
        }
    }

    function _read(IPriceFeed feed) private view returns (uint256 price, uint256 updatedAt) {
        int256 answer;
        (, answer,, updatedAt,) = feed.latestRoundData();
        if (answer <= 0) revert ShardVault_BadPrice(address(feed), answer);
        // Safe: answer > 0 was checked above.
        price = uint256(answer);
    }

    function _checkedFeed(IPriceFeed feed) private view returns (IPriceFeed) {
        if (address(feed) == address(0) || feed.decimals() != FEED_DECIMALS) revert ShardVault_BadFeed(address(feed));
        return feed;
    }
}
