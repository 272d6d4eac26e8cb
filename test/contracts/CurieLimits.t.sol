// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IShardVault} from "riskshard/interfaces/IShardVault.sol";
import {CapsLeft, IVenueDesk} from "riskshard/interfaces/IVenueDesk.sol";
import {PerpChangeParams} from "riskshard/types/Mandate.sol";
import {CurieAdapter} from "riskshard/venues/CurieAdapter.sol";
import {CurieFixture} from "./support/CurieFixture.sol";

interface ICurieCollateral {
    struct Collateral {
        address priceFeed;
        uint24 collateralRatio;
        uint24 discountRatio;
        uint256 depositCap;
    }

    function getCollateralManager() external view returns (address);
    function addCollateral(address token, Collateral calldata config) external;
    function depositFor(address to, address token, uint256 amount) external;
    function getFreeCollateral(address trader) external view returns (uint256);
}

/// @notice What the admins' limits of a venue keep a holder of every signer key from doing there, on the unmodified Curie.
contract CurieLimitsTest is CurieFixture {
    function setUp() public override {
        super.setUp();
        _margin("in", 100_000e6);
    }

    function test_with_a_cap_of_zero_a_position_only_shrinks() public {
        _change("short", _perp(-20e18, 1985e8));
        _setCap(0);
        _expectOnlyReduces(-1e18, 1985e8);
        // Through nothing to the other side is a new position too.
        _expectOnlyReduces(21e18, 2015e8);
        _change("reduce", _perp(5e18, 2015e8));
        _change("close", _perp(15e18, 2015e8));
        _expectOnlyReduces(1e18, 2015e8);
        _expectOnlyReduces(-1e18, 1985e8);
        _margin("out", -int256(account.held(address(usdx))));
        assertEq(account.held(address(usdx)), 0);
    }

    function test_at_a_venue_that_the_vault_no_longer_allows_a_position_only_shrinks() public {
        _change("long", _perp(20e18, 2015e8));
        vm.prank(admin);
        vault.setVenue(address(account), false);
        _expectOnlyReduces(1e18, 2015e8);
        _change("close", _perp(-20e18, 1985e8));
        _expectOnlyReduces(-1e18, 1985e8);
    }

    function test_what_is_counted_is_what_can_be_taken_out_whatever_else_is_collateral() public {
        _takeWethAsCollateral();
        weth.mint(address(this), 10e18);
        weth.approve(curieVault, 10e18);
        ICurieCollateral(curieVault).depositFor(address(account), address(weth), 10e18);
        assertGt(ICurieCollateral(curieVault).getFreeCollateral(address(account)), 110_000e6);
        assertEq(account.held(address(usdx)), 100_000e6, "WETH cannot be taken out as USDX");
        _margin("all", -100_000e6);
        assertEq(account.held(address(usdx)), 0);
    }

    function test_no_other_collateral_goes_in() public {
        _takeWethAsCollateral();
        weth.mint(address(account), 1e18);
        vm.prank(address(desk));
        vm.expectRevert(abi.encodeWithSelector(CurieAdapter.CurieAdapter_OnlyMargin.selector, address(weth)));
        account.put(address(weth), 1e18);
    }

    function test_margin_that_a_position_binds_makes_no_room_under_the_cap() public {
        _setCap(100_000e6);
        _change("short", _perp(-60e18, 1981e8));
        assertLt(account.held(address(usdx)), 90_000e6);
        _expectRevertOfMargin(
            _marginMove(5000e6, 0),
            abi.encodeWithSelector(IVenueDesk.VenueDesk_CapExceeded.selector, address(account), 105_000e6, 100_000e6)
        );
        _margin("out", -5000e6);
        _margin("and in again", 5000e6);
    }

    function test_no_mandate_that_weakens_the_account_goes_below_the_admins_floor() public {
        PerpChangeParams memory grow = _perp(-60e18, 1981e8);
        grow.minMarginRatio = 0.15e18 - 1;
        uint256 snapshot = vm.snapshotState();
        _change("without a floor", grow);
        vm.revertToState(snapshot);

        _setFloor(0.15e18);
        _expectRevertOfChange(grow, _tooLow(0.15e18 - 1));
        grow.minMarginRatio = 0.15e18;
        _change("open", grow);
        _expectRevertOfMargin(_marginMove(-1000e6, 0), _tooLow(0));
        _margin("out", _marginMove(-1000e6, 0.15e18));
        // Through nothing to the other side is a new position.
        PerpChangeParams memory turn = _perp(61e18, 2019e8);
        turn.minMarginRatio = 0;
        vm.warp(block.timestamp + 700);
        _pass(0);
        _expectRevertOfChange(turn, _tooLow(0));
    }

    function test_what_makes_an_account_safer_need_not_reach_the_floor() public {
        _margin("most out", -90_000e6);
        PerpChangeParams memory params = _perp(-20e18, 1985e8);
        params.minMarginRatio = 0.2e18;
        _change("short", params);
        _setFloor(0.5e18);
        assertLt(account.health(), 0.3e18);
        params = _perp(2e18, 2015e8);
        params.minMarginRatio = 0;
        _change("a little back", params);
        assertLt(account.health(), 0.5e18);
        _margin("in below the floor", _marginMove(1000e6, 0));
    }

    function test_only_the_admin_sets_a_floor_and_only_for_accounts_of_the_desk() public {
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(this)));
        desk.setHealthFloor(address(account), 1);
        vm.startPrank(admin);
        vm.expectRevert(abi.encodeWithSelector(IVenueDesk.VenueDesk_NotRegistered.selector, address(this)));
        desk.setHealthFloor(address(this), 1);
        vm.expectEmit(address(desk));
        emit IVenueDesk.HealthFloorSet(address(account), 0.1e18);
        desk.setHealthFloor(address(account), 0.1e18);
        assertEq(desk.healthFloorOf(address(account)), 0.1e18);
    }

    function test_a_mandate_that_changes_nothing_is_refused() public {
        bytes memory zero = abi.encodeWithSelector(IVenueDesk.VenueDesk_ZeroAmount.selector);
        _expectRevertOfChange(_perp(0, 2000e8), zero);
        _expectRevertOfMargin(_marginMove(0, 0), zero);
    }

    /// @dev As Curie's owner may, at 80 % of its price.
    function _takeWethAsCollateral() private {
        ICurieCollateral(ICurieCollateral(curieVault).getCollateralManager())
            .addCollateral(address(weth), ICurieCollateral.Collateral(address(priceFeed), 800_000, 100_000, 1000e18));
    }

    function _expectOnlyReduces(int256 size, uint256 worstPrice) private {
        _expectRevertOfChange(
            _perp(size, worstPrice), abi.encodeWithSelector(IVenueDesk.VenueDesk_OnlyReduces.selector, address(account))
        );
    }

    function _setFloor(uint256 floor) private {
        vm.prank(admin);
        desk.setHealthFloor(address(account), floor);
    }

    function _tooLow(uint256 given) private view returns (bytes memory) {
        return abi.encodeWithSelector(
            IVenueDesk.VenueDesk_FloorTooLow.selector, address(account), given, desk.healthFloorOf(address(account))
        );
    }

    function test_what_is_told_to_be_left_of_each_cap_is_taken_and_a_unit_more_is_refused() public {
        _setCap(150_000e6);
        _change("short", _perp(-60e18, 1981e8));
        CapsLeft memory caps = desk.capsLeft();
        assertEq(caps.trades, 80_000e6, "the window of 200,000 less 60 at 2,000");
        assertEq(caps.transfers, 300_000e6);
        assertEq(caps.venues.length, 1);
        assertEq(caps.venues[0].venue, address(account));
        assertEq(caps.venues[0].left, 50_000e6);
        assertTrue(caps.venues[0].mayGrow);
        _expectRevertOfChange(
            _perp(40e18 + 1e12, 2015e8),
            abi.encodeWithSelector(IShardVault.ShardVault_WindowCapExceeded.selector, 200_000e6 + 2000, 200_000e6)
        );
        _margin("all that is left", 50_000e6);
        _change("all that is left of the window", _perp(40e18, 2015e8));
        caps = desk.capsLeft();
        assertEq(caps.trades, 0);
        assertLe(caps.venues[0].left, 100e6, "but for what the trades cost");
        vm.warp(block.timestamp + 6);
        assertEq(desk.capsLeft().trades, 2000e6, "a hundredth of the window of ten minutes");
    }

    function test_of_a_venue_that_is_being_left_nothing_is_left() public {
        _setCap(0);
        CapsLeft memory caps = desk.capsLeft();
        assertEq(caps.venues[0].left, 0);
        assertFalse(caps.venues[0].mayGrow);
        _setCap(150_000e6);
        assertTrue(desk.capsLeft().venues[0].mayGrow);
        vm.prank(admin);
        vault.setVenue(address(account), false);
        assertFalse(desk.capsLeft().venues[0].mayGrow);
    }
}
