// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Mandate, SwapExactOutputParams, SwapParams, TransferParams} from "../types/Mandate.sol";

/// @title One shard's collateral: holds it, and moves it only under a signed, one-time mandate.
interface IShardVault {
    event MandateConsumed(
        bytes32 indexed jobId, uint8 action, uint64 epoch, address indexed leader, bytes32 reportSetHash
    );
    event SwapExecuted(
        bytes32 indexed jobId,
        address indexed venue,
        address pool,
        address assetIn,
        address assetOut,
        uint256 amountIn,
        uint256 amountOut
    );
    event TransferSent(
        bytes32 indexed jobId,
        bytes32 indexed guid,
        uint32 dstEid,
        bytes32 dstVault,
        uint256 amountSent,
        uint256 amountToReceive,
        uint256 nativeFee
    );
    event EpochBumped(uint64 epoch, address leader);
    event OptionPaid(address indexed to, uint256 amount);

    error ShardVault_WrongEpoch(uint64 given, uint64 current);
    error ShardVault_WrongLeader(address given, address current);
    error ShardVault_WrongShard(bytes32 given, bytes32 own);
    error ShardVault_WrongAction(uint8 given, uint8 expected);
    error ShardVault_TooEarly(uint64 notBefore, uint256 blockTimestamp);
    error ShardVault_Expired(uint64 deadline, uint256 blockTimestamp);
    error ShardVault_AlreadyConsumed(bytes32 jobId);
    error ShardVault_ParamsMismatch(bytes32 given, bytes32 computed);
    error ShardVault_QuorumNotReached(uint256 valid, uint256 required);
    error ShardVault_SignerNotAllowed(address signer);
    error ShardVault_SignersUnordered(address previous, address current);
    error ShardVault_LeaderDidNotSign(address leader);
    error ShardVault_VenueNotAllowed(address venue);
    error ShardVault_AssetNotAllowed(address asset);
    error ShardVault_RouteNotAllowed(uint32 dstEid, bytes32 dstVault);
    error ShardVault_ZeroAmount();
    error ShardVault_MinimumOutTooLow(uint256 given, uint256 leastAllowed);
    error ShardVault_ReceivedTooLittle(uint256 received, uint256 minimum);
    error ShardVault_WrongAmountReceived(uint256 received, uint256 amount);
    error ShardVault_WrongAmountSpent(uint256 balanceBefore, uint256 balanceAfter, uint256 amount);
    error ShardVault_CapitalBelowFloor(int256 capital, int256 floor);
    error ShardVault_WindowCapExceeded(uint256 used, uint256 cap);
    error ShardVault_FeeTooHigh(uint256 fee, uint256 maximum);
    error ShardVault_PriceStale(address asset, uint256 updatedAt, uint256 blockTimestamp);
    error ShardVault_PositionsOpen(uint256 liveSeries);
    error ShardVault_OnlyDesk(address caller);
    error ShardVault_OnlyBook(address caller);
    error ShardVault_OnlyGuardian(address caller);

    /// @notice Swap under a mandate. Anyone may submit it.
    function executeSwap(Mandate calldata mandate, SwapParams calldata params, bytes[] calldata signatures) external;

    /// @notice Swap for an exact output under a mandate; the window counts the most that may be spent. Anyone may submit it.
    function executeSwapExactOutput(
        Mandate calldata mandate,
        SwapExactOutputParams calldata params,
        bytes[] calldata signatures
    ) external;

    /// @notice Send collateral to a sister vault under a mandate. The sender pays the LayerZero fee as msg.value;
    /// what is not needed is refunded to the sender.
    function executeTransfer(Mandate calldata mandate, TransferParams calldata params, bytes[] calldata signatures)
        external
        payable;

    /// @notice Compare-and-set of the fence: epoch becomes `expectedEpoch + 1` and `newLeader` the leader.
    /// @param signatures Signer quorum over EpochBump(uint64 expectedEpoch,address newLeader), ascending by signer.
    function bumpEpoch(uint64 expectedEpoch, address newLeader, bytes[] calldata signatures) external;

    /// @notice First step of an action of the venue desk: check and consume its mandate, and lock the vault until
    /// {endVenueAction}. Only the shard's own desk may call it, in one transaction with the other steps.
    function beginVenueAction(Mandate calldata mandate, uint8 action, bytes32 paramsHash, bytes[] calldata signatures)
        external;

    /// @notice Pay an allow-listed venue; only the desk, only within an action.
    function payVenue(address venue, address asset, uint256 amount) external;

    /// @notice Count a trade of the action, by the worth of `amount` of a vault asset, in the window that swaps use too;
    /// only the desk, only within an action.
    function countNotional(address asset, uint256 amount) external;

    /// @notice Last step: the vault must still have `minCapitalAfter`, and never less than nothing.
    function endVenueAction(int256 minCapitalAfter) external;

    /// @notice Pay an option buyer; only the shard's own option book may call it.
    function payOption(address to, uint256 amount) external;

    function epoch() external view returns (uint64);
    function leader() external view returns (address);
    function shard() external view returns (bytes32);
    function paused() external view returns (bool);
    function consumed(bytes32 jobId) external view returns (bool);

    /// @notice What capital counts before liabilities, in settlement-asset units.
    function countedAssets() external view returns (uint256);

    /// @notice Capital in settlement-asset units: settlement asset + haircut x hedge assets at their feeds - liabilities.
    /// What venues hold for the vault is included; a venue that cannot be read counts as nothing.
    function capital() external view returns (int256);

    /// @notice Liabilities from short option series in settlement-asset units, rounded up.
    function liabilities() external view returns (uint256);

    /// @notice Spot tokens the vault may hold as hedges.
    function hedgeAssets() external view returns (address[] memory);

    function sisterVault(uint32 eid) external view returns (bytes32);
    function venueAllowed(address venue) external view returns (bool);
}
