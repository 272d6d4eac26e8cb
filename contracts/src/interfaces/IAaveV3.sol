// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A reserve as Aave v3's pool stores it; only the token's address is used here.
struct AaveReserve {
    uint256 configuration;
    uint128 liquidityIndex;
    uint128 currentLiquidityRate;
    uint128 variableBorrowIndex;
    uint128 currentVariableBorrowRate;
    uint128 currentStableBorrowRate;
    uint40 lastUpdateTimestamp;
    uint16 id;
    address aToken;
    address stableDebtToken;
    address variableDebtToken;
    address interestRateStrategy;
    uint128 accruedToTreasury;
    uint128 unbacked;
    uint128 isolationModeTotalDebt;
}

/// @notice The part of Aave v3's Pool that the adapter uses.
interface IAaveV3Pool {
    function supply(address asset, uint256 amount, address onBehalfOf, uint16 referralCode) external;
    function withdraw(address asset, uint256 amount, address to) external returns (uint256);
    function getReserveData(address asset) external view returns (AaveReserve memory);
    /// @return totalCollateral Base currency. totalDebt and availableBorrows too; threshold and loan-to-value in basis
    /// points; healthFactor with 18 decimals, the largest uint256 without debt.
    function getUserAccountData(address user)
        external
        view
        returns (
            uint256 totalCollateral,
            uint256 totalDebt,
            uint256 availableBorrows,
            uint256 liquidationThreshold,
            uint256 loanToValue,
            uint256 healthFactor
        );
}
