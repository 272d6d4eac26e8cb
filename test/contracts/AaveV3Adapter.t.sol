// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {stdError} from "forge-std/StdError.sol";
import {IAaveV3Pool} from "riskshard/interfaces/IAaveV3.sol";
import {IPositionVenue} from "riskshard/interfaces/IPositionVenue.sol";
import {IShardVault} from "riskshard/interfaces/IShardVault.sol";
import {IVenueDesk} from "riskshard/interfaces/IVenueDesk.sol";
import {LendMoveParams} from "riskshard/types/Mandate.sol";
import {AaveFixture, IAaveBorrower} from "./support/AaveFixture.sol";

/// @notice On the unmodified Aave v3 contracts.
contract AaveV3AdapterTest is AaveFixture {
    address private borrower = makeAddr("borrower");

    function test_what_is_supplied_counts_in_full_and_the_vault_is_as_rich_as_before() public {
        (int256 capital, uint256 assets) = (vault.capital(), vault.totalAssets());
        vm.expectEmit(address(desk));
        emit IVenueDesk.VenueMoved("supply", address(account), address(usdx), 300_000e6, 300_000e6);
        _move("supply", _supply(300_000e6));
        assertEq(usdx.balanceOf(address(vault)), FUNDS - 300_000e6);
        assertEq(account.held(address(usdx)), 300_000e6);
        assertEq(vault.capital(), capital);
        assertEq(vault.totalAssets(), assets);
        assertTrue(vault.consumed("supply"));
        assertEq(usdx.balanceOf(address(account)), 0);
        assertEq(usdx.balanceOf(address(desk)), 0);
        assertEq(usdx.allowance(address(account), address(aave)), 0);
    }

    function test_what_is_withdrawn_is_back_in_the_vault_to_the_last_unit() public {
        _move("supply", _supply(300_000e6));
        _move("withdraw", _lendMove(address(usdx), -100_000e6, 100_000e6));
        assertEq(usdx.balanceOf(address(vault)), FUNDS - 200_000e6);
        assertEq(account.held(address(usdx)), 200_000e6);
        _move("rest", _lendMove(address(usdx), -200_000e6, 200_000e6));
        assertEq(usdx.balanceOf(address(vault)), FUNDS);
        assertEq(account.held(address(usdx)), 0);
    }

    function test_a_supplied_hedge_asset_keeps_its_haircut() public {
        weth.mint(address(vault), 50e18);
        int256 capital = vault.capital();
        _move("supply", _lendMove(address(weth), 50e18, 50e18));
        assertEq(vault.capital(), capital);
        assertEq(account.held(address(weth)), 50e18);
        assertEq(account.held(address(btc)), 0);
    }

    function test_interest_is_counted_and_can_be_taken_out() public {
        _move("supply", _supply(300_000e6));
        _borrow(200_000e6);
        int256 before = vault.capital();
        _pass(30 days);
        uint256 held = account.held(address(usdx));
        assertGt(held, 300_000e6 + 500e6);
        assertEq(vault.capital(), before + int256(held - 300_000e6));
        usdx.mint(address(this), 300_000e6);
        usdx.approve(address(aave), 300_000e6);
        aave.supply(address(usdx), 300_000e6, address(this), 0);
        _move("withdraw", _lendMove(address(usdx), -int256(held), held));
        assertEq(usdx.balanceOf(address(vault)), FUNDS - 300_000e6 + held);
    }

    function test_the_health_factor_is_aaves_own_and_its_floor_holds() public {
        _move("supply", _supply(300_000e6));
        assertEq(account.health(), type(uint256).max);
        // The account itself never borrows; a debt is made here to give the floor something to hold against.
        aave.supply(address(weth), _mintedWeth(100e18), address(this), 0);
        vm.prank(address(account));
        IAaveBorrower(address(aave)).borrow(address(weth), 75e18, 2, 0, address(account));
        // 300,000 x 0.80 against 75 x 2000.
        assertApproxEqAbs(account.health(), 1.6e18, 1e10);
        LendMoveParams memory params = _lendMove(address(usdx), -30_000e6, 30_000e6);
        uint256 health = uint256(270_000) * 0.8e18 / 150_000;
        _expectRevertOfMove(
            params,
            abi.encodeWithSelector(IVenueDesk.VenueDesk_HealthBelowFloor.selector, address(account), health, 1.5e18)
        );
        params.minHealthFactor = 1.4e18;
        _move("allowed", params);
    }

    function test_only_the_desk_moves_the_account_and_only_to_the_vault() public {
        _move("supply", _supply(300_000e6));
        address[3] memory strangers = [admin, address(vault), makeAddr("stranger")];
        for (uint256 i = 0; i < strangers.length; i++) {
            vm.startPrank(strangers[i]);
            vm.expectRevert(abi.encodeWithSelector(IPositionVenue.PositionVenue_OnlyDesk.selector, strangers[i]));
            account.take(address(usdx), 1);
            vm.expectRevert(abi.encodeWithSelector(IPositionVenue.PositionVenue_OnlyDesk.selector, strangers[i]));
            account.put(address(usdx), 1);
            vm.stopPrank();
        }
        vm.prank(address(desk));
        account.take(address(usdx), 5);
        assertEq(usdx.balanceOf(address(vault)), FUNDS - 300_000e6 + 5);
    }

    function test_a_receipt_below_the_mandates_minimum_reverts() public {
        LendMoveParams memory params = _supply(300_000e6);
        params.minReceipt += 1;
        _expectRevertOfMove(
            params, abi.encodeWithSelector(IVenueDesk.VenueDesk_ReceivedTooLittle.selector, 300_000e6, 300_000e6 + 1)
        );
    }

    function test_more_than_the_pool_has_cannot_be_withdrawn() public {
        _move("supply", _supply(300_000e6));
        _borrow(200_000e6);
        _expectRevertOfMove(_lendMove(address(usdx), -150_000e6, 150_000e6), stdError.arithmeticError);
        _move("less", _lendMove(address(usdx), -100_000e6, 100_000e6));
    }

    function test_a_venue_that_cannot_be_read_is_worth_nothing_and_closes_the_shares() public {
        _move("supply", _supply(300_000e6));
        assertGt(vault.maxWithdraw(depositor), 0);
        vm.mockCallRevert(
            address(aave), abi.encodeWithSelector(IAaveV3Pool.getReserveData.selector, address(usdx)), "down"
        );
        assertEq(vault.capital(), int256(FUNDS - 300_000e6));
        vm.expectRevert(abi.encodeWithSelector(IVenueDesk.VenueDesk_Inexact.selector, address(account)));
        vault.totalAssets();
        vm.expectRevert(abi.encodeWithSelector(IVenueDesk.VenueDesk_Inexact.selector, address(account)));
        vm.prank(depositor);
        vault.redeem(1e6, depositor, depositor);
    }

    function test_shares_stay_open_and_fair_while_collateral_is_lent() public {
        _move("supply", _supply(300_000e6));
        address second = makeAddr("second");
        usdx.mint(second, 100_000e6);
        uint256 shares = _deposit(second, 100_000e6);
        assertApproxEqAbs(vault.previewRedeem(shares), 100_000e6, 1);
        assertEq(vault.maxWithdraw(depositor), FUNDS - 200_000e6);
    }

    function test_the_capital_floor_of_the_mandate_holds_after_the_move() public {
        LendMoveParams memory params = _supply(300_000e6);
        params.minCapitalAfter = int256(FUNDS) + 1;
        _expectRevertOfMove(
            params,
            abi.encodeWithSelector(IShardVault.ShardVault_CapitalBelowFloor.selector, int256(FUNDS), int256(FUNDS) + 1)
        );
    }

    /// @dev Somebody else borrows USDX against WETH.
    function _borrow(uint256 amount) private {
        uint256 collateral = _mintedWeth(amount * 1e12 / 1000);
        aave.supply(address(weth), collateral, borrower, 0);
        vm.prank(borrower);
        IAaveBorrower(address(aave)).borrow(address(usdx), amount, 2, 0, borrower);
    }

    function _mintedWeth(uint256 amount) private returns (uint256) {
        weth.mint(address(this), amount);
        weth.approve(address(aave), amount);
        return amount;
    }
}
