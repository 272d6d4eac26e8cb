// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {OptionQuote, Series} from "riskshard/types/OptionQuote.sol";
import {ShardFixture} from "../support/ShardFixture.sol";

/// @notice A random crowd trading few series through several expiries, with settlements and claims in any order.
contract OptionInvariantTest is ShardFixture {
    address[4] private crowd;
    bytes32[] private seriesIds;
    mapping(bytes32 seriesId => bool) private known;
    /// @dev Change of the vault's settlement balance by what the calls said it would be.
    int256 private vaultFlow;
    int256 private price = ETH_PRICE;
    uint256 private trades;

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < 4; i++) {
            crowd[i] = makeAddr(string.concat("crowd", vm.toString(i)));
        }
        bytes4[] memory selectors = new bytes4[](4);
        selectors[0] = this.tradeSome.selector;
        selectors[1] = this.move.selector;
        selectors[2] = this.settleSome.selector;
        selectors[3] = this.claimSome.selector;
        targetContract(address(this));
        targetSelector(FuzzSelector(address(this), selectors));
    }

    function tradeSome(uint256 who, uint256 what, uint256 quantitySeed, bool isCall, bool vaultSells) external {
        uint128 strike = uint128(1800e8 + (what % 3) * 200e8);
        uint128 quantity = uint128(bound(quantitySeed, 1, 20e18));
        OptionQuote memory quote = _quote(isCall, vaultSells, strike, quantity, 0);
        quote.taker = crowd[who % 4];
        quote.expiry = uint64((block.timestamp / 2 hours + 1) * 2 hours);
        uint256 intrinsic = isCall
            ? (uint256(price) > strike ? uint256(price) - strike : 0)
            : (strike > uint256(price) ? strike - uint256(price) : 0);
        // Sales at intrinsic, rounded up, and a little more; purchases at intrinsic rounded down.
        quote.premium = quantity * intrinsic / 1e20 + (vaultSells ? 1 + quantity * 10e8 / 1e20 : 0);
        bytes memory signature = _signQuote(quote);
        _fund(quote.taker);
        vm.prank(quote.taker);
        try book.trade(quote, signature) {
            trades += 1;
            vaultFlow += vaultSells ? int256(quote.premium) : -int256(quote.premium);
            bytes32 id = book.seriesIdOf(address(weth), isCall, quote.expiry, strike);
            if (!known[id]) {
                known[id] = true;
                seriesIds.push(id);
            }
        } catch {}
    }

    function move(uint256 seconds_, uint256 priceSeed) external {
        skip(bound(seconds_, 1, 1 hours));
        price = int256(bound(priceSeed, 1500e8, 2500e8));
        ethFeed.push(price);
        _refresh(usdxFeed);
        _refresh(btcFeed);
    }

    function settleSome(uint256 which) external {
        Series[] memory live = book.liveSeries();
        if (live.length == 0) return;
        Series memory record = live[which % live.length];
        if (record.expiry >= block.timestamp) return;
        (uint80 last,,,,) = ethFeed.latestRoundData();
        for (uint80 round = last; round > 0; round--) {
            (,,, uint256 updatedAt,) = ethFeed.getRoundData(round);
            if (updatedAt > record.expiry) continue;
            uint256 before = usdx.balanceOf(address(vault));
            book.settle(record.id, round);
            vaultFlow += int256(usdx.balanceOf(address(vault))) - int256(before);
            return;
        }
    }

    function claimSome(uint256 which, uint256 who) external {
        if (seriesIds.length == 0) return;
        try book.claim(seriesIds[which % seriesIds.length], crowd[who % 4]) {} catch {}
    }

    function invariant_I3_every_unit_of_the_vault_is_accounted_for() public view {
        assertEq(int256(usdx.balanceOf(address(vault))), int256(FUNDS) + vaultFlow);
    }

    function invariant_the_book_can_pay_every_claim_and_keeps_only_dust() public view {
        uint256 owed;
        for (uint256 i = 0; i < seriesIds.length; i++) {
            Series memory record = book.series(seriesIds[i]);
            for (uint256 j = 0; j < 4; j++) {
                owed += _owed(record, crowd[j]);
            }
        }
        uint256 held = usdx.balanceOf(address(book));
        assertGe(held, owed);
        // At most a unit per account and series, and one for each sum.
        assertLe(held - owed, seriesIds.length * 5);
    }

    function invariant_the_series_totals_are_the_sums_of_the_accounts() public view {
        for (uint256 i = 0; i < seriesIds.length; i++) {
            Series memory record = book.series(seriesIds[i]);
            if (record.settled) continue;
            (uint256 long, uint256 short) = (0, 0);
            for (uint256 j = 0; j < 4; j++) {
                long += book.longOf(record.id, crowd[j]);
                short += book.shortOf(record.id, crowd[j]);
            }
            assertEq(record.takersLong, long);
            assertEq(record.takersShort, short);
        }
    }

    function invariant_live_series_are_exactly_the_open_unsettled_ones() public view {
        uint256 open;
        for (uint256 i = 0; i < seriesIds.length; i++) {
            Series memory record = book.series(seriesIds[i]);
            if (!record.settled && record.takersLong + record.takersShort != 0) open += 1;
        }
        Series[] memory live = book.liveSeries();
        assertEq(live.length, open);
        for (uint256 i = 0; i < live.length; i++) {
            assertTrue(known[live[i].id]);
            assertFalse(live[i].settled);
        }
    }

    function _owed(Series memory record, address account) private view returns (uint256) {
        uint256 long = book.longOf(record.id, account);
        uint256 short = book.shortOf(record.id, account);
        uint256 collateral = _ceil(short * record.strike);
        if (!record.settled) return collateral;
        uint256 payoff = record.isCall
            ? (record.settlementPrice > record.strike ? record.settlementPrice - record.strike : 0)
            : (record.strike > record.settlementPrice ? record.strike - record.settlementPrice : 0);
        return long * payoff / 1e20 + collateral - _ceil(short * payoff);
    }

    function _ceil(uint256 quantityTimesPrice) private pure returns (uint256) {
        return (quantityTimesPrice + 1e20 - 1) / 1e20;
    }
}
