// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LensQuoteRequest, LensRequest, LensShard} from "riskshard/interfaces/IShardLens.sol";
import {SviSlice} from "riskshard/interfaces/IVolatilityFeed.sol";
import {ShardLens} from "riskshard/ShardLens.sol";
import {SettableVolatilityFeed} from "riskshard-local/SettableVolatilityFeed.sol";
import {UniswapFixture} from "./support/UniswapFixture.sol";

contract ShardLensTest is UniswapFixture {
    ShardLens private lens;
    SettableVolatilityFeed private volatility;

    function setUp() public override {
        super.setUp();
        lens = new ShardLens();
        volatility = new SettableVolatilityFeed(address(this));
        SviSlice[] memory slices = new SviSlice[](1);
        slices[0] = SviSlice(uint64(START + 7 days), 0.01e18, 0.1e18, -0.3e18, 0, 0.2e18, 0);
        volatility.setSlices(address(weth), slices);
    }

    function test_reads_the_whole_shard_at_one_block() public {
        _swap("hedge", _buyWeth(10_000e6));
        _trade(_quote(true, true, 2000e8, 3e18, 250e6));
        vm.deal(taker, 5 ether);
        LensShard memory shard = lens.read(_request(0));
        assertEq(shard.blockNumber, block.number);
        assertEq(shard.timestamp, block.timestamp);
        assertEq(shard.shard, SHARD);
        assertEq(shard.epoch, 1);
        assertEq(shard.leader, vm.addr(leaderKey()));
        assertFalse(shard.paused);
        assertEq(shard.capital, vault.capital());
        assertEq(shard.liabilities, 600e6);
        assertEq(shard.settlementAsset, address(usdx));
        assertEq(shard.settlementBalance, FUNDS - 10_000e6 + 250e6);
        assertEq(shard.settlementPrice.answer, 1e8);
        assertEq(shard.hedgeAssets.length, 2);
        assertEq(shard.hedgeAssets[0], address(weth));
        assertEq(shard.hedgeBalances[0], weth.balanceOf(address(vault)));
        assertEq(shard.hedgePrices[0].answer, ETH_PRICE);
        assertEq(shard.hedgePrices[1].answer, BTC_PRICE);
        assertEq(shard.hedgePrices[1].updatedAt, START);
        assertEq(shard.volatility[0].slices.length, 1);
        assertEq(shard.volatility[0].slices[0].rho, -0.3e18);
        assertEq(shard.volatility[1].slices.length, 0);
        assertEq(shard.series.length, 1);
        assertEq(shard.series[0].takersLong, 3e18);
        assertEq(shard.senderBalancesWei[0], 5 ether);
    }

    function test_quotes_are_what_the_pool_would_give() public {
        LensRequest memory request = _request(3);
        request.quotes[0] = LensQuoteRequest(pool, address(usdx), address(weth), FEE, 10_000e6);
        request.quotes[1] = LensQuoteRequest(pool, address(usdx), address(weth), FEE, 100_000_000e6);
        request.quotes[2] = LensQuoteRequest(pool, address(usdx), address(btc), FEE, 1e6);
        LensShard memory shard = lens.read(request);
        _swap("hedge", _buyWeth(10_000e6));
        assertEq(shard.quoteAmountsOut[0], weth.balanceOf(address(vault)));
        assertEq(shard.quoteAmountsOut[1], 0, "more than the pool has");
        assertEq(shard.quoteAmountsOut[2], 0, "no such pool");
    }

    function test_says_where_the_pools_are_and_whether_the_guard_lets_a_swap_through() public {
        address young = _createPool(btc, 25e8, usdx, 1_000_000e6);
        LensRequest memory request = _request(0);
        request.spotAdapter = address(adapter);
        request.pools = new address[](2);
        (request.pools[0], request.pools[1]) = (pool, young);
        LensShard memory shard = lens.read(request);
        assertEq(shard.twapGuard.windowSeconds, 60);
        assertEq(shard.twapGuard.maxDeviationTicks, 80);
        assertTrue(shard.pools[0].hasHistory && shard.pools[0].takesTrades);
        assertEq(shard.pools[0].spotTick, shard.pools[0].twapTick);
        assertFalse(shard.pools[1].hasHistory || shard.pools[1].takesTrades);
        _swap("hedge", _buyWeth(10_000e6));
        shard = lens.read(request);
        assertNotEq(shard.pools[0].spotTick, shard.pools[0].twapTick);
    }

    function test_stays_readable_on_stale_feeds_and_while_paused() public {
        skip(1 days);
        vm.prank(guardian);
        vault.pause();
        LensShard memory shard = lens.read(_request(0));
        assertTrue(shard.paused);
        assertEq(shard.hedgePrices[0].updatedAt, START);
    }

    function _request(uint256 quotes) private view returns (LensRequest memory request) {
        request.vault = address(vault);
        request.book = address(book);
        request.volatilityFeed = address(volatility);
        request.quoter = quoterV2;
        request.senders = new address[](1);
        request.senders[0] = taker;
        request.quotes = new LensQuoteRequest[](quotes);
    }
}
