// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IAaveV3Pool} from "../interfaces/IAaveV3.sol";
import {IPositionVenue} from "../interfaces/IPositionVenue.sol";
import {IVenueDesk} from "../interfaces/IVenueDesk.sol";
import {VenueAccount} from "./VenueAccount.sol";

/// @title One vault's account at Aave v3. It supplies and withdraws; it cannot borrow.
contract AaveV3Adapter is VenueAccount {
    using SafeERC20 for IERC20;

    /// @notice Aave's pool (its proxy).
    IAaveV3Pool public immutable pool;

    constructor(IVenueDesk desk_, IAaveV3Pool pool_) VenueAccount(desk_) {
        pool = pool_;
    }

    /// @inheritdoc IPositionVenue
    function put(address asset, uint256 amount) external onlyDesk {
        IERC20(asset).forceApprove(address(pool), amount);
        pool.supply(asset, amount, address(this), 0);
    }

    /// @inheritdoc IPositionVenue
    function take(address asset, uint256 amount) external onlyDesk {
        pool.withdraw(asset, amount, vault);
    }

    /// @notice Balance of the reserve's interest-bearing token; 0 when Aave has no reserve of `asset`.
    function held(address asset) external view returns (uint256) {
        address aToken = pool.getReserveData(asset).aToken;
        return aToken == address(0) ? 0 : IERC20(aToken).balanceOf(address(this));
    }

    /// @inheritdoc IPositionVenue
    function health() external view returns (uint256 healthFactor) {
        (,,,,, healthFactor) = pool.getUserAccountData(address(this));
    }

    /// @notice Always: an interest-bearing token is a claim on exactly its balance.
    function isExact() external pure returns (bool) {
        return true;
    }
}
