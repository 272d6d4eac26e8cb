// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ILyraOptionMarket, ILyraOptionToken, ILyraShortCollateral, ILyraViewer} from "../interfaces/ILyraV1.sol";
import {IOptionVenue} from "../interfaces/IOptionVenue.sol";
import {IPositionVenue} from "../interfaces/IPositionVenue.sol";
import {IShardVault} from "../interfaces/IShardVault.sol";
import {IShardVaultAdmin} from "../interfaces/IShardVaultAdmin.sol";
import {IVenueDesk} from "../interfaces/IVenueDesk.sol";
import {LyraCash} from "./LyraCash.sol";
import {LyraSeries} from "./LyraSeries.sol";
import {LyraSetup} from "./LyraSetup.sol";
import {VenueAccount} from "./VenueAccount.sol";

/// @title One vault's account at one Lyra V1 market: cash in the settlement asset, and long options.
/// @notice Lyra is paid in another token. The account holds none of it between trades: each trade buys what it may cost
/// and sells what is left, so that the worst premium of a mandate bounds the whole way in the settlement asset. Only the
/// payout of settled options comes in the other token; it is changed when the cash is next needed, near its feed.
contract LyraV1Adapter is LyraCash, LyraSeries {
    using SafeERC20 for IERC20;

    error LyraV1Adapter_TooManyPositions(uint256 maximum);
    error LyraV1Adapter_NotEnoughCash(uint256 balance, uint256 amount);
    error LyraV1Adapter_NoPosition(uint256 strikeId, bool isCall);

    uint256 private constant POSITIONS_MAX = 32;
    uint8 private constant LONG_CALL = 0;
    uint8 private constant LONG_PUT = 1;
    uint8 private constant ACTIVE = 1;

    ILyraOptionToken private immutable optionToken;
    ILyraShortCollateral private immutable shortCollateral;

    mapping(uint256 strikeId => mapping(bool isCall => uint256)) private positionOf;
    /// @dev Positions whose payout may still be due; others that are sent to this account are not its own.
    uint256[] private positionIds;

    constructor(IVenueDesk desk_, LyraSetup memory setup) VenueAccount(desk_) LyraCash(setup) LyraSeries(setup) {
        ILyraViewer.MarketAddresses memory addresses = setup.viewer.marketAddresses(address(setup.market));
        optionToken = ILyraOptionToken(addresses.optionToken);
        shortCollateral = ILyraShortCollateral(addresses.shortCollateral);
    }

    /// @notice The cash stays here until a trade spends it.
    function put(address asset, uint256) external view onlyDesk {
        _requireCash(asset);
    }

    /// @inheritdoc IPositionVenue
    function take(address asset, uint256 amount) external onlyDesk {
        _requireCash(asset);
        if (cash.balanceOf(address(this)) < amount) _collect();
        uint256 balance = cash.balanceOf(address(this));
        if (balance < amount) revert LyraV1Adapter_NotEnoughCash(balance, amount);
        cash.safeTransfer(vault, amount);
    }

    /// @notice As {IOptionVenue-collect}. Anyone may call, so that no payout keeps the vault's shares closed: it is changed
    /// near its feed, while the vault is not paused and its feeds are fresh, and can only come here.
    function collect() external {
        if (IShardVault(vault).paused()) revert IShardVaultAdmin.ShardVault_Paused();
        IShardVaultAdmin(vault).requireFreshFeeds();
        if (_hasEnded()) _collect();
    }

    /// @inheritdoc IOptionVenue
    function changeOption(address market_, uint256 strikeId, bool isCall, int256 quantity, uint256 limit)
        external
        onlyDesk
    {
        _requireMarket(market_);
        if (quantity > 0) _open(strikeId, isCall, uint256(quantity), limit);
        else _close(strikeId, isCall, uint256(-quantity), limit);
    }

    /// @notice Settle the account's expired options at Lyra, and their boards first where nobody did. Lyra pays at the price
    /// it reads when its board is settled. Anyone may call: the payout can only come here.
    /// @return settled How many positions were paid out.
    function settleExpired() external returns (uint256 settled) {
        uint256[] memory ended = new uint256[](1);
        for (uint256 i = 0; i < positionIds.length; i++) {
            ILyraOptionToken.OptionPosition memory position = optionToken.getOptionPosition(positionIds[i]);
            if (position.state != ACTIVE) continue;
            (, ILyraOptionMarket.OptionBoard memory board) = market.getStrikeAndBoard(position.strikeId);
            if (board.expiry > block.timestamp) continue;
            if (market.boardToPriceAtExpiry(board.id) == 0) market.settleExpiredBoard(board.id);
            ended[0] = position.positionId;
            shortCollateral.settleOptions(ended);
            settled++;
        }
    }

    /// @notice Longs are paid for in full: there is no debt.
    function health() external pure returns (uint256) {
        return type(uint256).max;
    }

    /// @notice While no option is open and no payout of one lies here unchanged.
    function isExact() external view returns (bool) {
        for (uint256 i = 0; i < positionIds.length; i++) {
            if (_isActive(positionIds[i])) return false;
        }
        return positionIds.length == 0 || quote.balanceOf(address(this)) < _dust();
    }

    /// @notice Lyra's positions that this account opened and whose end it has not accounted for, oldest first.
    function openPositions() external view returns (uint256[] memory) {
        return positionIds;
    }

    /// @inheritdoc IOptionVenue
    function longOf(address market_, uint256 strikeId, bool isCall) external view returns (uint256) {
        _requireMarket(market_);
        uint256 positionId = positionOf[strikeId][isCall];
        return positionId == 0 || !_isActive(positionId) ? 0 : optionToken.getOptionPosition(positionId).amount;
    }

    function _open(uint256 strikeId, bool isCall, uint256 amount, uint256 limit) private {
        uint256 loose = quote.balanceOf(address(this));
        uint256 positionId = _currentPosition(strikeId, isCall);
        uint256 bought = _swap(cash, quote, limit, 0);
        quote.forceApprove(address(market), bought);
        ILyraOptionMarket.TradeInputParameters memory params = _trade(strikeId, isCall, positionId, amount);
        params.maxTotalCost = bought;
        uint256 opened = market.openPosition(params).positionId;
        quote.forceApprove(address(market), 0);
        if (positionId == 0) {
            if (positionIds.length == POSITIONS_MAX) revert LyraV1Adapter_TooManyPositions(POSITIONS_MAX);
            positionIds.push(opened);
            positionOf[strikeId][isCall] = opened;
        }
        _sellAbove(loose, 0);
    }

    function _close(uint256 strikeId, bool isCall, uint256 amount, uint256 limit) private {
        uint256 loose = quote.balanceOf(address(this));
        uint256 positionId = _currentPosition(strikeId, isCall);
        if (positionId == 0) revert LyraV1Adapter_NoPosition(strikeId, isCall);
        ILyraOptionMarket.TradeInputParameters memory params = _trade(strikeId, isCall, positionId, amount);
        params.maxTotalCost = type(uint256).max;
        try market.closePosition(params) {}
        catch {
            // Lyra closes what is far in or out of the money, or near its end, on these terms only.
            market.forceClosePosition(params);
        }
        _sellAbove(loose, limit);
        _forgetEnded();
    }

    /// @dev One position per series: zero when there is none that is live.
    function _currentPosition(uint256 strikeId, bool isCall) private view returns (uint256 positionId) {
        positionId = positionOf[strikeId][isCall];
        if (positionId != 0 && !_isActive(positionId)) positionId = 0;
    }

    function _trade(uint256 strikeId, bool isCall, uint256 positionId, uint256 amount)
        private
        pure
        returns (ILyraOptionMarket.TradeInputParameters memory params)
    {
        params.strikeId = strikeId;
        params.positionId = positionId;
        params.iterations = 1;
        params.optionType = isCall ? LONG_CALL : LONG_PUT;
        params.amount = amount;
    }

    /// @dev Change payouts into cash near the feed, and forget the positions they came from.
    function _collect() private {
        _changeLoose();
        _forgetEnded();
    }

    function _forgetEnded() private {
        for (uint256 i = positionIds.length; i > 0; i--) {
            if (_isActive(positionIds[i - 1])) continue;
            positionIds[i - 1] = positionIds[positionIds.length - 1];
            positionIds.pop();
        }
    }

    function _hasEnded() private view returns (bool) {
        for (uint256 i = 0; i < positionIds.length; i++) {
            if (!_isActive(positionIds[i])) return true;
        }
        return false;
    }

    function _isActive(uint256 positionId) private view returns (bool) {
        return optionToken.getOptionPosition(positionId).state == ACTIVE;
    }

    /// @dev The cash stays here until a trade spends it, and the quote token until it is changed.
    function _isPosition(address asset) internal view override returns (bool) {
        return asset == address(cash) || asset == address(quote);
    }
}
