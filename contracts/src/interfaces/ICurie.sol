// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice The part of Perpetual Protocol v2's ClearingHouse that the adapter uses. Amounts have 18 decimals.
interface ICurieClearingHouse {
    struct OpenPositionParams {
        address baseToken;
        bool isBaseToQuote;
        bool isExactInput;
        uint256 amount;
        uint256 oppositeAmountBound;
        uint256 deadline;
        uint160 sqrtPriceLimitX96;
        bytes32 referralCode;
    }

    function openPosition(OpenPositionParams calldata params) external returns (uint256 base, uint256 quote);
    function getAccountValue(address trader) external view returns (int256);
    function getVault() external view returns (address);
    function getAccountBalance() external view returns (address);
}

/// @notice Its margin vault. Amounts in the settlement token's decimals.
interface ICurieVault {
    function deposit(address token, uint256 amount) external;
    function withdraw(address token, uint256 amount) external;
    function getFreeCollateral(address trader) external view returns (uint256);
    /// @notice Of `token`, what {withdraw} would pay out now.
    function getFreeCollateralByToken(address trader, address token) external view returns (uint256);
    function getSettlementToken() external view returns (address);
}

/// @notice Its book of positions. Amounts have 18 decimals.
interface ICurieAccountBalance {
    function getTakerPositionSize(address trader, address baseToken) external view returns (int256);
    function getBaseTokens(address trader) external view returns (address[] memory);
    function getTotalAbsPositionValue(address trader) external view returns (uint256);
}
