// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IOptionBook} from "./interfaces/IOptionBook.sol";
import {Series} from "./types/OptionQuote.sol";

/// @title Which series exist, who holds what in them, and which are live. Moves no value.
abstract contract SeriesRegistry is IOptionBook {
    using Math for uint256;

    mapping(bytes32 seriesId => Series) private records;
    bytes32[] private liveIds;
    /// @dev Index in `liveIds` plus one; 0 when the series is not live.
    mapping(bytes32 seriesId => uint256) private livePlaces;
    /// @inheritdoc IOptionBook
    mapping(bytes32 seriesId => mapping(address account => uint256)) public longOf;
    /// @inheritdoc IOptionBook
    mapping(bytes32 seriesId => mapping(address account => uint256)) public shortOf;
    /// @dev Sum over the live series of an expiry of (takersLong + takersShort) x strike, 18 + 8 decimals; exact.
    mapping(uint64 expiry => uint256) internal openNotional;
    /// @inheritdoc IOptionBook
    uint256 public revision;

    /// @inheritdoc IOptionBook
    function seriesIdOf(address underlying, bool isCall, uint64 expiry, uint128 strike) public pure returns (bytes32) {
        return keccak256(abi.encodePacked(underlying, isCall, expiry, strike));
    }

    /// @inheritdoc IOptionBook
    function series(bytes32 seriesId) public view returns (Series memory) {
        return records[seriesId];
    }

    /// @inheritdoc IOptionBook
    function liveSeries() external view returns (Series[] memory list) {
        list = new Series[](liveIds.length);
        for (uint256 i = 0; i < list.length; i++) {
            list[i] = records[liveIds[i]];
        }
    }

    /// @inheritdoc IOptionBook
    function liveSeriesCount() public view returns (uint256) {
        return liveIds.length;
    }

    function _liveAt(uint256 index) internal view returns (Series storage) {
        return records[liveIds[index]];
    }

    function _liveRecord(bytes32 seriesId) internal view returns (Series storage) {
        if (livePlaces[seriesId] == 0) revert OptionBook_SeriesNotLive(seriesId);
        return records[seriesId];
    }

    /// @dev The series becomes live if it is not. A settled one cannot: its expiry lies in the past and the book refuses it.
    function _openSeries(address underlying, bool isCall, uint64 expiry, uint128 strike) internal returns (bytes32 id) {
        id = seriesIdOf(underlying, isCall, expiry, strike);
        if (livePlaces[id] != 0) return id;
        Series storage record = records[id];
        if (record.id == bytes32(0)) {
            (record.id, record.underlying, record.isCall) = (id, underlying, isCall);
            (record.expiry, record.strike) = (expiry, strike);
        }
        liveIds.push(id);
        livePlaces[id] = liveIds.length;
    }

    /// @dev `account` buys: first closes what it has written, then is long. `quantity` has 18 decimals.
    /// @return opened What was opened rather than closed, 18 decimals.
    function _buy(bytes32 id, address account, uint256 quantity) internal returns (uint256 opened) {
        Series storage record = records[id];
        uint256 closed = quantity.min(shortOf[id][account]);
        opened = quantity - closed;
        shortOf[id][account] -= closed;
        longOf[id][account] += opened;
        record.takersShort -= closed;
        record.takersLong += opened;
        _moveNotional(record, opened, closed);
    }

    /// @dev `account` sells: first closes what it is long, then writes, puts only. `quantity` has 18 decimals.
    /// @return opened What was opened rather than closed, 18 decimals.
    function _sell(bytes32 id, address account, uint256 quantity) internal returns (uint256 opened) {
        Series storage record = records[id];
        uint256 long = longOf[id][account];
        uint256 closed = quantity.min(long);
        opened = quantity - closed;
        if (opened != 0 && record.isCall) revert OptionBook_OnlyPutsCanBeWritten(quantity, long);
        longOf[id][account] -= closed;
        shortOf[id][account] += opened;
        record.takersLong -= closed;
        record.takersShort += opened;
        _moveNotional(record, opened, closed);
    }

    /// @dev Removes a live series nobody holds any more, so that it takes no place under the cap.
    function _dropIfFlat(bytes32 id) internal {
        if (records[id].takersLong == 0 && records[id].takersShort == 0) _dropLive(id);
    }

    /// @dev Marks a live series settled at `price`; open quantities stay as they were, for the record.
    function _close(bytes32 id, uint256 price) internal {
        Series storage record = records[id];
        record.settled = true;
        record.settlementPrice = price;
        _moveNotional(record, 0, record.takersLong + record.takersShort);
        _dropLive(id);
    }

    /// @dev Every change of a series passes here.
    function _moveNotional(Series storage record, uint256 opened, uint256 closed) private {
        revision++;
        openNotional[record.expiry] = openNotional[record.expiry] + opened * record.strike - closed * record.strike;
    }

    function _dropLive(bytes32 id) private {
        uint256 place = livePlaces[id];
        bytes32 last = liveIds[liveIds.length - 1];
        liveIds[place - 1] = last;
        livePlaces[last] = place;
        liveIds.pop();
        delete livePlaces[id];
    }
}
