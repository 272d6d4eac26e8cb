// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {BookSettings} from "./BookSettings.sol";
import {IOptionBook} from "./interfaces/IOptionBook.sol";
import {BookPolicy, IOptionBookAdmin, Listing} from "./interfaces/IOptionBookAdmin.sol";
import {IPriceFeed} from "./interfaces/IPriceFeed.sol";
import {IShardVault} from "./interfaces/IShardVault.sol";
import {LeakyBucket} from "./libraries/LeakyBucket.sol";
import {OptionMath} from "./libraries/OptionMath.sol";
import {SeriesRegistry} from "./SeriesRegistry.sol";
import {OptionQuote, Series} from "./types/OptionQuote.sol";

/// @title The option book of one shard.
/// @notice The book holds writers' collateral and what settled longs have not claimed; everything else is the vault's.
contract OptionBook is BookSettings, SeriesRegistry, EIP712, ReentrancyGuardTransient {
    using LeakyBucket for LeakyBucket.Bucket;
    using Math for uint256;
    using SafeERC20 for IERC20Metadata;

    bytes32 private constant QUOTE_TYPEHASH = keccak256(
        "OptionQuote(address taker,address underlying,bool isCall,bool vaultSells,uint64 expiry,uint128 strike,uint128 quantity,uint256 premium,uint128 spotMin,uint128 spotMax,uint256 nonce,uint64 deadline)"
    );

    /// @dev 10 ** decimals of the settlement asset.
    uint256 private immutable settlementUnit;

    /// @inheritdoc IOptionBook
    mapping(address quoterKey => mapping(uint256 nonce => bool)) public nonceUsed;
    mapping(address quoterKey => LeakyBucket.Bucket) private quoterWindows;

    constructor(
        IShardVault vault_,
        address admin,
        address quoter_,
        BookPolicy memory policy_,
        Listing[] memory listings
    ) EIP712("riskshard option book", "1") BookSettings(vault_, admin, quoter_, policy_, listings) {
        settlementUnit = 10 ** settlementAsset.decimals();
    }

    /// @inheritdoc IOptionBook
    function trade(OptionQuote calldata quote, bytes calldata signature) external nonReentrant {
        if (vault.paused()) revert OptionBook_VaultPaused();
        _checkQuote(quote, signature);
        _vaultAdmin().requireFreshFeeds();
        _countWorstCase(quote);

        bytes32 id = _openSeries(quote.underlying, quote.isCall, quote.expiry, quote.strike);
        uint256 lockedBefore = collateralOf(id, msg.sender);
        uint256 opened = quote.vaultSells ? _buy(id, msg.sender, quote.quantity) : _sell(id, msg.sender, quote.quantity);
        // Closing stays possible when the caps have been lowered or the underlying has been taken off the list since.
        if (opened != 0) _checkCaps(id);
        _dropIfFlat(id);
        uint256 lockedAfter = collateralOf(id, msg.sender);

        emit OptionTraded(
            id,
            msg.sender,
            quote.underlying,
            quote.isCall,
            quote.vaultSells,
            quote.expiry,
            quote.strike,
            quote.quantity,
            quote.premium,
            SafeCast.toInt256(lockedAfter) - SafeCast.toInt256(lockedBefore)
        );
        _movePremium(quote);
        if (lockedAfter > lockedBefore) {
            settlementAsset.safeTransferFrom(msg.sender, address(this), lockedAfter - lockedBefore);
        } else if (lockedAfter < lockedBefore) {
            settlementAsset.safeTransfer(msg.sender, lockedBefore - lockedAfter);
        }
        int256 capital = vault.capital();
        if (capital < 0) revert OptionBook_CapitalBelowFloor(capital);
    }

    /// @inheritdoc IOptionBook
    function settle(bytes32 seriesId, uint80 roundId) external nonReentrant {
        Series storage record = _liveRecord(seriesId);
        if (block.timestamp <= record.expiry) revert OptionBook_NotExpired(record.expiry, block.timestamp);
        uint256 price = _provenPrice(_vaultAdmin().feedOf(record.underlying), roundId, record.expiry);
        uint256 payoff = OptionMath.intrinsic(record.isCall, price, record.strike);
        // Longs are paid rounded down one by one, so the sum rounded down covers them. Writers pay rounded up one by one,
        // so together they pay at least the sum rounded up.
        uint256 paid = OptionMath.toUnits(record.takersLong, payoff, settlementUnit, Math.Rounding.Floor);
        uint256 received = OptionMath.toUnits(record.takersShort, payoff, settlementUnit, Math.Rounding.Ceil);
        _close(seriesId, price);
        emit SeriesSettled(seriesId, price, roundId, paid, received);
        if (received != 0) settlementAsset.safeTransfer(address(vault), received);
        if (paid != 0) vault.payOption(address(this), paid);
    }

    /// @inheritdoc IOptionBook
    function claim(bytes32 seriesId, address account) external nonReentrant returns (uint256 amount) {
        Series memory record = series(seriesId);
        if (!record.settled) revert OptionBook_NotSettled(seriesId);
        uint256 long = longOf[seriesId][account];
        uint256 short = shortOf[seriesId][account];
        if (long == 0 && short == 0) revert OptionBook_NothingToClaim(seriesId, account);
        uint256 payoff = OptionMath.intrinsic(record.isCall, record.settlementPrice, record.strike);
        amount = OptionMath.toUnits(long, payoff, settlementUnit, Math.Rounding.Floor)
            + OptionMath.toUnits(short, record.strike, settlementUnit, Math.Rounding.Ceil)
            - OptionMath.toUnits(short, payoff, settlementUnit, Math.Rounding.Ceil);
        longOf[seriesId][account] = 0;
        shortOf[seriesId][account] = 0;
        emit Claimed(seriesId, account, amount);
        if (amount != 0) settlementAsset.safeTransfer(account, amount);
    }

    /// @inheritdoc IOptionBookAdmin
    function quoterLevel(address quoterKey) external view returns (uint256) {
        return quoterWindows[quoterKey].levelAt(
            currentPolicy.quoterWindowCap, currentPolicy.quoterWindowSeconds, block.timestamp
        );
    }

    /// @inheritdoc IOptionBookAdmin
    function expiryNotional(uint64 expiry) public view returns (uint256) {
        return OptionMath.toUnits(openNotional[expiry], 1, settlementUnit, Math.Rounding.Ceil);
    }

    /// @inheritdoc IOptionBook
    function collateralOf(bytes32 seriesId, address account) public view returns (uint256) {
        uint256 short = shortOf[seriesId][account];
        if (short == 0) return 0;
        return OptionMath.toUnits(short, series(seriesId).strike, settlementUnit, Math.Rounding.Ceil);
    }

    /// @inheritdoc IOptionBook
    function liabilities() external view returns (uint256 total) {
        uint256 count = liveSeriesCount();
        address cachedUnderlying;
        uint256 spot;
        for (uint256 i = 0; i < count; i++) {
            Series storage record = _liveAt(i);
            (uint256 long, uint256 short) = (record.takersLong, record.takersShort);
            if (long <= short) continue;
            if (record.underlying != cachedUnderlying) {
                cachedUnderlying = record.underlying;
                spot = _vaultAdmin().priceOf(cachedUnderlying);
            }
            uint256 perOption = OptionMath.intrinsic(record.isCall, spot, record.strike)
                + spot.mulDiv(currentPolicy.marginBps, BPS, Math.Rounding.Ceil);
            total += OptionMath.toUnits(long - short, perOption, settlementUnit, Math.Rounding.Ceil);
        }
    }

    function _checkQuote(OptionQuote calldata quote, bytes calldata signature) private {
        if (quote.taker != msg.sender) revert OptionBook_WrongTaker(quote.taker, msg.sender);
        if (block.timestamp > quote.deadline) revert OptionBook_QuoteExpired(quote.deadline, block.timestamp);
        if (block.timestamp >= quote.expiry) revert OptionBook_SeriesExpired(quote.expiry, block.timestamp);
        if (quote.strike == 0) revert OptionBook_ZeroStrike();
        if (quote.quantity == 0) revert OptionBook_ZeroQuantity();
        // The struct holds value types only, so abi.encode of it is what EIP-712 hashes.
        address signer = ECDSA.recover(_hashTypedDataV4(keccak256(abi.encode(QUOTE_TYPEHASH, quote))), signature);
        if (signer != quoter) revert OptionBook_WrongQuoter(signer, quoter);
        if (nonceUsed[signer][quote.nonce]) revert OptionBook_NonceUsed(signer, quote.nonce);
        nonceUsed[signer][quote.nonce] = true;
    }

    /// @dev Spot and premium limits, and the most the trade can cost the vault against the policy's value range.
    function _countWorstCase(OptionQuote calldata quote) private {
        uint256 spot = _vaultAdmin().priceOf(quote.underlying);
        if (spot < quote.spotMin || spot > quote.spotMax) {
            revert OptionBook_SpotMoved(spot, quote.spotMin, quote.spotMax);
        }
        uint256 intrinsic = OptionMath.intrinsic(quote.isCall, spot, quote.strike);
        uint256 worstCase;
        if (quote.vaultSells) {
            uint256 least = OptionMath.toUnits(quote.quantity, intrinsic, settlementUnit, Math.Rounding.Ceil);
            if (quote.premium < least) revert OptionBook_PremiumTooLow(quote.premium, least);
            worstCase = _valueBound(quote, spot, intrinsic, Math.Rounding.Ceil).saturatingSub(quote.premium);
        } else {
            uint256 most = _valueBound(quote, spot, intrinsic, Math.Rounding.Floor);
            if (quote.premium > most) revert OptionBook_PremiumTooHigh(quote.premium, most);
            uint256 floor = OptionMath.toUnits(quote.quantity, intrinsic, settlementUnit, Math.Rounding.Floor);
            worstCase = quote.premium.saturatingSub(floor);
        }
        uint256 cap = currentPolicy.quoterWindowCap;
        (bool fits, uint256 level) = quoterWindows[quoter].add(worstCase, cap, currentPolicy.quoterWindowSeconds);
        if (!fits) revert OptionBook_QuoterCapExceeded(level, cap);
    }

    /// @dev Upper bound of the options' value at the policy's highest volatility, in settlement-asset units.
    function _valueBound(OptionQuote calldata quote, uint256 spot, uint256 intrinsic, Math.Rounding rounding)
        private
        view
        returns (uint256)
    {
        uint256 timeValue =
            OptionMath.timeValueBound(spot, currentPolicy.sigmaMax, quote.expiry - block.timestamp, rounding);
        return OptionMath.toUnits(quote.quantity, intrinsic + timeValue, settlementUnit, rounding);
    }

    function _checkCaps(bytes32 id) private view {
        Series memory record = series(id);
        uint256 cap = seriesQuantityCap[record.underlying];
        if (cap == 0) revert OptionBook_UnderlyingNotListed(record.underlying);
        uint256 largest = record.takersLong.max(record.takersShort);
        if (largest > cap) revert OptionBook_SeriesCapExceeded(largest, cap);
        uint256 notional = expiryNotional(record.expiry);
        if (notional > currentPolicy.expiryNotionalCap) {
            revert OptionBook_ExpiryCapExceeded(notional, currentPolicy.expiryNotionalCap);
        }
        if (liveSeriesCount() > currentPolicy.liveSeriesCap) {
            revert OptionBook_TooManySeries(currentPolicy.liveSeriesCap);
        }
    }

    function _movePremium(OptionQuote calldata quote) private {
        if (quote.premium == 0) return;
        if (quote.vaultSells) settlementAsset.safeTransferFrom(msg.sender, address(vault), quote.premium);
        else vault.payOption(msg.sender, quote.premium);
    }

    /// @dev Answer of the last round with updatedAt <= expiry; its successor proves that it is the last. Chainlink proxies
    /// count phases in the upper 16 bits of an id, and a retired phase may go on: the newest one that had begun by the
    /// expiry decides, and the first round of a phase may be the successor of the last one of the phase before.
    function _provenPrice(IPriceFeed feed, uint80 roundId, uint64 expiry) private view returns (uint256) {
        (, int256 answer,, uint256 updatedAt,) = feed.getRoundData(roundId);
        uint256 nextUpdatedAt = _updatedAtOf(feed, roundId + 1);
        uint256 nextPhaseAt = _updatedAtOf(feed, (((roundId >> 64) + 1) << 64) | 1);
        if (nextPhaseAt != 0 && (nextUpdatedAt == 0 || nextPhaseAt <= expiry)) nextUpdatedAt = nextPhaseAt;
        if (nextUpdatedAt == 0) revert OptionBook_NextRoundMissing(roundId);
        if (updatedAt == 0 || updatedAt > expiry || nextUpdatedAt <= expiry) {
            revert OptionBook_WrongRound(roundId, updatedAt, nextUpdatedAt, expiry);
        }
        if (answer <= 0) revert OptionBook_BadPrice(roundId, answer);
        // Safe: answer > 0 was checked above.
        return uint256(answer);
    }

    /// @dev 0 when the feed has no such round, whether it reverts or answers zeros.
    function _updatedAtOf(IPriceFeed feed, uint80 roundId) private view returns (uint256) {
        try feed.getRoundData(roundId) returns (uint80, int256, uint256, uint256 updatedAt, uint80) {
            return updatedAt;
        } catch {
            return 0;
        }
    }
}
