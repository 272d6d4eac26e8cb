// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {
    IOmnichainToken,
    OmnichainAmounts,
    OmnichainFee,
    OmnichainMessage,
    OmnichainSend
} from "./interfaces/IOmnichainToken.sol";
import {IOptionBook} from "./interfaces/IOptionBook.sol";
import {IShardVault} from "./interfaces/IShardVault.sol";
import {IShardVaultAdmin, VaultConfig, VaultLimits} from "./interfaces/IShardVaultAdmin.sol";
import {IVenueAdapter} from "./interfaces/IVenueAdapter.sol";
import {IVenueDesk} from "./interfaces/IVenueDesk.sol";
import {LeakyBucket} from "./libraries/LeakyBucket.sol";
import {MandateHash} from "./libraries/MandateHash.sol";
import {MandateGate} from "./MandateGate.sol";
import {ShardValuation} from "./ShardValuation.sol";
import {Actions, Mandate, SwapExactOutputParams, SwapParams, TransferParams} from "./types/Mandate.sol";
import {VenueActions} from "./VenueActions.sol";

/// @title One shard's collateral as ERC-4626 shares over the settlement asset.
/// @notice Value leaves in five ways only: a mandated swap, a mandated transfer to a sister vault, a mandated action of
/// the venue desk, a payment asked for by the option book, and a withdrawal of shares. Shares have 6 more decimals than the asset, which makes inflating the
/// price of the first share a million times dearer than what it could take.
contract ShardVault is ERC4626, VenueActions {
    using LeakyBucket for LeakyBucket.Bucket;
    using Math for uint256;
    using MandateHash for SwapExactOutputParams;
    using MandateHash for SwapParams;
    using MandateHash for TransferParams;
    using SafeERC20 for IERC20;

    /// @dev A swap by the worst it may do: spend `mostIn` for `leastOut`; the one of the two that is exact depends on its kind.
    struct Swap {
        bytes32 jobId;
        address venue;
        address pool;
        address assetIn;
        address assetOut;
        uint256 mostIn;
        uint256 leastOut;
        bool isExactOutput;
    }

    /// @inheritdoc IShardVault
    mapping(uint32 eid => bytes32) public sisterVault;
    /// @inheritdoc IShardVaultAdmin
    mapping(address depositor => bool) public depositorAllowed;
    LeakyBucket.Bucket private swapWindow;
    LeakyBucket.Bucket private transferWindow;

    constructor(VaultConfig memory config)
        ERC20("riskshard vault share", "rsv")
        ERC4626(IERC20(config.asset))
        MandateGate(config.shard, config.admin, config.guardian, config.signers, config.quorum)
        ShardValuation(config.asset, config.settlementFeed, config.hedges)
    {
        _setLimits(config.limits);
    }

    /// @inheritdoc IShardVault
    function executeSwap(Mandate calldata mandate, SwapParams calldata params, bytes[] calldata signatures)
        external
        nonReentrant
        whenNotPaused
    {
        _consume(mandate, Actions.SWAP, params.hash(), signatures);
        _swap(
            Swap({
                jobId: mandate.jobId,
                venue: params.venue,
                pool: params.pool,
                assetIn: params.assetIn,
                assetOut: params.assetOut,
                mostIn: params.amountIn,
                leastOut: params.minAmountOut,
                isExactOutput: false
            })
        );
        _requireCapital(params.minCapitalAfter);
    }

    /// @inheritdoc IShardVault
    function executeSwapExactOutput(
        Mandate calldata mandate,
        SwapExactOutputParams calldata params,
        bytes[] calldata signatures
    ) external nonReentrant whenNotPaused {
        _consume(mandate, Actions.SWAP_EXACT_OUTPUT, params.hash(), signatures);
        _swap(
            Swap({
                jobId: mandate.jobId,
                venue: params.venue,
                pool: params.pool,
                assetIn: params.assetIn,
                assetOut: params.assetOut,
                mostIn: params.maxAmountIn,
                leastOut: params.amountOut,
                isExactOutput: true
            })
        );
        _requireCapital(params.minCapitalAfter);
    }

    /// @inheritdoc IShardVault
    function executeTransfer(Mandate calldata mandate, TransferParams calldata params, bytes[] calldata signatures)
        external
        payable
        nonReentrant
        whenNotPaused
    {
        _consume(mandate, Actions.TRANSFER, params.hash(), signatures);
        bytes32 sister = sisterVault[params.dstEid];
        if (sister == bytes32(0) || sister != params.dstVault) {
            revert ShardVault_RouteNotAllowed(params.dstEid, params.dstVault);
        }
        _count(transferWindow, params.amount, currentLimits.transferWindowCap);
        requireFreshFeeds();
        uint256 nativeFee = _send(mandate, params);
        _requireCapital(params.minCapitalAfter);
        if (msg.value > nativeFee) Address.sendValue(payable(msg.sender), msg.value - nativeFee);
    }

    /// @inheritdoc IShardVault
    function payOption(address to, uint256 amount) external nonReentrant {
        if (msg.sender != optionBook) revert ShardVault_OnlyBook(msg.sender);
        emit OptionPaid(to, amount);
        IERC20(settlementAsset).safeTransfer(to, amount);
    }

    /// @inheritdoc IShardVaultAdmin
    function setOptionBook(address book) external onlyOwner {
        if (optionBook != address(0)) revert ShardVault_BookAlreadySet(optionBook);
        if (address(IOptionBook(book).vault()) != address(this)) revert ShardVault_BookOfAnotherVault(book);
        optionBook = book;
        emit OptionBookSet(book);
    }

    /// @inheritdoc IShardVaultAdmin
    function setSisterVault(uint32 eid, bytes32 vault) external onlyOwner {
        sisterVault[eid] = vault;
        emit SisterVaultSet(eid, vault);
    }

    /// @inheritdoc IShardVaultAdmin
    function setDepositor(address depositor, bool allowed) external onlyOwner {
        depositorAllowed[depositor] = allowed;
        emit DepositorSet(depositor, allowed);
    }

    /// @inheritdoc IShardVaultAdmin
    function setLimits(VaultLimits calldata limits_) external onlyOwner {
        _setLimits(limits_);
    }

    /// @inheritdoc IShardVaultAdmin
    function windowLevels() external view returns (uint256 swapLevel, uint256 transferLevel) {
        uint256 windowSeconds = currentLimits.windowSeconds;
        swapLevel = swapWindow.levelAt(currentLimits.swapWindowCap, windowSeconds, block.timestamp);
        transferLevel = transferWindow.levelAt(currentLimits.transferWindowCap, windowSeconds, block.timestamp);
    }

    /// @notice Net asset value in settlement-asset units, hedge assets at their feeds without haircut; never below 0.
    /// Reverts when a feed has no positive answer: an unreadable price is not zero.
    function totalAssets() public view override returns (uint256) {
        return _netAssetValue();
    }

    /// @notice 0 for a receiver that is no allowed depositor, while positions are open or the vault is paused or has a stale
    /// feed; else unlimited.
    function maxDeposit(address receiver) public view override returns (uint256) {
        return depositorAllowed[receiver] && _isOpen() ? super.maxDeposit(receiver) : 0;
    }

    /// @notice As {maxDeposit}.
    function maxMint(address receiver) public view override returns (uint256) {
        return depositorAllowed[receiver] && _isOpen() ? super.maxMint(receiver) : 0;
    }

    /// @notice As {maxRedeem}, in settlement-asset units.
    function maxWithdraw(address owner) public view override returns (uint256) {
        return _isOpen() ? previewRedeem(balanceOf(owner)).min(_settlementBalance()) : 0;
    }

    /// @notice Shares that the settlement asset at hand can pay for; 0 while the vault is closed.
    function maxRedeem(address owner) public view override returns (uint256) {
        return _isOpen() ? balanceOf(owner).min(_convertToShares(_settlementBalance(), Math.Rounding.Floor)) : 0;
    }

    /// @inheritdoc ERC4626
    function deposit(uint256 assets, address receiver) public override nonReentrant returns (uint256) {
        _requireDepositor(receiver);
        requireOpen();
        return super.deposit(assets, receiver);
    }

    /// @inheritdoc ERC4626
    function mint(uint256 shares, address receiver) public override nonReentrant returns (uint256) {
        _requireDepositor(receiver);
        requireOpen();
        return super.mint(shares, receiver);
    }

    /// @inheritdoc ERC4626
    function withdraw(uint256 assets, address receiver, address owner) public override nonReentrant returns (uint256) {
        requireOpen();
        return super.withdraw(assets, receiver, owner);
    }

    /// @inheritdoc ERC4626
    function redeem(uint256 shares, address receiver, address owner) public override nonReentrant returns (uint256) {
        requireOpen();
        return super.redeem(shares, receiver, owner);
    }

    /// @dev Trusts no return value: what was spent and received is measured on the vault's own balances.
    function _swap(Swap memory swap) private {
        _checkSwap(swap);
        IERC20 assetIn = IERC20(swap.assetIn);
        IERC20 assetOut = IERC20(swap.assetOut);
        uint256 inBefore = assetIn.balanceOf(address(this));
        uint256 outBefore = assetOut.balanceOf(address(this));
        assetIn.safeTransfer(swap.venue, swap.mostIn);
        IVenueAdapter venue = IVenueAdapter(swap.venue);
        if (swap.isExactOutput) {
            venue.swapExactOutput(swap.pool, swap.assetIn, swap.assetOut, swap.leastOut, swap.mostIn);
        } else {
            venue.swapExactInput(swap.pool, swap.assetIn, swap.assetOut, swap.mostIn, swap.leastOut);
        }
        uint256 inAfter = assetIn.balanceOf(address(this));
        uint256 spent = inBefore.saturatingSub(inAfter);
        bool isSpentRight = swap.isExactOutput ? spent <= swap.mostIn : spent == swap.mostIn;
        if (inAfter > inBefore || !isSpentRight) {
            revert ShardVault_WrongAmountSpent(inBefore, inAfter, swap.mostIn);
        }
        uint256 received = assetOut.balanceOf(address(this)).saturatingSub(outBefore);
        if (received < swap.leastOut) revert ShardVault_ReceivedTooLittle(received, swap.leastOut);
        if (swap.isExactOutput && received != swap.leastOut) {
            revert ShardVault_WrongAmountReceived(received, swap.leastOut);
        }
        emit SwapExecuted(swap.jobId, swap.venue, swap.pool, swap.assetIn, swap.assetOut, spent, received);
    }

    /// @dev The worst that the mandate allows, `mostIn` for `leastOut`, must be within the slippage limit and the window.
    function _checkSwap(Swap memory swap) private {
        if (!venueAllowed[swap.venue]) revert ShardVault_VenueNotAllowed(swap.venue);
        _requireKnown(swap.assetIn);
        _requireKnown(swap.assetOut);
        if (swap.assetIn == swap.assetOut) revert ShardVault_AssetNotAllowed(swap.assetOut);
        requireFreshFeeds();
        uint256 fair = _valueIn(swap.assetIn, swap.assetOut, swap.mostIn, Math.Rounding.Ceil);
        uint256 least = fair.mulDiv(BPS - currentLimits.maxSlippageBps, BPS, Math.Rounding.Ceil);
        if (swap.leastOut < least) revert ShardVault_MinimumOutTooLow(swap.leastOut, least);
        uint256 notional = _valueIn(swap.assetIn, settlementAsset, swap.mostIn, Math.Rounding.Ceil);
        _count(swapWindow, notional, currentLimits.swapWindowCap);
    }

    /// @return The LayerZero fee paid, in wei.
    function _send(Mandate calldata mandate, TransferParams calldata params) private returns (uint256) {
        OmnichainSend memory param = OmnichainSend({
            dstEid: params.dstEid,
            to: params.dstVault,
            amountLD: params.amount,
            minAmountLD: params.minAmount,
            extraOptions: _lzReceiveOption(params.lzReceiveGas),
            composeMsg: "",
            oftCmd: ""
        });
        IOmnichainToken token = IOmnichainToken(settlementAsset);
        OmnichainFee memory fee = token.quoteSend(param, false);
        uint256 maximum = mandate.maxFeeNative.min(msg.value);
        if (fee.nativeFee > maximum) revert ShardVault_FeeTooHigh(fee.nativeFee, maximum);

        uint256 balanceBefore = _settlementBalance();
        (OmnichainMessage memory message, OmnichainAmounts memory amounts) =
            token.send{value: fee.nativeFee}(param, fee, msg.sender);
        uint256 balanceAfter = _settlementBalance();
        if (balanceAfter + amounts.amountSentLD != balanceBefore || amounts.amountSentLD > params.amount) {
            revert ShardVault_WrongAmountSpent(balanceBefore, balanceAfter, params.amount);
        }
        if (amounts.amountReceivedLD < params.minAmount) {
            revert ShardVault_ReceivedTooLittle(amounts.amountReceivedLD, params.minAmount);
        }
        emit TransferSent(
            mandate.jobId,
            message.guid,
            params.dstEid,
            params.dstVault,
            amounts.amountSentLD,
            amounts.amountReceivedLD,
            fee.nativeFee
        );
        return fee.nativeFee;
    }

    /// @dev LayerZero options of type 3 with one executor option: lzReceive with `gas_` and no value.
    function _lzReceiveOption(uint128 gas_) private pure returns (bytes memory) {
        return abi.encodePacked(uint16(3), uint8(1), uint16(17), uint8(1), gas_);
    }

    function _count(LeakyBucket.Bucket storage window, uint256 amount, uint256 cap) private {
        (bool fits, uint256 level) = window.add(amount, cap, currentLimits.windowSeconds);
        if (!fits) revert ShardVault_WindowCapExceeded(level, cap);
    }

    /// @inheritdoc IShardVaultAdmin
    function requireOpen() public view whenNotPaused {
        uint256 live = optionBook == address(0) ? 0 : IOptionBook(optionBook).liveSeriesCount();
        if (live != 0) revert ShardVault_PositionsOpen(live);
        if (venueDesk != address(0)) IVenueDesk(venueDesk).requireExact();
        requireFreshFeeds();
    }

    function _requireDepositor(address receiver) private view {
        if (!depositorAllowed[receiver]) revert ShardVault_DepositorNotAllowed(receiver);
    }

    function _isOpen() private view returns (bool) {
        try this.requireOpen() {
            return true;
        } catch {
            return false;
        }
    }

    function _setLimits(VaultLimits memory limits_) private {
        bool valid = limits_.maxSlippageBps < BPS && limits_.hedgeHaircutBps <= BPS
            && limits_.feedStaleAfterSeconds != 0 && limits_.windowSeconds != 0
            && limits_.swapWindowCap <= type(uint192).max && limits_.transferWindowCap <= type(uint192).max;
        if (!valid) revert ShardVault_BadLimits(limits_);
        currentLimits = limits_;
        emit LimitsSet(limits_);
    }

    /// @dev Extra decimals of a share against the asset; see the contract's notice.
    function _decimalsOffset() internal pure override returns (uint8) {
        return 6;
    }
}
