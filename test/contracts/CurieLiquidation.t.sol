// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICurieAccountBalance, ICurieClearingHouse, ICurieVault} from "riskshard/interfaces/ICurie.sol";
import {IVenueDesk} from "riskshard/interfaces/IVenueDesk.sol";
import {PerpChangeParams} from "riskshard/types/Mandate.sol";
import {CurieFixture, ICurieSetup} from "./support/CurieFixture.sol";

interface ICurieLiquidation {
    event PositionLiquidated(
        address indexed trader,
        address indexed baseToken,
        uint256 positionNotional,
        uint256 positionSize,
        uint256 liquidationFee,
        address liquidator
    );

    function liquidate(address trader, address baseToken) external;
}

/// @notice Somebody liquidates the vault's account, on the unmodified Curie: what is left, what counts, what mandates that
/// were signed before it may still do.
contract CurieLiquidationTest is CurieFixture {
    address private liquidator = makeAddr("liquidator");

    function setUp() public override {
        super.setUp();
        usdx.mint(liquidator, 100_000e6);
        vm.startPrank(liquidator);
        usdx.approve(curieVault, 100_000e6);
        ICurieSetup(curieVault).deposit(address(usdx), 100_000e6);
        vm.stopPrank();
        _margin("in", 6000e6);
        _change("short", _thin(-20e18, 1985e8));
    }

    function test_nobody_liquidates_an_account_above_maintenance() public {
        vm.prank(liquidator);
        vm.expectRevert("CH_EAV");
        ICurieLiquidation(clearingHouse).liquidate(address(account), base);
    }

    function test_after_a_liquidation_size_margin_and_capital_are_what_curie_says() public {
        _rise();
        int256 before = account.sizeOf(base);
        int256 capital = vault.capital();
        assertLt(account.health(), 0.0625e18);
        _liquidate();
        int256 size = account.sizeOf(base);
        assertGt(size, before, "a short was bought back");
        assertLe(size, 0);
        assertEq(size, ICurieAccountBalance(accountBalance).getTakerPositionSize(address(account), base));
        int256 value = ICurieClearingHouse(clearingHouse).getAccountValue(address(account));
        uint256 held = account.held(address(usdx));
        assertLe(held, value > 0 ? uint256(value) / 1e12 : 0);
        assertEq(held, ICurieVault(curieVault).getFreeCollateral(address(account)));
        // Nothing was counted of a margin that a position bound: the vault loses nothing it had counted.
        assertGe(vault.capital(), capital);
        assertEq(vault.capital(), int256(usdx.balanceOf(address(vault)) + held));
        assertEq(account.isExact(), size == 0);
    }

    function test_liquidated_to_nothing_the_rest_of_the_margin_is_counted_and_comes_out() public {
        _rise();
        // Below half of the maintenance ratio Curie closes all of it at once.
        _moveTo(2245e8, 205_000e6);
        assertLt(account.health(), 0.03125e18);
        _liquidate();
        assertEq(account.sizeOf(base), 0);
        assertTrue(account.isExact());
        assertEq(account.health(), type(uint256).max);
        uint256 left = account.held(address(usdx));
        assertGt(left, 0);
        assertLt(left, 1000e6);
        uint256 cash = usdx.balanceOf(address(vault));
        _margin("out", -int256(left));
        assertEq(usdx.balanceOf(address(vault)), cash + left);
        assertEq(account.held(address(usdx)), 0);
        // And the account is as good as new.
        _margin("again", 50_000e6);
        _change("short again", _perp(-20e18, 2225e8));
        assertEq(account.sizeOf(base), -20e18);
    }

    function test_a_mandate_to_close_that_a_liquidation_overtook_does_not_open_the_other_side_below_the_floor() public {
        vm.prank(admin);
        desk.setHealthFloor(address(account), 0.1e18);
        _rise();
        PerpChangeParams memory close = _thin(20e18, 2210e8);
        uint256 snapshot = vm.snapshotState();
        _change("in time", close);
        assertEq(account.sizeOf(base), 0);
        vm.revertToState(snapshot);
        _liquidate();
        int256 left = account.sizeOf(base);
        assertLt(left, 0);
        // Margin that was under way, too: the account could carry the other side.
        _margin("late", _marginMove(4000e6, 0));
        _expectRevertOfChange(
            close, abi.encodeWithSelector(IVenueDesk.VenueDesk_FloorTooLow.selector, address(account), 0, 0.1e18)
        );
        snapshot = vm.snapshotState();
        vm.prank(admin);
        desk.setHealthFloor(address(account), 0);
        _change("without a floor", close);
        assertEq(account.sizeOf(base), left + 20e18, "long what the liquidation had bought back already");
        vm.revertToState(snapshot);
        _change("what is left", _thin(-left, 2210e8));
        assertEq(account.sizeOf(base), 0);
    }

    function test_an_account_worth_less_than_nothing_takes_nothing_from_the_vault() public {
        _rise();
        _moveTo(2360e8, 550_000e6);
        assertLt(ICurieClearingHouse(clearingHouse).getAccountValue(address(account)), 0);
        assertEq(account.held(address(usdx)), 0);
        assertEq(account.health(), 0);
        assertEq(vault.capital(), int256(usdx.balanceOf(address(vault))));
    }

    function _liquidate() private {
        vm.expectEmit(true, true, false, false, clearingHouse);
        emit ICurieLiquidation.PositionLiquidated(address(account), base, 0, 0, 0, liquidator);
        vm.prank(liquidator);
        ICurieLiquidation(clearingHouse).liquidate(address(account), base);
    }

    /// @dev Without a floor of its own.
    function _thin(int256 size, uint256 worstPrice) private view returns (PerpChangeParams memory params) {
        params = _perp(size, worstPrice);
        params.minMarginRatio = 0;
    }

    /// @dev Index and market 9 % up: of the 6,000 some 3,800 are lost, and 2,200 stay for 43,800.
    function _rise() private {
        _moveTo(2190e8, 740_000e6);
    }

    /// @dev Somebody buys the market up, and the index follows.
    function _moveTo(int256 price, uint256 spent) private {
        address whale = makeAddr("whale");
        usdx.mint(whale, 2_000_000e6);
        vm.startPrank(whale);
        usdx.approve(curieVault, 2_000_000e6);
        ICurieSetup(curieVault).deposit(address(usdx), 2_000_000e6);
        for (uint256 i = 0; i < 4; i++) {
            // Curie lets a price cross so many ticks in one block only.
            vm.roll(block.number + 1);
            skip(15);
            ICurieClearingHouse(clearingHouse)
                .openPosition(
                    ICurieClearingHouse.OpenPositionParams({
                    baseToken: base,
                    isBaseToQuote: false,
                    isExactInput: true,
                    amount: spent * 1e12 / 4,
                    oppositeAmountBound: 0,
                    deadline: block.timestamp,
                    sqrtPriceLimitX96: 0,
                    referralCode: 0
                })
                );
        }
        vm.stopPrank();
        _passHours(1, price);
    }
}
