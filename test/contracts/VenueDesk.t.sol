// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IShardVault} from "riskshard/interfaces/IShardVault.sol";
import {IShardVaultAdmin} from "riskshard/interfaces/IShardVaultAdmin.sol";
import {IVenueDesk} from "riskshard/interfaces/IVenueDesk.sol";
import {Actions, LendMoveParams, Mandate} from "riskshard/types/Mandate.sol";
import {VaultLock} from "riskshard/VaultLock.sol";
import {VenueDesk} from "riskshard/VenueDesk.sol";
import {DeskFixture} from "./support/DeskFixture.sol";
import {OddPositionVenue} from "./support/OddPositionVenue.sol";

/// @notice The desk and the vault's three steps, with a venue that does what a venue must not do.
contract VenueDeskTest is DeskFixture {
    OddPositionVenue private venue;

    function setUp() public override {
        super.setUp();
        _openDesk();
        venue = new OddPositionVenue(desk);
        _allowAccount(venue, 1_000_000_000e6);
    }

    function test_a_mandate_of_the_desk_is_consumed_once() public {
        LendMoveParams memory params = _params(1000e6);
        Mandate memory mandate = _mandate("job", Actions.LEND_MOVE, _hash(params));
        bytes[] memory signatures = _sign(mandate);
        vm.expectEmit(address(vault));
        emit IShardVault.MandateConsumed("job", Actions.LEND_MOVE, 1, vm.addr(leaderKey()), mandate.reportSetHash);
        vm.prank(makeAddr("stranger"));
        desk.executeLendMove(mandate, params, signatures);
        vm.expectRevert(abi.encodeWithSelector(IShardVault.ShardVault_AlreadyConsumed.selector, bytes32("job")));
        desk.executeLendMove(mandate, params, signatures);
    }

    function test_a_mandate_for_another_action_or_other_parameters_is_refused() public {
        LendMoveParams memory params = _params(1000e6);
        _expectRevert(
            _mandate("job", Actions.SWAP, _hash(params)),
            params,
            abi.encodeWithSelector(IShardVault.ShardVault_WrongAction.selector, Actions.SWAP, Actions.LEND_MOVE)
        );
        Mandate memory mandate = _mandate("job", Actions.LEND_MOVE, _hash(params));
        bytes32 signed = mandate.paramsHash;
        params.amount += 1;
        _expectRevert(
            mandate,
            params,
            abi.encodeWithSelector(IShardVault.ShardVault_ParamsMismatch.selector, signed, _hash(params))
        );
    }

    function test_paused_or_with_a_stale_feed_nothing_moves() public {
        LendMoveParams memory params = _params(1000e6);
        vm.prank(guardian);
        vault.pause();
        _expectRevertOfMove(params, abi.encodeWithSelector(IShardVaultAdmin.ShardVault_Paused.selector));
        vm.prank(admin);
        vault.unpause();
        skip(61);
        _expectRevertOfMove(
            params,
            abi.encodeWithSelector(
                IShardVault.ShardVault_PriceStale.selector, address(usdx), block.timestamp - 61, block.timestamp
            )
        );
    }

    function test_only_the_desk_takes_the_three_steps_and_only_in_order() public {
        Mandate memory mandate = _mandate("job", Actions.LEND_MOVE, 0);
        bytes[] memory signatures = _sign(mandate);
        bytes memory onlyDesk = abi.encodeWithSelector(IShardVault.ShardVault_OnlyDesk.selector, address(this));
        vm.expectRevert(onlyDesk);
        vault.beginVenueAction(mandate, Actions.LEND_MOVE, 0, signatures);
        vm.expectRevert(onlyDesk);
        vault.payVenue(address(venue), address(usdx), 1);
        vm.expectRevert(onlyDesk);
        vault.endVenueAction(0);
        vm.startPrank(address(desk));
        vm.expectRevert(VaultLock.VaultLock_NoVenueAction.selector);
        vault.payVenue(address(venue), address(usdx), 1);
        vm.expectRevert(VaultLock.VaultLock_NoVenueAction.selector);
        vault.endVenueAction(0);
        vm.expectRevert(
            abi.encodeWithSelector(IShardVault.ShardVault_WrongAction.selector, Actions.TRANSFER, Actions.LEND_MOVE)
        );
        vault.beginVenueAction(mandate, Actions.TRANSFER, 0, signatures);
    }

    function test_within_an_action_every_door_of_the_vault_is_locked() public {
        bytes[5] memory doors = [
            abi.encodeCall(vault.deposit, (1e6, depositor)),
            abi.encodeCall(vault.redeem, (1e6, depositor, depositor)),
            abi.encodeCall(vault.mint, (1e6, depositor)),
            abi.encodeCall(vault.withdraw, (1e6, depositor, depositor)),
            abi.encodeCall(vault.payOption, (depositor, 1e6))
        ];
        for (uint256 i = 0; i < doors.length; i++) {
            venue.callWhilePaid(address(vault), doors[i]);
            _expectRevertOfMove(_params(1000e6), abi.encodeWithSelector(VaultLock.VaultLock_Locked.selector));
        }
        LendMoveParams memory inner = _params(1);
        Mandate memory mandate = _mandate("inner", Actions.LEND_MOVE, _hash(inner));
        venue.callWhilePaid(address(desk), abi.encodeCall(desk.executeLendMove, (mandate, inner, _sign(mandate))));
        _expectRevertOfMove(_params(1000e6), abi.encodeWithSelector(VaultLock.VaultLock_Locked.selector));
    }

    function test_the_vault_pays_no_venue_it_does_not_allow_and_no_unknown_asset() public {
        vm.prank(admin);
        vault.setVenue(address(venue), false);
        _expectRevertOfMove(
            _params(1000e6), abi.encodeWithSelector(IShardVault.ShardVault_VenueNotAllowed.selector, address(venue))
        );
        vm.prank(admin);
        vault.setVenue(address(venue), true);
        LendMoveParams memory params = _params(1);
        params.asset = address(book);
        vm.mockCall(address(book), abi.encodeWithSignature("balanceOf(address)", address(vault)), abi.encode(0));
        _expectRevertOfMove(
            params, abi.encodeWithSelector(IShardVault.ShardVault_AssetNotAllowed.selector, address(book))
        );
    }

    function test_a_venue_that_is_not_registered_is_not_used() public {
        LendMoveParams memory params = _params(1000e6);
        params.venue = address(new OddPositionVenue(desk));
        _expectRevertOfMove(params, abi.encodeWithSelector(IVenueDesk.VenueDesk_NotRegistered.selector, params.venue));
    }

    function test_the_cap_of_a_venue_counts_every_asset_it_holds() public {
        venue.claim(1e9, true);
        uint256 placed = 1e9 + 1000e6 + _valueOf(address(weth), 1e9 + 1000e6) + _valueOf(address(btc), 1e9 + 1000e6);
        vm.prank(admin);
        desk.setPositionVenue(address(venue), placed - 1);
        _expectRevertOfMove(
            _params(1000e6),
            abi.encodeWithSelector(IVenueDesk.VenueDesk_CapExceeded.selector, address(venue), placed, placed - 1)
        );
        vm.prank(admin);
        desk.setPositionVenue(address(venue), placed);
        _move("move", _params(1000e6));
    }

    function test_an_inexact_venue_closes_shares_and_still_counts_as_capital() public {
        int256 before = vault.capital();
        venue.claim(7e6, false);
        uint256 worth = 7e6 + _haircut(_valueOf(address(weth), 7e6) + _valueOf(address(btc), 7e6));
        assertEq(vault.capital(), before + int256(worth));
        assertEq(vault.maxDeposit(depositor), 0);
        assertEq(vault.maxRedeem(depositor), 0);
        vm.expectRevert(abi.encodeWithSelector(IVenueDesk.VenueDesk_Inexact.selector, address(venue)));
        vm.prank(depositor);
        vault.redeem(1e6, depositor, depositor);
    }

    function test_only_the_admin_registers_and_only_accounts_of_this_desk() public {
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(this)));
        desk.setPositionVenue(address(venue), 0);
        VenueDesk other = new VenueDesk(vault, admin);
        address foreign = address(new OddPositionVenue(other));
        vm.startPrank(admin);
        vm.expectRevert(abi.encodeWithSelector(IVenueDesk.VenueDesk_OfAnotherDesk.selector, foreign));
        desk.setPositionVenue(foreign, 1);
        for (uint256 i = 1; i < 8; i++) {
            desk.setPositionVenue(address(new OddPositionVenue(desk)), 1);
        }
        address ninth = address(new OddPositionVenue(desk));
        vm.expectRevert(abi.encodeWithSelector(IVenueDesk.VenueDesk_TooManyVenues.selector, 8));
        desk.setPositionVenue(ninth, 1);
        assertEq(desk.positionVenues().length, 8);
        assertEq(address(desk.positionVenues()[0]), address(venue));
    }

    function test_a_vault_has_one_desk_for_ever_and_only_its_own() public {
        VenueDesk second = new VenueDesk(vault, admin);
        vm.prank(admin);
        vm.expectRevert(abi.encodeWithSelector(IShardVaultAdmin.ShardVault_DeskAlreadySet.selector, address(desk)));
        vault.setVenueDesk(address(second));
        _deployShard(address(usdx));
        vm.prank(admin);
        vm.expectRevert(
            abi.encodeWithSelector(IShardVaultAdmin.ShardVault_DeskOfAnotherVault.selector, address(second))
        );
        vault.setVenueDesk(address(second));
    }

    function _params(int256 amount) private view returns (LendMoveParams memory) {
        return LendMoveParams({
            venue: address(venue),
            asset: address(usdx),
            amount: amount,
            minReceipt: 0,
            minHealthFactor: 0,
            minCapitalAfter: 0
        });
    }

    function _expectRevert(Mandate memory mandate, LendMoveParams memory params, bytes memory revertData) private {
        bytes[] memory signatures = _sign(mandate);
        vm.expectRevert(revertData);
        desk.executeLendMove(mandate, params, signatures);
    }

    function _valueOf(address asset, uint256 amount) private view returns (uint256) {
        return vault.settlementValueOf(asset, amount);
    }

    function _haircut(uint256 value) private view returns (uint256) {
        return value * (10_000 - _limits().hedgeHaircutBps) / 10_000;
    }
}
