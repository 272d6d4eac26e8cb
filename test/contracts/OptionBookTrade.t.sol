// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IOptionBook} from "riskshard/interfaces/IOptionBook.sol";
import {BookPolicy, IOptionBookAdmin, Listing} from "riskshard/interfaces/IOptionBookAdmin.sol";
import {IShardVault} from "riskshard/interfaces/IShardVault.sol";
import {OptionQuote, Series} from "riskshard/types/OptionQuote.sol";
import {ShardFixture} from "./support/ShardFixture.sol";

contract OptionBookTradeTest is ShardFixture {
    /// @dev Upper bound of one week's time value of an option on 2000 USD at 300 %: 2000 x 3 x sqrt(7 / 365)
    /// / sqrt(2 pi) = 331.48501757154 USD; rounded down to settlement-asset units.
    uint256 private constant TIME_VALUE_BOUND = 331_485_017;

    function test_a_sale_moves_the_premium_to_the_vault_and_opens_the_series() public {
        OptionQuote memory quote = _quote(true, true, 2000e8, 3e18, 250e6);
        bytes32 id = book.seriesIdOf(address(weth), true, quote.expiry, 2000e8);
        assertEq(id, keccak256(abi.encodePacked(address(weth), true, quote.expiry, uint128(2000e8))));
        bytes memory signature = _signQuote(quote);
        _fund(taker);
        vm.expectEmit(address(book));
        emit IOptionBook.OptionTraded(id, taker, address(weth), true, true, quote.expiry, 2000e8, 3e18, 250e6, 0);
        vm.prank(taker);
        book.trade(quote, signature);
        assertEq(usdx.balanceOf(address(vault)), FUNDS + 250e6);
        assertEq(book.longOf(id, taker), 3e18);
        Series[] memory live = book.liveSeries();
        assertEq(live.length, 1);
        assertEq(live[0].id, id);
        assertEq(live[0].takersLong, 3e18);
        assertEq(live[0].takersShort, 0);
    }

    function test_liability_is_intrinsic_plus_margin_rounded_up() public {
        _trade(_quote(true, true, 1900e8, 3e18 + 1, 400e6));
        // (100 + 10 % of 2000) x 3, and one unit for the last 1e-18 of an option.
        assertEq(book.liabilities(), 900e6 + 1);
        assertEq(vault.liabilities(), 900e6 + 1);
        assertEq(vault.capital(), int256(FUNDS + 400e6) - 900e6 - 1);
        ethFeed.push(1800e8);
        assertEq(book.liabilities(), 540e6 + 1, "margin only, out of the money");
    }

    function test_liability_is_netted_within_a_series_only() public {
        _trade(_quote(false, true, 2000e8, 5e18, 1000e6));
        OptionQuote memory quote = _quote(false, false, 2000e8, 2e18, 100e6);
        quote.taker = makeAddr("writer");
        _trade(quote);
        assertEq(book.liabilities(), 600e6, "three of five");
        quote = _quote(false, false, 1900e8, 50e18, 100e6);
        quote.taker = makeAddr("writer");
        _trade(quote);
        assertEq(book.liabilities(), 600e6, "a long of another strike covers nothing");
    }

    function test_a_buyer_of_a_second_series_of_another_underlying_adds_its_liability() public {
        _trade(_quote(true, true, 2000e8, 1e18, 200e6));
        OptionQuote memory quote = _quote(false, true, 40_000e8, 1e18, 4000e6);
        quote.underlying = address(btc);
        _trade(quote);
        assertEq(book.liabilities(), 200e6 + 4000e6);
    }

    function test_selling_back_closes_a_long_and_drops_a_flat_series() public {
        bytes32 id = _trade(_quote(true, true, 2000e8, 3e18, 250e6));
        uint256 before = usdx.balanceOf(taker);
        _trade(_quote(true, false, 2000e8, 1e18, 60e6));
        assertEq(usdx.balanceOf(taker), before + 60e6);
        assertEq(book.longOf(id, taker), 2e18);
        _trade(_quote(true, false, 2000e8, 2e18, 100e6));
        assertEq(book.liveSeriesCount(), 0);
        assertEq(book.expiryNotional(uint64(START + 7 days)), 0);
        _trade(_quote(true, true, 2000e8, 1e18, 100e6));
        assertEq(book.liveSeriesCount(), 1, "the same series opens again");
    }

    function test_writing_a_put_locks_the_whole_strike_rounded_up() public {
        OptionQuote memory quote = _quote(false, false, 1950e8, 2e18 + 1, 100e6);
        bytes32 id = book.seriesIdOf(address(weth), false, quote.expiry, 1950e8);
        bytes memory signature = _signQuote(quote);
        _fund(taker);
        uint256 before = usdx.balanceOf(taker);
        vm.expectEmit(address(book));
        emit IOptionBook.OptionTraded(
            id, taker, address(weth), false, false, quote.expiry, 1950e8, 2e18 + 1, 100e6, 3900e6 + 1
        );
        vm.prank(taker);
        book.trade(quote, signature);
        assertEq(book.collateralOf(id, taker), 3900e6 + 1);
        assertEq(usdx.balanceOf(address(book)), 3900e6 + 1);
        assertEq(usdx.balanceOf(taker), before + 100e6 - 3900e6 - 1);
        assertEq(book.shortOf(id, taker), 2e18 + 1);
        assertEq(book.liabilities(), 0, "the vault is long");
    }

    function test_buying_back_unlocks_collateral() public {
        bytes32 id = _trade(_quote(false, false, 2000e8, 2e18, 100e6));
        uint256 before = usdx.balanceOf(taker);
        _trade(_quote(false, true, 2000e8, 3e18, 300e6));
        assertEq(book.shortOf(id, taker), 0);
        assertEq(book.longOf(id, taker), 1e18);
        assertEq(usdx.balanceOf(address(book)), 0);
        assertEq(usdx.balanceOf(taker), before - 300e6 + 4000e6);
    }

    function test_selling_more_than_the_long_turns_into_writing() public {
        bytes32 id = _trade(_quote(false, true, 2000e8, 1e18, 100e6));
        _trade(_quote(false, false, 2000e8, 3e18, 100e6));
        assertEq(book.longOf(id, taker), 0);
        assertEq(book.shortOf(id, taker), 2e18);
        assertEq(usdx.balanceOf(address(book)), 4000e6);
    }

    function test_calls_cannot_be_written() public {
        _trade(_quote(true, true, 2000e8, 1e18, 100e6));
        _expectRevert(
            _quote(true, false, 2000e8, 1e18 + 1, 50e6),
            abi.encodeWithSelector(IOptionBook.OptionBook_OnlyPutsCanBeWritten.selector, 1e18 + 1, 1e18)
        );
    }

    function test_only_the_named_taker_uses_a_quote() public {
        OptionQuote memory quote = _quote(true, true, 2000e8, 1e18, 100e6);
        bytes memory signature = _signQuote(quote);
        vm.expectRevert(abi.encodeWithSelector(IOptionBook.OptionBook_WrongTaker.selector, taker, address(this)));
        book.trade(quote, signature);
    }

    function test_only_the_quoters_signature_counts() public {
        OptionQuote memory quote = _quote(true, true, 2000e8, 1e18, 100e6);
        bytes memory signature = _signOne(_quoteDigest(quote), signerKeys[0]);
        vm.expectRevert(
            abi.encodeWithSelector(
                IOptionBook.OptionBook_WrongQuoter.selector, vm.addr(signerKeys[0]), vm.addr(quoterKey)
            )
        );
        vm.prank(taker);
        book.trade(quote, signature);
    }

    function testFuzz_any_changed_field_breaks_the_signature(uint8 field) public {
        OptionQuote memory quote = _quote(false, true, 2000e8, 1e18, 100e6);
        bytes memory signature = _signQuote(quote);
        uint256 which = field % 8;
        if (which == 0) quote.underlying = address(btc);
        else if (which == 1) quote.isCall = true;
        else if (which == 2) quote.vaultSells = false;
        else if (which == 3) quote.expiry += 1;
        else if (which == 4) quote.strike += 1;
        else if (which == 5) quote.quantity += 1;
        else if (which == 6) quote.premium -= 1;
        else quote.nonce += 1000;
        vm.expectPartialRevert(IOptionBook.OptionBook_WrongQuoter.selector);
        vm.prank(taker);
        book.trade(quote, signature);
    }

    function test_a_quote_is_used_once_in_any_order() public {
        OptionQuote memory first = _quote(true, true, 2000e8, 1e18, 100e6);
        OptionQuote memory second = _quote(true, true, 2000e8, 1e18, 100e6);
        _trade(second);
        _trade(first);
        assertTrue(book.nonceUsed(vm.addr(quoterKey), first.nonce));
        _expectRevert(
            second, abi.encodeWithSelector(IOptionBook.OptionBook_NonceUsed.selector, vm.addr(quoterKey), second.nonce)
        );
    }

    function test_a_former_quoters_quotes_are_void() public {
        OptionQuote memory quote = _quote(true, true, 2000e8, 1e18, 100e6);
        vm.prank(admin);
        book.setQuoter(makeAddr("next quoter"));
        _expectRevert(
            quote,
            abi.encodeWithSelector(
                IOptionBook.OptionBook_WrongQuoter.selector, vm.addr(quoterKey), makeAddr("next quoter")
            )
        );
    }

    function test_rejects_a_quote_after_its_deadline_and_an_expired_series() public {
        OptionQuote memory quote = _quote(true, true, 2000e8, 1e18, 100e6);
        _pass(31);
        _expectRevert(
            quote, abi.encodeWithSelector(IOptionBook.OptionBook_QuoteExpired.selector, quote.deadline, block.timestamp)
        );
        quote = _quote(true, true, 2000e8, 1e18, 100e6);
        quote.expiry = uint64(block.timestamp);
        _expectRevert(
            quote, abi.encodeWithSelector(IOptionBook.OptionBook_SeriesExpired.selector, quote.expiry, block.timestamp)
        );
    }

    function test_rejects_what_is_not_listed_and_what_is_empty() public {
        OptionQuote memory quote = _quote(true, true, 2000e8, 1e18, 100e6);
        quote.underlying = address(usdx);
        _expectRevert(quote, abi.encodeWithSelector(IOptionBook.OptionBook_UnderlyingNotListed.selector, address(usdx)));
        _expectRevert(
            _quote(true, true, 0, 1e18, 2000e6), abi.encodeWithSelector(IOptionBook.OptionBook_ZeroStrike.selector)
        );
        _expectRevert(
            _quote(true, true, 2000e8, 0, 0), abi.encodeWithSelector(IOptionBook.OptionBook_ZeroQuantity.selector)
        );
        vm.prank(admin);
        book.setListing(Listing(address(weth), 0));
        _expectRevert(
            _quote(true, true, 2000e8, 1e18, 100e6),
            abi.encodeWithSelector(IOptionBook.OptionBook_UnderlyingNotListed.selector, address(weth))
        );
    }

    function test_rejects_trades_while_the_vault_is_paused_or_a_feed_is_stale() public {
        skip(61);
        _expectRevert(
            _quote(true, true, 2000e8, 1e18, 100e6),
            abi.encodeWithSelector(IShardVault.ShardVault_PriceStale.selector, address(usdx), START, START + 61)
        );
        vm.prank(guardian);
        vault.pause();
        _expectRevert(
            _quote(true, true, 2000e8, 1e18, 100e6), abi.encodeWithSelector(IOptionBook.OptionBook_VaultPaused.selector)
        );
    }

    function test_a_quote_dies_once_spot_leaves_its_limits() public {
        OptionQuote memory quote = _quote(true, true, 2000e8, 1e18, 100e6);
        (quote.spotMin, quote.spotMax) = (1990e8, 2010e8);
        bytes4 selector = IOptionBook.OptionBook_SpotMoved.selector;
        ethFeed.push(1990e8 - 1);
        _expectRevert(quote, abi.encodeWithSelector(selector, 1990e8 - 1, 1990e8, 2010e8));
        ethFeed.push(2010e8 + 1);
        _expectRevert(quote, abi.encodeWithSelector(selector, 2010e8 + 1, 1990e8, 2010e8));
        ethFeed.push(2010e8);
        _trade(quote);
    }

    function test_a_sale_is_never_below_intrinsic_rounded_up() public {
        _expectRevert(
            _quote(true, true, 1900e8, 1e18 + 1, 100e6),
            abi.encodeWithSelector(IOptionBook.OptionBook_PremiumTooLow.selector, 100e6, 100e6 + 1)
        );
        _trade(_quote(true, true, 1900e8, 1e18 + 1, 100e6 + 1));
    }

    function test_a_purchase_is_never_above_the_bound_rounded_down() public {
        OptionQuote memory quote = _quote(false, false, 2000e8, 1e18, TIME_VALUE_BOUND);
        quote.premium = TIME_VALUE_BOUND + 1;
        _expectRevert(
            quote,
            abi.encodeWithSelector(
                IOptionBook.OptionBook_PremiumTooHigh.selector, TIME_VALUE_BOUND + 1, TIME_VALUE_BOUND
            )
        );
        quote.premium = TIME_VALUE_BOUND;
        _trade(quote);
    }

    function test_the_quoters_worst_case_is_bounded_and_drains() public {
        BookPolicy memory policy = book.policy();
        policy.quoterWindowCap = 1000e6;
        vm.prank(admin);
        book.setPolicy(policy);
        _trade(_quote(true, true, 2000e8, 4e18, 400e6));
        uint256 level = book.quoterLevel(vm.addr(quoterKey));
        assertEq(level, 1_325_940_071 - 400e6, "bound at the highest volatility, rounded up, less the premium");
        _expectRevert(
            _quote(true, true, 2000e8, 1e18, 100e6),
            abi.encodeWithSelector(
                IOptionBook.OptionBook_QuoterCapExceeded.selector, level + TIME_VALUE_BOUND + 1 - 100e6, 1000e6
            )
        );
        _pass(1800);
        assertEq(book.quoterLevel(vm.addr(quoterKey)), level - 500e6);
        _trade(_quote(true, true, 2000e8, 1e18, 100e6));
    }

    function test_the_worst_case_of_a_purchase_is_what_it_pays_above_intrinsic() public {
        _trade(_quote(false, false, 2050e8, 2e18, 160e6));
        assertEq(book.quoterLevel(vm.addr(quoterKey)), 60e6);
        _trade(_quote(false, false, 2050e8, 2e18, 90e6));
        assertEq(book.quoterLevel(vm.addr(quoterKey)), 60e6, "a purchase below intrinsic can lose nothing");
    }

    function test_caps_the_open_quantity_of_a_series_on_either_side() public {
        vm.prank(admin);
        book.setListing(Listing(address(weth), 2e18));
        _trade(_quote(false, true, 2000e8, 2e18, 400e6));
        _expectRevert(
            _quote(false, true, 2000e8, 1, 400e6),
            abi.encodeWithSelector(IOptionBook.OptionBook_SeriesCapExceeded.selector, 2e18 + 1, 2e18)
        );
        OptionQuote memory quote = _quote(false, false, 2000e8, 2e18 + 1, 0);
        quote.taker = makeAddr("writer");
        _expectRevert(quote, abi.encodeWithSelector(IOptionBook.OptionBook_SeriesCapExceeded.selector, 2e18 + 1, 2e18));
    }

    function test_caps_the_notional_of_an_expiry_over_its_series() public {
        BookPolicy memory policy = book.policy();
        policy.expiryNotionalCap = 10_000e6;
        vm.prank(admin);
        book.setPolicy(policy);
        _trade(_quote(true, true, 2000e8, 3e18, 600e6));
        assertEq(book.expiryNotional(uint64(START + 7 days)), 6000e6);
        _expectRevert(
            _quote(false, true, 2500e8, 2e18, 1000e6),
            abi.encodeWithSelector(IOptionBook.OptionBook_ExpiryCapExceeded.selector, 11_000e6, 10_000e6)
        );
        OptionQuote memory quote = _quote(false, true, 2500e8, 2e18, 1000e6);
        quote.expiry += 1;
        _trade(quote);
    }

    function test_caps_the_number_of_live_series() public {
        for (uint128 i = 0; i < 8; i++) {
            _trade(_quote(true, true, 2000e8 + i, 1e18, 100e6));
        }
        _expectRevert(
            _quote(true, true, 2100e8, 1e18, 100e6),
            abi.encodeWithSelector(IOptionBook.OptionBook_TooManySeries.selector, 8)
        );
        _trade(_quote(true, false, 2000e8 + 3, 1e18, 10e6));
        _trade(_quote(true, true, 2100e8, 1e18, 100e6));
        assertEq(book.liveSeriesCount(), 8);
    }

    function test_closing_passes_caps_that_were_lowered_since() public {
        _trade(_quote(true, true, 2000e8, 3e18, 600e6));
        BookPolicy memory policy = book.policy();
        (policy.expiryNotionalCap, policy.liveSeriesCap) = (1e6, 1);
        vm.startPrank(admin);
        book.setPolicy(policy);
        book.setListing(Listing(address(weth), 1e18));
        vm.stopPrank();
        _trade(_quote(true, false, 2000e8, 1e18, 100e6));
        vm.prank(admin);
        book.setListing(Listing(address(weth), 0));
        _trade(_quote(true, false, 2000e8, 1e18, 100e6));
    }

    function test_rejects_a_trade_that_leaves_the_vault_without_capital() public {
        vm.prank(address(vault));
        usdx.transfer(address(1), FUNDS - 1000e6);
        // Liability 200 each against a premium of 100 each.
        _trade(_quote(true, true, 2000e8, 10e18, 1000e6));
        assertEq(vault.capital(), 0);
        _expectRevert(
            _quote(true, true, 2000e8, 1e18, 100e6),
            abi.encodeWithSelector(IOptionBook.OptionBook_CapitalBelowFloor.selector, int256(-100e6))
        );
    }

    function test_settings_are_the_admins_and_are_checked() public {
        bytes[] memory calls = new bytes[](3);
        calls[0] = abi.encodeCall(book.setQuoter, (taker));
        calls[1] = abi.encodeCall(book.setPolicy, (_bookPolicy()));
        calls[2] = abi.encodeCall(book.setListing, (Listing(address(weth), 1)));
        for (uint256 i = 0; i < calls.length; i++) {
            vm.prank(guardian);
            (bool success, bytes memory answer) = address(book).call(calls[i]);
            assertFalse(success);
            assertEq(answer, abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, guardian));
        }
        BookPolicy[5] memory bad;
        for (uint256 i = 0; i < 5; i++) {
            bad[i] = _bookPolicy();
        }
        (bad[0].marginBps, bad[1].sigmaMax, bad[2].quoterWindowSeconds) = (10_001, 0, 0);
        (bad[3].liveSeriesCap, bad[4].quoterWindowCap) = (0, type(uint256).max);
        vm.startPrank(admin);
        for (uint256 i = 0; i < 5; i++) {
            vm.expectRevert(abi.encodeWithSelector(IOptionBookAdmin.OptionBook_BadPolicy.selector, bad[i]));
            book.setPolicy(bad[i]);
        }
        vm.expectRevert(abi.encodeWithSelector(IOptionBookAdmin.OptionBook_NoFeed.selector, taker));
        book.setListing(Listing(taker, 1));
        vm.expectRevert(abi.encodeWithSelector(IOptionBookAdmin.OptionBook_NoFeed.selector, address(usdx)));
        book.setListing(Listing(address(usdx), 1));
        vm.stopPrank();
    }

    function _expectRevert(OptionQuote memory quote, bytes memory reason) private {
        bytes memory signature = _signQuote(quote);
        _fund(quote.taker);
        vm.expectRevert(reason);
        vm.prank(quote.taker);
        book.trade(quote, signature);
    }
}
