// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IShardVault} from "./interfaces/IShardVault.sol";
import {IShardVaultAdmin} from "./interfaces/IShardVaultAdmin.sol";
import {MandateHash} from "./libraries/MandateHash.sol";
import {Mandate} from "./types/Mandate.sol";

/// @title The fence in front of a vault: who may order what, in which epoch, until when, and only once.
abstract contract MandateGate is IShardVault, IShardVaultAdmin, EIP712, Ownable2Step {
    // One slot: 20 + 8 + 1 = 29 bytes.
    /// @inheritdoc IShardVault
    address public leader;
    /// @inheritdoc IShardVault
    uint64 public epoch;
    /// @inheritdoc IShardVault
    bool public paused;

    /// @inheritdoc IShardVaultAdmin
    address public guardian;
    /// @inheritdoc IShardVaultAdmin
    uint256 public quorum;
    /// @inheritdoc IShardVaultAdmin
    uint256 public signerCount;
    /// @inheritdoc IShardVaultAdmin
    mapping(address signer => bool) public signerAllowed;
    /// @inheritdoc IShardVault
    mapping(bytes32 jobId => bool) public consumed;

    /// @inheritdoc IShardVault
    bytes32 public immutable shard;

    modifier whenNotPaused() {
        if (paused) revert ShardVault_Paused();
        _;
    }

    constructor(bytes32 shard_, address admin, address guardian_, address[] memory signers, uint256 quorum_)
        EIP712("riskshard vault", "1")
        Ownable(admin)
    {
        shard = shard_;
        _setGuardian(guardian_);
        for (uint256 i = 0; i < signers.length; i++) {
            _setSigner(signers[i], true);
        }
        _setQuorum(quorum_);
    }

    /// @inheritdoc IShardVault
    function bumpEpoch(uint64 expectedEpoch, address newLeader, bytes[] calldata signatures) external {
        if (expectedEpoch != epoch) revert ShardVault_WrongEpoch(expectedEpoch, epoch);
        bytes32 digest = _hashTypedDataV4(MandateHash.hashEpochBump(expectedEpoch, newLeader));
        _checkSignatures(digest, newLeader, signatures);
        epoch = expectedEpoch + 1;
        leader = newLeader;
        emit EpochBumped(epoch, newLeader);
    }

    /// @inheritdoc IShardVaultAdmin
    function setSigner(address signer, bool allowed) external onlyOwner {
        _setSigner(signer, allowed);
        if (signerCount < quorum) revert ShardVault_BadQuorum(quorum, signerCount);
    }

    /// @inheritdoc IShardVaultAdmin
    function setQuorum(uint256 quorum_) external onlyOwner {
        _setQuorum(quorum_);
    }

    /// @inheritdoc IShardVaultAdmin
    function setGuardian(address guardian_) external onlyOwner {
        _setGuardian(guardian_);
    }

    /// @inheritdoc IShardVaultAdmin
    function pause() external {
        if (msg.sender != guardian && msg.sender != owner()) revert ShardVault_OnlyGuardian(msg.sender);
        paused = true;
        emit Paused(msg.sender);
    }

    /// @inheritdoc IShardVaultAdmin
    function unpause() external onlyOwner {
        paused = false;
        emit Unpaused(msg.sender);
    }

    /// @dev Checks everything a mandate says about itself, then consumes it. Must run before any external call.
    function _consume(Mandate calldata mandate, uint8 action, bytes32 paramsHash, bytes[] calldata signatures)
        internal
    {
        if (mandate.epoch != epoch) revert ShardVault_WrongEpoch(mandate.epoch, epoch);
        if (mandate.leader != leader) revert ShardVault_WrongLeader(mandate.leader, leader);
        if (mandate.shard != shard) revert ShardVault_WrongShard(mandate.shard, shard);
        if (mandate.action != action) revert ShardVault_WrongAction(mandate.action, action);
        if (block.timestamp < mandate.notBefore) revert ShardVault_TooEarly(mandate.notBefore, block.timestamp);
        if (block.timestamp > mandate.deadline) revert ShardVault_Expired(mandate.deadline, block.timestamp);
        if (consumed[mandate.jobId]) revert ShardVault_AlreadyConsumed(mandate.jobId);
        if (mandate.paramsHash != paramsHash) revert ShardVault_ParamsMismatch(mandate.paramsHash, paramsHash);
        _checkSignatures(_hashTypedDataV4(MandateHash.hash(mandate)), mandate.leader, signatures);
        consumed[mandate.jobId] = true;
        emit MandateConsumed(mandate.jobId, action, mandate.epoch, mandate.leader, mandate.reportSetHash);
    }

    /// @dev Strictly ascending allowed signers, at least the quorum of them, `leader_` among them.
    function _checkSignatures(bytes32 digest, address leader_, bytes[] calldata signatures) private view {
        if (signatures.length < quorum) revert ShardVault_QuorumNotReached(signatures.length, quorum);
        address previous = address(0);
        bool leaderSigned = false;
        for (uint256 i = 0; i < signatures.length; i++) {
            address signer = ECDSA.recover(digest, signatures[i]);
            if (signer <= previous) revert ShardVault_SignersUnordered(previous, signer);
            if (!signerAllowed[signer]) revert ShardVault_SignerNotAllowed(signer);
            if (signer == leader_) leaderSigned = true;
            previous = signer;
        }
        if (!leaderSigned) revert ShardVault_LeaderDidNotSign(leader_);
    }

    function _setSigner(address signer, bool allowed) private {
        if (signer == address(0)) revert ShardVault_ZeroAddress();
        if (signerAllowed[signer] != allowed) {
            signerAllowed[signer] = allowed;
            signerCount = allowed ? signerCount + 1 : signerCount - 1;
        }
        emit SignerSet(signer, allowed);
    }

    function _setQuorum(uint256 quorum_) private {
        if (quorum_ == 0 || quorum_ > signerCount) revert ShardVault_BadQuorum(quorum_, signerCount);
        quorum = quorum_;
        emit QuorumSet(quorum_);
    }

    function _setGuardian(address guardian_) private {
        guardian = guardian_;
        emit GuardianSet(guardian_);
    }
}
