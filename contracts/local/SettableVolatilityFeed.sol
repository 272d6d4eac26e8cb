// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IVolatilityFeed, SviSlice} from "riskshard/interfaces/IVolatilityFeed.sol";

/// @title Volatility feed of the local world: raw SVI slices per underlying.
/// @notice The owner stands in for the feed's operators; not for production.
contract SettableVolatilityFeed is IVolatilityFeed, Ownable {
    int256 private constant WAD = 1e18;

    error SettableVolatilityFeed_Unordered(uint64 previous, uint64 expiry);
    error SettableVolatilityFeed_BadSlice(uint64 expiry);

    mapping(address underlying => SviSlice[]) private slicesOf;

    constructor(address owner) Ownable(owner) {}

    /// @notice Replace the slices of an underlying. Expired ones are left out; `updatedAt` becomes the block's time.
    /// @param list Ascending by expiry.
    function setSlices(address underlying, SviSlice[] calldata list) external onlyOwner {
        delete slicesOf[underlying];
        uint64 previous = 0;
        for (uint256 i = 0; i < list.length; i++) {
            SviSlice memory slice = list[i];
            if (slice.expiry <= previous) revert SettableVolatilityFeed_Unordered(previous, slice.expiry);
            previous = slice.expiry;
            if (slice.b < 0 || slice.rho <= -WAD || slice.rho >= WAD || slice.sigma <= 0) {
                revert SettableVolatilityFeed_BadSlice(slice.expiry);
            }
            if (slice.expiry <= block.timestamp) continue;
            slice.updatedAt = block.timestamp;
            slicesOf[underlying].push(slice);
            emit SliceUpdated(underlying, slice.expiry, slice.a, slice.b, slice.rho, slice.m, slice.sigma);
        }
    }

    /// @inheritdoc IVolatilityFeed
    function slices(address underlying) external view returns (SviSlice[] memory) {
        return slicesOf[underlying];
    }
}
