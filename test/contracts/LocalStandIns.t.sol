// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Test} from "forge-std/Test.sol";
import {IVolatilityFeed, SviSlice} from "riskshard/interfaces/IVolatilityFeed.sol";
import {LocalToken} from "riskshard-local/LocalToken.sol";
import {SettablePriceFeed} from "riskshard-local/SettablePriceFeed.sol";
import {SettableVolatilityFeed} from "riskshard-local/SettableVolatilityFeed.sol";

contract LocalStandInsTest is Test {
    address private stranger = makeAddr("stranger");
    address private underlying = makeAddr("underlying");

    function setUp() public {
        vm.warp(1_700_000_000);
    }

    function test_a_price_feed_keeps_every_round() public {
        SettablePriceFeed feed = new SettablePriceFeed(8, "ETH / USD", address(this));
        assertEq(feed.push(2000e8), 1);
        skip(10);
        assertEq(feed.push(2100e8), 2);
        (uint80 id, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound) = feed.getRoundData(1);
        assertEq(id, 1);
        assertEq(answer, 2000e8);
        assertEq(startedAt, 1_700_000_000);
        assertEq(updatedAt, 1_700_000_000);
        assertEq(answeredInRound, 1);
        (id, answer,, updatedAt,) = feed.latestRoundData();
        assertEq(id, 2);
        assertEq(answer, 2100e8);
        assertEq(updatedAt, 1_700_000_010);
        assertEq(feed.decimals(), 8);
        assertEq(feed.description(), "ETH / USD");
    }

    function test_a_price_feed_refuses_strangers_missing_rounds_and_answers_that_do_not_fit() public {
        SettablePriceFeed feed = new SettablePriceFeed(8, "ETH / USD", address(this));
        vm.expectRevert(abi.encodeWithSelector(SettablePriceFeed.SettablePriceFeed_NoRound.selector, 0));
        feed.latestRoundData();
        vm.expectRevert(abi.encodeWithSelector(SettablePriceFeed.SettablePriceFeed_NoRound.selector, 1));
        feed.getRoundData(1);
        vm.expectRevert(
            abi.encodeWithSelector(SettablePriceFeed.SettablePriceFeed_AnswerTooLarge.selector, type(int256).max)
        );
        feed.push(type(int256).max);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger));
        vm.prank(stranger);
        feed.push(1);
    }

    function test_a_volatility_feed_stamps_slices_and_leaves_expired_ones_out() public {
        SettableVolatilityFeed feed = new SettableVolatilityFeed(address(this));
        SviSlice[] memory list = new SviSlice[](2);
        list[0] = _slice(uint64(block.timestamp));
        list[1] = _slice(uint64(block.timestamp + 1));
        vm.expectEmit(address(feed));
        emit IVolatilityFeed.SliceUpdated(
            underlying, list[1].expiry, list[1].a, list[1].b, list[1].rho, list[1].m, list[1].sigma
        );
        feed.setSlices(underlying, list);
        SviSlice[] memory kept = feed.slices(underlying);
        assertEq(kept.length, 1);
        assertEq(kept[0].expiry, block.timestamp + 1);
        assertEq(kept[0].updatedAt, block.timestamp);
        feed.setSlices(underlying, new SviSlice[](0));
        assertEq(feed.slices(underlying).length, 0);
    }

    function test_a_volatility_feed_refuses_strangers_disorder_and_impossible_slices() public {
        SettableVolatilityFeed feed = new SettableVolatilityFeed(address(this));
        SviSlice[] memory list = new SviSlice[](2);
        (list[0], list[1]) = (_slice(uint64(block.timestamp + 9)), _slice(uint64(block.timestamp + 9)));
        vm.expectRevert(
            abi.encodeWithSelector(
                SettableVolatilityFeed.SettableVolatilityFeed_Unordered.selector, list[0].expiry, list[1].expiry
            )
        );
        feed.setSlices(underlying, list);
        for (uint256 i = 0; i < 4; i++) {
            list = new SviSlice[](1);
            list[0] = _slice(uint64(block.timestamp + 9));
            if (i == 0) list[0].b = -1;
            if (i == 1) list[0].rho = 1e18;
            if (i == 2) list[0].rho = -1e18;
            if (i == 3) list[0].sigma = 0;
            vm.expectRevert(
                abi.encodeWithSelector(SettableVolatilityFeed.SettableVolatilityFeed_BadSlice.selector, list[0].expiry)
            );
            feed.setSlices(underlying, list);
        }
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger));
        vm.prank(stranger);
        feed.setSlices(underlying, list);
    }

    function test_only_a_tokens_owner_mints() public {
        LocalToken token = new LocalToken("Bitcoin", "BTC", 8, address(this));
        token.mint(stranger, 5);
        assertEq(token.balanceOf(stranger), 5);
        assertEq(token.decimals(), 8);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger));
        vm.prank(stranger);
        token.mint(stranger, 1);
    }

    function _slice(uint64 expiry) private pure returns (SviSlice memory) {
        return SviSlice(expiry, 0.01e18, 0.1e18, -0.3e18, 0.05e18, 0.2e18, 0);
    }
}
