// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {
    IUniswapV3Adapter,
    IUniswapV3Pool,
    IUniswapV3Router,
    PoolState,
    TwapGuard
} from "riskshard/interfaces/IUniswapV3.sol";
import {Actions, Mandate, SwapExactOutputParams, SwapParams} from "riskshard/types/Mandate.sol";
import {UniswapV3Adapter} from "riskshard/venues/UniswapV3Adapter.sol";
import {UniswapFixture} from "./support/UniswapFixture.sol";

/// @notice The guard on the unmodified Uniswap v3 contracts: who moves a pool against the vault within a block is refused.
contract UniswapV3TwapGuardTest is UniswapFixture {
    address private attacker = makeAddr("attacker");

    function test_a_sandwich_within_the_oracles_slippage_is_refused_and_would_have_passed_without_the_guard() public {
        // The victim may pay 1 % above the feed and pays 0.05 % fee; the attacker moves the pool by 0.88 % first.
        SwapParams memory params = _buyWeth(2_000e6);
        params.minAmountOut = 0.99e18;
        uint256 snapshot = vm.snapshotState();
        uint256 bought = _attack(17_000e6);
        PoolState memory state = adapter.poolState(pool);
        assertFalse(state.takesTrades);
        _expectOffMean(params, state);

        // The same trade behind a guard that lets everything through: the vault's own bound is met, and the attacker gains.
        vm.prank(admin);
        adapter.setTwapGuard(TwapGuard({windowSeconds: 60, maxDeviationTicks: 500, observations: 120}));
        _swap("without", params);
        assertLt(weth.balanceOf(address(vault)), 0.9925e18, "the vault got almost 0.8 % less than at the fair price");

        vm.revertToState(snapshot);
        _swap("honest", params);
        assertGt(weth.balanceOf(address(vault)), 0.998e18);
        assertGt(bought, 0);
    }

    function test_an_exact_output_is_refused_just_so() public {
        _attack(17_000e6);
        PoolState memory state = adapter.poolState(pool);
        SwapExactOutputParams memory params = _buyExactWeth(1e18);
        params.maxAmountIn = 2_020e6;
        Mandate memory mandate = _mandate("exact", Actions.SWAP_EXACT_OUTPUT, _hash(params));
        bytes[] memory signatures = _sign(mandate);
        vm.expectRevert(_offMean(state));
        vault.executeSwapExactOutput(mandate, params, signatures);
    }

    function test_a_price_pushed_the_other_way_is_refused_too() public {
        weth.mint(address(this), 9e18);
        _trade(address(weth), address(usdx), 9e18);
        PoolState memory state = adapter.poolState(pool);
        assertFalse(state.takesTrades);
        _expectOffMean(_buyWeth(2_000e6), state);
    }

    function test_a_price_that_stays_becomes_the_mean() public {
        _attack(17_000e6);
        assertFalse(adapter.poolState(pool).takesTrades);
        skip(30);
        PoolState memory half = adapter.poolState(pool);
        // Half of the window at the new price: the mean has come half of the way.
        assertTrue(half.takesTrades);
        skip(30);
        PoolState memory whole = adapter.poolState(pool);
        assertEq(whole.twapTick, whole.spotTick);
        assertApproxEqAbs(int256(half.twapTick), (int256(whole.spotTick) + _startTick()) / 2, 1);
    }

    function test_the_limit_itself_still_passes() public {
        _attack(17_000e6);
        PoolState memory state = adapter.poolState(pool);
        uint24 deviation = uint24(uint256(_abs(int256(state.spotTick) - state.twapTick)));
        _setGuard(TwapGuard({windowSeconds: 60, maxDeviationTicks: deviation, observations: 120}));
        assertTrue(adapter.poolState(pool).takesTrades);
        _setGuard(TwapGuard({windowSeconds: 60, maxDeviationTicks: deviation - 1, observations: 120}));
        assertFalse(adapter.poolState(pool).takesTrades);
    }

    function test_a_guard_that_needs_more_observations_makes_every_allowed_pool_keep_them() public {
        address second = _createPool(btc, 25e8, usdx, 1_000_000e6);
        address forbidden = _createPool(btc, 25e8, weth, 750e18);
        vm.startPrank(admin);
        adapter.setPool(second, true);
        adapter.setPool(forbidden, true);
        adapter.setPool(forbidden, false);
        vm.stopPrank();
        _setGuard(TwapGuard({windowSeconds: 60, maxDeviationTicks: 80, observations: 300}));
        assertEq(_kept(pool), 300);
        assertEq(_kept(second), 300);
        assertEq(_kept(forbidden), 120);
        _setGuard(TwapGuard({windowSeconds: 60, maxDeviationTicks: 80, observations: 50}));
        assertEq(_kept(pool), 300, "what a pool keeps it goes on keeping");
    }

    function _kept(address pool_) private view returns (uint16 observations) {
        (,,,, observations,,) = IUniswapV3Pool(pool_).slot0();
    }

    function test_a_pool_without_a_past_takes_no_trades_until_it_has_one() public {
        address young = _createPool(btc, 25e8, usdx, 1_000_000e6);
        vm.prank(admin);
        adapter.setPool(young, true);
        PoolState memory state = adapter.poolState(young);
        assertFalse(state.hasHistory);
        assertFalse(state.takesTrades);
        usdx.mint(address(adapter), 1_000e6);
        bytes memory reason =
            abi.encodeWithSelector(IUniswapV3Adapter.UniswapV3Adapter_HistoryTooShort.selector, young, uint32(60));
        vm.expectRevert(reason);
        adapter.swapExactInput(young, address(usdx), address(btc), 1_000e6, 0);
        vm.expectRevert(reason);
        adapter.swapExactOutput(young, address(usdx), address(btc), 1, 1_000e6);
        skip(59);
        assertFalse(adapter.poolState(young).hasHistory);
        skip(1);
        adapter.swapExactInput(young, address(usdx), address(btc), 1_000e6, 0);
    }

    function test_trades_in_every_second_do_not_shorten_the_history() public {
        // Without raised cardinality each block's first trade would overwrite the only observation.
        for (uint256 i = 0; i < 130; i++) {
            skip(1);
            usdx.mint(address(this), 1e6);
            _trade(address(usdx), address(weth), 1e6);
        }
        assertTrue(adapter.poolState(pool).hasHistory);
    }

    function test_an_allowed_pool_keeps_as_many_observations_as_the_guard_needs() public {
        (,,,, uint16 next,,) = IUniswapV3Pool(pool).slot0();
        assertEq(next, 120);
        _setGuard(TwapGuard({windowSeconds: 60, maxDeviationTicks: 80, observations: 200}));
        vm.prank(admin);
        adapter.setPool(pool, true);
        (,,,, next,,) = IUniswapV3Pool(pool).slot0();
        assertEq(next, 200);
    }

    function test_the_mean_is_rounded_down_as_uniswaps_library_does() public {
        // A negative sum of ticks that the window does not divide.
        skip(7);
        usdx.mint(address(this), 3_000e6);
        _trade(address(usdx), address(weth), 3_000e6);
        skip(11);
        uint32[] memory secondsAgos = new uint32[](2);
        secondsAgos[0] = 60;
        (int56[] memory sums,) = IUniswapV3Pool(pool).observe(secondsAgos);
        int256 sum = int256(sums[1]) - sums[0];
        int256 mean = adapter.poolState(pool).twapTick;
        assertTrue(sum % 60 != 0, "the case needs a remainder");
        assertLe(mean * 60, sum);
        assertGt((mean + 1) * 60, sum);
    }

    function test_only_the_admin_sets_the_guard_and_only_a_sensible_one() public {
        TwapGuard memory guard = _guard();
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, attacker));
        vm.prank(attacker);
        adapter.setTwapGuard(guard);
        TwapGuard[3] memory bad = [guard, guard, guard];
        bad[0] = TwapGuard({windowSeconds: 0, maxDeviationTicks: 80, observations: 120});
        bad[1] = TwapGuard({windowSeconds: 60, maxDeviationTicks: 0, observations: 120});
        bad[2] = TwapGuard({windowSeconds: 60, maxDeviationTicks: 80, observations: 1});
        for (uint256 i = 0; i < 3; i++) {
            vm.expectRevert(abi.encodeWithSelector(IUniswapV3Adapter.UniswapV3Adapter_BadGuard.selector, bad[i]));
            vm.prank(admin);
            adapter.setTwapGuard(bad[i]);
            vm.expectRevert(abi.encodeWithSelector(IUniswapV3Adapter.UniswapV3Adapter_BadGuard.selector, bad[i]));
            new UniswapV3Adapter(IUniswapV3Router(swapRouter), admin, bad[i], new address[](0));
        }
        assertEq(adapter.twapGuard().windowSeconds, guard.windowSeconds);
        assertEq(adapter.twapGuard().maxDeviationTicks, guard.maxDeviationTicks);
    }

    /// @dev Buys WETH for `amountIn` USDX as an outsider would.
    function _attack(uint256 amountIn) private returns (uint256) {
        usdx.mint(address(this), amountIn);
        return _trade(address(usdx), address(weth), amountIn);
    }

    function _trade(address assetIn, address assetOut, uint256 amountIn) private returns (uint256) {
        IERC20(assetIn).approve(swapRouter, amountIn);
        return IUniswapV3Router(swapRouter)
            .exactInputSingle(
                IUniswapV3Router.ExactInputSingleParams({
                tokenIn: assetIn,
                tokenOut: assetOut,
                fee: FEE,
                recipient: attacker,
                deadline: block.timestamp,
                amountIn: amountIn,
                amountOutMinimum: 0,
                sqrtPriceLimitX96: 0
            })
            );
    }

    function _expectOffMean(SwapParams memory params, PoolState memory state) private {
        Mandate memory mandate = _mandate("sandwiched", Actions.SWAP, _hash(params));
        bytes[] memory signatures = _sign(mandate);
        vm.expectRevert(_offMean(state));
        vault.executeSwap(mandate, params, signatures);
    }

    function _offMean(PoolState memory state) private view returns (bytes memory) {
        return abi.encodeWithSelector(
            IUniswapV3Adapter.UniswapV3Adapter_PriceOffMean.selector, pool, state.spotTick, state.twapTick, uint24(80)
        );
    }

    function _setGuard(TwapGuard memory guard) private {
        vm.prank(admin);
        adapter.setTwapGuard(guard);
    }

    function _startTick() private view returns (int256) {
        uint32[] memory secondsAgos = new uint32[](2);
        (secondsAgos[0], secondsAgos[1]) = (90, 60);
        (int56[] memory sums,) = IUniswapV3Pool(pool).observe(secondsAgos);
        return (int256(sums[1]) - sums[0]) / 30;
    }

    function _abs(int256 value) private pure returns (int256) {
        return value < 0 ? -value : value;
    }
}
