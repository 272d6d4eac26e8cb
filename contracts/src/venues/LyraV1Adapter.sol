// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {
    ILyraGreekCache,
    ILyraOptionMarket,
    ILyraOptionToken,
    ILyraShortCollateral,
    ILyraSynthetixAdapter,
    ILyraViewer
} from "../interfaces/ILyraV1.sol";
import {IOptionVenue, OptionTerms} from "../interfaces/IOptionVenue.sol";
import {IPositionVenue} from "../interfaces/IPositionVenue.sol";
import {IPriceFeed} from "../interfaces/IPriceFeed.sol";
import {IShardVault} from "../interfaces/IShardVault.sol";
import {IShardVaultAdmin} from "../interfaces/IShardVaultAdmin.sol";
import {IVenueAdapter} from "../interfaces/IVenueAdapter.sol";
import {IVenueDesk} from "../interfaces/IVenueDesk.sol";

/// @param viewer Lyra's OptionMarketViewer, which knows the contracts of the market.
/// @param market Lyra's OptionMarket.
/// @param blackScholes Lyra's BlackScholes library.
/// @param underlying Vault asset the market is about.
/// @param quoteFeed USD price of what the market is paid in, 8 decimals.
/// @param swapVenue Spot adapter that changes the settlement asset into the market's quote token and back, in `swapPool`.
/// @param feeBps What Lyra's fees may cost on one option, in basis points of spot.
struct LyraSetup {
    ILyraViewer viewer;
    ILyraOptionMarket market;
    address blackScholes;
    address underlying;
    IPriceFeed quoteFeed;
    IVenueAdapter swapVenue;
    address swapPool;
    uint16 feeBps;
}

