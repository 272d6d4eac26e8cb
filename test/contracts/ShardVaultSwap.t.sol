// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Vm} from "forge-std/Vm.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IShardVault} from "riskshard/interfaces/IShardVault.sol";
import {VaultLimits} from "riskshard/interfaces/IShardVaultAdmin.sol";
import {Actions, Mandate, SwapParams} from "riskshard/types/Mandate.sol";
import {SwapSuite} from "./support/SwapSuite.sol";

contract ShardVaultSwapTest is SwapSuite {
    function _callOf(bytes32 jobId, Swap memory swap) internal view override returns (bytes memory) {
        SwapParams memory params = SwapParams({
            venue: swap.venue,
            pool: swap.pool,
            assetIn: swap.assetIn,
            assetOut: swap.assetOut,
            amountIn: swap.mostIn,
            minAmountOut: swap.leastOut,
            minCapitalAfter: swap.minCapitalAfter
        });
        Mandate memory mandate = _mandate(jobId, Actions.SWAP, _hash(params));
        return abi.encodeCall(vault.executeSwap, (mandate, params, _sign(mandate)));
    }

    function test_swaps_through_the_real_pool_and_reports_measured_amounts() public {
        SwapParams memory params = _buyWeth(10_000e6);
        vm.recordLogs();
        _swap("a", params);
        uint256 received = weth.balanceOf(address(vault));
        assertEq(usdx.balanceOf(address(vault)), FUNDS - params.amountIn);
        assertGe(received, params.minAmountOut);
        assertLt(received, 5e18, "fee and impact cost something");
        assertEq(_swapLoggedOut(), received);
    }

    function test_sells_what_it_bought() public {
        _swap("a", _buyWeth(10_000e6));
        SwapParams memory params = _buyWeth(0);
        (params.assetIn, params.assetOut) = (address(weth), address(usdx));
        params.amountIn = weth.balanceOf(address(vault));
        params.minAmountOut = 9900e6;
        _swap("b", params);
        assertEq(weth.balanceOf(address(vault)), 0);
    }

    function test_counts_hedges_at_the_feed_less_the_haircut() public {
        _swap("a", _buyWeth(10_000e6));
        uint256 counted = weth.balanceOf(address(vault)) * 2000 / 1e12 * 95 / 100;
        assertApproxEqAbs(uint256(vault.capital()), usdx.balanceOf(address(vault)) + counted, 1);
    }

    function test_the_least_output_follows_the_feed_rounded_up() public {
        SwapParams memory params = _buyWeth(10_000e6);
        params.minAmountOut = 4.95e18 - 1;
        _expectRevert(
            params, abi.encodeWithSelector(IShardVault.ShardVault_MinimumOutTooLow.selector, 4.95e18 - 1, 4.95e18)
        );
        params.minAmountOut = 4.95e18;
        _swap("a", params);
    }

    function testFuzz_the_least_output_never_rounds_against_the_vault(uint256 amountIn, int256 price) public {
        amountIn = bound(amountIn, 1, 190_000e6);
        price = bound(price, 1e8, 100_000e8);
        ethFeed.push(price);
        // least = ceil(ceil(fair) x 99 %), so it never lies under the exact share of the exact value.
        uint256 exactTimes1e4 = Math.mulDiv(amountIn * 1e8, 1e18 * 9900, uint256(price) * 1e6, Math.Rounding.Ceil);
        SwapParams memory params = _buyWeth(amountIn);
        params.minAmountOut = exactTimes1e4 == 0 ? 0 : (exactTimes1e4 - 1) / 10_000;
        Mandate memory mandate = _mandate("fuzz", Actions.SWAP, _hash(params));
        bytes[] memory signatures = _sign(mandate);
        vm.expectPartialRevert(IShardVault.ShardVault_MinimumOutTooLow.selector);
        vault.executeSwap(mandate, params, signatures);
    }

    function test_measures_sales_by_their_value_in_settlement_units() public {
        weth.mint(address(vault), 10e18);
        SwapParams memory params = _buyWeth(0);
        (params.assetIn, params.assetOut, params.amountIn) = (address(weth), address(usdx), 10e18);
        params.minAmountOut = 19_800e6;
        _swap("a", params);
        (uint256 level,) = vault.windowLevels();
        assertEq(level, 20_000e6);
    }

    function test_rejects_less_than_the_minimum_whatever_the_venue_says() public {
        SwapParams memory params = _oddSwap(10_000e6);
        odd.behave(params.minAmountOut - 1, 0);
        _expectRevert(
            params,
            abi.encodeWithSelector(
                IShardVault.ShardVault_ReceivedTooLittle.selector, params.minAmountOut - 1, params.minAmountOut
            )
        );
    }

    function test_rejects_a_swap_that_spends_less_than_was_signed() public {
        SwapParams memory params = _oddSwap(10_000e6);
        odd.behave(5e18, 1);
        _expectRevert(
            params,
            abi.encodeWithSelector(
                IShardVault.ShardVault_WrongAmountSpent.selector, FUNDS, FUNDS - params.amountIn + 1, params.amountIn
            )
        );
    }

    function test_a_negative_floor_means_zero() public {
        SwapParams memory params = _oddSwap(10_000e6);
        params.minCapitalAfter = -1;
        // After the rise 500 calls owe more than the vault has.
        ethFeed.push(1000e8);
        bytes32 id = _trade(_quote(true, true, 1000e8, 500e18, 200_000e6));
        assertEq(book.series(id).takersLong, 500e18);
        ethFeed.push(5000e8);
        params.minAmountOut = 2e18;
        int256 expected = vault.capital() + int256(uint256(5000e6 * 2 * 95 / 100)) - 10_000e6;
        odd.behave(2e18, 0);
        assertLt(expected, 0);
        _expectRevert(
            params, abi.encodeWithSelector(IShardVault.ShardVault_CapitalBelowFloor.selector, expected, int256(0))
        );
    }

    function test_a_window_of_a_changed_limit_drains_by_the_new_one() public {
        _swap("a", _oddSwap(100_000e6));
        VaultLimits memory limits = vault.limits();
        limits.swapWindowCap = 400_000e6;
        vm.prank(admin);
        vault.setLimits(limits);
        _pass(60);
        (uint256 level,) = vault.windowLevels();
        assertEq(level, 60_000e6);
    }

    function _oddSwap(uint256 amountIn) private returns (SwapParams memory params) {
        params = _buyWeth(amountIn);
        params.venue = address(odd);
        params.minAmountOut = amountIn * 1e12 / 2000;
        odd.behave(params.minAmountOut, 0);
    }

    function _expectRevert(SwapParams memory params, bytes memory reason) private {
        Mandate memory mandate = _mandate("reverting", Actions.SWAP, _hash(params));
        bytes[] memory signatures = _sign(mandate);
        vm.expectRevert(reason);
        vault.executeSwap(mandate, params, signatures);
    }

    function _swapLoggedOut() private returns (uint256 amountOut) {
        bytes32 topic = IShardVault.SwapExecuted.selector;
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; i++) {
            if (logs[i].topics[0] != topic) continue;
            (,,,, amountOut) = abi.decode(logs[i].data, (address, address, address, uint256, uint256));
        }
    }
}
