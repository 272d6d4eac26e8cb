// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Values of European options with explicit rounding. Prices are USD with 8 decimals, quantities have 18.
library OptionMath {
    using Math for uint256;

    uint256 internal constant WAD = 1e18;
    uint256 private constant YEAR_SECONDS = 365 days;
    /// @dev 1 / sqrt(2 pi) = 0.398942280401432677939..., 18 decimals, rounded down.
    uint256 private constant INVERSE_SQRT_TWO_PI = 398_942_280_401_432_677;
    /// @dev quantity (18) x price (8).
    uint256 private constant QUANTITY_PRICE_UNIT = 1e26;

    /// @notice Payoff of one option if it ended at `price`, USD with 8 decimals; exact.
    function intrinsic(bool isCall, uint256 price, uint256 strike) internal pure returns (uint256) {
        return isCall ? price.saturatingSub(strike) : strike.saturatingSub(price);
    }

    /// @notice `quantity` times `price` in settlement-asset units at par; `unit` is 10 ** decimals of the settlement asset.
    function toUnits(uint256 quantity, uint256 price, uint256 unit, Math.Rounding rounding)
        internal
        pure
        returns (uint256)
    {
        return quantity.mulDiv(price * unit, QUANTITY_PRICE_UNIT, rounding);
    }

    /// @notice Upper bound of the time value of one option at volatility `sigma`, USD with 8 decimals.
    /// @dev At zero rate and carry the Black-Scholes time value C - max(S - K, 0) = P - max(K - S, 0) is largest at
    /// K = S: for K > S it is C(K), which falls in K; for K < S it is P(K), which rises in K. At K = S it is
    /// S (2 N(x / 2) - 1) <= S x n(0) = 0.39894228 S x with x = sigma sqrt(T), because the normal density is largest at 0.
    /// @param sigma Annual volatility, 18 decimals.
    /// @param seconds_ Time to expiry in seconds (ACT/365).
    /// @param rounding Ceil for a bound that must not be too low, Floor for one that must not be too high.
    function timeValueBound(uint256 spot, uint256 sigma, uint256 seconds_, Math.Rounding rounding)
        internal
        pure
        returns (uint256)
    {
        bool up = rounding == Math.Rounding.Ceil;
        uint256 sqrtYears = (seconds_ * WAD).mulDiv(WAD, YEAR_SECONDS, rounding).sqrt(rounding);
        uint256 factor = up ? INVERSE_SQRT_TWO_PI + 1 : INVERSE_SQRT_TWO_PI;
        uint256 deviation = sigma.mulDiv(sqrtYears, WAD, rounding);
        return spot.mulDiv(deviation.mulDiv(factor, WAD, rounding), WAD, rounding);
    }
}
