// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Vm} from "forge-std/Vm.sol";
import {IShardVault} from "riskshard/interfaces/IShardVault.sol";
import {ShardVault} from "riskshard/ShardVault.sol";
import {Actions, Mandate, TransferParams} from "riskshard/types/Mandate.sol";
import {LayerZeroFixture} from "./support/LayerZeroFixture.sol";

/// @notice Two sister vaults over the real LayerZero V2 stack.
contract ShardVaultTransferTest is LayerZeroFixture {
    ShardVault private sister;
    address private sender = makeAddr("sender");

    function setUp() public override {
        super.setUp();
        _deployLayerZero();
        _deployShard(address(stackB.token));
        sister = vault;
        _deployShard(address(stackA.token));
        vm.prank(admin);
        vault.setSisterVault(EID_B, _padded(address(sister)));
        stackA.token.mint(address(vault), FUNDS);
        vm.deal(sender, 10 ether);
    }

    function test_collateral_arrives_at_the_sister_vault() public {
        TransferParams memory params = _params(1234e6);
        vm.recordLogs();
        _transfer("a", params, 1 ether);
        bytes32 guid = _deliver(stackB);
        assertEq(stackA.token.balanceOf(address(vault)), FUNDS - 1234e6);
        assertEq(stackA.token.totalSupply(), FUNDS - 1234e6);
        assertEq(stackB.token.balanceOf(address(sister)), 1234e6);
        assertEq(stackB.token.totalSupply(), 1234e6);
        assertTrue(guid != bytes32(0));
    }

    function test_the_event_names_guid_amounts_and_fee_and_the_rest_is_refunded() public {
        TransferParams memory params = _params(1234e6);
        vm.recordLogs();
        _transfer("a", params, 1 ether);
        (bytes32 jobId, bytes32 guid, bytes memory data) = _sentEvent();
        (uint32 dstEid, bytes32 dstVault, uint256 sent, uint256 toReceive, uint256 fee) =
            abi.decode(data, (uint32, bytes32, uint256, uint256, uint256));
        assertEq(jobId, "a");
        assertTrue(guid != bytes32(0));
        assertEq(dstEid, EID_B);
        assertEq(dstVault, _padded(address(sister)));
        assertEq(sent, 1234e6);
        assertEq(toReceive, 1234e6);
        assertGt(fee, 0, "the price feed is set, so messages are not free");
        assertEq(sender.balance, 10 ether - fee);
        assertEq(address(vault).balance, 0);
    }

    function test_a_replayed_transfer_reverts() public {
        TransferParams memory params = _params(1234e6);
        Mandate memory mandate = _mandate("a", Actions.TRANSFER, _hash(params));
        bytes[] memory signatures = _sign(mandate);
        vm.startPrank(sender);
        vault.executeTransfer{value: 1 ether}(mandate, params, signatures);
        vm.expectRevert(abi.encodeWithSelector(IShardVault.ShardVault_AlreadyConsumed.selector, bytes32("a")));
        vault.executeTransfer{value: 1 ether}(mandate, params, signatures);
        vm.stopPrank();
    }

    function test_rejects_a_route_that_is_not_registered() public {
        TransferParams memory params = _params(1234e6);
        params.dstEid = 30_184;
        _expectRevert(
            params,
            1 ether,
            abi.encodeWithSelector(IShardVault.ShardVault_RouteNotAllowed.selector, 30_184, params.dstVault)
        );
        params = _params(1234e6);
        params.dstVault = _padded(sender);
        _expectRevert(
            params,
            1 ether,
            abi.encodeWithSelector(IShardVault.ShardVault_RouteNotAllowed.selector, EID_B, params.dstVault)
        );
        params.dstEid = 30_184;
        params.dstVault = bytes32(0);
        _expectRevert(
            params, 1 ether, abi.encodeWithSelector(IShardVault.ShardVault_RouteNotAllowed.selector, 30_184, bytes32(0))
        );
    }

    function test_bounds_the_amount_of_a_window() public {
        _transfer("a", _params(200_000e6), 1 ether);
        _expectRevert(
            _params(100_001e6),
            1 ether,
            abi.encodeWithSelector(IShardVault.ShardVault_WindowCapExceeded.selector, 300_001e6, 300_000e6)
        );
        _transfer("b", _params(100_000e6), 1 ether);
        (, uint256 level) = vault.windowLevels();
        assertEq(level, 300_000e6);
    }

    function test_rejects_a_fee_above_the_mandate_and_above_the_value() public {
        TransferParams memory params = _params(1234e6);
        Mandate memory mandate = _mandate("a", Actions.TRANSFER, _hash(params));
        mandate.maxFeeNative = 1;
        bytes[] memory signatures = _sign(mandate);
        vm.expectPartialRevert(IShardVault.ShardVault_FeeTooHigh.selector);
        vm.prank(sender);
        vault.executeTransfer{value: 1 ether}(mandate, params, signatures);

        mandate.maxFeeNative = 1 ether;
        signatures = _sign(mandate);
        vm.expectPartialRevert(IShardVault.ShardVault_FeeTooHigh.selector);
        vm.prank(sender);
        vault.executeTransfer{value: 2}(mandate, params, signatures);
    }

    function test_rejects_capital_under_the_floor_after_the_amount_left() public {
        TransferParams memory params = _params(100_000e6);
        int256 after_ = int256(FUNDS - 100_000e6);
        params.minCapitalAfter = after_ + 1;
        _expectRevert(
            params,
            1 ether,
            abi.encodeWithSelector(IShardVault.ShardVault_CapitalBelowFloor.selector, after_, after_ + 1)
        );
        params.minCapitalAfter = after_;
        _transfer("a", params, 1 ether);
    }

    function test_rejects_a_transfer_on_stale_feeds() public {
        skip(61);
        _expectRevert(
            _params(1e6),
            1 ether,
            abi.encodeWithSelector(IShardVault.ShardVault_PriceStale.selector, address(stackA.token), START, START + 61)
        );
    }

    function test_rejects_a_transfer_while_paused_and_one_the_token_cannot_fill() public {
        TransferParams memory params = _params(1234e6);
        params.minAmount = 1235e6;
        _expectRevert(params, 1 ether, abi.encodeWithSignature("SlippageExceeded(uint256,uint256)", 1234e6, 1235e6));
        vm.prank(guardian);
        vault.pause();
        _expectRevert(_params(1e6), 1 ether, abi.encodeWithSignature("ShardVault_Paused()"));
    }

    function test_the_gas_bought_is_the_gas_signed() public {
        TransferParams memory params = _params(1234e6);
        params.lzReceiveGas = 77_777;
        vm.recordLogs();
        _transfer("a", params, 1 ether);
        bytes memory options = _packetOptions();
        assertEq(options, hex"00030100110100000000000000000000000000012fd1");
    }

    function _params(uint256 amount) private view returns (TransferParams memory) {
        return TransferParams({
            dstEid: EID_B,
            dstVault: _padded(address(sister)),
            amount: amount,
            minAmount: amount,
            lzReceiveGas: 120_000,
            minCapitalAfter: 0
        });
    }

    function _transfer(bytes32 jobId, TransferParams memory params, uint256 value) private {
        Mandate memory mandate = _mandate(jobId, Actions.TRANSFER, _hash(params));
        bytes[] memory signatures = _sign(mandate);
        vm.prank(sender);
        vault.executeTransfer{value: value}(mandate, params, signatures);
    }

    function _expectRevert(TransferParams memory params, uint256 value, bytes memory reason) private {
        Mandate memory mandate = _mandate("reverting", Actions.TRANSFER, _hash(params));
        bytes[] memory signatures = _sign(mandate);
        vm.expectRevert(reason);
        vm.prank(sender);
        vault.executeTransfer{value: value}(mandate, params, signatures);
    }

    function _sentEvent() private returns (bytes32 jobId, bytes32 guid, bytes memory data) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; i++) {
            if (logs[i].topics[0] != IShardVault.TransferSent.selector) continue;
            return (logs[i].topics[1], logs[i].topics[2], logs[i].data);
        }
        revert("no transfer was sent");
    }

    function _packetOptions() private returns (bytes memory options) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; i++) {
            if (logs[i].topics[0] != keccak256("PacketSent(bytes,bytes,address)")) continue;
            (, options,) = abi.decode(logs[i].data, (bytes, bytes, address));
        }
    }
}
