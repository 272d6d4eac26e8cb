// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IShardVault} from "riskshard/interfaces/IShardVault.sol";
import {HedgeAsset, IShardVaultAdmin, VaultConfig, VaultLimits} from "riskshard/interfaces/IShardVaultAdmin.sol";
import {IPriceFeed} from "riskshard/interfaces/IPriceFeed.sol";
import {ShardVault} from "riskshard/ShardVault.sol";
import {SettablePriceFeed} from "riskshard-local/SettablePriceFeed.sol";
import {ShardFixture} from "./support/ShardFixture.sol";

contract ShardVaultSharesTest is ShardFixture {
    function test_shares_have_six_more_decimals_than_the_asset() public view {
        assertEq(vault.decimals(), 12);
        assertEq(vault.balanceOf(depositor), FUNDS * 1e6);
    }

    function test_deposits_and_withdraws_while_no_position_is_open() public {
        vm.prank(depositor);
        vault.redeem(FUNDS * 1e6, depositor, depositor);
        assertEq(usdx.balanceOf(depositor), FUNDS);
        assertEq(vault.totalSupply(), 0);
    }

    function test_is_closed_while_positions_are_open() public {
        _trade(_quote(true, true, 2000e8, 1e18, 100e6));
        assertEq(vault.maxDeposit(depositor), 0);
        assertEq(vault.maxMint(depositor), 0);
        assertEq(vault.maxWithdraw(depositor), 0);
        assertEq(vault.maxRedeem(depositor), 0);
        _expectClosed(abi.encodeWithSelector(IShardVault.ShardVault_PositionsOpen.selector, 1));
    }

    function test_is_closed_while_paused() public {
        vm.prank(guardian);
        vault.pause();
        assertEq(vault.maxDeposit(depositor), 0);
        _expectClosed(abi.encodeWithSelector(IShardVaultAdmin.ShardVault_Paused.selector));
    }

    function test_is_closed_while_a_feed_is_stale() public {
        skip(61);
        assertEq(vault.maxWithdraw(depositor), 0);
        _expectClosed(
            abi.encodeWithSelector(IShardVault.ShardVault_PriceStale.selector, address(usdx), START, START + 61)
        );
    }

    function test_values_hedges_at_the_feed_without_haircut() public {
        btc.mint(address(vault), 2e8);
        assertEq(vault.totalAssets(), FUNDS + 80_000e6);
        usdxFeed.push(0.8e8);
        assertEq(vault.totalAssets(), FUNDS + 100_000e6, "in settlement units, which are worth less now");
    }

    function test_withdrawals_are_limited_by_the_settlement_asset_at_hand() public {
        weth.mint(address(vault), 1000e18);
        vm.prank(address(vault));
        usdx.transfer(address(1), FUNDS - 5000e6);
        assertEq(vault.maxWithdraw(depositor), 5000e6);
        uint256 shares = vault.maxRedeem(depositor);
        vm.prank(depositor);
        vault.redeem(shares, depositor, depositor);
        assertLe(usdx.balanceOf(depositor), 5000e6);
        assertGe(usdx.balanceOf(depositor), 5000e6 - 1);
    }

    function testFuzz_a_first_depositor_cannot_be_robbed_by_a_donation(uint256 donation, uint256 amount) public {
        vm.prank(depositor);
        vault.redeem(FUNDS * 1e6, depositor, depositor);
        donation = bound(donation, 1, 1e15);
        amount = bound(amount, 1e6, 1e15);
        address attacker = makeAddr("attacker");
        address victim = makeAddr("victim");
        usdx.mint(attacker, 1 + donation);
        usdx.mint(victim, amount);
        _deposit(attacker, 1);
        vm.prank(attacker);
        usdx.transfer(address(vault), donation);
        uint256 shares = _deposit(victim, amount);
        uint256 attackerShares = vault.balanceOf(attacker);
        // What the attacker could take back never exceeds what it put in.
        assertLe(vault.previewRedeem(attackerShares), 1 + donation);
        // The victim loses at most a millionth of the donation, plus rounding.
        assertGe(vault.previewRedeem(shares) + donation / 1e6 + 2, amount);
    }

    function testFuzz_deposits_and_redemptions_round_in_favour_of_the_vault(uint256 amount, uint256 gift) public {
        gift = bound(gift, 0, 1e12);
        amount = bound(amount, 1, 1e12);
        usdx.mint(address(vault), gift);
        usdx.mint(taker, amount);
        uint256 shares = _deposit(taker, amount);
        vm.prank(taker);
        uint256 returned = vault.redeem(shares, taker, taker);
        assertLe(returned, amount);
    }

    function test_only_the_book_asks_for_option_payments() public {
        vm.expectRevert(abi.encodeWithSelector(IShardVault.ShardVault_OnlyBook.selector, admin));
        vm.prank(admin);
        vault.payOption(admin, 1);
    }

    function test_the_guardian_pauses_and_only_the_admin_unpauses() public {
        vm.expectRevert(abi.encodeWithSelector(IShardVault.ShardVault_OnlyGuardian.selector, taker));
        vm.prank(taker);
        vault.pause();
        vm.prank(guardian);
        vault.pause();
        assertTrue(vault.paused());
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, guardian));
        vm.prank(guardian);
        vault.unpause();
        vm.prank(admin);
        vault.unpause();
        assertFalse(vault.paused());
    }

    function test_only_allowed_depositors_receive_new_shares_and_they_can_always_leave() public {
        address stranger = makeAddr("stranger");
        usdx.mint(stranger, 10e6);
        bytes memory reason = abi.encodeWithSelector(IShardVaultAdmin.ShardVault_DepositorNotAllowed.selector, stranger);
        vm.startPrank(stranger);
        usdx.approve(address(vault), 10e6);
        vm.expectRevert(reason);
        vault.deposit(10e6, stranger);
        vm.expectRevert(reason);
        vault.mint(1e6, stranger);
        vm.stopPrank();
        assertEq(vault.maxDeposit(stranger), 0);
        assertEq(vault.maxMint(stranger), 0);
        uint256 shares = _deposit(stranger, 10e6);
        vm.prank(admin);
        vault.setDepositor(stranger, false);
        vm.prank(stranger);
        assertEq(vault.redeem(shares, stranger, stranger), 10e6);
    }

    function test_every_setter_is_the_admins() public {
        bytes[] memory calls = new bytes[](8);
        calls[0] = abi.encodeCall(vault.setOptionBook, (address(1)));
        calls[1] = abi.encodeCall(vault.setVenue, (address(1), true));
        calls[2] = abi.encodeCall(vault.setSisterVault, (1, bytes32(uint256(1))));
        calls[3] = abi.encodeCall(vault.setLimits, (_limits()));
        calls[4] = abi.encodeCall(vault.setSigner, (address(1), true));
        calls[5] = abi.encodeCall(vault.setQuorum, (1));
        calls[6] = abi.encodeCall(vault.setGuardian, (address(1)));
        calls[7] = abi.encodeCall(vault.setDepositor, (address(1), true));
        for (uint256 i = 0; i < calls.length; i++) {
            vm.prank(guardian);
            (bool success, bytes memory answer) = address(vault).call(calls[i]);
            assertFalse(success);
            assertEq(answer, abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, guardian));
        }
    }

    function test_the_book_is_set_once_and_must_be_this_vaults() public {
        vm.startPrank(admin);
        vm.expectRevert(abi.encodeWithSelector(IShardVaultAdmin.ShardVault_BookAlreadySet.selector, address(book)));
        vault.setOptionBook(address(book));
        ShardVault other = new ShardVault(_vaultConfig(address(usdx)));
        vm.expectRevert(abi.encodeWithSelector(IShardVaultAdmin.ShardVault_BookOfAnotherVault.selector, address(book)));
        other.setOptionBook(address(book));
        assertEq(other.liabilities(), 0);
        vm.stopPrank();
    }

    function test_refuses_limits_that_switch_a_check_off() public {
        VaultLimits[5] memory bad;
        for (uint256 i = 0; i < 5; i++) {
            bad[i] = _limits();
        }
        bad[0].maxSlippageBps = 10_000;
        bad[1].hedgeHaircutBps = 10_001;
        bad[2].feedStaleAfterSeconds = 0;
        bad[3].windowSeconds = 0;
        bad[4].swapWindowCap = type(uint256).max;
        for (uint256 i = 0; i < 5; i++) {
            vm.expectRevert(abi.encodeWithSelector(IShardVaultAdmin.ShardVault_BadLimits.selector, bad[i]));
            vm.prank(admin);
            vault.setLimits(bad[i]);
        }
    }

    function test_the_quorum_stays_between_one_and_the_number_of_signers() public {
        vm.startPrank(admin);
        vm.expectRevert(abi.encodeWithSelector(IShardVaultAdmin.ShardVault_BadQuorum.selector, 0, 3));
        vault.setQuorum(0);
        vm.expectRevert(abi.encodeWithSelector(IShardVaultAdmin.ShardVault_BadQuorum.selector, 4, 3));
        vault.setQuorum(4);
        vault.setSigner(vm.addr(signerKeys[2]), false);
        vault.setSigner(vm.addr(signerKeys[2]), false);
        assertEq(vault.signerCount(), 2, "removing twice counts once");
        vm.expectRevert(abi.encodeWithSelector(IShardVaultAdmin.ShardVault_BadQuorum.selector, 2, 1));
        vault.setSigner(vm.addr(signerKeys[1]), false);
        vm.expectRevert(IShardVaultAdmin.ShardVault_ZeroAddress.selector);
        vault.setSigner(address(0), true);
        vm.stopPrank();
    }

    function test_refuses_feeds_and_assets_it_cannot_value() public {
        VaultConfig memory config = _vaultConfig(address(usdx));
        SettablePriceFeed wrong = new SettablePriceFeed(18, "18 decimals", address(this));
        config.settlementFeed = wrong;
        vm.expectRevert(abi.encodeWithSelector(IShardVaultAdmin.ShardVault_BadFeed.selector, address(wrong)));
        new ShardVault(config);
        config = _vaultConfig(address(usdx));
        config.hedges[1] = HedgeAsset(address(btc), IPriceFeed(address(0)));
        vm.expectRevert(abi.encodeWithSelector(IShardVaultAdmin.ShardVault_BadFeed.selector, address(0)));
        new ShardVault(config);
        config = _vaultConfig(address(usdx));
        config.hedges[1] = config.hedges[0];
        vm.expectRevert(abi.encodeWithSelector(IShardVaultAdmin.ShardVault_DuplicateAsset.selector, address(weth)));
        new ShardVault(config);
    }

    function test_capital_stays_readable_when_feeds_are_stale() public {
        skip(1 days);
        assertEq(vault.capital(), int256(FUNDS));
    }

    function _expectClosed(bytes memory reason) private {
        vm.startPrank(depositor);
        vm.expectRevert(reason);
        vault.deposit(1, depositor);
        vm.expectRevert(reason);
        vault.mint(1, depositor);
        vm.expectRevert(reason);
        vault.withdraw(1, depositor, depositor);
        vm.expectRevert(reason);
        vault.redeem(1, depositor, depositor);
        vm.stopPrank();
    }
}
