// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPositionVenue} from "riskshard/interfaces/IPositionVenue.sol";
import {IVenueDesk} from "riskshard/interfaces/IVenueDesk.sol";

/// @notice A position venue that misbehaves on demand: calls something while it is paid, or claims anything.
contract OddPositionVenue is IPositionVenue {
    address public immutable desk;
    address public immutable vault;
    uint256 public heldOfAll;
    uint256 public health = type(uint256).max;
    bool public isExact = true;
    address private target;
    bytes private message;

    constructor(IVenueDesk desk_) {
        desk = address(desk_);
        vault = address(desk_.vault());
    }

    function callWhilePaid(address target_, bytes calldata message_) external {
        (target, message) = (target_, message_);
    }

    function claim(uint256 heldOfAll_, bool isExact_) external {
        (heldOfAll, isExact) = (heldOfAll_, isExact_);
    }

    function held(address) external view returns (uint256) {
        return heldOfAll;
    }

    function put(address, uint256 amount) external {
        heldOfAll += amount;
        if (target == address(0)) return;
        (bool done, bytes memory answer) = target.call(message);
        if (!done) {
            assembly ("memory-safe") {
                revert(add(answer, 0x20), mload(answer))
            }
        }
    }

    function take(address, uint256) external {}

    function sweep(address) external pure returns (uint256) {
        return 0;
    }
}
