// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOptionBook} from "riskshard/interfaces/IOptionBook.sol";
import {IPriceFeed} from "riskshard/interfaces/IPriceFeed.sol";
import {ShardFixture} from "./support/ShardFixture.sol";

/// @notice Settlement by a feed in the way of a Chainlink proxy: the upper 16 bits of a round's id are its phase, the feed
/// that answered then, and every phase counts its rounds from 1.
contract OptionBookSettlePhasesTest is ShardFixture {
    uint64 private constant EXPIRY = uint64(START + 7 days);
    bytes32 private id;

    function setUp() public override {
        super.setUp();
        id = _trade(_quote(true, true, 2000e8, 1e18, 200e6));
        vm.warp(EXPIRY + 100);
    }

    function test_a_retired_phase_that_goes_on_does_not_offer_a_second_price() public {
        _round(1, 5, 1900e8, EXPIRY - 50);
        _round(1, 6, 1900e8, EXPIRY + 50);
        _round(2, 1, 2100e8, EXPIRY - 60);
        _round(2, 2, 2200e8, EXPIRY + 10);
        vm.expectRevert(
            abi.encodeWithSelector(
                IOptionBook.OptionBook_WrongRound.selector, _id(1, 5), EXPIRY - 50, EXPIRY - 60, EXPIRY
            )
        );
        book.settle(id, _id(1, 5));
        book.settle(id, _id(2, 1));
        assertEq(book.series(id).settlementPrice, 2100e8);
    }

    function test_a_phase_that_began_after_expiry_leaves_the_price_to_the_one_before() public {
        _round(1, 5, 1900e8, EXPIRY - 50);
        _round(1, 6, 1950e8, EXPIRY + 50);
        _round(2, 1, 2100e8, EXPIRY + 1);
        vm.expectPartialRevert(IOptionBook.OptionBook_NextRoundMissing.selector);
        book.settle(id, _id(2, 1));
        book.settle(id, _id(1, 5));
        assertEq(book.series(id).settlementPrice, 1900e8);
    }

    function test_the_next_phase_proves_the_last_round_of_a_phase_that_ended() public {
        _round(1, 5, 1900e8, EXPIRY - 50);
        vm.expectRevert(abi.encodeWithSelector(IOptionBook.OptionBook_NextRoundMissing.selector, _id(1, 5)));
        book.settle(id, _id(1, 5));
        _round(2, 1, 2100e8, EXPIRY + 1);
        book.settle(id, _id(1, 5));
        assertEq(book.series(id).settlementPrice, 1900e8);
    }

    function _id(uint16 phase, uint64 round) private pure returns (uint80) {
        return (uint80(phase) << 64) | round;
    }

    function _round(uint16 phase, uint64 round, int256 answer, uint256 updatedAt) private {
        uint80 number = _id(phase, round);
        bytes memory data = abi.encode(number, answer, updatedAt, updatedAt, number);
        vm.mockCall(address(ethFeed), abi.encodeCall(IPriceFeed.getRoundData, (number)), data);
    }
}
