// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IOptionBook} from "./interfaces/IOptionBook.sol";
import {IShardVault} from "./interfaces/IShardVault.sol";
import {IShardVaultAdmin, VaultConfig, VaultLimits} from "./interfaces/IShardVaultAdmin.sol";
import {IVenueDesk} from "./interfaces/IVenueDesk.sol";
import {MandateGate} from "./MandateGate.sol";
import {ShardValuation} from "./ShardValuation.sol";
import {VaultSwaps} from "./VaultSwaps.sol";
import {VaultTransfers} from "./VaultTransfers.sol";

/// @title One shard's collateral as ERC-4626 shares over the settlement asset.
/// @notice Value leaves in five ways only: a mandated swap, a mandated transfer to a sister vault, a mandated action of
/// the venue desk, a payment asked for by the option book, and a withdrawal of shares. Shares have 6 more decimals than the asset, which makes inflating the
/// price of the first share a million times dearer than what it could take.
contract ShardVault is ERC4626, VaultSwaps, VaultTransfers {
    using Math for uint256;
    using SafeERC20 for IERC20;

    /// @inheritdoc IShardVaultAdmin
    mapping(address depositor => bool) public depositorAllowed;

    constructor(VaultConfig memory config)
        ERC20("riskshard vault share", "rsv")
        ERC4626(IERC20(config.asset))
        MandateGate(config.shard, config.admin, config.guardian, config.signers, config.quorum)
        ShardValuation(config.asset, config.settlementFeed, config.hedges)
    {
        _setLimits(config.limits);
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
    function setDepositor(address depositor, bool allowed) external onlyOwner {
        depositorAllowed[depositor] = allowed;
        emit DepositorSet(depositor, allowed);
    }

    /// @inheritdoc IShardVaultAdmin
    function setLimits(VaultLimits calldata limits_) external onlyOwner {
        _setLimits(limits_);
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

    /// @dev Extra decimals of a share against the asset; see the contract's notice.
    function _decimalsOffset() internal pure override returns (uint8) {
        return 6;
    }
}
