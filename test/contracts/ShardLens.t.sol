// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    IShardLens,
    LensAnswer,
    LensBook,
    LensCall,
    LensQuoteRequest,
    LensRequest,
    LensState,
    LensTick,
    LensTickRange
} from "riskshard/interfaces/IShardLens.sol";
import {IUniswapV3Pool} from "riskshard/interfaces/IUniswapV3.sol";
import {SviSlice} from "riskshard/interfaces/IVolatilityFeed.sol";
import {ShardLens} from "riskshard/ShardLens.sol";
import {SettableVolatilityFeed} from "riskshard-local/SettableVolatilityFeed.sol";
import {IPoolState, IPositionManager, UniswapFixture} from "./support/UniswapFixture.sol";

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
        LensState memory shard = lens.readState(_request());
        assertEq(shard.epoch, 1);
        assertEq(shard.leader, vm.addr(leaderKey()));
        assertFalse(shard.paused);
        assertEq(shard.countedAssets, uint256(vault.capital()) + 600e6);
        assertEq(shard.marginBps, book.policy().marginBps);
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
        assertEq(shard.senderBalancesWei[0], 5 ether);
    }

    function test_pools_take_no_trades_while_the_vault_does_not_allow_their_adapter() public {
        LensRequest memory request = _request();
        request.spotAdapter = address(adapter);
        request.pools = new address[](1);
        request.pools[0] = pool;
        assertTrue(lens.readState(request).pools[0].state.takesTrades);
        _allow(false);
        assertFalse(lens.readState(request).pools[0].state.takesTrades);
        assertTrue(adapter.poolState(pool).takesTrades, "the pool itself would");
        _allow(true);
        assertTrue(lens.readState(request).pools[0].state.takesTrades);
    }

    function test_reads_the_book_and_what_it_says_holds_while_the_revision_stays() public {
        uint256 before = lens.readBook(address(vault), address(book)).revision;
        _trade(_quote(true, true, 2000e8, 3e18, 250e6));
        LensBook memory read = lens.readBook(address(vault), address(book));
        assertGt(read.revision, before);
        assertEq(read.revision, lens.readState(_request()).bookRevision);
        assertEq(read.capital, vault.capital());
        assertEq(read.liabilities, 600e6);
        assertEq(read.series.length, 1);
        assertEq(read.series[0].takersLong, 3e18);
        _swap("hedge", _buyWeth(10_000e6));
        assertEq(lens.readState(_request()).bookRevision, read.revision);
    }

    function test_quotes_are_what_the_pool_would_give() public {
        LensQuoteRequest[] memory quotes = new LensQuoteRequest[](3);
        quotes[0] = LensQuoteRequest(pool, address(usdx), address(weth), FEE, 10_000e6);
        quotes[1] = LensQuoteRequest(pool, address(usdx), address(weth), FEE, 100_000_000e6);
        quotes[2] = LensQuoteRequest(pool, address(usdx), address(btc), FEE, 1e6);
        uint256[] memory amountsOut = lens.readQuotes(quoterV2, quotes);
        _swap("hedge", _buyWeth(10_000e6));
        assertEq(amountsOut[0], weth.balanceOf(address(vault)));
        assertEq(amountsOut[1], 0, "more than the pool has");
        assertEq(amountsOut[2], 0, "no such pool");
    }

    function test_ticks_are_those_where_the_pools_liquidity_changes() public {
        IUniswapV3Pool read = IUniswapV3Pool(pool);
        int24 spacing = read.tickSpacing();
        int16 last = int16(int24(887272) / spacing / 256);
        LensTick[] memory ticks = lens.readTicks(LensTickRange(pool, -last - 1, uint16(2 * last + 2)));
        assertEq(ticks.length, 2);
        assertLt(ticks[0].tick, ticks[1].tick);
        assertEq(ticks[0].liquidityNet, int128(read.liquidity()));
        assertEq(ticks[1].liquidityNet, -int128(read.liquidity()));
        assertEq(lens.readTicks(LensTickRange(pool, 0, 0)).length, 0);
    }

    function test_words_full_of_ticks_that_anybody_may_have_made_are_still_read_together() public {
        (, int24 tick,,,,,) = IPoolState(pool).slot0();
        int16 word = int16((tick / 10) / 256) + 4;
        weth.mint(address(this), 1e18);
        usdx.mint(address(this), 1e12);
        weth.approve(address(positions), type(uint256).max);
        usdx.approve(address(positions), type(uint256).max);
        for (int24 i = 0; i < 256; i += 2) {
            _provide((int24(word) * 256 + i) * 10, (int24(word) * 256 + i + 1) * 10);
        }
        vm.cool(pool);
        uint256 gasBefore = gasleft();
        assertEq(lens.readTicks(LensTickRange(pool, word, 1)).length, 256);
        // shard-agent/adapters/reads/pool-depth.ts asks for nine words; nodes let a call use 30 million and more.
        assertLt((gasBefore - gasleft()) * 9, 30_000_000);
    }

    function test_calls_are_made_on_the_same_state_and_a_refusal_is_an_answer() public {
        LensCall[] memory calls = new LensCall[](3);
        calls[0] = LensCall(address(usdx), abi.encodeCall(usdx.approve, (taker, 5)));
        calls[1] = LensCall(address(usdx), abi.encodeCall(usdx.allowance, (address(lens), taker)));
        calls[2] = LensCall(address(usdx), abi.encodeCall(usdx.transfer, (taker, 1)));
        LensAnswer[] memory answers = lens.tryCalls(calls, 100_000);
        assertTrue(answers[0].ok && abi.decode(answers[0].data, (bool)));
        assertEq(abi.decode(answers[1].data, (uint256)), 0, "the approval was undone");
        assertFalse(answers[2].ok);
        assertGt(answers[2].data.length, 4);
    }

    function test_no_call_is_made_with_less_gas_than_asked_for() public {
        LensCall[] memory calls = new LensCall[](1);
        calls[0] = LensCall(address(usdx), abi.encodeCall(usdx.decimals, ()));
        vm.expectPartialRevert(IShardLens.ShardLens_TooLittleGas.selector);
        lens.tryCalls{gas: 500_000}(calls, 500_000);
    }

    function test_says_where_the_pools_are_and_whether_the_guard_lets_a_swap_through() public {
        address young = _createPool(btc, 25e8, usdx, 1_000_000e6);
        LensRequest memory request = _request();
        request.spotAdapter = address(adapter);
        request.pools = new address[](2);
        (request.pools[0], request.pools[1]) = (pool, young);
        LensState memory shard = lens.readState(request);
        assertEq(shard.twapGuard.windowSeconds, 60);
        assertEq(shard.twapGuard.maxDeviationTicks, 80);
        assertTrue(shard.pools[0].state.hasHistory && shard.pools[0].state.takesTrades);
        assertEq(shard.pools[0].state.spotTick, shard.pools[0].state.twapTick);
        assertFalse(shard.pools[1].state.hasHistory || shard.pools[1].state.takesTrades);
        _swap("hedge", _buyWeth(10_000e6));
        shard = lens.readState(request);
        assertNotEq(shard.pools[0].state.spotTick, shard.pools[0].state.twapTick);
        assertEq(shard.pools[0].tick, shard.pools[0].state.spotTick);
        assertEq(shard.pools[0].liquidity, IUniswapV3Pool(pool).liquidity());
    }

    function test_stays_readable_on_stale_feeds_and_while_paused() public {
        skip(1 days);
        vm.prank(guardian);
        vault.pause();
        LensState memory shard = lens.readState(_request());
        assertTrue(shard.paused);
        assertEq(shard.hedgePrices[0].updatedAt, START);
    }

    function _allow(bool allowed) private {
        vm.prank(admin);
        vault.setVenue(address(adapter), allowed);
    }

    function _request() private view returns (LensRequest memory request) {
        request.vault = address(vault);
        request.book = address(book);
        request.volatilityFeed = address(volatility);
        request.senders = new address[](1);
        request.senders[0] = taker;
    }

    function _provide(int24 lower, int24 upper) private {
        (address token0, address token1) = (IUniswapV3Pool(pool).token0(), IUniswapV3Pool(pool).token1());
        positions.mint(
            IPositionManager.MintParams({
                token0: token0,
                token1: token1,
                fee: FEE,
                tickLower: lower,
                tickUpper: upper,
                amount0Desired: 1e9,
                amount1Desired: 1e9,
                amount0Min: 0,
                amount1Min: 0,
                recipient: address(this),
                deadline: block.timestamp
            })
        );
    }
}
