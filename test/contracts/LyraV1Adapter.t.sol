// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILyraOptionMarket} from "riskshard/interfaces/ILyraV1.sol";
import {IOptionVenue, OptionTerms} from "riskshard/interfaces/IOptionVenue.sol";
import {IShardVault} from "riskshard/interfaces/IShardVault.sol";
import {VaultLimits} from "riskshard/interfaces/IShardVaultAdmin.sol";
import {IVenueDesk} from "riskshard/interfaces/IVenueDesk.sol";
import {OptionTradeParams} from "riskshard/types/Mandate.sol";
import {LyraCash} from "riskshard/venues/LyraCash.sol";
import {LyraV1Adapter} from "riskshard/venues/LyraV1Adapter.sol";
import {LyraFixture} from "./support/LyraFixture.sol";

interface ILyraCache {
    struct NetGreeks {
        int256 netDelta;
        int256 netStdVega;
        int256 netOptionValue;
    }

    struct StrikeGreeks {
        int256 callDelta;
        int256 putDelta;
        uint256 stdVega;
        uint256 callPrice;
        uint256 putPrice;
    }

    struct BoardGreeks {
        NetGreeks boardGreeks;
        uint256 ivGWAV;
        StrikeGreeks[] strikeGreeks;
        uint256[] skewGWAVs;
    }

    function updateBoardCachedGreeks(uint256 boardId) external;
    function getBoardGreeksView(uint256 boardId) external view returns (BoardGreeks memory);
}

interface ILyraToken {
    function transferFrom(address from, address to, uint256 positionId) external;
}

