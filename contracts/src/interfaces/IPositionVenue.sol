// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A venue at which a vault keeps a position. One contract serves one vault and is that vault's account at the
/// protocol, so that no vault can reach the position of another. Only the vault's desk may move anything.
interface IPositionVenue {
    error PositionVenue_OnlyDesk(address caller);
    error PositionVenue_NotLoose(address asset);

    /// @notice The desk that orders moves.
    function desk() external view returns (address);

    /// @notice The vault this account belongs to: the only receiver of what is taken out.
    function vault() external view returns (address);

    /// @notice Place `amount` of `asset`, which the vault has just paid to this contract, with the protocol.
    function put(address asset, uint256 amount) external;

    /// @notice Take `amount` of `asset` out of the protocol and send it to the vault.
    function take(address asset, uint256 amount) external;

    /// @notice Send to the vault what lies in this contract of a vault asset without being part of the position: somebody
    /// paid it in by mistake. Anyone may call.
    /// @return amount What was sent, in the asset's own decimals.
    function sweep(address asset) external returns (uint256 amount);

    /// @notice What counts as the vault's in units of `asset`: never more than the account could pay out at the
    /// protocol's own valuation, rounded down; 0 for an asset the venue does not know.
    function held(address asset) external view returns (uint256);

    /// @notice The protocol's own measure of the account's distance from liquidation, 18 decimals: health factor of a
    /// lending account, account value over position value of a margin account; the largest uint256 without any debt.
    function health() external view returns (uint256);

    /// @notice True while {held} is exact. While it is only a careful estimate, shares of the vault have no fair price.
    function isExact() external view returns (bool);
}
