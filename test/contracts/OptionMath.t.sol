// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Test} from "forge-std/Test.sol";
import {OptionMath} from "riskshard/libraries/OptionMath.sol";

contract OptionMathTest is Test {
    function test_intrinsic_value() public pure {
        assertEq(OptionMath.intrinsic(true, 2100e8, 2000e8), 100e8);
        assertEq(OptionMath.intrinsic(true, 1900e8, 2000e8), 0);
        assertEq(OptionMath.intrinsic(false, 1900e8, 2000e8), 100e8);
        assertEq(OptionMath.intrinsic(false, 2100e8, 2000e8), 0);
    }

    /// @dev Black-Scholes at the money at zero rate is S (2 N(sigma sqrt(T) / 2) - 1); values and bounds computed with 40
    /// digits for S = 2000 and one year, rounded down to 8 decimals.
    function test_the_bound_lies_just_above_black_scholes_at_the_money() public pure {
        uint256[4] memory sigmas = [uint256(0.2e18), 0.8e18, 1e18, 3e18];
        uint256[4] memory values = [uint256(159.3113491e8), 621.68696644e8, 765.84984509e8, 1732.77119492e8];
        uint256[4] memory bounds = [uint256(159.57691216e8), 638.30764864e8, 797.8845608e8, 2393.6536824e8];
        for (uint256 i = 0; i < 4; i++) {
            assertGt(bounds[i], values[i]);
            assertEq(OptionMath.timeValueBound(2000e8, sigmas[i], 365 days, Math.Rounding.Floor), bounds[i]);
            assertEq(OptionMath.timeValueBound(2000e8, sigmas[i], 365 days, Math.Rounding.Ceil), bounds[i] + 1);
        }
    }

    function testFuzz_the_two_roundings_enclose_the_exact_value(uint256 spot, uint256 sigma, uint256 seconds_)
        public
        pure
    {
        spot = bound(spot, 1, 1e14);
        sigma = bound(sigma, 1, 10e18);
        seconds_ = bound(seconds_, 0, 10 * 365 days);
        uint256 down = OptionMath.timeValueBound(spot, sigma, seconds_, Math.Rounding.Floor);
        uint256 up = OptionMath.timeValueBound(spot, sigma, seconds_, Math.Rounding.Ceil);
        assertLe(down, up);
        assertLe(up - down, 2);
        // down^2 <= spot^2 sigma^2 T / (2 pi) <= up^2; variance and 1 / (2 pi) are rounded, which spot^2 covers.
        uint256 variance = sigma * sigma * seconds_ / 365 days;
        uint256 square = spot * spot;
        assertLe(down * down * 1e36, square * _overTwoPi(variance) + 2 * square * (1 + variance / 1e18));
        assertGe(up * up * 1e36, square * _overTwoPi(variance));
    }

    function testFuzz_units_are_rounded_as_asked(uint128 quantity, uint64 price) public pure {
        uint256 exactTimes1e20 = uint256(quantity) * price;
        assertEq(OptionMath.toUnits(quantity, price, 1e6, Math.Rounding.Floor), exactTimes1e20 / 1e20);
        assertEq(OptionMath.toUnits(quantity, price, 1e6, Math.Rounding.Ceil), Math.ceilDiv(exactTimes1e20, 1e20));
    }

    /// @dev 1 / (2 pi) = 0.159154943091895335768..., rounded down.
    function _overTwoPi(uint256 variance) private pure returns (uint256) {
        return Math.mulDiv(variance, 159_154_943_091_895_335, 1e18);
    }
}
