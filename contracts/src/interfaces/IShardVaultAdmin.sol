// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPriceFeed} from "./IPriceFeed.sol";

/// @param maxSlippageBps Largest shortfall of a swap's minimum output against the feeds, in basis points.
/// @param hedgeHaircutBps Share of a hedge asset's value that does not count as capital, in basis points.
/// @param feedStaleAfterSeconds Oldest feed answer an action may use, in seconds.
/// @param windowSeconds Time in which a full window drains, in seconds.
/// @param swapWindowCap Notional of all trades (swaps, perpetuals, options) per window, in settlement-asset units.
/// @param transferWindowCap Amount of transfers per window, in settlement-asset units.
struct VaultLimits {
    uint16 maxSlippageBps;
    uint16 hedgeHaircutBps;
    uint32 feedStaleAfterSeconds;
    uint32 windowSeconds;
    uint256 swapWindowCap;
    uint256 transferWindowCap;
}

/// @param asset Spot token the vault may hold.
/// @param feed Its USD price, 8 decimals.
struct HedgeAsset {
    address asset;
    IPriceFeed feed;
}

/// @param asset Settlement asset: an ERC-20 that is also a LayerZero OFT.
/// @param settlementFeed USD price of one whole settlement asset, 8 decimals.
/// @param shard Shard id, ASCII left-aligned in 32 bytes.
/// @param admin Changes limits and allow-lists; meant to be a timelock.
/// @param guardian May pause, and nothing else.
/// @param signers Accounts whose signature counts towards the quorum.
/// @param quorum How many of them must sign a mandate.
struct VaultConfig {
    address asset;
    IPriceFeed settlementFeed;
    bytes32 shard;
    address admin;
    address guardian;
    address[] signers;
    uint256 quorum;
    HedgeAsset[] hedges;
    VaultLimits limits;
}

/// @title What the admin and the guardian of a vault may change. Neither can move value.
interface IShardVaultAdmin {
    event LimitsSet(VaultLimits limits);
    event SignerSet(address indexed signer, bool allowed);
    event QuorumSet(uint256 quorum);
    event VenueSet(address indexed venue, bool allowed);
    event SisterVaultSet(uint32 indexed eid, bytes32 vault);
    event OptionBookSet(address book);
    event VenueDeskSet(address desk);
    event DepositorSet(address indexed depositor, bool allowed);
    event GuardianSet(address guardian);
    event Paused(address by);
    event Unpaused(address by);

    error ShardVault_Paused();
    error ShardVault_BookAlreadySet(address book);
    error ShardVault_BookOfAnotherVault(address book);
    error ShardVault_DeskAlreadySet(address desk);
    error ShardVault_DeskOfAnotherVault(address desk);
    error ShardVault_BadQuorum(uint256 quorum, uint256 signers);
    error ShardVault_BadLimits(VaultLimits limits);
    error ShardVault_BadFeed(address feed);
    error ShardVault_BadPrice(address feed, int256 answer);
    error ShardVault_DuplicateAsset(address asset);
    error ShardVault_DepositorNotAllowed(address receiver);
    error ShardVault_ZeroAddress();

    /// @notice Set the shard's option book; possible once.
    function setOptionBook(address book) external;
    /// @notice Set the shard's venue desk; possible once.
    function setVenueDesk(address desk) external;
    /// @notice Allow the vault to pay a venue: a spot adapter, or an account of its own that the desk has registered.
    function setVenue(address venue, bool allowed) external;
    /// @param vault Sister vault on the chain of `eid`, left-padded to 32 bytes; zero closes the route.
    function setSisterVault(uint32 eid, bytes32 vault) external;
    function setLimits(VaultLimits calldata limits) external;
    /// @notice Allow an account to receive new shares. Collateral moves between sister vaults without moving shares, so the
    /// shares of one vault are a claim on a pool that its own price does not show: only known depositors may enter.
    function setDepositor(address depositor, bool allowed) external;
    function setSigner(address signer, bool allowed) external;
    function setQuorum(uint256 quorum) external;
    function setGuardian(address guardian) external;
    /// @notice Stop mandates, deposits, withdrawals and option trades. Options already sold are still settled and paid.
    function pause() external;
    function unpause() external;

    function depositorAllowed(address depositor) external view returns (bool);
    function guardian() external view returns (address);
    function optionBook() external view returns (address);
    function venueDesk() external view returns (address);
    function limits() external view returns (VaultLimits memory);
    function signerAllowed(address signer) external view returns (bool);
    function signerCount() external view returns (uint256);
    function quorum() external view returns (uint256);

    /// @notice Notional counted against the caps now, in settlement-asset units.
    function windowLevels() external view returns (uint256 swapLevel, uint256 transferLevel);

    /// @notice USD feed of the settlement asset or of a hedge asset; zero for anything else.
    function feedOf(address asset) external view returns (IPriceFeed);

    /// @notice Last answer of an asset's feed, USD with 8 decimals, however old it is.
    function priceOf(address asset) external view returns (uint256);

    /// @notice Revert unless every feed of the vault is younger than the limit.
    function requireFreshFeeds() external view;

    /// @notice Worth of an amount of a vault asset at the feeds, in settlement-asset units, rounded down.
    function settlementValueOf(address asset, uint256 amount) external view returns (uint256);

    /// @notice Revert unless shares may be bought and redeemed: not paused, no option series live, the worth of every
    /// venue exact, every feed fresh.
    function requireOpen() external view;
}