/// @notice The vault's account at a real Lyra market: trades, refusals, what counts, and the way of a payout.
contract LyraV1AdapterTest is LyraFixture {
    uint256 private constant STRIKE = 2;

    function setUp() public override {
        super.setUp();
        _margin("fund", 50_000e6);
    }

    function test_longs_open_and_close_and_only_the_cost_is_gone() public {
        bool[2] memory kinds = [true, false];
        for (uint256 i = 0; i < 2; i++) {
            bool isCall = kinds[i];
            uint256 fair = account.termsOf(market, STRIKE, isCall).fairPremium;
            uint256 cash = usdx.balanceOf(address(account));
            int256 capital = vault.capital();
            vm.expectEmit(true, true, false, false, address(desk));
            emit IVenueDesk.OptionTraded(
                i == 0 ? bytes32("open") : bytes32("open put"), address(account), market, STRIKE, isCall, 5e18, 0
            );
            _tradeOption(i == 0 ? bytes32("open") : bytes32("open put"), _option(STRIKE, isCall, 5e18, fair + 50e8));
            uint256 paid = cash - usdx.balanceOf(address(account));
            // Lyra's spread and fees: between 1 and 2.5 % of spot over fair, all in the settlement asset.
            assertGt(paid, (fair + 20e8) * 5 / 100);
            assertLt(paid, (fair + 50e8) * 5 / 100);
            assertEq(account.longOf(market, STRIKE, isCall), 5e18);
            assertEq(susd.balanceOf(address(account)), 0, "nothing left in the venue's own money");
            assertEq(vault.capital(), capital - int256(paid), "a premium is not capital");
            assertFalse(account.isExact());
            assertEq(vault.maxRedeem(depositor), 0);

            _tradeOption(i == 0 ? bytes32("half") : bytes32("half put"), _option(STRIKE, isCall, -2e18, fair - 50e8));
            assertEq(account.longOf(market, STRIKE, isCall), 3e18);
            assertFalse(account.isExact());
            _tradeOption(i == 0 ? bytes32("rest") : bytes32("rest put"), _option(STRIKE, isCall, -3e18, fair - 50e8));
            uint256 lost = cash - usdx.balanceOf(address(account));
            assertGt(lost, 100e6);
            assertLt(lost, 5 * 60e6);
            assertEq(account.longOf(market, STRIKE, isCall), 0);
            assertEq(account.openPositions().length, 0);
            assertTrue(account.isExact());
        }
        _margin("out", -int256(usdx.balanceOf(address(account))));
        assertEq(account.held(address(usdx)), 0);
    }

    function test_the_fair_premium_is_lyras_own_number_at_its_own_price() public {
        _passWithPrices(1 hours);
        ILyraCache(greekCache).updateBoardCachedGreeks(1);
        ILyraCache.StrikeGreeks[] memory greeks = ILyraCache(greekCache).getBoardGreeksView(1).strikeGreeks;
        for (uint256 i = 0; i < 3; i++) {
            OptionTerms memory call = account.termsOf(market, i + 1, true);
            assertApproxEqAbs(call.fairPremium, greeks[i].callPrice / 1e10, 1);
            assertApproxEqAbs(account.termsOf(market, i + 1, false).fairPremium, greeks[i].putPrice / 1e10, 1);
            assertEq(call.underlying, address(weth));
            assertEq(call.feeAllowance, 40e8);
        }
        assertEq(account.termsOf(market, STRIKE, true).strike, 2000e8);
    }

    function test_the_worst_premium_must_lie_near_lyras_value_at_the_vaults_own_price() public {
        uint256 fair = account.termsOf(market, STRIKE, true).fairPremium;
        _expectOutside(_option(STRIKE, true, 1e18, fair + 60e8 + 1), fair + 60e8);
        _expectOutside(_option(STRIKE, true, -1e18, fair - 60e8 - 1), fair - 60e8);
        // The vault's price counts, not Lyra's: 10 % up lifts the fair call.
        ethFeed.push(2200e8);
        uint256 higher = account.termsOf(market, STRIKE, true).fairPremium;
        assertGt(higher, fair + 100e8);
        _expectOutside(_option(STRIKE, true, -1e18, fair), higher - 66e8);
    }

    function test_no_call_costs_more_than_its_underlying_and_no_put_more_than_its_strike() public {
        // Far from Lyra's strikes, or with a venue that errs, the value with its allowance would pass these.
        OptionTerms memory terms = OptionTerms(address(weth), 2300e8, 2299e8, 2299e8, 40e8);
        vm.mockCall(address(account), abi.encodeCall(account.termsOf, (market, 3, false)), abi.encode(terms));
        _expectOutside(_option(3, false, 1e18, 2300e8 + 1), 2300e8);
        ethFeed.push(1_000_000e8);
        OptionTradeParams memory call = _option(1, true, 1e18, 1_000_000e8 + 1);
        _expectOutside(call, 1_000_000e8);
    }

    function test_what_the_mandate_allows_is_not_exceeded_and_nothing_moves_then() public {
        OptionTradeParams memory params = _option(STRIKE, true, 5e18, account.termsOf(market, STRIKE, true).fairPremium);
        uint256 cash = usdx.balanceOf(address(account));
        (bool done,) = address(this).call(abi.encodeCall(this.attempt, (params)));
        assertFalse(done, "Lyra asks for more than its own value");
        params.worstPremium += 50e8;
        _tradeOption("open", params);
        params.quantity = -5e18;
        (done,) = address(this).call(abi.encodeCall(this.attempt, (params)));
        assertFalse(done, "and gives less");
        assertEq(account.longOf(market, STRIKE, true), 5e18);
        assertGt(cash, usdx.balanceOf(address(account)));
    }

    function test_notional_per_window_is_capped_at_the_price_of_the_underlying() public {
        VaultLimits memory limits = vault.limits();
        limits.swapWindowCap = 15_000e6;
        vm.prank(admin);
        vault.setLimits(limits);
        uint256 fair = account.termsOf(market, STRIKE, false).fairPremium;
        _tradeOption("first", _option(STRIKE, false, 5e18, fair + 60e8));
        _expectRevertOfTrade(
            _option(STRIKE, false, -5e18, fair),
            abi.encodeWithSelector(IShardVault.ShardVault_WindowCapExceeded.selector, 20_000e6, 15_000e6)
        );
    }

    function test_stale_figures_stop_trades_until_anyone_refreshes_them() public {
        uint256 fair = account.termsOf(market, STRIKE, true).fairPremium;
        _passWithPrices(4 hours);
        OptionTradeParams memory params = _option(STRIKE, true, 1e18, fair + 50e8);
        bytes memory stale = abi.encodeWithSelector(IOptionVenue.OptionVenue_Stale.selector, market);
        _expectRevertOfTrade(params, stale);
        vm.prank(makeAddr("stranger"));
        assertEq(account.refreshGreeks(), 1);
        assertEq(account.refreshGreeks(), 0);
        _tradeOption("fresh", params);
        _setLyraPrice(2120, false);
        _expectRevertOfTrade(params, stale);
    }

    function test_a_rate_that_synthetix_calls_invalid_stops_trades() public {
        OptionTradeParams memory params = _option(STRIKE, true, 1e18, 250e8);
        _setLyraPrice(2000, true);
        (bool done, bytes memory answer) = address(this).call(abi.encodeCall(this.attempt, (params)));
        assertFalse(done);
        assertEq(bytes4(answer), bytes4(0x473da07e));
    }

    function test_far_in_the_money_a_close_is_forced_and_the_limit_still_holds() public {
        uint256 fair = account.termsOf(market, STRIKE, true).fairPremium;
        _tradeOption("open", _option(STRIKE, true, 3e18, fair + 50e8));
        ethFeed.push(3500e8);
        _setLyraPrice(3500, false);
        account.refreshGreeks();
        uint256 cash = usdx.balanceOf(address(account));
        uint256 worth = account.termsOf(market, STRIKE, true).fairPremium;
        _tradeOption("close", _option(STRIKE, true, -3e18, worth - 80e8));
        assertGt(usdx.balanceOf(address(account)) - cash, 3 * 1400e6);
    }

    function test_an_option_that_ends_in_the_money_is_paid_and_the_payout_comes_home() public {
        uint256 fair = account.termsOf(market, STRIKE, true).fairPremium;
        _tradeOption("open", _option(STRIKE, true, 4e18, fair + 50e8));
        _expire(2500);
        uint256 cash = usdx.balanceOf(address(account));
        vm.prank(makeAddr("stranger"));
        assertEq(account.settleExpired(), 1);
        assertEq(account.settleExpired(), 0);
        assertEq(susd.balanceOf(address(account)), 4 * 500e18);
        assertEq(account.longOf(market, STRIKE, true), 0);
        assertEq(account.held(address(usdx)), cash + 4 * 500e6 * 99 / 100, "a payout less what changing it may cost");
        assertFalse(account.isExact(), "while it lies there");
        _margin("out", -int256(account.held(address(usdx))));
        assertEq(susd.balanceOf(address(account)), 0);
        assertTrue(account.isExact());
        assertGt(usdx.balanceOf(address(account)), 4 * 500e6 / 200, "what changing it did not cost");
    }

    function test_an_option_that_ends_worthless_leaves_nothing_behind() public {
        uint256 fair = account.termsOf(market, STRIKE, true).fairPremium;
        _tradeOption("open", _option(STRIKE, true, 4e18, fair + 50e8));
        _expire(1500);
        uint256 cash = usdx.balanceOf(address(account));
        assertEq(account.settleExpired(), 1);
        assertEq(account.held(address(usdx)), cash);
        assertTrue(account.isExact());
        _margin("out", -int256(cash));
        assertEq(account.openPositions().length, 1, "forgotten with the next collection or trade");
    }

    function test_a_payout_counts_nothing_while_its_price_is_old_and_is_not_changed_then() public {
        _payout();
        uint256 cash = usdx.balanceOf(address(account));
        // Every feed but that of the quote token.
        _pass(61);
        assertEq(account.held(address(usdx)), cash);
        (bool done, bytes memory answer) = address(this).call(abi.encodeCall(this.move, (-int256(cash + 1))));
        assertFalse(done);
        assertEq(bytes4(answer), LyraCash.LyraV1Adapter_QuotePriceStale.selector);
        _margin("cash only", -int256(cash));
    }

    function test_a_payout_is_not_changed_far_from_its_feed() public {
        _payout();
        susdFeed.push(1.05e8);
        uint256 held = account.held(address(usdx));
        (bool done, bytes memory answer) = address(this).call(abi.encodeCall(this.move, (-int256(held))));
        assertFalse(done, "the pool gives par, the feed says 1.05");
        assertEq(string(_message(answer)), "Too little received");
    }

    function test_gifts_neither_count_as_positions_nor_close_the_shares() public {
        susd.mint(address(this), 1000e18);
        susd.approve(market, type(uint256).max);
        ILyraOptionMarket.TradeInputParameters memory params = ILyraOptionMarket.TradeInputParameters({
            strikeId: STRIKE,
            positionId: 0,
            iterations: 1,
            optionType: 0,
            amount: 1e18,
            setCollateralTo: 0,
            minTotalCost: 0,
            maxTotalCost: 1000e18
        });
        uint256 positionId = ILyraOptionMarket(market).openPosition(params).positionId;
        ILyraToken(optionToken).transferFrom(address(this), address(account), positionId);
        assertTrue(susd.transfer(address(account), 100e18));
        assertEq(account.longOf(market, STRIKE, true), 0);
        assertTrue(account.isExact());
    }

    function test_other_markets_other_assets_and_what_is_not_there_are_refused() public {
        OptionTradeParams memory params = _option(STRIKE, true, 1e18, 250e8);
        params.market = address(usdx);
        _expectRevertOfTrade(
            params, abi.encodeWithSelector(IOptionVenue.OptionVenue_UnknownMarket.selector, address(usdx))
        );
        uint256 fair = account.termsOf(market, STRIKE, true).fairPremium;
        _expectRevertOfTrade(
            _option(STRIKE, true, -1e18, fair),
            abi.encodeWithSelector(LyraV1Adapter.LyraV1Adapter_NoPosition.selector, STRIKE, true)
        );
        uint256 cash = usdx.balanceOf(address(account));
        vm.startPrank(address(desk));
        vm.expectRevert(abi.encodeWithSelector(LyraV1Adapter.LyraV1Adapter_NotEnoughCash.selector, cash, cash + 1));
        account.take(address(usdx), cash + 1);
        vm.expectRevert(abi.encodeWithSelector(LyraCash.LyraV1Adapter_OnlyCash.selector, address(weth)));
        account.put(address(weth), 1);
    }

    function attempt(OptionTradeParams memory params) external {
        _tradeOption("refused", params);
    }

    function move(int256 amount) external {
        _margin("refused", amount);
    }

    function _expectOutside(OptionTradeParams memory params, uint256 limit) private {
        _expectRevertOfTrade(
            params, abi.encodeWithSelector(IVenueDesk.VenueDesk_PriceOutsideLimit.selector, params.worstPremium, limit)
        );
    }

    /// @dev To the board's end, with a price for everything then.
    function _expire(uint256 price) private {
        _passWithPrices(BOARD_DAYS * 1 days);
        ethFeed.push(int256(price * 1e8));
        _setLyraPrice(price, false);
    }

    function _payout() private {
        _tradeOption("open", _option(STRIKE, true, 4e18, account.termsOf(market, STRIKE, true).fairPremium + 50e8));
        _expire(2500);
        account.settleExpired();
    }

    /// @dev The text of a revert with a reason: after the selector.
    function _message(bytes memory answer) private pure returns (string memory) {
        bytes memory body = new bytes(answer.length - 4);
        for (uint256 i = 0; i < body.length; i++) {
            body[i] = answer[i + 4];
        }
        return abi.decode(body, (string));
    }
}
