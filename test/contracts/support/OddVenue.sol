// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IVenueAdapter} from "riskshard/interfaces/IVenueAdapter.sol";

/// @notice A venue that does what it is told and lies about it: pays out and gives back chosen amounts, and may call out.
contract OddVenue is IVenueAdapter {
    uint256 public amountOut;
    uint256 public givenBack;
    address public callee;
    bytes public call;

    function behave(uint256 amountOut_, uint256 givenBack_) external {
        (amountOut, givenBack) = (amountOut_, givenBack_);
    }

    function callDuringSwap(address callee_, bytes calldata call_) external {
        (callee, call) = (callee_, call_);
    }

    function swapExactInput(address, address assetIn, address assetOut, uint256, uint256 minAmountOut)
        external
        returns (uint256)
    {
        _act(assetIn, assetOut);
        return minAmountOut * 2;
    }

    function swapExactOutput(address, address assetIn, address assetOut, uint256, uint256 maxAmountIn)
        external
        returns (uint256)
    {
        _act(assetIn, assetOut);
        return maxAmountIn / 2;
    }

    function _act(address assetIn, address assetOut) private {
        if (callee != address(0)) {
            (bool success, bytes memory answer) = callee.call(call);
            if (!success) {
                assembly ("memory-safe") {
                    revert(add(answer, 32), mload(answer))
                }
            }
        }
        if (amountOut != 0) IERC20(assetOut).transfer(msg.sender, amountOut);
        if (givenBack != 0) IERC20(assetIn).transfer(msg.sender, givenBack);
    }
}
