// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {VaultLock} from "riskshard/VaultLock.sol";
import {IShardVault} from "riskshard/interfaces/IShardVault.sol";
import {ShardVault} from "riskshard/ShardVault.sol";
import {Actions, Mandate, TransferParams} from "riskshard/types/Mandate.sol";
import {OddOmnichainToken} from "./support/OddOmnichainToken.sol";
import {ShardFixture} from "./support/ShardFixture.sol";

/// @notice What the vault checks of a bridge that does not do what it says, and of a sender that calls back.
contract ShardVaultOddBridgeTest is ShardFixture {
    uint32 private constant EID = 30_110;
    uint256 private constant AMOUNT = 1000e6;
    OddOmnichainToken private odd;

    function setUp() public override {
        super.setUp();
        odd = new OddOmnichainToken(address(this));
        _deployShard(address(odd));
        odd.mint(address(vault), FUNDS);
        vm.prank(admin);
        vault.setSisterVault(EID, bytes32(uint256(7)));
        odd.behave(AMOUNT, AMOUNT, AMOUNT);
    }

    function test_accepts_a_bridge_that_keeps_its_word() public {
        (Mandate memory mandate, TransferParams memory params, bytes[] memory signatures) = _order();
        vault.executeTransfer{value: 1000}(mandate, params, signatures);
        assertEq(odd.balanceOf(address(vault)), FUNDS - AMOUNT);
    }

    function test_rejects_a_bridge_that_takes_another_amount_than_it_says() public {
        odd.behave(AMOUNT + 1, AMOUNT, AMOUNT);
        _expectRevert(
            abi.encodeWithSelector(IShardVault.ShardVault_WrongAmountSpent.selector, FUNDS, FUNDS - AMOUNT - 1, AMOUNT)
        );
    }

    function test_rejects_a_bridge_that_takes_more_than_was_signed() public {
        odd.behave(AMOUNT + 1, AMOUNT + 1, AMOUNT);
        _expectRevert(
            abi.encodeWithSelector(IShardVault.ShardVault_WrongAmountSpent.selector, FUNDS, FUNDS - AMOUNT - 1, AMOUNT)
        );
    }

    function test_rejects_a_bridge_that_delivers_less_than_was_signed() public {
        odd.behave(AMOUNT, AMOUNT, AMOUNT - 1);
        _expectRevert(abi.encodeWithSelector(IShardVault.ShardVault_ReceivedTooLittle.selector, AMOUNT - 1, AMOUNT));
    }

    function test_a_refunded_sender_cannot_enter_the_vault_again() public {
        (Mandate memory mandate, TransferParams memory params, bytes[] memory signatures) = _order();
        CallingBackSender sender = new CallingBackSender(vault);
        vm.deal(address(sender), 1 ether);
        vm.expectRevert(VaultLock.VaultLock_Locked.selector);
        sender.submit(mandate, params, signatures);
    }

    function _expectRevert(bytes memory reason) private {
        (Mandate memory mandate, TransferParams memory params, bytes[] memory signatures) = _order();
        vm.expectRevert(reason);
        vault.executeTransfer{value: 1000}(mandate, params, signatures);
    }

    function _order() private view returns (Mandate memory, TransferParams memory, bytes[] memory) {
        TransferParams memory params = TransferParams(EID, bytes32(uint256(7)), AMOUNT, AMOUNT, 120_000, 0);
        Mandate memory mandate = _mandate("odd", Actions.TRANSFER, _hash(params));
        return (mandate, params, _sign(mandate));
    }
}

/// @notice Deposits while it is being refunded.
contract CallingBackSender {
    ShardVault private immutable vault;

    constructor(ShardVault vault_) {
        vault = vault_;
    }

    function submit(Mandate calldata mandate, TransferParams calldata params, bytes[] calldata signatures) external {
        vault.executeTransfer{value: 0.5 ether}(mandate, params, signatures);
    }

    receive() external payable {
        vault.deposit(0, address(this));
    }
}
