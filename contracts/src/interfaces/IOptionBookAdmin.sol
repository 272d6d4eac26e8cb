// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @param marginBps Liability beyond intrinsic value, as a share of spot, in basis points.
/// @param sigmaMax Highest annual volatility a quote may imply, 18 decimals (1e18 is 100 %).
/// @param quoterWindowSeconds Time in which a quoter's full bucket drains, in seconds.
/// @param liveSeriesCap Most series with open quantity.
/// @param quoterWindowCap Worst-case cost of a quoter's trades per window, in settlement-asset units.
/// @param expiryNotionalCap Open quantity times strike of all series of one expiry, in settlement-asset units.
struct BookPolicy {
    uint16 marginBps;
    uint64 sigmaMax;
    uint32 quoterWindowSeconds;
    uint32 liveSeriesCap;
    uint256 quoterWindowCap;
    uint256 expiryNotionalCap;
}

/// @param underlying Spot token; must be a hedge asset of the vault, whose feed is the option's feed.
/// @param seriesQuantityCap Most options open on each side of one series, 18 decimals; 0 takes the underlying off the list:
/// then positions can be closed but not opened.
struct Listing {
    address underlying;
    uint256 seriesQuantityCap;
}

/// @title What the admin of a book may change. Positions already open keep their terms.
interface IOptionBookAdmin {
    event QuoterSet(address quoter);
    event PolicySet(BookPolicy policy);
    event ListingSet(address indexed underlying, uint256 seriesQuantityCap);

    error OptionBook_BadPolicy(BookPolicy policy);
    error OptionBook_NoFeed(address underlying);

    /// @notice Replace the quoter; quotes of the former one die at once.
    function setQuoter(address quoter) external;
    function setPolicy(BookPolicy calldata policy) external;
    function setListing(Listing calldata listing) external;

    function policy() external view returns (BookPolicy memory);
    function seriesQuantityCap(address underlying) external view returns (uint256);

    /// @notice Open quantity times strike of an expiry, in settlement-asset units, rounded up.
    function expiryNotional(uint64 expiry) external view returns (uint256);

    /// @notice Worst-case cost counted against a quoter now, in settlement-asset units.
    function quoterLevel(address quoter) external view returns (uint256);
}
