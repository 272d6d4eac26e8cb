// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {VaultLock} from "riskshard/VaultLock.sol";
import {IShardVault} from "riskshard/interfaces/IShardVault.sol";
import {IShardVaultAdmin} from "riskshard/interfaces/IShardVaultAdmin.sol";
import {IVenueAdapter} from "riskshard/interfaces/IVenueAdapter.sol";
import {OddVenue} from "./OddVenue.sol";
import {UniswapFixture} from "./UniswapFixture.sol";

/// @notice What holds for every kind of mandated swap, for each is judged by the worst it may do: most in for least out.
/// A kind's own test inherits this and says how its mandate is made.
abstract contract SwapSuite is UniswapFixture {
    struct Swap {
        address venue;
        address pool;
        address assetIn;
        address assetOut;
        uint256 mostIn;
        uint256 leastOut;
        int256 minCapitalAfter;
    }

    OddVenue internal odd;

    function setUp() public override {
        super.setUp();
        odd = new OddVenue();
        vm.prank(admin);
        vault.setVenue(address(odd), true);
        weth.mint(address(odd), 1000e18);
    }

    /// @dev The call of the vault with a signed mandate for `swap`.
    function _callOf(bytes32 jobId, Swap memory swap) internal view virtual returns (bytes memory);

    function test_rejects_what_is_not_allowed_and_the_job_is_not_used_up() public {
        address other = makeAddr("other");
        Swap memory swap = _purchase(10_000e6);
        swap.venue = other;
        _expectRevertOf(swap, abi.encodeWithSelector(IShardVault.ShardVault_VenueNotAllowed.selector, other));
        swap = _purchase(10_000e6);
        swap.assetIn = other;
        _expectRevertOf(swap, abi.encodeWithSelector(IShardVault.ShardVault_AssetNotAllowed.selector, other));
        swap = _purchase(10_000e6);
        swap.assetOut = other;
        _expectRevertOf(swap, abi.encodeWithSelector(IShardVault.ShardVault_AssetNotAllowed.selector, other));
        swap.assetOut = swap.assetIn;
        _expectRevertOf(swap, abi.encodeWithSelector(IShardVault.ShardVault_AssetNotAllowed.selector, swap.assetIn));
        swap = _purchase(10_000e6);
        swap.pool = other;
        _expectRevertOf(swap, abi.encodeWithSelector(IVenueAdapter.VenueAdapter_PoolNotAllowed.selector, other));
        vm.prank(admin);
        vault.setVenue(address(adapter), false);
        _expectRevertOf(
            _purchase(10_000e6),
            abi.encodeWithSelector(IShardVault.ShardVault_VenueNotAllowed.selector, address(adapter))
        );
        assertFalse(vault.consumed("reverting"));
    }

    function test_rejects_a_swap_of_nothing_or_for_nothing() public {
        bytes memory zero = abi.encodeWithSelector(IShardVault.ShardVault_ZeroAmount.selector);
        Swap memory swap = _purchase(10_000e6);
        swap.mostIn = 0;
        _expectRevertOf(swap, zero);
        swap = _purchase(10_000e6);
        swap.leastOut = 0;
        _expectRevertOf(swap, zero);
    }

    function test_rejects_a_stale_feed() public {
        skip(61);
        _refresh(usdxFeed);
        _refresh(btcFeed);
        _expectRevertOf(
            _purchase(10_000e6),
            abi.encodeWithSelector(IShardVault.ShardVault_PriceStale.selector, address(weth), START, START + 61)
        );
    }

    function test_rejects_a_stale_settlement_feed() public {
        skip(61);
        _refresh(ethFeed);
        _refresh(btcFeed);
        _expectRevertOf(
            _purchase(10_000e6),
            abi.encodeWithSelector(IShardVault.ShardVault_PriceStale.selector, address(usdx), START, START + 61)
        );
    }

    function test_rejects_a_price_that_is_not_positive() public {
        ethFeed.push(0);
        _expectRevertOf(
            _purchase(10_000e6),
            abi.encodeWithSelector(IShardVaultAdmin.ShardVault_BadPrice.selector, address(ethFeed), int256(0))
        );
    }

    function test_bounds_the_notional_of_a_window() public {
        _run("a", _oddPurchase(150_000e6));
        (uint256 level,) = vault.windowLevels();
        assertEq(level, 150_000e6);
        bytes memory full =
            abi.encodeWithSelector(IShardVault.ShardVault_WindowCapExceeded.selector, 200_001e6, 200_000e6);
        _expectRevertOf(_oddPurchase(50_001e6), full);
        _run("b", _oddPurchase(50_000e6));
        // A tenth of the window drains a tenth of the cap.
        _pass(60);
        (level,) = vault.windowLevels();
        assertEq(level, 180_000e6);
        _expectRevertOf(_oddPurchase(20_001e6), full);
        _run("c", _oddPurchase(20_000e6));
    }

    function test_rejects_capital_under_the_mandates_floor() public {
        Swap memory swap = _oddPurchase(100_000e6);
        // 50 WETH at 2000 count 95 %.
        int256 after_ = int256(FUNDS - 100_000e6 + 95_000e6);
        swap.minCapitalAfter = after_ + 1;
        _expectRevertOf(
            swap, abi.encodeWithSelector(IShardVault.ShardVault_CapitalBelowFloor.selector, after_, after_ + 1)
        );
        swap.minCapitalAfter = after_;
        _run("a", swap);
    }

    function test_a_venue_cannot_enter_the_vault_again() public {
        Swap memory swap = _oddPurchase(10_000e6);
        odd.callDuringSwap(address(vault), _callOf("second", swap));
        _expectRevertOf(swap, abi.encodeWithSelector(VaultLock.VaultLock_Locked.selector));
    }

    function test_executes_once_and_not_while_paused() public {
        bytes memory call_ = _callOf("a", _purchase(10_000e6));
        vm.prank(guardian);
        vault.pause();
        _expectRevertOfCall(call_, abi.encodeWithSelector(IShardVaultAdmin.ShardVault_Paused.selector));
        vm.prank(admin);
        vault.unpause();
        _submit(call_);
        _expectRevertOfCall(
            call_, abi.encodeWithSelector(IShardVault.ShardVault_AlreadyConsumed.selector, bytes32("a"))
        );
    }

    /// @dev WETH for `mostIn` USDX in the real pool, at no worse than 0.8 % from the feed.
    function _purchase(uint256 mostIn) internal view returns (Swap memory) {
        return Swap({
            venue: address(adapter),
            pool: pool,
            assetIn: address(usdx),
            assetOut: address(weth),
            mostIn: mostIn,
            leastOut: mostIn * 1e12 / 2000 * 992 / 1000,
            minCapitalAfter: 0
        });
    }

    /// @dev At the feed's price, all of it spent.
    function _oddPurchase(uint256 mostIn) internal returns (Swap memory swap) {
        swap = _purchase(mostIn);
        swap.venue = address(odd);
        swap.leastOut = mostIn * 1e12 / 2000;
        odd.behave(swap.leastOut, 0);
    }

    function _run(bytes32 jobId, Swap memory swap) internal {
        _submit(_callOf(jobId, swap));
    }

    function _expectRevertOf(Swap memory swap, bytes memory reason) internal {
        _expectRevertOfCall(_callOf("reverting", swap), reason);
    }

    function _submit(bytes memory call_) private {
        (bool done,) = address(vault).call(call_);
        assertTrue(done);
    }

    function _expectRevertOfCall(bytes memory call_, bytes memory reason) private {
        (bool done, bytes memory answer) = address(vault).call(call_);
        assertFalse(done);
        assertEq(answer, reason);
    }
}
