// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICurieAccountBalance, ICurieClearingHouse, ICurieVault} from "riskshard/interfaces/ICurie.sol";
import {IPerpVenue} from "riskshard/interfaces/IPerpVenue.sol";
import {IShardVault} from "riskshard/interfaces/IShardVault.sol";
import {IVenueDesk} from "riskshard/interfaces/IVenueDesk.sol";
import {PerpChangeParams} from "riskshard/types/Mandate.sol";
import {CurieFixture} from "./support/CurieFixture.sol";

interface ICurieFunding {
    function getPendingFundingPayment(address trader, address baseToken) external view returns (int256);
}

/// @notice On the unmodified Curie contracts.
contract CurieAdapterTest is CurieFixture {
    function test_margin_counts_in_full_without_a_position_and_comes_back() public {
        int256 capital = vault.capital();
        _margin("in", 100_000e6);
        assertEq(account.held(address(usdx)), 100_000e6);
        assertEq(vault.capital(), capital);
        assertTrue(account.isExact());
        _margin("out", -100_000e6);
        assertEq(usdx.balanceOf(address(vault)), FUNDS);
    }

    function test_a_short_has_exactly_the_size_ordered_and_only_what_is_free_is_counted() public {
        _margin("in", 100_000e6);
        vm.expectEmit(true, true, true, false, address(desk));
        emit IVenueDesk.PerpChanged("short", address(account), base, -20e18, 0);
        _change("short", _perp(-20e18, 1985e8));
        assertEq(account.sizeOf(base), -20e18);
        assertEq(ICurieAccountBalance(accountBalance).getTakerPositionSize(address(account), base), -20e18);
        uint256 free = ICurieVault(curieVault).getFreeCollateral(address(account));
        assertEq(account.held(address(usdx)), free);
        // A tenth of 40,000 is bound as initial margin.
        assertApproxEqAbs(free, 96_000e6, 200e6);
        int256 value = ICurieClearingHouse(clearingHouse).getAccountValue(address(account));
        assertLe(free, uint256(value) / 1e12);
        uint256 exposure = ICurieAccountBalance(accountBalance).getTotalAbsPositionValue(address(account));
        assertEq(account.health(), uint256(value) * 1e18 / exposure);
        assertFalse(account.isExact());
        assertEq(vault.maxDeposit(depositor), 0);
    }

    function test_a_position_is_reduced_and_closed_to_nothing() public {
        _margin("in", 100_000e6);
        _change("short", _perp(-20e18, 1985e8));
        _change("reduce", _perp(5e18, 2015e8));
        assertEq(account.sizeOf(base), -15e18);
        _change("close", _perp(15e18, 2015e8));
        assertEq(account.sizeOf(base), 0);
        assertTrue(account.isExact());
        assertEq(account.health(), type(uint256).max);
    }

    function test_the_worst_price_holds_and_must_be_near_the_vaults_own_feed() public {
        _margin("in", 100_000e6);
        _expectRevertOfChange(_perp(-20e18, 1999e8), "CH_TLRS");
        _expectRevertOfChange(
            _perp(-20e18, 1979e8),
            abi.encodeWithSelector(IVenueDesk.VenueDesk_PriceOutsideLimit.selector, 1979e8, 1980e8)
        );
        _expectRevertOfChange(
            _perp(20e18, 2021e8),
            abi.encodeWithSelector(IVenueDesk.VenueDesk_PriceOutsideLimit.selector, 2021e8, 2020e8)
        );
    }

    function test_the_margin_ratio_of_the_mandate_holds_after_the_trade() public {
        _margin("in", 10_000e6);
        PerpChangeParams memory params = _perp(-20e18, 1985e8);
        _expectTooThin(params);
        params.minMarginRatio = 0.2e18;
        _change("allowed", params);
    }

    function test_notional_per_window_is_capped_like_swaps() public {
        _margin("in", 100_000e6);
        _change("first", _perp(-60e18, 1981e8));
        _expectRevertOfChange(
            _perp(-60e18, 1980e8),
            abi.encodeWithSelector(IShardVault.ShardVault_WindowCapExceeded.selector, 240_000e6, 200_000e6)
        );
    }

    function test_a_market_that_is_not_listed_is_refused() public {
        PerpChangeParams memory params = _perp(-1e18, 1990e8);
        params.market = address(usdx);
        _expectRevertOfChange(
            params, abi.encodeWithSelector(IPerpVenue.PerpVenue_UnknownMarket.selector, address(usdx))
        );
    }

    function test_funding_that_is_due_is_no_longer_counted() public {
        _margin("in", 100_000e6);
        _change("short", _perp(-20e18, 1985e8));
        _passHours(8, 2040e8);
        // The index above the mark: the short owes funding, which Curie takes off what is free.
        assertGt(ICurieFunding(exchange).getPendingFundingPayment(address(account), base), 100e18);
        uint256 free = ICurieVault(curieVault).getFreeCollateral(address(account));
        assertEq(account.held(address(usdx)), free);
    }

    /// @dev 10,000 against 40,000: a quarter, below the mandate's half.
    function _expectTooThin(PerpChangeParams memory params) private {
        (bool done, bytes memory answer) = address(this).call(abi.encodeCall(this.attempt, (params)));
        assertFalse(done);
        assertEq(bytes4(answer), IVenueDesk.VenueDesk_HealthBelowFloor.selector);
    }

    function attempt(PerpChangeParams memory params) external {
        _change("refused", params);
    }
}
