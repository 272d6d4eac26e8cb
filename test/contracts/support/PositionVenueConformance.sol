// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IPositionVenue} from "riskshard/interfaces/IPositionVenue.sol";
import {IVenueDesk} from "riskshard/interfaces/IVenueDesk.sol";
import {ShardFixture} from "./ShardFixture.sol";

/// @notice What every account at a position venue must do, on the protocol's real contracts. A venue's own test inherits
/// this beside its fixture and fills in the hooks; see docs/adding-a-venue.md.
abstract contract PositionVenueConformance is ShardFixture {
    /// @dev Settlement-asset units that the checks move.
    uint256 private constant AMOUNT = 10_000e6;

    /// @dev The account under test, registered with the desk and allowed by the vault.
    function _account() internal view virtual returns (IPositionVenue);

    /// @dev Somebody else's account of the same kind, made the same way for another desk.
    function _accountOfAnotherDesk() internal virtual returns (IPositionVenue);

    /// @dev Move settlement asset by a mandate: positive into the account. Must demand nothing beyond the move itself.
    function _moveByMandate(bytes32 jobId, int256 amount) internal virtual;

    /// @dev Most units of the settlement asset that rounding may cost in one move.
    function _roundingUnits() internal pure virtual returns (uint256);

    function test_conformance_the_account_names_its_desk_and_vault() public view {
        IPositionVenue account_ = _account();
        assertEq(IVenueDesk(account_.desk()).vault().shard(), SHARD);
        assertEq(account_.vault(), address(vault));
        assertEq(account_.desk(), vault.venueDesk());
    }

    function test_conformance_an_empty_account_holds_nothing_and_is_exact_and_healthy() public view {
        IPositionVenue account_ = _account();
        assertEq(account_.held(address(usdx)), 0);
        assertEq(account_.held(address(weth)), 0);
        assertEq(account_.held(address(btc)), 0);
        assertEq(account_.held(address(this)), 0, "an asset it does not know");
        assertTrue(account_.isExact());
        assertEq(account_.health(), type(uint256).max);
    }

    function test_conformance_nobody_but_the_desk_moves_anything(address stranger) public {
        IPositionVenue account_ = _account();
        vm.assume(stranger != account_.desk());
        _moveByMandate("in", int256(AMOUNT));
        usdx.mint(address(account_), 1);
        vm.startPrank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IPositionVenue.PositionVenue_OnlyDesk.selector, stranger));
        account_.take(address(usdx), 1);
        vm.expectRevert(abi.encodeWithSelector(IPositionVenue.PositionVenue_OnlyDesk.selector, stranger));
        account_.put(address(usdx), 1);
        vm.stopPrank();
    }

    function test_conformance_what_goes_in_counts_and_comes_back(uint256 seed) public {
        uint256 amount = bound(seed, 1e6, AMOUNT);
        (int256 capital, uint256 cash) = (vault.capital(), usdx.balanceOf(address(vault)));
        _moveByMandate("in", int256(amount));
        uint256 held = _account().held(address(usdx));
        assertApproxEqAbs(held, amount, _roundingUnits());
        assertLe(held, amount, "never more than was put in");
        assertEq(usdx.balanceOf(address(vault)), cash - amount);
        assertApproxEqAbs(vault.capital(), capital, _roundingUnits());
        _moveByMandate("out", -int256(held));
        assertEq(_account().held(address(usdx)), 0);
        assertEq(usdx.balanceOf(address(vault)), cash - amount + held);
    }

    function test_conformance_nothing_stays_on_the_way_and_no_allowance_is_left() public {
        _moveByMandate("in", int256(AMOUNT));
        _moveByMandate("out", -int256(AMOUNT / 2));
        assertEq(usdx.balanceOf(address(_account())), _restsInAccount(AMOUNT / 2));
        assertEq(usdx.balanceOf(_account().desk()), 0);
        _assertNoAllowance(usdx);
    }

    function test_conformance_accounts_of_two_desks_do_not_share_a_position() public {
        IPositionVenue other = _accountOfAnotherDesk();
        assertTrue(other.desk() != _account().desk());
        _moveByMandate("in", int256(AMOUNT));
        assertEq(other.held(address(usdx)), 0);
        address otherDesk = other.desk();
        vm.prank(otherDesk);
        vm.expectRevert(abi.encodeWithSelector(IPositionVenue.PositionVenue_OnlyDesk.selector, otherDesk));
        _account().take(address(usdx), 1);
    }

    function test_conformance_what_strays_in_goes_home_and_nothing_else_does() public {
        IPositionVenue account_ = _account();
        _moveByMandate("in", int256(AMOUNT));
        weth.mint(address(account_), 3e18);
        usdx.mint(address(account_), 5e6);
        (uint256 position, uint256 cash) = (account_.held(address(usdx)), usdx.balanceOf(address(vault)));
        vm.startPrank(makeAddr("stranger"));
        assertEq(account_.sweep(address(weth)), 3e18);
        assertEq(weth.balanceOf(address(vault)), 3e18);
        if (_restsInAccount(1) == 0) {
            assertEq(account_.sweep(address(usdx)), 5e6);
            assertEq(usdx.balanceOf(address(vault)), cash + 5e6);
        } else {
            // What was paid in is in the account already, and a mandate takes it out.
            vm.expectRevert(abi.encodeWithSelector(IPositionVenue.PositionVenue_NotLoose.selector, address(usdx)));
            account_.sweep(address(usdx));
        }
        assertEq(account_.held(address(usdx)), position, "the position is where it was");
        address[] memory others = _claims();
        for (uint256 i = 0; i < others.length; i++) {
            vm.expectRevert(abi.encodeWithSelector(IPositionVenue.PositionVenue_NotLoose.selector, others[i]));
            account_.sweep(others[i]);
        }
        vm.stopPrank();
    }

    /// @dev Tokens in which the protocol keeps its debt to the account; none may be swept.
    function _claims() internal view virtual returns (address[] memory claims) {
        claims = new address[](1);
        claims[0] = address(this);
    }

    /// @dev What of the settlement asset placed there rests in the account's own balance: nothing, unless the venue is paid
    /// by the trade only.
    function _restsInAccount(uint256) internal pure virtual returns (uint256) {
        return 0;
    }

    /// @dev Contracts the account pays during a put; none may be left with an allowance.
    function _payees() internal view virtual returns (address[] memory);

    function _assertNoAllowance(IERC20 token) private view {
        address[] memory payees = _payees();
        for (uint256 i = 0; i < payees.length; i++) {
            assertEq(token.allowance(address(_account()), payees[i]), 0);
        }
    }
}
