// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IPositionVenue} from "riskshard/interfaces/IPositionVenue.sol";
import {IVenueDesk} from "riskshard/interfaces/IVenueDesk.sol";
import {LendMoveParams} from "riskshard/types/Mandate.sol";
import {DeskFixture} from "./support/DeskFixture.sol";
import {OddPositionVenue} from "./support/OddPositionVenue.sol";

/// @notice How an account at a venue leaves the desk's list, and what that does to the worth of shares.
contract VenueRetirementTest is DeskFixture {
    uint256 private constant WHATEVER = type(uint256).max;

    OddPositionVenue private first;
    OddPositionVenue private venue;
    OddPositionVenue private last;

    function setUp() public override {
        super.setUp();
        _openDesk();
        first = _newAccount();
        venue = _newAccount();
        last = _newAccount();
    }

    function test_an_empty_account_leaves_the_list_and_the_others_keep_their_order() public {
        _leave(venue);
        vm.expectEmit(address(desk));
        emit IVenueDesk.PositionVenueRetired(address(venue), 0);
        _retire(venue, 0);
        IPositionVenue[] memory left = desk.positionVenues();
        assertEq(left.length, 2);
        assertEq(address(left[0]), address(first));
        assertEq(address(left[1]), address(last));
        assertEq(desk.healthFloorOf(address(venue)), 0);
        _expectRevertOfRetire(
            venue, 0, abi.encodeWithSelector(IVenueDesk.VenueDesk_NotRegistered.selector, address(venue))
        );
    }

    function test_nothing_goes_to_a_retired_account_or_comes_back_from_it() public {
        _leave(venue);
        _retire(venue, 0);
        bytes memory notRegistered = abi.encodeWithSelector(IVenueDesk.VenueDesk_NotRegistered.selector, address(venue));
        _expectRevertOfMove(_params(1000e6), notRegistered);
        _expectRevertOfMove(_params(-1000e6), notRegistered);
    }

    function test_an_account_that_holds_something_leaves_only_with_a_write_off_that_covers_it() public {
        uint256 before = vault.totalAssets();
        venue.claim(400e6, true);
        uint256 left = desk.placed(address(venue));
        _leave(venue);
        _expectRevertOfRetire(
            venue,
            left - 1,
            abi.encodeWithSelector(IVenueDesk.VenueDesk_StillHolds.selector, address(venue), left, left - 1)
        );
        assertGt(vault.totalAssets(), before);
        _retire(venue, left);
        assertEq(vault.totalAssets(), before);
    }

    function test_of_an_account_whose_worth_is_an_estimate_what_was_put_there_counts() public {
        _move("put", _params(1000e6));
        venue.claim(0, false);
        _leave(venue);
        _expectRevertOfRetire(
            venue,
            1000e6 - 1,
            abi.encodeWithSelector(IVenueDesk.VenueDesk_StillHolds.selector, address(venue), 1000e6, 1000e6 - 1)
        );
        _retire(venue, 1000e6);
        desk.requireExact();
    }

    /// @notice One that reverts, and one that burns all the gas it gets.
    function test_an_account_that_cannot_be_read_closes_shares_until_all_of_it_is_written_off() public {
        bytes memory broken = hex"fe";
        _leave(venue);
        vm.etch(address(venue), broken);
        vm.mockCallRevert(address(first), abi.encodeCall(IPositionVenue.held, (address(usdx))), "gone");
        _leave(first);
        vm.expectRevert();
        vault.totalAssets();
        vm.expectRevert();
        vm.prank(admin);
        desk.retirePositionVenue{gas: 1_000_000}(address(venue), 1_000_000e6);
        vm.expectEmit(address(desk));
        emit IVenueDesk.PositionVenueRetired(address(venue), WHATEVER);
        vm.prank(admin);
        desk.retirePositionVenue{gas: 1_000_000}(address(venue), WHATEVER);
        _retire(first, WHATEVER);
        vault.totalAssets();
        vault.requireOpen();
    }

    function test_only_the_admin_retires_and_only_what_is_being_left() public {
        _expectRevertOfRetire(
            venue, WHATEVER, abi.encodeWithSelector(IVenueDesk.VenueDesk_NotLeft.selector, address(venue), VENUE_CAP)
        );
        _leave(venue);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(this)));
        desk.retirePositionVenue(address(venue), 0);
    }

    function test_an_account_that_answers_again_is_registered_again_and_only_taken_from() public {
        uint256 before = vault.totalAssets();
        _move("put", _params(1000e6));
        venue.claim(0, true);
        _leave(venue);
        _retire(venue, 0);
        venue.claim(1000e6, true);
        assertLt(vault.totalAssets(), before);
        vm.prank(admin);
        desk.setPositionVenue(address(venue), 0);
        assertGe(vault.totalAssets(), before);
        _move("take", _params(-1000e6));
        venue.claim(2000e6, true);
        uint256 grown = desk.placed(address(venue));
        venue.claim(1000e6, true);
        _expectRevertOfMove(
            _params(1000e6), abi.encodeWithSelector(IVenueDesk.VenueDesk_CapExceeded.selector, address(venue), grown, 0)
        );
    }

    function test_a_desk_whose_list_is_full_has_room_again() public {
        for (uint256 i = 3; i < 8; i++) {
            _newAccount();
        }
        OddPositionVenue next = new OddPositionVenue(desk);
        vm.prank(admin);
        vm.expectRevert(abi.encodeWithSelector(IVenueDesk.VenueDesk_TooManyVenues.selector, 8));
        desk.setPositionVenue(address(next), 1);
        _leave(last);
        _retire(last, 0);
        vm.prank(admin);
        desk.setPositionVenue(address(next), 1);
        assertEq(desk.positionVenues().length, 8);
    }

    function testFuzz_without_a_write_off_shares_and_capital_are_worth_what_they_were(
        uint256 held,
        bool isExact,
        bool wasPaid
    ) public {
        if (wasPaid) _move("put", _params(1000e6));
        venue.claim(bound(held, 0, 2), isExact);
        _leave(venue);
        (uint256 assets, int256 capital) = (vault.totalAssets(), vault.capital());
        vm.prank(admin);
        try desk.retirePositionVenue(address(venue), 0) {
            assertEq(vault.totalAssets(), assets);
            assertEq(vault.capital(), capital);
            assertEq(desk.positionVenues().length, 2);
        } catch {
            assertEq(desk.positionVenues().length, 3);
        }
    }

    function _newAccount() private returns (OddPositionVenue account) {
        account = new OddPositionVenue(desk);
        _allowAccount(account, VENUE_CAP);
    }

    function _leave(OddPositionVenue account) private {
        vm.prank(admin);
        desk.setPositionVenue(address(account), 0);
    }

    function _retire(OddPositionVenue account, uint256 writeOff) private {
        vm.prank(admin);
        desk.retirePositionVenue(address(account), writeOff);
    }

    function _expectRevertOfRetire(OddPositionVenue account, uint256 writeOff, bytes memory revertData) private {
        vm.prank(admin);
        vm.expectRevert(revertData);
        desk.retirePositionVenue(address(account), writeOff);
    }

    function _params(int256 amount) private view returns (LendMoveParams memory) {
        return LendMoveParams(address(venue), address(usdx), amount, 0, 0, 0);
    }
}
