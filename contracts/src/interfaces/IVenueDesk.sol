// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LendMoveParams, Mandate, MarginMoveParams, OptionTradeParams, PerpChangeParams} from "../types/Mandate.sol";
import {IPositionVenue} from "./IPositionVenue.sol";
import {IShardVault} from "./IShardVault.sol";

/// @param left What may still be put there, in settlement-asset units.
/// @param mayGrow Whether positions there may grow at all.
struct VenueCapLeft {
    address venue;
    uint256 left;
    bool mayGrow;
}

/// @notice What the vault's and the desk's caps still let mandates do, in settlement-asset units.
struct CapsLeft {
    uint256 trades;
    uint256 transfers;
    VenueCapLeft[] venues;
}

/// @title What a vault does at venues where it keeps a position, each thing under its own kind of mandate.
/// @notice The mandate's domain is the vault's, and the vault checks and consumes it; the desk checks the action itself.
interface IVenueDesk {
    /// @notice `amount` is signed as in the mandate; `gained` is what the receiving side had more afterwards.
    event VenueMoved(bytes32 indexed jobId, address indexed venue, address asset, int256 amount, uint256 gained);
    /// @notice `quoteAmount` is what was paid (long) or received (short) in the venue's USD, 18 decimals.
    event PerpChanged(bytes32 indexed jobId, address indexed venue, address market, int256 size, uint256 quoteAmount);
    /// @notice `amount` is what the account paid (opening) or got (closing) in settlement-asset units, everything included.
    event OptionTraded(
        bytes32 indexed jobId,
        address indexed venue,
        address market,
        uint256 strikeId,
        bool isCall,
        int256 quantity,
        uint256 amount
    );
    event PositionVenueSet(address indexed venue, uint256 cap);
    /// @notice `left` is what counted there at last, in settlement-asset units; the largest number where it was not asked.
    event PositionVenueRetired(address indexed venue, uint256 left);
    event HealthFloorSet(address indexed venue, uint256 floor);

    error VenueDesk_NotRegistered(address venue);
    error VenueDesk_OfAnotherDesk(address venue);
    error VenueDesk_TooManyVenues(uint256 maximum);
    error VenueDesk_NotLeft(address venue, uint256 cap);
    error VenueDesk_StillHolds(address venue, uint256 left, uint256 writeOff);
    error VenueDesk_Inexact(address venue);
    error VenueDesk_CapExceeded(address venue, uint256 placed, uint256 cap);
    error VenueDesk_HealthBelowFloor(address venue, uint256 health, uint256 floor);
    error VenueDesk_FloorTooLow(address venue, uint256 given, uint256 floor);
    error VenueDesk_ZeroAmount();
    error VenueDesk_WrongAmountSpent(uint256 balanceBefore, uint256 balanceAfter, uint256 amount);
    error VenueDesk_PriceOutsideLimit(uint256 worstPrice, uint256 limit);
    error VenueDesk_WrongSize(int256 before, int256 current, int256 size);
    error VenueDesk_OnlyReduces(address venue);
    error VenueDesk_SpentTooMuch(uint256 spent, uint256 maximum);
    error VenueDesk_ReceivedTooLittle(uint256 received, uint256 minimum);

    /// @notice Supply to, or withdraw from, the vault's account at a lending venue. Anyone may submit the mandate.
    function executeLendMove(Mandate calldata mandate, LendMoveParams calldata params, bytes[] calldata signatures)
        external;

    /// @notice Move margin to, or from, the vault's account at a perpetual venue. Anyone may submit the mandate.
    function executeMarginMove(Mandate calldata mandate, MarginMoveParams calldata params, bytes[] calldata signatures)
        external;

    /// @notice Change a perpetual position of the vault's account. Anyone may submit the mandate.
    function executePerpChange(Mandate calldata mandate, PerpChangeParams calldata params, bytes[] calldata signatures)
        external;

    /// @notice Open or close longs in the vault's account at an option market. Anyone may submit the mandate.
    function executeOptionTrade(
        Mandate calldata mandate,
        OptionTradeParams calldata params,
        bytes[] calldata signatures
    ) external;

    /// @notice Register a venue at which the vault may keep a position; it stays registered until it is retired, so that
    /// what it holds is not forgotten.
    /// @param cap Most the vault may have there, in settlement-asset units; while a position is open, what was put there
    /// and not taken out counts in full. 0 lets it only take out, reduce and close.
    function setPositionVenue(address venue, uint256 cap) external;

    /// @notice Take a venue with a cap of 0 off the list: what it holds, if anything, counts no more, nothing is moved there
    /// or back, and it closes no shares. Registered again, it counts again.
    /// @param writeOff Most that may still count there, in settlement-asset units, and is lost to the vault's shares. 0 never
    /// changes what they are worth. The largest number: whatever it is, for a venue that cannot be read.
    function retirePositionVenue(address venue, uint256 writeOff) external;

    /// @notice Set the least health that a mandate must ask for where it makes an account weaker: takes collateral out, or
    /// opens, grows or turns a position. Nothing signed goes below it. 0, as at first, leaves it to the mandate.
    /// @param floor In the venue's own measure, 18 decimals: margin ratio or health factor.
    function setHealthFloor(address venue, uint256 floor) external;

    function vault() external view returns (IShardVault);

    /// @notice Position venues in the order of their registration.
    function positionVenues() external view returns (IPositionVenue[] memory);

    /// @notice Most the vault may have at a position venue, in settlement-asset units.
    function capOf(address venue) external view returns (uint256);

    /// @notice Least health that a mandate must ask for where it makes the account weaker, 18 decimals.
    function healthFloorOf(address venue) external view returns (uint256);

    /// @notice What a mandate may at worst agree to for one option of a series now, USD with 8 decimals; reverts while the
    /// venue's terms cannot be told.
    function premiumLimits(address venue, address market, uint256 strikeId, bool isCall)
        external
        view
        returns (uint256 mostToOpen, uint256 leastToClose);

    /// @notice What counts against a venue's cap now, in settlement-asset units.
    function placed(address venue) external view returns (uint256);

    /// @notice What is left of every cap now; nothing of a venue that cannot be read or is being left.
    function capsLeft() external view returns (CapsLeft memory caps);

    /// @notice What all venues hold of `asset` for the vault, in its own decimals. A venue that cannot be read counts as
    /// nothing, or reverts when `strict`.
    function held(address asset, bool strict) external view returns (uint256);

    /// @notice Revert while the worth of any venue is an estimate.
    function requireExact() external view;
}
