// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IShardVault} from "riskshard/interfaces/IShardVault.sol";
import {IShardVaultAdmin} from "riskshard/interfaces/IShardVaultAdmin.sol";
import {ShardVault} from "riskshard/ShardVault.sol";
import {Actions, Mandate, SwapParams, TransferParams} from "riskshard/types/Mandate.sol";
import {UniswapFixture} from "./support/UniswapFixture.sol";

contract MandateGateTest is UniswapFixture {
    bytes32 private constant JOB = keccak256("job");
    SwapParams private params;
    Mandate private mandate;

    function setUp() public override {
        super.setUp();
        params = _buyWeth(10_000e6);
        mandate = _mandate(JOB, Actions.SWAP, _hash(params));
    }

    function test_a_valid_mandate_is_executed_by_anyone_and_recorded() public {
        vm.expectEmit(address(vault));
        emit IShardVault.MandateConsumed(JOB, Actions.SWAP, 1, vm.addr(leaderKey()), mandate.reportSetHash);
        vm.prank(makeAddr("stranger"));
        vault.executeSwap(mandate, params, _sign(mandate));
        assertTrue(vault.consumed(JOB));
        assertGe(weth.balanceOf(address(vault)), params.minAmountOut);
    }

    function test_a_replayed_mandate_reverts() public {
        bytes[] memory signatures = _sign(mandate);
        vault.executeSwap(mandate, params, signatures);
        vm.expectRevert(abi.encodeWithSelector(IShardVault.ShardVault_AlreadyConsumed.selector, JOB));
        vault.executeSwap(mandate, params, signatures);
    }

    function test_a_job_id_is_used_up_for_every_action() public {
        vault.executeSwap(mandate, params, _sign(mandate));
        TransferParams memory transfer;
        Mandate memory second = _mandate(JOB, Actions.TRANSFER, _hash(transfer));
        bytes[] memory signatures = _sign(second);
        vm.expectRevert(abi.encodeWithSelector(IShardVault.ShardVault_AlreadyConsumed.selector, JOB));
        vault.executeTransfer(second, transfer, signatures);
    }

    function test_paused_comes_before_everything() public {
        vm.prank(guardian);
        vault.pause();
        mandate.epoch = 9;
        _expectRevertOfSwap(abi.encodeWithSelector(IShardVaultAdmin.ShardVault_Paused.selector));
    }

    function test_rejects_another_epoch() public {
        for (uint64 epoch = 0; epoch < 3; epoch += 2) {
            mandate.epoch = epoch;
            _expectRevertOfSwap(abi.encodeWithSelector(IShardVault.ShardVault_WrongEpoch.selector, epoch, 1));
        }
    }

    function test_a_bump_kills_the_mandates_of_the_old_epoch() public {
        bytes[] memory signatures = _sign(mandate);
        _bump(signerKeys[1]);
        vm.expectRevert(abi.encodeWithSelector(IShardVault.ShardVault_WrongEpoch.selector, 1, 2));
        vault.executeSwap(mandate, params, signatures);
    }

    function test_rejects_another_leader() public {
        mandate.leader = vm.addr(signerKeys[1]);
        _expectRevertOfSwap(
            abi.encodeWithSelector(IShardVault.ShardVault_WrongLeader.selector, mandate.leader, vm.addr(leaderKey()))
        );
    }

    function test_rejects_another_shard() public {
        mandate.shard = "beta";
        _expectRevertOfSwap(abi.encodeWithSelector(IShardVault.ShardVault_WrongShard.selector, bytes32("beta"), SHARD));
    }

    function test_rejects_another_action() public {
        mandate.action = Actions.TRANSFER;
        _expectRevertOfSwap(abi.encodeWithSelector(IShardVault.ShardVault_WrongAction.selector, 2, 1));
    }

    function test_rejects_before_its_time() public {
        mandate.notBefore = uint64(block.timestamp + 1);
        _expectRevertOfSwap(
            abi.encodeWithSelector(IShardVault.ShardVault_TooEarly.selector, START + 1, block.timestamp)
        );
        _pass(1);
        vault.executeSwap(mandate, params, _sign(mandate));
    }

    function test_the_deadline_itself_is_still_in_time() public {
        uint64 deadline = mandate.deadline;
        _pass(deadline - block.timestamp + 1);
        _expectRevertOfSwap(
            abi.encodeWithSelector(IShardVault.ShardVault_Expired.selector, deadline, uint256(deadline) + 1)
        );
        vm.warp(deadline);
        vault.executeSwap(mandate, params, _sign(mandate));
    }

    function test_rejects_parameters_that_were_not_signed() public {
        bytes[] memory signatures = _sign(mandate);
        bytes32 signed = mandate.paramsHash;
        params.amountIn += 1;
        vm.expectRevert(abi.encodeWithSelector(IShardVault.ShardVault_ParamsMismatch.selector, signed, _hash(params)));
        vault.executeSwap(mandate, params, signatures);
    }

    function test_rejects_fewer_signatures_than_the_quorum() public {
        bytes[] memory one = new bytes[](1);
        one[0] = _signOne(_mandateDigest(mandate), leaderKey());
        vm.expectRevert(abi.encodeWithSelector(IShardVault.ShardVault_QuorumNotReached.selector, 1, 2));
        vault.executeSwap(mandate, params, one);
    }

    function test_rejects_descending_and_repeated_signers() public {
        bytes[] memory signatures = _sign(mandate);
        (address first, address second) = (vm.addr(signerKeys[0]), vm.addr(signerKeys[1]));
        (signatures[0], signatures[1]) = (signatures[1], signatures[0]);
        vm.expectRevert(abi.encodeWithSelector(IShardVault.ShardVault_SignersUnordered.selector, second, first));
        vault.executeSwap(mandate, params, signatures);
        signatures[1] = signatures[0];
        vm.expectRevert(abi.encodeWithSelector(IShardVault.ShardVault_SignersUnordered.selector, second, second));
        vault.executeSwap(mandate, params, signatures);
    }

    function test_rejects_a_signer_that_is_not_allowed() public {
        address dropped = vm.addr(signerKeys[1]);
        vm.prank(admin);
        vault.setSigner(dropped, false);
        _expectRevertOfSwap(abi.encodeWithSelector(IShardVault.ShardVault_SignerNotAllowed.selector, dropped));
    }

    function test_rejects_a_quorum_without_the_leader() public {
        uint256[] memory keys = new uint256[](2);
        (keys[0], keys[1]) = (signerKeys[1], signerKeys[2]);
        bytes[] memory signatures = _signAll(_mandateDigest(mandate), keys);
        vm.expectRevert(abi.encodeWithSelector(IShardVault.ShardVault_LeaderDidNotSign.selector, vm.addr(leaderKey())));
        vault.executeSwap(mandate, params, signatures);
    }

    function test_rejects_a_malformed_signature() public {
        bytes[] memory signatures = _sign(mandate);
        signatures[1] = hex"1234";
        vm.expectRevert(abi.encodeWithSelector(ECDSA.ECDSAInvalidSignatureLength.selector, 2));
        vault.executeSwap(mandate, params, signatures);
    }

    function testFuzz_any_changed_field_breaks_the_signatures(uint8 field, uint256 salt) public {
        bytes[] memory signatures = _sign(mandate);
        uint256 which = field % 4;
        if (which == 0) mandate.jobId = keccak256(abi.encode(salt));
        else if (which == 1) mandate.reportSetHash = keccak256(abi.encode(salt));
        else if (which == 2) mandate.deadline += 1 + uint64(salt % 1e9);
        else mandate.maxFeeNative = 1 + salt % 1e30;
        vm.expectRevert();
        vault.executeSwap(mandate, params, signatures);
        assertFalse(vault.consumed(JOB));
    }

    function test_a_mandate_for_one_vault_is_void_for_another() public {
        bytes[] memory signatures = _sign(mandate);
        _deployShard(address(usdx));
        signatures = _firstTwoOrdered(signatures);
        vm.expectPartialRevert(IShardVault.ShardVault_SignerNotAllowed.selector);
        vault.executeSwap(mandate, params, signatures);
    }

    function test_a_mandate_of_another_chain_is_void() public {
        bytes[] memory signatures = _sign(mandate);
        vm.chainId(block.chainid + 1);
        vm.expectRevert();
        vault.executeSwap(mandate, params, signatures);
    }

    function test_a_bump_compares_before_it_sets() public {
        bytes[] memory none = new bytes[](0);
        address leader = vm.addr(leaderKey());
        vm.expectRevert(abi.encodeWithSelector(IShardVault.ShardVault_WrongEpoch.selector, 0, 1));
        vault.bumpEpoch(0, leader, none);
        vm.expectRevert(abi.encodeWithSelector(IShardVault.ShardVault_WrongEpoch.selector, 2, 1));
        vault.bumpEpoch(2, leader, none);
        vm.expectRevert(abi.encodeWithSelector(IShardVault.ShardVault_QuorumNotReached.selector, 0, 2));
        vault.bumpEpoch(1, leader, none);
    }

    function test_a_bump_needs_the_new_leader_among_its_signers() public {
        address outsider = makeAddr("outsider");
        bytes32 structHash =
            keccak256(abi.encode(keccak256("EpochBump(uint64 expectedEpoch,address newLeader)"), uint64(1), outsider));
        bytes[] memory signatures = _signAll(_digest(address(vault), structHash), signerKeys);
        vm.expectRevert(abi.encodeWithSelector(IShardVault.ShardVault_LeaderDidNotSign.selector, outsider));
        vault.bumpEpoch(1, outsider, signatures);
    }

    function test_a_bump_is_an_event_with_the_new_fence() public {
        vm.expectEmit(address(vault));
        emit IShardVault.EpochBumped(2, vm.addr(signerKeys[2]));
        _bump(signerKeys[2]);
        assertEq(vault.epoch(), 2);
        assertEq(vault.leader(), vm.addr(signerKeys[2]));
    }

    function test_before_the_first_bump_nobody_leads() public {
        vault = new ShardVault(_vaultConfig(address(usdx)));
        mandate.epoch = 0;
        mandate.leader = address(0);
        _expectRevertOfSwap(abi.encodeWithSelector(IShardVault.ShardVault_LeaderDidNotSign.selector, address(0)));
    }

    function _expectRevertOfSwap(bytes memory reason) private {
        bytes[] memory signatures = _sign(mandate);
        vm.expectRevert(reason);
        vault.executeSwap(mandate, params, signatures);
        assertFalse(vault.consumed(mandate.jobId));
    }

    /// @dev Recovered addresses of foreign signatures have any order; the first check they can fail is made certain.
    function _firstTwoOrdered(bytes[] memory signatures) private view returns (bytes[] memory) {
        bytes32 digest = _mandateDigest(mandate);
        (address first, address second) = (ECDSA.recover(digest, signatures[0]), ECDSA.recover(digest, signatures[1]));
        if (first > second) (signatures[0], signatures[1]) = (signatures[1], signatures[0]);
        return signatures;
    }
}
