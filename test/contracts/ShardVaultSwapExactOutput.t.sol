// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Vm} from "forge-std/Vm.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IShardVault} from "riskshard/interfaces/IShardVault.sol";
import {IUniswapV3Adapter} from "riskshard/interfaces/IUniswapV3.sol";
import {VenueDesk} from "riskshard/VenueDesk.sol";
import {Actions, Mandate, SwapExactOutputParams, SwapParams} from "riskshard/types/Mandate.sol";
import {SwapSuite} from "./support/SwapSuite.sol";

contract ShardVaultSwapExactOutputTest is SwapSuite {
    function _callOf(bytes32 jobId, Swap memory swap) internal view override returns (bytes memory) {
        SwapExactOutputParams memory params = SwapExactOutputParams({
            venue: swap.venue,
            pool: swap.pool,
            assetIn: swap.assetIn,
            assetOut: swap.assetOut,
            amountOut: swap.leastOut,
            maxAmountIn: swap.mostIn,
            minCapitalAfter: swap.minCapitalAfter
        });
        Mandate memory mandate = _mandate(jobId, Actions.SWAP_EXACT_OUTPUT, _hash(params));
        return abi.encodeCall(vault.executeSwapExactOutput, (mandate, params, _sign(mandate)));
    }

    function test_buys_exactly_what_is_asked_through_the_real_pool_and_gets_the_rest_back() public {
        SwapExactOutputParams memory params = _buyExactWeth(5e18);
        vm.recordLogs();
        _swap("a", params);
        uint256 spent = FUNDS - usdx.balanceOf(address(vault));
        assertEq(weth.balanceOf(address(vault)), 5e18);
        assertGt(spent, 10_000e6, "fee and impact cost something");
        assertLt(spent, params.maxAmountIn);
        (uint256 loggedIn, uint256 loggedOut) = _logged();
        assertEq(loggedIn, spent);
        assertEq(loggedOut, 5e18);
        _assertNothingStays();
    }

    function test_sells_for_exactly_the_cash_that_is_asked() public {
        _swap("a", _buyExactWeth(5e18));
        uint256 before = usdx.balanceOf(address(vault));
        SwapExactOutputParams memory params = _sale(4_000e6, 2.02e18);
        _swap("b", params);
        assertEq(usdx.balanceOf(address(vault)), before + 4_000e6);
        assertGt(weth.balanceOf(address(vault)), 5e18 - params.maxAmountIn);
        _assertNothingStays();
    }

    function testFuzz_the_output_is_exact_and_the_spend_bounded(uint256 amountOut) public {
        amountOut = bound(amountOut, 1e12, 10e18);
        SwapExactOutputParams memory params = _buyExactWeth(amountOut);
        _swap("a", params);
        assertEq(weth.balanceOf(address(vault)), amountOut);
        assertLe(FUNDS - usdx.balanceOf(address(vault)), params.maxAmountIn);
        _assertNothingStays();
    }

    function test_rejects_more_than_the_most_that_may_be_spent() public {
        SwapExactOutputParams memory params = _buyExactWeth(5e18);
        params.maxAmountIn = 10_000e6;
        _expectRevert(
            params,
            abi.encodeWithSelector(
                IUniswapV3Adapter.UniswapV3Adapter_OutputNotFilled.selector,
                5e18,
                10_000e6,
                abi.encodeWithSignature("Error(string)", "STF")
            )
        );
    }

    function test_the_most_spent_follows_the_feed() public {
        // 4.95 WETH are worth 9,900 USDX: 10,000 is 99 % of a fair trade, and one unit more is not.
        SwapExactOutputParams memory params = _buyExactWeth(4.95e18);
        params.maxAmountIn = 10_000e6 + 1;
        uint256 fair = params.maxAmountIn * 1e12 / 2000;
        uint256 least = Math.mulDiv(fair, 9900, 10_000, Math.Rounding.Ceil);
        _expectRevert(params, abi.encodeWithSelector(IShardVault.ShardVault_MinimumOutTooLow.selector, 4.95e18, least));
        params.maxAmountIn = 10_000e6;
        _swap("a", params);
    }

    function test_the_window_counts_the_most_that_may_be_spent_together_with_other_swaps() public {
        _swap("a", _oddExact(70e18));
        (uint256 level,) = vault.windowLevels();
        assertEq(level, 140_000e6);
        _expectRevert(
            _oddExact(30.0005e18),
            abi.encodeWithSelector(IShardVault.ShardVault_WindowCapExceeded.selector, 200_001e6, 200_000e6)
        );
        SwapParams memory exactInput = _buyWeth(60_001e6);
        exactInput.venue = address(odd);
        Mandate memory mandate = _mandate("b", Actions.SWAP, _hash(exactInput));
        bytes[] memory signatures = _sign(mandate);
        vm.expectRevert(abi.encodeWithSelector(IShardVault.ShardVault_WindowCapExceeded.selector, 200_001e6, 200_000e6));
        vault.executeSwap(mandate, exactInput, signatures);
        _swap("c", _oddExact(30e18));
    }

    function test_rejects_another_amount_than_the_exact_one_whatever_the_venue_says() public {
        SwapExactOutputParams memory params = _oddExact(5e18);
        odd.behave(5e18 - 1, 0);
        _expectRevert(params, abi.encodeWithSelector(IShardVault.ShardVault_ReceivedTooLittle.selector, 5e18 - 1, 5e18));
        odd.behave(5e18 + 1, 0);
        _expectRevert(
            params, abi.encodeWithSelector(IShardVault.ShardVault_WrongAmountReceived.selector, 5e18 + 1, 5e18)
        );
    }

    function test_rejects_a_venue_that_gives_back_more_than_it_took() public {
        SwapExactOutputParams memory params = _oddExact(5e18);
        usdx.mint(address(odd), 1);
        odd.behave(5e18, params.maxAmountIn + 1);
        _expectRevert(
            params,
            abi.encodeWithSelector(
                IShardVault.ShardVault_WrongAmountSpent.selector, FUNDS, FUNDS + 1, params.maxAmountIn
            )
        );
    }

    function test_a_mandate_of_one_kind_of_swap_is_not_one_of_the_other() public {
        SwapExactOutputParams memory params = _buyExactWeth(5e18);
        Mandate memory mandate = _mandate("a", Actions.SWAP, _hash(params));
        bytes[] memory signatures = _sign(mandate);
        vm.expectRevert(
            abi.encodeWithSelector(IShardVault.ShardVault_WrongAction.selector, Actions.SWAP, Actions.SWAP_EXACT_OUTPUT)
        );
        vault.executeSwapExactOutput(mandate, params, signatures);
        SwapParams memory exactInput = _buyWeth(10_000e6);
        mandate = _mandate("b", Actions.SWAP_EXACT_OUTPUT, _hash(exactInput));
        signatures = _sign(mandate);
        vm.expectRevert(
            abi.encodeWithSelector(IShardVault.ShardVault_WrongAction.selector, Actions.SWAP_EXACT_OUTPUT, Actions.SWAP)
        );
        vault.executeSwap(mandate, exactInput, signatures);
    }

    function test_the_desk_cannot_use_up_a_mandate_of_a_swap() public {
        VenueDesk desk = new VenueDesk(vault, admin);
        vm.prank(admin);
        vault.setVenueDesk(address(desk));
        SwapExactOutputParams memory params = _buyExactWeth(5e18);
        Mandate memory mandate = _mandate("a", Actions.SWAP_EXACT_OUTPUT, _hash(params));
        bytes[] memory signatures = _sign(mandate);
        vm.expectRevert(
            abi.encodeWithSelector(
                IShardVault.ShardVault_WrongAction.selector, Actions.SWAP_EXACT_OUTPUT, Actions.LEND_MOVE
            )
        );
        vm.prank(address(desk));
        vault.beginVenueAction(mandate, Actions.SWAP_EXACT_OUTPUT, mandate.paramsHash, signatures);
    }

    function _sale(uint256 amountOut, uint256 maxAmountIn) private view returns (SwapExactOutputParams memory params) {
        params = _buyExactWeth(0);
        (params.assetIn, params.assetOut) = (address(weth), address(usdx));
        (params.amountOut, params.maxAmountIn) = (amountOut, maxAmountIn);
    }

    /// @dev At the feed's price, all of it spent.
    function _oddExact(uint256 amountOut) private returns (SwapExactOutputParams memory params) {
        params = _buyExactWeth(amountOut);
        params.venue = address(odd);
        params.maxAmountIn = amountOut * 2000 / 1e12;
        odd.behave(amountOut, 0);
    }

    function _expectRevert(SwapExactOutputParams memory params, bytes memory reason) private {
        Mandate memory mandate = _mandate("reverting", Actions.SWAP_EXACT_OUTPUT, _hash(params));
        bytes[] memory signatures = _sign(mandate);
        vm.expectRevert(reason);
        vault.executeSwapExactOutput(mandate, params, signatures);
        assertFalse(vault.consumed("reverting"));
    }

    function _assertNothingStays() private view {
        assertEq(usdx.balanceOf(address(adapter)), 0);
        assertEq(weth.balanceOf(address(adapter)), 0);
        assertEq(usdx.allowance(address(adapter), swapRouter), 0);
        assertEq(weth.allowance(address(adapter), swapRouter), 0);
        assertEq(usdx.allowance(address(vault), address(adapter)), 0);
    }

    function _logged() private returns (uint256 amountIn, uint256 amountOut) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; i++) {
            if (logs[i].topics[0] != IShardVault.SwapExecuted.selector) continue;
            (,,, amountIn, amountOut) = abi.decode(logs[i].data, (address, address, address, uint256, uint256));
        }
    }
}
