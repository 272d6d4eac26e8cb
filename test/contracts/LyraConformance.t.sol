// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPositionVenue} from "riskshard/interfaces/IPositionVenue.sol";
import {LyraV1Adapter} from "riskshard/venues/LyraV1Adapter.sol";
import {VenueDesk} from "riskshard/VenueDesk.sol";
import {LyraFixture} from "./support/LyraFixture.sol";
import {PositionVenueConformance} from "./support/PositionVenueConformance.sol";
import {ShardFixture} from "./support/ShardFixture.sol";

contract LyraConformanceTest is LyraFixture, PositionVenueConformance {
    function setUp() public override(LyraFixture, ShardFixture) {
        LyraFixture.setUp();
    }

    function _account() internal view override returns (IPositionVenue) {
        return account;
    }

    function _accountOfAnotherDesk() internal override returns (IPositionVenue) {
        return new LyraV1Adapter(new VenueDesk(vault, admin), _setup());
    }

    function _moveByMandate(bytes32 jobId, int256 amount) internal override {
        _margin(jobId, amount);
    }

    function _roundingUnits() internal pure override returns (uint256) {
        return 0;
    }

    /// @dev Cash waits in the account until a trade spends it.
    function _restsInAccount(uint256 placed) internal pure override returns (uint256) {
        return placed;
    }

    function _claims() internal view override returns (address[] memory claims) {
        claims = new address[](1);
        claims[0] = address(susd);
    }

    function _payees() internal view override returns (address[] memory payees) {
        payees = new address[](2);
        payees[0] = market;
        payees[1] = address(adapter);
    }
}
