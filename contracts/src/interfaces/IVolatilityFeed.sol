// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Raw SVI slice: total variance w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + sigma^2)), k = ln(strike / forward).
/// All five parameters have 18 decimals; w is variance x years (ACT/365F).
struct SviSlice {
    uint64 expiry;
    int256 a;
    int256 b;
    int256 rho;
    int256 m;
    int256 sigma;
    uint256 updatedAt;
}

interface IVolatilityFeed {
    event SliceUpdated(
        address indexed underlying, uint64 indexed expiry, int256 a, int256 b, int256 rho, int256 m, int256 sigma
    );

    /// @notice All slices of an underlying, ascending by expiry; expired ones may be pruned.
    function slices(address underlying) external view returns (SviSlice[] memory);
}
