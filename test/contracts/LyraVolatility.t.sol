// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILyraOptionMarket} from "riskshard/interfaces/ILyraV1.sol";
import {IOptionVenue, OptionTerms} from "riskshard/interfaces/IOptionVenue.sol";
import {VaultLimits} from "riskshard/interfaces/IShardVaultAdmin.sol";
import {IShardVault} from "riskshard/interfaces/IShardVault.sol";
import {IVenueDesk} from "riskshard/interfaces/IVenueDesk.sol";
import {OptionTradeParams} from "riskshard/types/Mandate.sol";
import {LyraSeries} from "riskshard/venues/LyraSeries.sol";
import {LyraSetup} from "riskshard/venues/LyraSetup.sol";
import {LyraV1Adapter} from "riskshard/venues/LyraV1Adapter.sol";
import {VenueDesk} from "riskshard/VenueDesk.sol";
import {ILyraSetup, LyraFixture} from "./support/LyraFixture.sol";

/// @notice Who pushes Lyra's volatility by trading gains nothing from the vault's mandates, even with every signer's key.
/// On the unmodified Lyra V1.
contract LyraVolatilityTest is LyraFixture {
    uint256 private constant STRIKE = 2;
    uint8 private constant LONG_CALL = 0;
    uint8 private constant SHORT_CALL_QUOTE = 3;

    function setUp() public override {
        super.setUp();
        _margin("fund", 50_000e6);
        susd.mint(address(this), 2_000_000e18);
        susd.approve(market, type(uint256).max);
    }

    function test_options_are_not_bought_at_a_volatility_pushed_up() public {
        OptionTerms memory fair = account.termsOf(market, STRIKE, true);
        _openOthers(LONG_CALL, 20);
        OptionTerms memory pushed = account.termsOf(market, STRIKE, true);
        uint256 slack = 60e8;
        // By Lyra's volatility now alone the limit would be 7 % of spot above what the option was worth.
        assertGt(pushed.fairPremium, fair.fairPremium + slack);
        OptionTradeParams memory params = _option(STRIKE, true, 5e18, pushed.fairPremium + slack);
        uint256 limit = pushed.meanPremium + slack;
        assertEq(pushed.meanPremium, fair.meanPremium, "no time has passed: the mean is where it was");
        _expectRevertOfTrade(
            params, abi.encodeWithSelector(IVenueDesk.VenueDesk_PriceOutsideLimit.selector, params.worstPremium, limit)
        );
    }

    function test_options_are_not_sold_at_a_volatility_pushed_down() public {
        OptionTerms memory fair = account.termsOf(market, STRIKE, true);
        _tradeOption("open", _option(STRIKE, true, 5e18, fair.fairPremium + 50e8));
        _openOthers(SHORT_CALL_QUOTE, 20);
        OptionTerms memory pushed = account.termsOf(market, STRIKE, true);
        uint256 slack = 60e8;
        assertLt(pushed.fairPremium, fair.fairPremium - slack);
        OptionTradeParams memory params = _option(STRIKE, true, -5e18, pushed.fairPremium - slack);
        _expectRevertOfTrade(
            params,
            abi.encodeWithSelector(
                IVenueDesk.VenueDesk_PriceOutsideLimit.selector, params.worstPremium, pushed.meanPremium - slack
            )
        );
    }

    function test_a_volatility_that_stays_becomes_the_mean() public {
        OptionTerms memory fair = account.termsOf(market, STRIKE, true);
        _openOthers(LONG_CALL, 20);
        _passWithPrices(MEAN_SECONDS / 2);
        account.refreshGreeks();
        OptionTerms memory half = account.termsOf(market, STRIKE, true);
        assertGt(half.meanPremium, fair.meanPremium + 20e8);
        assertGt(half.fairPremium, half.meanPremium + 20e8);
        _passWithPrices(MEAN_SECONDS / 2);
        account.refreshGreeks();
        OptionTerms memory whole = account.termsOf(market, STRIKE, true);
        // Lyra keeps logarithms with 18 decimals: what they lose is less than a cent.
        assertApproxEqAbs(whole.meanPremium, whole.fairPremium, 1e6);
        (uint256 most, uint256 least) = desk.premiumLimits(address(account), market, STRIKE, true);
        uint256 low = whole.meanPremium < whole.fairPremium ? whole.meanPremium : whole.fairPremium;
        uint256 high = whole.meanPremium + whole.fairPremium - low;
        assertEq(most, low + 60e8);
        assertEq(least, high - 60e8);
    }

    function test_a_new_board_is_no_way_round_the_time() public {
        uint256[] memory strikes = new uint256[](1);
        uint256[] memory skews = new uint256[](1);
        (strikes[0], skews[0]) = (2000e18, 1e18);
        ILyraSetup(market).createOptionBoard(block.timestamp + BOARD_DAYS * 1 days, 2e18, strikes, skews, false);
        _expectTooYoung(account, 4, 0);
        uint256 noted = block.timestamp;
        vm.prank(makeAddr("stranger"));
        assertEq(account.noteStrikes(), 1);
        assertEq(account.noteStrikes(), 0);
        assertEq(account.knownSince(4), noted);
        _passWithPrices(MEAN_SECONDS - 1);
        account.refreshGreeks();
        _expectTooYoung(account, 4, noted);
        _passWithPrices(1);
        assertGt(account.termsOf(market, 4, true).meanPremium, 400e8);
    }

    function test_an_account_knows_only_what_it_noted_itself_and_needs_a_time_for_its_mean() public {
        LyraSetup memory setup = _setup();
        VenueDesk other = new VenueDesk(vault, admin);
        LyraV1Adapter second = new LyraV1Adapter(other, setup);
        _expectTooYoung(second, STRIKE, 0);
        setup.meanSeconds = 0;
        vm.expectRevert(LyraSeries.LyraV1Adapter_NoMeanTime.selector);
        new LyraV1Adapter(other, setup);
    }

    function test_options_and_swaps_share_one_window_and_nothing_is_traded_for_nothing() public {
        VaultLimits memory limits = vault.limits();
        limits.swapWindowCap = 15_000e6;
        vm.prank(admin);
        vault.setLimits(limits);
        uint256 fair = account.termsOf(market, STRIKE, true).fairPremium;
        _swap("swap", _buyWeth(6000e6));
        _tradeOption("option", _option(STRIKE, true, 2e18, fair + 50e8));
        (uint256 level,) = vault.windowLevels();
        assertEq(level, 10_000e6);
        _expectRevertOfTrade(
            _option(STRIKE, true, 3e18, fair),
            abi.encodeWithSelector(IShardVault.ShardVault_WindowCapExceeded.selector, 16_000e6, 15_000e6)
        );
        _expectRevertOfTrade(
            _option(STRIKE, true, 0, fair), abi.encodeWithSelector(IVenueDesk.VenueDesk_ZeroAmount.selector)
        );
    }

    function _expectTooYoung(LyraV1Adapter account_, uint256 strikeId, uint256 since) private {
        vm.expectRevert(
            abi.encodeWithSelector(IOptionVenue.OptionVenue_HistoryTooShort.selector, market, strikeId, since)
        );
        account_.termsOf(market, strikeId, true);
    }

    /// @dev Somebody's own trades, as large as Lyra's pool lets through at once.
    function _openOthers(uint8 optionType, uint256 times) private {
        for (uint256 i = 0; i < times; i++) {
            ILyraOptionMarket(market)
                .openPosition(
                    ILyraOptionMarket.TradeInputParameters({
                    strikeId: STRIKE,
                    positionId: 0,
                    iterations: 1,
                    optionType: optionType,
                    amount: 5e18,
                    setCollateralTo: optionType == LONG_CALL ? 0 : 5e18 * 2000,
                    minTotalCost: 0,
                    maxTotalCost: type(uint256).max
                })
                );
        }
    }
}
