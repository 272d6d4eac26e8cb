// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IPriceFeed} from "riskshard/interfaces/IPriceFeed.sol";

/// @title Price feed of the local world, in the shape of Chainlink's AggregatorV3Interface; keeps every round.
/// @notice The owner stands in for the feed's operators; not for production.
contract SettablePriceFeed is IPriceFeed, Ownable {
    // Slot 0: 24 + 8 = 32 bytes.
    struct Round {
        int192 answer;
        uint64 updatedAt;
    }

    event AnswerUpdated(int256 indexed current, uint256 indexed roundId, uint256 updatedAt);

    error SettablePriceFeed_NoRound(uint80 roundId);
    error SettablePriceFeed_AnswerTooLarge(int256 answer);

    /// @inheritdoc IPriceFeed
    uint8 public immutable decimals;
    string public description;
    uint256 public constant version = 1;
    /// @dev Round n is at index n - 1.
    Round[] private rounds;

    constructor(uint8 decimals_, string memory description_, address owner) Ownable(owner) {
        decimals = decimals_;
        description = description_;
    }

    /// @notice Start the next round.
    /// @param answer Price with `decimals` decimals.
    /// @return roundId Number of the new round, from 1.
    function push(int256 answer) external onlyOwner returns (uint80 roundId) {
        if (answer != int192(answer)) revert SettablePriceFeed_AnswerTooLarge(answer);
        rounds.push(Round(int192(answer), uint64(block.timestamp)));
        roundId = uint80(rounds.length);
        emit AnswerUpdated(answer, roundId, block.timestamp);
    }

    /// @inheritdoc IPriceFeed
    function latestRoundData() public view returns (uint80, int256, uint256, uint256, uint80) {
        return getRoundData(uint80(rounds.length));
    }

    /// @notice Last answer alone, as Aave v3's oracle asks for it.
    function latestAnswer() external view returns (int256 answer) {
        (, answer,,,) = latestRoundData();
    }

    /// @inheritdoc IPriceFeed
    function getRoundData(uint80 id) public view returns (uint80, int256, uint256, uint256, uint80) {
        if (id == 0 || id > rounds.length) revert SettablePriceFeed_NoRound(id);
        Round memory round = rounds[id - 1];
        return (id, round.answer, round.updatedAt, round.updatedAt, id);
    }
}
