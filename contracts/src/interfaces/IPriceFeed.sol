// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice The part of Chainlink's AggregatorV3Interface that riskshard reads; answers have 8 decimals.
interface IPriceFeed {
    function decimals() external view returns (uint8);
    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
    function getRoundData(uint80 id)
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
}
