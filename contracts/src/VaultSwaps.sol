// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IShardVault} from "./interfaces/IShardVault.sol";
import {IVenueAdapter} from "./interfaces/IVenueAdapter.sol";
import {MandateHash} from "./libraries/MandateHash.sol";
import {Actions, Mandate, SwapExactOutputParams, SwapParams} from "./types/Mandate.sol";
import {VenueActions} from "./VenueActions.sol";

/// @title Mandated swaps of one vault asset for another on an allow-listed spot venue.
abstract contract VaultSwaps is VenueActions {
    using Math for uint256;
    using MandateHash for SwapExactOutputParams;
    using MandateHash for SwapParams;
    using SafeERC20 for IERC20;

    /// @dev A swap by the worst it may do: spend `mostIn` for `leastOut`; the one of the two that is exact depends on its kind.
    struct Swap {
        bytes32 jobId;
        address venue;
        address pool;
        address assetIn;
        address assetOut;
        uint256 mostIn;
        uint256 leastOut;
        bool isExactOutput;
    }

    /// @inheritdoc IShardVault
    function executeSwap(Mandate calldata mandate, SwapParams calldata params, bytes[] calldata signatures)
        external
        nonReentrant
        whenNotPaused
    {
        _consume(mandate, Actions.SWAP, params.hash(), signatures);
        _swap(
            Swap({
                jobId: mandate.jobId,
                venue: params.venue,
                pool: params.pool,
                assetIn: params.assetIn,
                assetOut: params.assetOut,
                mostIn: params.amountIn,
                leastOut: params.minAmountOut,
                isExactOutput: false
            })
        );
        _requireCapital(params.minCapitalAfter);
    }

    /// @inheritdoc IShardVault
    function executeSwapExactOutput(
        Mandate calldata mandate,
        SwapExactOutputParams calldata params,
        bytes[] calldata signatures
    ) external nonReentrant whenNotPaused {
        _consume(mandate, Actions.SWAP_EXACT_OUTPUT, params.hash(), signatures);
        _swap(
            Swap({
                jobId: mandate.jobId,
                venue: params.venue,
                pool: params.pool,
                assetIn: params.assetIn,
                assetOut: params.assetOut,
                mostIn: params.maxAmountIn,
                leastOut: params.amountOut,
                isExactOutput: true
            })
        );
        _requireCapital(params.minCapitalAfter);
    }

    /// @dev Trusts no return value: what was spent and received is measured on the vault's own balances.
    function _swap(Swap memory swap) private {
        _checkSwap(swap);
        IERC20 assetIn = IERC20(swap.assetIn);
        IERC20 assetOut = IERC20(swap.assetOut);
        uint256 inBefore = assetIn.balanceOf(address(this));
        uint256 outBefore = assetOut.balanceOf(address(this));
        assetIn.safeTransfer(swap.venue, swap.mostIn);
        IVenueAdapter venue = IVenueAdapter(swap.venue);
        if (swap.isExactOutput) {
            venue.swapExactOutput(swap.pool, swap.assetIn, swap.assetOut, swap.leastOut, swap.mostIn);
        } else {
            venue.swapExactInput(swap.pool, swap.assetIn, swap.assetOut, swap.mostIn, swap.leastOut);
        }
        uint256 inAfter = assetIn.balanceOf(address(this));
        uint256 spent = inBefore.saturatingSub(inAfter);
        bool isSpentRight = swap.isExactOutput ? spent <= swap.mostIn : spent == swap.mostIn;
        if (inAfter > inBefore || !isSpentRight) {
            revert ShardVault_WrongAmountSpent(inBefore, inAfter, swap.mostIn);
        }
        uint256 received = assetOut.balanceOf(address(this)).saturatingSub(outBefore);
        if (received < swap.leastOut) revert ShardVault_ReceivedTooLittle(received, swap.leastOut);
        if (swap.isExactOutput && received != swap.leastOut) {
            revert ShardVault_WrongAmountReceived(received, swap.leastOut);
        }
        emit SwapExecuted(swap.jobId, swap.venue, swap.pool, swap.assetIn, swap.assetOut, spent, received);
    }

    /// @dev The worst that the mandate allows, `mostIn` for `leastOut`, must be within the slippage limit and the window.
    function _checkSwap(Swap memory swap) private {
        if (swap.mostIn == 0 || swap.leastOut == 0) revert ShardVault_ZeroAmount();
        if (!venueAllowed[swap.venue]) revert ShardVault_VenueNotAllowed(swap.venue);
        _requireKnown(swap.assetIn);
        _requireKnown(swap.assetOut);
        if (swap.assetIn == swap.assetOut) revert ShardVault_AssetNotAllowed(swap.assetOut);
        requireFreshFeeds();
        uint256 fair = _valueIn(swap.assetIn, swap.assetOut, swap.mostIn, Math.Rounding.Ceil);
        uint256 least = fair.mulDiv(BPS - currentLimits.maxSlippageBps, BPS, Math.Rounding.Ceil);
        if (swap.leastOut < least) revert ShardVault_MinimumOutTooLow(swap.leastOut, least);
        _countNotional(swap.assetIn, swap.mostIn);
    }
}
