// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IOptionBook} from "riskshard/interfaces/IOptionBook.sol";
import {IPriceFeed} from "riskshard/interfaces/IPriceFeed.sol";
import {SettablePriceFeed} from "riskshard-local/SettablePriceFeed.sol";
import {OptionQuote, Series} from "riskshard/types/OptionQuote.sol";
import {ShardFixture} from "./support/ShardFixture.sol";

contract OptionBookSettleTest is ShardFixture {
    uint64 private constant EXPIRY = uint64(START + 7 days);
    address private writer = makeAddr("writer");

    function test_settles_calls_at_the_last_round_before_expiry() public {
        bytes32 id = _trade(_quote(true, true, 2000e8, 3e18, 900e6));
        uint80 round = _pushAround(2100e8, 2500e8);
        uint256 before = usdx.balanceOf(address(vault));
        vm.expectEmit(address(book));
        emit IOptionBook.SeriesSettled(id, 2100e8, round, 300e6, 0);
        book.settle(id, round);
        assertEq(usdx.balanceOf(address(vault)), before - 300e6);
        assertEq(book.liveSeriesCount(), 0);
        assertEq(book.expiryNotional(EXPIRY), 0);
        assertEq(vault.liabilities(), 0);
        assertTrue(book.series(id).settled);
        assertEq(book.series(id).settlementPrice, 2100e8);

        uint256 takerBefore = usdx.balanceOf(taker);
        vm.expectEmit(address(book));
        emit IOptionBook.Claimed(id, taker, 300e6);
        assertEq(book.claim(id, taker), 300e6);
        assertEq(usdx.balanceOf(taker), takerBefore + 300e6);
    }

    function test_a_round_at_the_very_second_of_expiry_counts() public {
        bytes32 id = _trade(_quote(true, true, 2000e8, 1e18, 200e6));
        vm.warp(EXPIRY);
        uint80 round = ethFeed.push(2150e8);
        vm.warp(EXPIRY + 1);
        ethFeed.push(2500e8);
        book.settle(id, round);
        assertEq(book.series(id).settlementPrice, 2150e8);
    }

    function test_a_written_put_pays_the_vault_and_returns_the_rest() public {
        bytes32 id = _write(2000e8, 3e18, 100e6);
        uint80 round = _pushAround(1900e8, 1e8);
        uint256 before = usdx.balanceOf(address(vault));
        book.settle(id, round);
        assertEq(usdx.balanceOf(address(vault)), before + 300e6);
        assertEq(book.claim(id, writer), 5700e6);
        assertEq(usdx.balanceOf(address(book)), 0);
    }

    function test_both_sides_of_one_series_settle_at_once() public {
        bytes32 id = _trade(_quote(false, true, 2000e8, 5e18, 1000e6));
        _write(2000e8, 2e18, 100e6);
        uint80 round = _pushAround(1900e8, 1e8);
        vm.expectEmit(address(book));
        emit IOptionBook.SeriesSettled(id, 1900e8, round, 500e6, 200e6);
        book.settle(id, round);
        assertEq(book.claim(id, taker), 500e6);
        assertEq(book.claim(id, writer), 4000e6 - 200e6);
        assertEq(usdx.balanceOf(address(book)), 0);
    }

    function test_the_vault_may_pay_with_what_the_writers_owe_it() public {
        bytes32 id = _trade(_quote(false, true, 2000e8, 5e18, 1000e6));
        _write(2000e8, 5e18, 100e6);
        uint256 cash = usdx.balanceOf(address(vault));
        vm.prank(address(vault));
        usdx.transfer(address(1), cash);
        uint80 round = _pushAround(1900e8, 1e8);
        book.settle(id, round);
        assertEq(usdx.balanceOf(address(vault)), 0);
        assertEq(book.claim(id, taker), 500e6);
    }

    function test_settlement_waits_until_the_vault_has_the_money() public {
        bytes32 id = _trade(_quote(true, true, 2000e8, 3e18, 900e6));
        uint256 cash = usdx.balanceOf(address(vault));
        vm.prank(address(vault));
        usdx.transfer(depositor, cash);
        uint80 round = _pushAround(2100e8, 2500e8);
        vm.expectRevert(
            abi.encodeWithSignature("ERC20InsufficientBalance(address,uint256,uint256)", address(vault), 0, 300e6)
        );
        book.settle(id, round);
        assertEq(book.liveSeriesCount(), 1);
        vm.prank(depositor);
        usdx.transfer(address(vault), 300e6);
        book.settle(id, round);
        assertEq(book.claim(id, taker), 300e6);
    }

    function test_an_option_that_ends_worthless_pays_nothing_and_frees_the_writer() public {
        bytes32 call = _trade(_quote(true, true, 2000e8, 3e18, 200e6));
        bytes32 put = _write(2000e8, 1e18, 10e6);
        uint80 round = _pushAround(2000e8, 1e8);
        book.settle(call, round);
        book.settle(put, round);
        assertEq(book.claim(call, taker), 0);
        assertEq(book.claim(put, writer), 2000e6);
    }

    function test_settlement_and_claims_go_on_while_paused_and_on_stale_feeds() public {
        bytes32 id = _trade(_quote(true, true, 2000e8, 3e18, 900e6));
        uint80 round = _pushAround(2100e8, 2500e8);
        skip(1 days);
        vm.prank(guardian);
        vault.pause();
        book.settle(id, round);
        assertEq(book.claim(id, taker), 300e6);
    }

    function test_rejects_a_round_that_is_not_the_last_one() public {
        bytes32 id = _trade(_quote(true, true, 2000e8, 1e18, 200e6));
        vm.warp(EXPIRY - 100);
        uint80 early = ethFeed.push(2300e8);
        vm.warp(EXPIRY - 10);
        uint80 last = ethFeed.push(2100e8);
        vm.warp(EXPIRY + 5);
        uint80 late = ethFeed.push(2500e8);
        vm.warp(EXPIRY + 50);
        ethFeed.push(2600e8);
        vm.expectRevert(
            abi.encodeWithSelector(IOptionBook.OptionBook_WrongRound.selector, early, EXPIRY - 100, EXPIRY - 10, EXPIRY)
        );
        book.settle(id, early);
        vm.expectRevert(
            abi.encodeWithSelector(IOptionBook.OptionBook_WrongRound.selector, late, EXPIRY + 5, EXPIRY + 50, EXPIRY)
        );
        book.settle(id, late);
        book.settle(id, last);
    }

    function testFuzz_exactly_one_round_settles_a_series(uint32[8] memory gaps) public {
        bytes32 id = _trade(_quote(true, true, 2000e8, 1e18, 200e6));
        vm.warp(EXPIRY - 400);
        uint80 first = ethFeed.push(2000e8);
        uint80 last = first;
        for (uint256 i = 0; i < gaps.length; i++) {
            skip(gaps[i] % 200);
            uint80 round = ethFeed.push(2000e8);
            if (block.timestamp <= EXPIRY) last = round;
        }
        vm.warp(block.timestamp > EXPIRY ? block.timestamp : EXPIRY + 1);
        uint80 end = ethFeed.push(2000e8);
        for (uint80 round = first; round <= end; round++) {
            if (round == last) continue;
            vm.expectRevert();
            book.settle(id, round);
        }
        book.settle(id, last);
    }

    function test_waits_for_the_round_after_expiry() public {
        bytes32 id = _trade(_quote(true, true, 2000e8, 1e18, 200e6));
        vm.warp(EXPIRY + 1);
        vm.expectRevert(abi.encodeWithSelector(IOptionBook.OptionBook_NextRoundMissing.selector, 1));
        book.settle(id, 1);
        ethFeed.push(2200e8);
        book.settle(id, 1);
    }

    function test_rejects_a_round_that_does_not_exist() public {
        bytes32 id = _trade(_quote(true, true, 2000e8, 1e18, 200e6));
        _pushAround(2100e8, 2500e8);
        vm.expectRevert(abi.encodeWithSelector(SettablePriceFeed.SettablePriceFeed_NoRound.selector, 0));
        book.settle(id, 0);
    }

    function test_rejects_a_feed_that_answers_zeros_for_a_round_it_does_not_have() public {
        bytes32 id = _trade(_quote(true, true, 2000e8, 1e18, 200e6));
        uint80 round = _pushAround(2100e8, 2500e8);
        bytes memory zeros = abi.encode(uint80(round + 1), int256(0), uint256(0), uint256(0), uint80(0));
        vm.mockCall(address(ethFeed), abi.encodeCall(IPriceFeed.getRoundData, (round + 1)), zeros);
        vm.expectRevert(abi.encodeWithSelector(IOptionBook.OptionBook_NextRoundMissing.selector, round));
        book.settle(id, round);
        vm.clearMockedCalls();
        vm.mockCall(address(ethFeed), abi.encodeCall(IPriceFeed.getRoundData, (round)), zeros);
        vm.expectPartialRevert(IOptionBook.OptionBook_WrongRound.selector);
        book.settle(id, round);
    }

    function test_rejects_a_price_that_is_not_positive() public {
        bytes32 id = _trade(_quote(true, true, 2000e8, 1e18, 200e6));
        uint80 round = _pushAround(-1, 2500e8);
        vm.expectRevert(abi.encodeWithSelector(IOptionBook.OptionBook_BadPrice.selector, round, int256(-1)));
        book.settle(id, round);
    }

    function test_rejects_what_is_not_expired_not_live_or_settled_already() public {
        bytes32 id = _trade(_quote(true, true, 2000e8, 1e18, 200e6));
        vm.warp(EXPIRY);
        vm.expectRevert(abi.encodeWithSelector(IOptionBook.OptionBook_NotExpired.selector, EXPIRY, EXPIRY));
        book.settle(id, 1);
        vm.expectRevert(abi.encodeWithSelector(IOptionBook.OptionBook_SeriesNotLive.selector, bytes32("none")));
        book.settle("none", 1);
        uint80 round = _pushAround(2100e8, 2500e8);
        book.settle(id, round);
        vm.expectRevert(abi.encodeWithSelector(IOptionBook.OptionBook_SeriesNotLive.selector, id));
        book.settle(id, round);
    }

    function test_claims_once_and_only_after_settlement() public {
        bytes32 id = _trade(_quote(true, true, 2000e8, 1e18, 200e6));
        vm.expectRevert(abi.encodeWithSelector(IOptionBook.OptionBook_NotSettled.selector, id));
        book.claim(id, taker);
        book.settle(id, _pushAround(2100e8, 2500e8));
        book.claim(id, taker);
        vm.expectRevert(abi.encodeWithSelector(IOptionBook.OptionBook_NothingToClaim.selector, id, taker));
        book.claim(id, taker);
        vm.expectRevert(abi.encodeWithSelector(IOptionBook.OptionBook_NothingToClaim.selector, id, writer));
        book.claim(id, writer);
    }

    /// @dev Any crowd, any price: money is conserved to the unit, every claim is met, and only rounding dust stays behind.
    function testFuzz_money_is_conserved_through_settlement(
        uint96[4] memory longs,
        uint96[4] memory shorts,
        uint64 strike,
        uint64 price
    ) public {
        strike = uint64(bound(strike, 1e8, 4000e8));
        price = uint64(bound(price, 1, 6000e8));
        address[8] memory accounts;
        bytes32 id;
        for (uint256 i = 0; i < 4; i++) {
            accounts[i] = makeAddr(string.concat("long", vm.toString(i)));
            accounts[i + 4] = makeAddr(string.concat("short", vm.toString(i)));
            uint128 long = uint128(bound(longs[i], 1, 50e18));
            uint128 short = uint128(bound(shorts[i], 1, 50e18));
            id = _tradeFor(accounts[i], true, strike, long);
            _tradeFor(accounts[i + 4], false, strike, short);
        }
        uint256 supply = usdx.totalSupply();
        uint256 locked = usdx.balanceOf(address(book));
        uint256 vaultBefore = usdx.balanceOf(address(vault));
        Series memory record = book.series(id);
        book.settle(id, _pushAround(int256(uint256(price)), 1e8));

        uint256 claimed;
        for (uint256 i = 0; i < 8; i++) {
            claimed += book.claim(id, accounts[i]);
        }
        uint256 dust = usdx.balanceOf(address(book));
        uint256 vaultAfter = usdx.balanceOf(address(vault));
        assertEq(usdx.totalSupply(), supply);
        assertEq(claimed + vaultAfter + dust, locked + vaultBefore, "nothing appears or disappears");
        // One unit at most per account: longs are rounded down, writers' debts up.
        assertLe(dust, 8);
        uint256 payoff = price < strike ? strike - price : 0;
        uint256 paid = record.takersLong * payoff / 1e20;
        uint256 received = Math.ceilDiv(record.takersShort * payoff, 1e20);
        assertEq(vaultAfter, vaultBefore + received - paid, "both roundings favour the vault");
    }

    function _tradeFor(address account, bool vaultSells, uint128 strike, uint128 quantity) private returns (bytes32) {
        // A sale at twice what intrinsic could be, a purchase for nothing: premiums are not the subject here.
        uint256 premium = vaultSells ? uint256(quantity) * 4000e8 / 1e20 + 1 : 0;
        OptionQuote memory quote = _quote(false, vaultSells, strike, quantity, premium);
        quote.taker = account;
        return _trade(quote);
    }

    function _write(uint128 strike, uint128 quantity, uint256 premium) private returns (bytes32) {
        OptionQuote memory quote = _quote(false, false, strike, quantity, premium);
        quote.taker = writer;
        return _trade(quote);
    }

    /// @dev One round just before expiry and one just after.
    /// @return round The one before.
    function _pushAround(int256 before, int256 afterwards) private returns (uint80 round) {
        vm.warp(EXPIRY - 1);
        round = ethFeed.push(before);
        vm.warp(EXPIRY + 1);
        ethFeed.push(afterwards);
    }
}
