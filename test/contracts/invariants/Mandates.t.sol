// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Actions, Mandate, SwapParams} from "riskshard/types/Mandate.sol";
import {OddVenue} from "../support/OddVenue.sol";
import {ShardFixture} from "../support/ShardFixture.sol";

/// @notice Random orders of swaps, replays, bumps, pauses and waiting, with few job ids so that they collide often.
contract MandateInvariantTest is ShardFixture {
    struct Kept {
        Mandate mandate;
        SwapParams params;
        bytes[] signatures;
    }

    struct Fill {
        uint256 timestamp;
        uint256 notional;
    }

    OddVenue private venue;
    Kept[] private kept;
    Fill[] private fills;
    mapping(bytes32 jobId => uint256) private executions;
    uint256 private executedUnderAnotherFence;

    function setUp() public override {
        super.setUp();
        venue = new OddVenue();
        weth.mint(address(venue), 1_000_000e18);
        usdx.mint(address(vault), 1_000_000_000e6);
        vm.prank(admin);
        vault.setVenue(address(venue), true);
        bytes4[] memory selectors = new bytes4[](5);
        selectors[0] = this.order.selector;
        selectors[1] = this.replay.selector;
        selectors[2] = this.bump.selector;
        selectors[3] = this.wait_.selector;
        selectors[4] = this.pauseFor.selector;
        targetContract(address(this));
        targetSelector(FuzzSelector(address(this), selectors));
    }

    function order(uint256 jobSeed, uint256 amountSeed) external {
        uint256 amountIn = bound(amountSeed, 1e6, 120_000e6);
        SwapParams memory params = SwapParams({
            venue: address(venue),
            pool: address(0),
            assetIn: address(usdx),
            assetOut: address(weth),
            amountIn: amountIn,
            minAmountOut: amountIn * 1e12 / 2000,
            minCapitalAfter: 0
        });
        Mandate memory mandate = _mandate(bytes32(jobSeed % 16), Actions.SWAP, _hash(params));
        // Signed by whoever leads now, whichever signers that takes.
        bytes[] memory signatures = _signAll(_mandateDigest(mandate), signerKeys);
        Kept storage record = kept.push();
        (record.mandate, record.params) = (mandate, params);
        record.signatures = signatures;
        _submit(record);
    }

    function replay(uint256 which) external {
        if (kept.length == 0) return;
        _submit(kept[which % kept.length]);
    }

    function bump(uint256 which) external {
        _bump(signerKeys[which % 3]);
    }

    function wait_(uint256 seconds_) external {
        _pass(bound(seconds_, 1, 200));
    }

    function pauseFor(uint256 seconds_) external {
        vm.prank(guardian);
        vault.pause();
        _pass(bound(seconds_, 1, 10));
        if (kept.length != 0) _submit(kept[kept.length - 1]);
        vm.prank(admin);
        vault.unpause();
    }

    function invariant_I1_each_job_is_consumed_at_most_once() public view {
        for (uint256 i = 0; i < 16; i++) {
            assertLe(executions[bytes32(i)], 1);
            assertEq(vault.consumed(bytes32(i)), executions[bytes32(i)] == 1);
        }
    }

    /// @dev Between any two swaps: at most the cap, plus what has drained in between.
    function invariant_I6_window_notional_is_bounded() public view {
        uint256 cap = vault.limits().swapWindowCap;
        uint256 window = vault.limits().windowSeconds;
        for (uint256 i = 0; i < fills.length; i++) {
            uint256 sum;
            for (uint256 j = i; j < fills.length; j++) {
                sum += fills[j].notional;
                assertLe(sum, cap + cap * (fills[j].timestamp - fills[i].timestamp) / window);
            }
        }
    }

    function invariant_I7_only_the_current_epoch_and_leader_execute() public view {
        assertEq(executedUnderAnotherFence, 0);
    }

    function invariant_money_is_only_swapped() public view {
        uint256 spent;
        for (uint256 i = 0; i < fills.length; i++) {
            spent += fills[i].notional;
        }
        assertEq(usdx.balanceOf(address(vault)), FUNDS + 1_000_000_000e6 - spent);
    }

    function _submit(Kept storage record) private {
        venue.behave(record.params.minAmountOut, 0);
        try vault.executeSwap(record.mandate, record.params, record.signatures) {
            executions[record.mandate.jobId] += 1;
            fills.push(Fill(block.timestamp, record.params.amountIn));
            if (record.mandate.epoch != vault.epoch() || record.mandate.leader != vault.leader()) {
                executedUnderAnotherFence += 1;
            }
        } catch {}
    }
}
