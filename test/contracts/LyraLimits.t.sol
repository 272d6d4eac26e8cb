// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Vm} from "forge-std/Vm.sol";
import {IShardVaultAdmin} from "riskshard/interfaces/IShardVaultAdmin.sol";
import {IVenueDesk} from "riskshard/interfaces/IVenueDesk.sol";
import {ILyraSetup, LyraFixture} from "./support/LyraFixture.sol";

/// @notice What limits and figures hold when payouts, premiums and caps meet in one account, on the unmodified Lyra V1.
contract LyraLimitsTest is LyraFixture {
    uint256 private constant STRIKE = 2;
    /// @dev The same strike price on a board that ends later.
    uint256 private constant LATER = 4;

    function setUp() public override {
        super.setUp();
        _margin("fund", 50_000e6);
    }

    function test_with_a_cap_of_zero_longs_are_only_closed() public {
        uint256 fair = account.termsOf(market, STRIKE, true).fairPremium;
        _tradeOption("open", _option(STRIKE, true, 5e18, fair + 50e8));
        _setCap(0);
        _expectRevertOfTrade(
            _option(STRIKE, true, 1e18, fair + 50e8),
            abi.encodeWithSelector(IVenueDesk.VenueDesk_OnlyReduces.selector, address(account))
        );
        _tradeOption("close", _option(STRIKE, true, -5e18, fair - 50e8));
        _margin("out", -int256(account.held(address(usdx))));
        assertEq(account.held(address(usdx)), 0);
    }

    function test_cash_spent_on_options_makes_no_room_under_the_cap() public {
        _setCap(50_000e6);
        uint256 fair = account.termsOf(market, STRIKE, true).fairPremium;
        _tradeOption("open", _option(STRIKE, true, 20e18, fair + 60e8));
        _expectRevertOfMargin(
            _marginMove(1000e6, 0),
            abi.encodeWithSelector(IVenueDesk.VenueDesk_CapExceeded.selector, address(account), 51_000e6, 50_000e6)
        );
    }

    function test_the_cap_begins_anew_from_what_is_there_once_no_option_is_left() public {
        _setCap(50_000e6);
        uint256 fair = account.termsOf(market, STRIKE, true).fairPremium;
        _tradeOption("open", _option(STRIKE, true, 5e18, fair + 50e8));
        _tradeOption("close", _option(STRIKE, true, -5e18, fair - 50e8));
        uint256 room = 50_000e6 - account.held(address(usdx));
        assertGt(room, 0);
        _margin("refill", int256(room));
        assertEq(account.held(address(usdx)), 50_000e6);
    }

    function test_a_payout_is_no_part_of_what_a_trade_in_the_same_call_costs_or_brings() public {
        _openTwoBoardsAndEndTheFirst();
        assertEq(susd.balanceOf(address(account)), 4 * 500e18);
        uint256 worth = account.termsOf(market, LATER, true).fairPremium;
        vm.recordLogs();
        _tradeOption("close", _option(LATER, true, -2e18, worth - 70e8));
        uint256 amount = _tradedAmount();
        assertGt(amount, 2 * (worth - 70e8) / 100);
        assertLt(amount, 2 * worth / 100);
        assertEq(susd.balanceOf(address(account)), 0, "the payout came home all the same");
    }

    function test_a_payout_does_not_hide_what_an_option_costs() public {
        _openTwoBoardsAndEndTheFirst();
        uint256 worth = account.termsOf(market, LATER, true).fairPremium;
        vm.recordLogs();
        _tradeOption("grow", _option(LATER, true, 1e18, worth + 70e8));
        assertGt(_tradedAmount(), worth / 100);
    }

    function test_anyone_brings_a_payout_home_and_opens_the_shares_but_not_while_paused() public {
        _tradeOption("open", _option(STRIKE, true, 4e18, account.termsOf(market, STRIKE, true).fairPremium + 50e8));
        _end(1500);
        assertEq(account.settleExpired(), 1);
        // A hundredth of a cent closes the shares after an end without a payout.
        susd.mint(address(account), 0.0001e18);
        assertFalse(account.isExact());
        assertEq(vault.maxRedeem(depositor), 0);
        vm.prank(guardian);
        vault.pause();
        vm.expectRevert(IShardVaultAdmin.ShardVault_Paused.selector);
        account.collect();
        vm.prank(admin);
        vault.unpause();
        vm.prank(makeAddr("stranger"));
        account.collect();
        assertTrue(account.isExact());
        assertGt(vault.maxRedeem(depositor), 0);
        assertEq(account.openPositions().length, 0);
    }

    function test_what_a_stranger_collects_is_changed_near_its_feed_and_only_at_fresh_prices() public {
        _tradeOption("open", _option(STRIKE, true, 4e18, account.termsOf(market, STRIKE, true).fairPremium + 50e8));
        _end(2500);
        account.settleExpired();
        uint256 fair = account.held(address(usdx));
        susdFeed.push(1.05e8);
        vm.expectRevert("Too little received");
        account.collect();
        susdFeed.push(1e8);
        skip(61);
        susdFeed.push(1e8);
        (bool done,) = address(account).call(abi.encodeCall(account.collect, ()));
        assertFalse(done, "the settlement asset's own feed is old");
        _passWithPrices(1);
        account.collect();
        assertGe(account.held(address(usdx)), fair);
        assertTrue(account.isExact());
    }

    function _end(uint256 price) private {
        _passWithPrices(BOARD_DAYS * 1 days);
        ethFeed.push(int256(price * 1e8));
        _setLyraPrice(price, false);
    }

    /// @dev Four calls that end 500 in the money and are paid, and two on a board that ends four weeks later.
    function _openTwoBoardsAndEndTheFirst() private {
        _tradeOption("first", _option(STRIKE, true, 4e18, account.termsOf(market, STRIKE, true).fairPremium + 50e8));
        uint256[] memory strikes = new uint256[](1);
        uint256[] memory skews = new uint256[](1);
        (strikes[0], skews[0]) = (2500e18, 1e18);
        ILyraSetup(market).createOptionBoard(block.timestamp + 2 * BOARD_DAYS * 1 days, 1e18, strikes, skews, false);
        account.noteStrikes();
        _passWithPrices(MEAN_SECONDS);
        account.refreshGreeks();
        _tradeOption("second", _option(LATER, true, 2e18, account.termsOf(market, LATER, true).fairPremium + 50e8));
        _end(2500);
        account.settleExpired();
        account.refreshGreeks();
    }

    function _tradedAmount() private returns (uint256 amount) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; i++) {
            if (logs[i].topics[0] != IVenueDesk.OptionTraded.selector) continue;
            (,,,, amount) = abi.decode(logs[i].data, (address, uint256, bool, int256, uint256));
        }
    }
}
