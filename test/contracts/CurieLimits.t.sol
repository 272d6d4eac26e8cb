// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IVenueDesk} from "riskshard/interfaces/IVenueDesk.sol";
import {MarginMoveParams, Actions, Mandate} from "riskshard/types/Mandate.sol";
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

    function _setCap(uint256 cap) private {
        vm.prank(admin);
        desk.setPositionVenue(address(account), cap);
    }

    function test_margin_that_a_position_binds_makes_no_room_under_the_cap() public {
        _setCap(100_000e6);
        _change("short", _perp(-60e18, 1981e8));
        assertLt(account.held(address(usdx)), 90_000e6);
        MarginMoveParams memory params = MarginMoveParams(address(account), address(usdx), 5000e6, 0, 0, 0);
        Mandate memory mandate = _mandate("more", Actions.MARGIN_MOVE, _hash(params));
        bytes[] memory signatures = _sign(mandate);
        vm.expectRevert(
            abi.encodeWithSelector(IVenueDesk.VenueDesk_CapExceeded.selector, address(account), 105_000e6, 100_000e6)
        );
        desk.executeMarginMove(mandate, params, signatures);
        _margin("out", -5000e6);
        _margin("and in again", 5000e6);
    }
}