/// @title One vault's account at one Lyra V1 market: cash in the settlement asset, and long options.
/// @notice Lyra is paid in another token. The account holds none of it between trades: each trade buys what it may cost
/// and sells what is left, so that the worst premium of a mandate bounds the whole way in the settlement asset. Only the
/// payout of settled options comes in the other token; it is changed when the cash is next needed, near its feed.
contract LyraV1Adapter is IOptionVenue {
    using Math for uint256;
    using SafeERC20 for IERC20;

    error LyraV1Adapter_OnlyCash(address asset);
    error LyraV1Adapter_TooManyPositions(uint256 maximum);
    error LyraV1Adapter_QuotePriceStale(uint256 updatedAt);
    error LyraV1Adapter_NotEnoughCash(uint256 balance, uint256 amount);
    error LyraV1Adapter_NoPosition(uint256 strikeId, bool isCall);

    uint256 private constant BPS = 10_000;
    uint256 private constant POSITIONS_MAX = 32;
    uint8 private constant LONG_CALL = 0;
    uint8 private constant LONG_PUT = 1;
    uint8 private constant ACTIVE = 1;
    /// @dev From 18 decimals to the 8 of prices.
    uint256 private constant PRICE_SCALE = 1e10;
    /// @dev Of pricesDeltaStdVega(BlackScholes.BlackScholesInputs): a library's selector is made from the name of the struct.
    bytes4 private constant PRICES_SELECTOR = 0x036d5878;

    /// @inheritdoc IPositionVenue
    address public immutable desk;
    /// @inheritdoc IPositionVenue
    address public immutable vault;
    ILyraOptionMarket public immutable market;
    ILyraOptionToken private immutable optionToken;
    ILyraGreekCache private immutable greekCache;
    ILyraShortCollateral private immutable shortCollateral;
    ILyraSynthetixAdapter private immutable synthetix;
    address private immutable blackScholes;
    address private immutable underlying;
    IERC20 private immutable cash;
    IERC20 private immutable quote;
    IPriceFeed private immutable quoteFeed;
    IVenueAdapter private immutable swapVenue;
    address private immutable swapPool;
    /// @dev 10 ** decimals of the settlement asset and of the quote token.
    uint256 private immutable cashUnit;
    uint256 private immutable quoteUnit;
    uint256 private immutable feeBps;

    mapping(uint256 strikeId => mapping(bool isCall => uint256)) private positionOf;
    /// @dev Positions whose payout may still be due; others that are sent to this account are not its own.
    uint256[] private positionIds;

    modifier onlyDesk() {
        if (msg.sender != desk) revert PositionVenue_OnlyDesk(msg.sender);
        _;
    }

    constructor(IVenueDesk desk_, LyraSetup memory setup) {
        ILyraViewer.MarketAddresses memory addresses = setup.viewer.marketAddresses(address(setup.market));
        desk = address(desk_);
        vault = address(desk_.vault());
        market = setup.market;
        optionToken = ILyraOptionToken(addresses.optionToken);
        greekCache = ILyraGreekCache(addresses.greekCache);
        shortCollateral = ILyraShortCollateral(addresses.shortCollateral);
        synthetix = ILyraSynthetixAdapter(setup.viewer.synthetixAdapter());
        blackScholes = setup.blackScholes;
        underlying = setup.underlying;
        cash = IERC20(IERC4626(vault).asset());
        quote = IERC20(addresses.quoteAsset);
        quoteFeed = setup.quoteFeed;
        swapVenue = setup.swapVenue;
        swapPool = setup.swapPool;
        cashUnit = 10 ** IERC20Metadata(address(cash)).decimals();
        quoteUnit = 10 ** IERC20Metadata(address(quote)).decimals();
        feeBps = setup.feeBps;
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

    /// @notice Bring Lyra's cached Greeks of every stale live board up to date. Anyone may call.
    /// @return refreshed How many boards were stale.
    function refreshGreeks() external returns (uint256 refreshed) {
        uint256[] memory boards = market.getLiveBoards();
        for (uint256 i = 0; i < boards.length; i++) {
            if (!greekCache.isBoardCacheStale(boards[i])) continue;
            greekCache.updateBoardCachedGreeks(boards[i]);
            refreshed++;
        }
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

    /// @inheritdoc IOptionVenue
    function termsOf(address market_, uint256 strikeId, bool isCall) external view returns (OptionTerms memory terms) {
        _requireMarket(market_);
        (ILyraOptionMarket.Strike memory strike, ILyraOptionMarket.OptionBoard memory board) =
            market.getStrikeAndBoard(strikeId);
        bool isStale = greekCache.isGlobalCacheStale(synthetix.getSpotPriceForMarket(market_))
            || greekCache.isBoardCacheStale(board.id);
        if (isStale) revert OptionVenue_Stale(market_);
        uint256 spot = IShardVaultAdmin(vault).priceOf(underlying);
        terms.underlying = underlying;
        terms.strike = strike.strikePrice / PRICE_SCALE;
        terms.fairPremium = _fairPremium(strike, board, spot * PRICE_SCALE, isCall) / PRICE_SCALE;
        terms.feeAllowance = spot.mulDiv(feeBps, BPS);
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
        uint256 loose = quote.balanceOf(address(this));
        if (loose >= _dust()) {
            if (!_isQuotePriceFresh()) {
                (,,, uint256 updatedAt,) = quoteFeed.latestRoundData();
                revert LyraV1Adapter_QuotePriceStale(updatedAt);
            }
            _swap(quote, cash, loose, _leastCashFor(loose));
        }
        _forgetEnded();
    }

    /// @dev Sell the quote token beyond `kept`; less than one unit of cash is not worth a call.
    function _sellAbove(uint256 kept, uint256 minimum) private {
        uint256 excess = quote.balanceOf(address(this)) - kept;
        if (excess >= _dust()) _swap(quote, cash, excess, minimum);
    }

    function _swap(IERC20 from, IERC20 to, uint256 amount, uint256 minimum) private returns (uint256 received) {
        uint256 before = to.balanceOf(address(this));
        from.safeTransfer(address(swapVenue), amount);
        swapVenue.swapExactInput(swapPool, address(from), address(to), amount, minimum);
        received = to.balanceOf(address(this)) - before;
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

    /// @dev Lyra's own formula at its own volatility and rate, but at the vault's price of the underlying.
    function _fairPremium(
        ILyraOptionMarket.Strike memory strike,
        ILyraOptionMarket.OptionBoard memory board,
        uint256 spot,
        bool isCall
    ) private view returns (uint256) {
        uint256 left = board.expiry > block.timestamp ? board.expiry - block.timestamp : 0;
        if (left == 0) return isCall ? spot.saturatingSub(strike.strikePrice) : strike.strikePrice.saturatingSub(spot);
        (bool done, bytes memory answer) = blackScholes.staticcall(
            abi.encodeWithSelector(
                PRICES_SELECTOR,
                left,
                board.iv.mulDiv(strike.skew, 1e18),
                spot,
                strike.strikePrice,
                greekCache.getGreekCacheParams().rateAndCarry
            )
        );
        if (!done || answer.length < 64) revert OptionVenue_Stale(address(market));
        (uint256 callPrice, uint256 putPrice) = abi.decode(answer, (uint256, uint256));
        return isCall ? callPrice : putPrice;
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

    /// @dev Less of the quote token than one unit of cash is worth.
    function _dust() private view returns (uint256) {
        return quoteUnit / cashUnit + 1;
    }

    function _requireCash(address asset) private view {
        if (asset != address(cash)) revert LyraV1Adapter_OnlyCash(asset);
    }

    function _requireMarket(address market_) private view {
        if (market_ != address(market)) revert OptionVenue_UnknownMarket(market_);
    }
}
