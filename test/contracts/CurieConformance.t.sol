// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICurieClearingHouse} from "riskshard/interfaces/ICurie.sol";
import {IPositionVenue} from "riskshard/interfaces/IPositionVenue.sol";
import {CurieAdapter, CurieMarket} from "riskshard/venues/CurieAdapter.sol";
import {VenueDesk} from "riskshard/VenueDesk.sol";
import {CurieFixture} from "./support/CurieFixture.sol";
import {PositionVenueConformance} from "./support/PositionVenueConformance.sol";
import {ShardFixture} from "./support/ShardFixture.sol";

contract CurieConformanceTest is CurieFixture, PositionVenueConformance {
    function setUp() public override(CurieFixture, ShardFixture) {
        CurieFixture.setUp();
    }

    function _account() internal view override returns (IPositionVenue) {
        return account;
    }

    function _accountOfAnotherDesk() internal override returns (IPositionVenue) {
        CurieMarket[] memory markets = new CurieMarket[](1);
        markets[0] = CurieMarket(base, address(weth));
        return new CurieAdapter(new VenueDesk(vault, admin), ICurieClearingHouse(clearingHouse), markets);
    }

    function _moveByMandate(bytes32 jobId, int256 amount) internal override {
        _margin(jobId, amount);
    }

    function _roundingUnits() internal pure override returns (uint256) {
        return 0;
    }

    function _payees() internal view override returns (address[] memory payees) {
        payees = new address[](1);
        payees[0] = curieVault;
    }
}
