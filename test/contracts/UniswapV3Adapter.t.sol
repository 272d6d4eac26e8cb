// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IUniswapV3Adapter, IUniswapV3Router} from "riskshard/interfaces/IUniswapV3.sol";
import {IVenueAdapter} from "riskshard/interfaces/IVenueAdapter.sol";
import {UniswapV3Adapter} from "riskshard/venues/UniswapV3Adapter.sol";
import {UniswapFixture} from "./support/UniswapFixture.sol";

/// @notice On the unmodified Uniswap v3 contracts.
contract UniswapV3AdapterTest is UniswapFixture {
    address private caller = makeAddr("caller");

    function test_pays_out_to_its_caller_and_keeps_nothing() public {
        usdx.mint(address(adapter), 10_000e6);
        vm.prank(caller);
        uint256 amountOut = adapter.swapExactInput(pool, address(usdx), address(weth), 10_000e6, 4.9e18);
        assertEq(weth.balanceOf(caller), amountOut);
        assertGe(amountOut, 4.9e18);
        assertEq(usdx.balanceOf(address(adapter)), 0);
        assertEq(weth.balanceOf(address(adapter)), 0);
        assertEq(usdx.allowance(address(adapter), swapRouter), 0);
    }

    function test_an_exact_output_pays_out_gives_the_rest_back_and_keeps_nothing() public {
        usdx.mint(address(adapter), 10_100e6);
        vm.prank(caller);
        uint256 amountIn = adapter.swapExactOutput(pool, address(usdx), address(weth), 5e18, 10_100e6);
        assertEq(weth.balanceOf(caller), 5e18);
        assertEq(usdx.balanceOf(caller), 10_100e6 - amountIn);
        assertGt(amountIn, 10_000e6);
        assertEq(usdx.balanceOf(address(adapter)), 0);
        assertEq(usdx.allowance(address(adapter), swapRouter), 0);
    }

    function test_an_exact_output_leaves_a_gift_where_it_is() public {
        usdx.mint(address(adapter), 10_100e6 + 7);
        vm.prank(caller);
        uint256 amountIn = adapter.swapExactOutput(pool, address(usdx), address(weth), 5e18, 10_100e6);
        assertEq(usdx.balanceOf(caller), 10_100e6 - amountIn);
        assertEq(usdx.balanceOf(address(adapter)), 7);
    }

    function test_rejects_an_exact_output_that_is_forbidden_unpaid_too_dear_or_not_there() public {
        vm.expectRevert(abi.encodeWithSelector(IUniswapV3Adapter.UniswapV3Adapter_NotFunded.selector, 0, 100));
        adapter.swapExactOutput(pool, address(usdx), address(weth), 1, 100);
        vm.expectRevert(
            abi.encodeWithSelector(
                IUniswapV3Adapter.UniswapV3Adapter_WrongAssets.selector, pool, address(btc), address(weth)
            )
        );
        adapter.swapExactOutput(pool, address(btc), address(weth), 1, 100);
        usdx.mint(address(adapter), 100_000_000e6);
        vm.expectPartialRevert(IUniswapV3Adapter.UniswapV3Adapter_OutputNotFilled.selector);
        adapter.swapExactOutput(pool, address(usdx), address(weth), 5e18, 10_000e6);
        vm.expectPartialRevert(IUniswapV3Adapter.UniswapV3Adapter_OutputNotFilled.selector);
        adapter.swapExactOutput(pool, address(usdx), address(weth), 501e18, 100_000_000e6);
        vm.prank(admin);
        adapter.setPool(pool, false);
        vm.expectRevert(abi.encodeWithSelector(IVenueAdapter.VenueAdapter_PoolNotAllowed.selector, pool));
        adapter.swapExactOutput(pool, address(usdx), address(weth), 1, 100);
    }

    function test_a_gift_to_the_adapter_stays_where_it_is_and_blocks_nothing() public {
        usdx.mint(address(adapter), 10_000e6 + 7);
        adapter.swapExactInput(pool, address(usdx), address(weth), 10_000e6, 0);
        assertEq(usdx.balanceOf(address(adapter)), 7);
    }

    function test_rejects_a_pool_that_is_not_allowed() public {
        vm.prank(admin);
        adapter.setPool(pool, false);
        vm.expectRevert(abi.encodeWithSelector(IVenueAdapter.VenueAdapter_PoolNotAllowed.selector, pool));
        adapter.swapExactInput(pool, address(usdx), address(weth), 1, 0);
    }

    function test_rejects_assets_the_pool_does_not_trade() public {
        address[3] memory assetsIn = [address(btc), address(weth), address(weth)];
        address[3] memory assetsOut = [address(usdx), address(btc), address(weth)];
        for (uint256 i = 0; i < 3; i++) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    IUniswapV3Adapter.UniswapV3Adapter_WrongAssets.selector, pool, assetsIn[i], assetsOut[i]
                )
            );
            adapter.swapExactInput(pool, assetsIn[i], assetsOut[i], 1, 0);
        }
    }

    function test_rejects_a_swap_it_was_not_paid_for() public {
        usdx.mint(address(adapter), 99);
        vm.expectRevert(abi.encodeWithSelector(IUniswapV3Adapter.UniswapV3Adapter_NotFunded.selector, 99, 100));
        adapter.swapExactInput(pool, address(usdx), address(weth), 100, 0);
    }

    function test_rejects_less_than_the_minimum() public {
        usdx.mint(address(adapter), 10_000e6);
        vm.expectRevert("Too little received");
        adapter.swapExactInput(pool, address(usdx), address(weth), 10_000e6, 5e18);
    }

    function test_rejects_an_input_the_pool_cannot_take_whole() public {
        usdx.mint(address(adapter), 100_000_000e6);
        vm.expectPartialRevert(IUniswapV3Adapter.UniswapV3Adapter_PartialFill.selector);
        adapter.swapExactInput(pool, address(usdx), address(weth), 100_000_000e6, 0);
    }

    function test_allows_only_the_factorys_own_pools_and_only_by_the_admin() public {
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller));
        vm.prank(caller);
        adapter.setPool(pool, true);
        address imposter = address(new ImposterPool(address(usdx), address(weth), FEE));
        vm.expectRevert(abi.encodeWithSelector(IUniswapV3Adapter.UniswapV3Adapter_UnknownPool.selector, imposter, pool));
        vm.prank(admin);
        adapter.setPool(imposter, true);
        address[] memory pools = new address[](1);
        pools[0] = imposter;
        vm.expectRevert(abi.encodeWithSelector(IUniswapV3Adapter.UniswapV3Adapter_UnknownPool.selector, imposter, pool));
        new UniswapV3Adapter(IUniswapV3Router(swapRouter), admin, _guard(), pools);
    }
}

/// @notice Claims to be a pool that the factory knows under another address.
contract ImposterPool {
    address public immutable token0;
    address public immutable token1;
    uint24 public immutable fee;

    constructor(address tokenA, address tokenB, uint24 fee_) {
        (token0, token1, fee) = (tokenA, tokenB, fee_);
    }
}
