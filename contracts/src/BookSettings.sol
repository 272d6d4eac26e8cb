// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IOptionBook} from "./interfaces/IOptionBook.sol";
import {BookPolicy, IOptionBookAdmin, Listing} from "./interfaces/IOptionBookAdmin.sol";
import {IPriceFeed} from "./interfaces/IPriceFeed.sol";
import {IShardVault} from "./interfaces/IShardVault.sol";
import {IShardVaultAdmin} from "./interfaces/IShardVaultAdmin.sol";

/// @title What the admin of a book sets: the quoter, the policy, the listed underlyings.
abstract contract BookSettings is IOptionBook, IOptionBookAdmin, Ownable2Step {
    uint256 internal constant BPS = 10_000;

    /// @inheritdoc IOptionBook
    IShardVault public immutable vault;
    IERC20Metadata internal immutable settlementAsset;

    /// @inheritdoc IOptionBook
    address public quoter;
    // Three slots: 2 + 8 + 4 + 4 = 18 bytes, then one for each cap.
    BookPolicy internal currentPolicy;
    /// @inheritdoc IOptionBookAdmin
    mapping(address underlying => uint256) public seriesQuantityCap;

    constructor(
        IShardVault vault_,
        address admin,
        address quoter_,
        BookPolicy memory policy_,
        Listing[] memory listings
    ) Ownable(admin) {
        vault = vault_;
        settlementAsset = IERC20Metadata(IERC4626(address(vault_)).asset());
        _setQuoter(quoter_);
        _setPolicy(policy_);
        for (uint256 i = 0; i < listings.length; i++) {
            _setListing(listings[i]);
        }
    }

    /// @inheritdoc IOptionBookAdmin
    function setQuoter(address quoter_) external onlyOwner {
        _setQuoter(quoter_);
    }

    /// @inheritdoc IOptionBookAdmin
    function setPolicy(BookPolicy calldata policy_) external onlyOwner {
        _setPolicy(policy_);
    }

    /// @inheritdoc IOptionBookAdmin
    function setListing(Listing calldata listing) external onlyOwner {
        _setListing(listing);
    }

    /// @inheritdoc IOptionBookAdmin
    function policy() external view returns (BookPolicy memory) {
        return currentPolicy;
    }

    function _vaultAdmin() internal view returns (IShardVaultAdmin) {
        return IShardVaultAdmin(address(vault));
    }

    function _setQuoter(address quoter_) private {
        quoter = quoter_;
        emit QuoterSet(quoter_);
    }

    function _setPolicy(BookPolicy memory policy_) private {
        bool valid = policy_.marginBps <= BPS && policy_.sigmaMax != 0 && policy_.quoterWindowSeconds != 0
            && policy_.liveSeriesCap != 0 && policy_.quoterWindowCap <= type(uint192).max;
        if (!valid) revert OptionBook_BadPolicy(policy_);
        currentPolicy = policy_;
        emit PolicySet(policy_);
    }

    function _setListing(Listing memory listing) private {
        IPriceFeed feed = _vaultAdmin().feedOf(listing.underlying);
        if (address(feed) == address(0) || listing.underlying == address(settlementAsset)) {
            revert OptionBook_NoFeed(listing.underlying);
        }
        seriesQuantityCap[listing.underlying] = listing.seriesQuantityCap;
        emit ListingSet(listing.underlying, listing.seriesQuantityCap);
    }
}
