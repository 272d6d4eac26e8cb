// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPositionVenue} from "riskshard/interfaces/IPositionVenue.sol";
import {LendMoveParams} from "riskshard/types/Mandate.sol";
import {AaveV3Adapter} from "riskshard/venues/AaveV3Adapter.sol";
import {VenueDesk} from "riskshard/VenueDesk.sol";
import {AaveFixture} from "./support/AaveFixture.sol";
import {PositionVenueConformance} from "./support/PositionVenueConformance.sol";
import {ShardFixture} from "./support/ShardFixture.sol";

contract AaveV3ConformanceTest is AaveFixture, PositionVenueConformance {
    function setUp() public override(AaveFixture, ShardFixture) {
        AaveFixture.setUp();
    }

    function _account() internal view override returns (IPositionVenue) {
        return account;
    }

    function _accountOfAnotherDesk() internal override returns (IPositionVenue) {
        return new AaveV3Adapter(new VenueDesk(vault, admin), aave);
    }

    function _moveByMandate(bytes32 jobId, int256 amount) internal override {
        LendMoveParams memory params = _lendMove(address(usdx), amount, 0);
        params.minHealthFactor = 0;
        _move(jobId, params);
    }

    function _roundingUnits() internal pure override returns (uint256) {
        return 1;
    }

    function _claims() internal view override returns (address[] memory claims) {
        claims = new address[](1);
        claims[0] = aave.getReserveData(address(usdx)).aToken;
    }

    function _payees() internal view override returns (address[] memory payees) {
        payees = new address[](2);
        payees[0] = address(aave);
        payees[1] = aave.getReserveData(address(usdx)).aToken;
    }
}
