// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPositionVenue} from "riskshard/interfaces/IPositionVenue.sol";
import {
    Actions,
    LendMoveParams,
    Mandate,
    MarginMoveParams,
    OptionTradeParams,
    PerpChangeParams
} from "riskshard/types/Mandate.sol";
import {VenueDesk} from "riskshard/VenueDesk.sol";
import {ShardFixture} from "./ShardFixture.sol";

/// @notice The shard of {ShardFixture} with a venue desk, and every kind of mandate that it takes.
abstract contract DeskFixture is ShardFixture {
    uint256 internal constant VENUE_CAP = 500_000e6;

    VenueDesk internal desk;
    /// @dev The account that margin moves are for.
    address private marginAccount;

    function _openDesk() internal {
        desk = new VenueDesk(vault, admin);
        vm.prank(admin);
        vault.setVenueDesk(address(desk));
    }

    /// @dev Registered with the desk, allowed by the vault.
    function _allowAccount(IPositionVenue account, uint256 cap) internal {
        marginAccount = address(account);
        vm.startPrank(admin);
        vault.setVenue(address(account), true);
        desk.setPositionVenue(address(account), cap);
        vm.stopPrank();
    }

    function _setCap(uint256 cap) internal {
        vm.prank(admin);
        desk.setPositionVenue(marginAccount, cap);
    }

    function _marginMove(int256 amount, uint256 minMarginRatio) internal view returns (MarginMoveParams memory) {
        return MarginMoveParams(marginAccount, address(usdx), amount, 0, minMarginRatio, 0);
    }

    function _margin(bytes32 jobId, int256 amount) internal {
        _margin(jobId, _marginMove(amount, desk.healthFloorOf(marginAccount)));
    }

    function _margin(bytes32 jobId, MarginMoveParams memory params) internal {
        Mandate memory mandate = _mandate(jobId, Actions.MARGIN_MOVE, _hash(params));
        desk.executeMarginMove(mandate, params, _sign(mandate));
    }

    function _expectRevertOfMargin(MarginMoveParams memory params, bytes memory revertData) internal {
        Mandate memory mandate = _mandate("reverting", Actions.MARGIN_MOVE, _hash(params));
        bytes[] memory signatures = _sign(mandate);
        vm.expectRevert(revertData);
        desk.executeMarginMove(mandate, params, signatures);
    }

    function _move(bytes32 jobId, LendMoveParams memory params) internal {
        Mandate memory mandate = _mandate(jobId, Actions.LEND_MOVE, _hash(params));
        desk.executeLendMove(mandate, params, _sign(mandate));
    }

    function _expectRevertOfMove(LendMoveParams memory params, bytes memory revertData) internal {
        Mandate memory mandate = _mandate("reverting", Actions.LEND_MOVE, _hash(params));
        bytes[] memory signatures = _sign(mandate);
        vm.expectRevert(revertData);
        desk.executeLendMove(mandate, params, signatures);
    }

    function _change(bytes32 jobId, PerpChangeParams memory params) internal {
        Mandate memory mandate = _mandate(jobId, Actions.PERP_CHANGE, _hash(params));
        desk.executePerpChange(mandate, params, _sign(mandate));
    }

    function _expectRevertOfChange(PerpChangeParams memory params, bytes memory revertData) internal {
        Mandate memory mandate = _mandate("reverting", Actions.PERP_CHANGE, _hash(params));
        bytes[] memory signatures = _sign(mandate);
        vm.expectRevert(revertData);
        desk.executePerpChange(mandate, params, signatures);
    }

    function _tradeOption(bytes32 jobId, OptionTradeParams memory params) internal {
        Mandate memory mandate = _mandate(jobId, Actions.OPTION_TRADE, _hash(params));
        desk.executeOptionTrade(mandate, params, _sign(mandate));
    }

    function _expectRevertOfTrade(OptionTradeParams memory params, bytes memory revertData) internal {
        Mandate memory mandate = _mandate("reverting", Actions.OPTION_TRADE, _hash(params));
        bytes[] memory signatures = _sign(mandate);
        vm.expectRevert(revertData);
        desk.executeOptionTrade(mandate, params, signatures);
    }

    function _hash(LendMoveParams memory params) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256(
                    "LendMoveParams(address venue,address asset,int256 amount,uint256 minReceipt,uint256 minHealthFactor,int256 minCapitalAfter)"
                ),
                params
            )
        );
    }

    function _hash(MarginMoveParams memory params) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256(
                    "MarginMoveParams(address venue,address asset,int256 amount,uint256 minReceipt,uint256 minMarginRatio,int256 minCapitalAfter)"
                ),
                params
            )
        );
    }

    function _hash(PerpChangeParams memory params) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256(
                    "PerpChangeParams(address venue,address market,int256 size,uint256 worstPrice,uint256 minMarginRatio,int256 minCapitalAfter)"
                ),
                params
            )
        );
    }

    function _hash(OptionTradeParams memory params) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256(
                    "OptionTradeParams(address venue,address market,uint256 strikeId,bool isCall,int256 quantity,uint256 worstPremium,int256 minCapitalAfter)"
                ),
                params
            )
        );
    }
}
