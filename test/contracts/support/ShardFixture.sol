// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {LocalToken} from "riskshard-local/LocalToken.sol";
import {SettablePriceFeed} from "riskshard-local/SettablePriceFeed.sol";
import {BookPolicy, Listing} from "riskshard/interfaces/IOptionBookAdmin.sol";
import {HedgeAsset, VaultConfig, VaultLimits} from "riskshard/interfaces/IShardVaultAdmin.sol";
import {OptionBook} from "riskshard/OptionBook.sol";
import {ShardVault} from "riskshard/ShardVault.sol";
import {Actions, Mandate, SwapExactOutputParams, SwapParams, TransferParams} from "riskshard/types/Mandate.sol";
import {OptionQuote} from "riskshard/types/OptionQuote.sol";

/// @notice One shard with two hedge assets, three signers (quorum two) and a funded vault.
abstract contract ShardFixture is Test {
    bytes32 internal constant SHARD = "alpha";
    uint256 internal constant START = 1_700_000_000;
    /// @dev USD with 8 decimals.
    int256 internal constant ETH_PRICE = 2000e8;
    int256 internal constant BTC_PRICE = 40_000e8;
    /// @dev Settlement-asset units.
    uint256 internal constant FUNDS = 1_000_000e6;

    bytes32 internal constant MANDATE_TYPEHASH = keccak256(
        "Mandate(bytes32 jobId,uint64 epoch,address leader,bytes32 shard,uint8 action,bytes32 reportSetHash,uint64 notBefore,uint64 deadline,uint256 maxFeeNative,bytes32 paramsHash)"
    );
    bytes32 internal constant SWAP_TYPEHASH = keccak256(
        "SwapParams(address venue,address pool,address assetIn,address assetOut,uint256 amountIn,uint256 minAmountOut,int256 minCapitalAfter)"
    );
    bytes32 internal constant SWAP_EXACT_OUTPUT_TYPEHASH = keccak256(
        "SwapExactOutputParams(address venue,address pool,address assetIn,address assetOut,uint256 amountOut,uint256 maxAmountIn,int256 minCapitalAfter)"
    );
    bytes32 internal constant TRANSFER_TYPEHASH = keccak256(
        "TransferParams(uint32 dstEid,bytes32 dstVault,uint256 amount,uint256 minAmount,uint128 lzReceiveGas,int256 minCapitalAfter)"
    );
    bytes32 internal constant QUOTE_TYPEHASH = keccak256(
        "OptionQuote(address taker,address underlying,bool isCall,bool vaultSells,uint64 expiry,uint128 strike,uint128 quantity,uint256 premium,uint128 spotMin,uint128 spotMax,uint256 nonce,uint64 deadline)"
    );

    address internal admin = makeAddr("admin");
    address internal guardian = makeAddr("guardian");
    address internal depositor = makeAddr("depositor");
    address internal taker = makeAddr("taker");
    /// @dev Private keys, ascending by address.
    uint256[] internal signerKeys;
    uint256 internal quoterKey;
    uint256 private nextNonce;

    LocalToken internal usdx;
    LocalToken internal weth;
    LocalToken internal btc;
    SettablePriceFeed internal usdxFeed;
    SettablePriceFeed internal ethFeed;
    SettablePriceFeed internal btcFeed;
    ShardVault internal vault;
    OptionBook internal book;

    function setUp() public virtual {
        vm.warp(START);
        (, quoterKey) = makeAddrAndKey("quoter");
        _makeSigners();
        usdx = new LocalToken("USD collateral", "USDX", 6, address(this));
        weth = new LocalToken("Wrapped ether", "WETH", 18, address(this));
        btc = new LocalToken("Bitcoin", "BTC", 8, address(this));
        _deployShard(address(usdx));
        usdx.mint(depositor, FUNDS);
        _deposit(depositor, FUNDS);
    }

    function _deployShard(address settlement) internal {
        usdxFeed = _feed("USDX / USD", 1e8);
        ethFeed = _feed("ETH / USD", ETH_PRICE);
        btcFeed = _feed("BTC / USD", BTC_PRICE);
        vault = new ShardVault(_vaultConfig(settlement));
        book = new OptionBook(vault, admin, vm.addr(quoterKey), _bookPolicy(), _listings());
        vm.prank(admin);
        vault.setOptionBook(address(book));
        _bump(leaderKey());
    }

    function _vaultConfig(address settlement) internal view returns (VaultConfig memory config) {
        HedgeAsset[] memory hedges = new HedgeAsset[](2);
        hedges[0] = HedgeAsset(address(weth), ethFeed);
        hedges[1] = HedgeAsset(address(btc), btcFeed);
        address[] memory signers = new address[](signerKeys.length);
        for (uint256 i = 0; i < signers.length; i++) {
            signers[i] = vm.addr(signerKeys[i]);
        }
        config = VaultConfig({
            asset: settlement,
            settlementFeed: usdxFeed,
            shard: SHARD,
            admin: admin,
            guardian: guardian,
            signers: signers,
            quorum: 2,
            hedges: hedges,
            limits: _limits()
        });
    }

    function _limits() internal pure virtual returns (VaultLimits memory) {
        return VaultLimits({
            maxSlippageBps: 100,
            hedgeHaircutBps: 500,
            feedStaleAfterSeconds: 60,
            windowSeconds: 600,
            swapWindowCap: 200_000e6,
            transferWindowCap: 300_000e6
        });
    }

    function _bookPolicy() internal pure virtual returns (BookPolicy memory) {
        return BookPolicy({
            marginBps: 1000,
            sigmaMax: 3e18,
            quoterWindowSeconds: 3600,
            liveSeriesCap: 8,
            quoterWindowCap: 500_000e6,
            expiryNotionalCap: 2_000_000e6
        });
    }

    function _listings() internal view virtual returns (Listing[] memory list) {
        list = new Listing[](2);
        list[0] = Listing(address(weth), 500e18);
        list[1] = Listing(address(btc), 20e18);
    }

    function leaderKey() internal view returns (uint256) {
        return signerKeys[0];
    }

    function _feed(string memory name, int256 answer) internal returns (SettablePriceFeed feed) {
        feed = new SettablePriceFeed(8, name, address(this));
        feed.push(answer);
    }

    /// @dev Advance the clock and give every feed a new round with its last answer.
    function _pass(uint256 seconds_) internal {
        skip(seconds_);
        _refresh(usdxFeed);
        _refresh(ethFeed);
        _refresh(btcFeed);
    }

    function _refresh(SettablePriceFeed feed) internal {
        (, int256 answer,,,) = feed.latestRoundData();
        feed.push(answer);
    }

    function _deposit(address account, uint256 amount) internal returns (uint256 shares) {
        vm.prank(admin);
        vault.setDepositor(account, true);
        vm.startPrank(account);
        usdx.approve(address(vault), amount);
        shares = vault.deposit(amount, account);
        vm.stopPrank();
    }

    // Signatures.

    function _bump(uint256 newLeaderKey) internal {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("EpochBump(uint64 expectedEpoch,address newLeader)"), vault.epoch(), vm.addr(newLeaderKey)
            )
        );
        bytes[] memory signatures = _signAll(_digest(address(vault), structHash), signerKeys);
        vault.bumpEpoch(vault.epoch(), vm.addr(newLeaderKey), signatures);
    }

    function _mandate(bytes32 jobId, uint8 action, bytes32 paramsHash) internal view returns (Mandate memory) {
        return Mandate({
            jobId: jobId,
            epoch: vault.epoch(),
            leader: vault.leader(),
            shard: SHARD,
            action: action,
            reportSetHash: keccak256("reports"),
            notBefore: uint64(block.timestamp),
            deadline: uint64(block.timestamp + 30),
            maxFeeNative: action == Actions.TRANSFER ? 1 ether : 0,
            paramsHash: paramsHash
        });
    }

    function _hash(SwapParams memory params) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                SWAP_TYPEHASH,
                params.venue,
                params.pool,
                params.assetIn,
                params.assetOut,
                params.amountIn,
                params.minAmountOut,
                params.minCapitalAfter
            )
        );
    }

    function _hash(SwapExactOutputParams memory params) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                SWAP_EXACT_OUTPUT_TYPEHASH,
                params.venue,
                params.pool,
                params.assetIn,
                params.assetOut,
                params.amountOut,
                params.maxAmountIn,
                params.minCapitalAfter
            )
        );
    }

    function _hash(TransferParams memory params) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                TRANSFER_TYPEHASH,
                params.dstEid,
                params.dstVault,
                params.amount,
                params.minAmount,
                params.lzReceiveGas,
                params.minCapitalAfter
            )
        );
    }

    function _mandateDigest(Mandate memory mandate) internal view returns (bytes32) {
        bytes memory head =
            abi.encode(MANDATE_TYPEHASH, mandate.jobId, mandate.epoch, mandate.leader, mandate.shard, mandate.action);
        bytes memory tail = abi.encode(
            mandate.reportSetHash, mandate.notBefore, mandate.deadline, mandate.maxFeeNative, mandate.paramsHash
        );
        return _digest(address(vault), keccak256(bytes.concat(head, tail)));
    }

    /// @dev By the leader and the next signer: exactly the quorum, ascending.
    function _sign(Mandate memory mandate) internal view returns (bytes[] memory) {
        uint256[] memory keys = new uint256[](2);
        (keys[0], keys[1]) = (signerKeys[0], signerKeys[1]);
        return _signAll(_mandateDigest(mandate), keys);
    }

    function _signAll(bytes32 digest, uint256[] memory keys) internal pure returns (bytes[] memory signatures) {
        signatures = new bytes[](keys.length);
        for (uint256 i = 0; i < keys.length; i++) {
            signatures[i] = _signOne(digest, keys[i]);
        }
    }

    function _signOne(bytes32 digest, uint256 key) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function _digest(address verifyingContract, bytes32 structHash) internal view returns (bytes32) {
        string memory name = verifyingContract == address(vault) ? "riskshard vault" : "riskshard option book";
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256(bytes(name)),
                keccak256("1"),
                block.chainid,
                verifyingContract
            )
        );
        return keccak256(abi.encodePacked("\x19\x01", domain, structHash));
    }

    // Options.

    /// @dev A quote for `taker`, one week to expiry.
    function _quote(bool isCall, bool vaultSells, uint128 strike, uint128 quantity, uint256 premium)
        internal
        returns (OptionQuote memory)
    {
        return OptionQuote({
            taker: taker,
            underlying: address(weth),
            isCall: isCall,
            vaultSells: vaultSells,
            expiry: uint64(START + 7 days),
            strike: strike,
            quantity: quantity,
            premium: premium,
            spotMin: 0,
            spotMax: type(uint128).max,
            nonce: ++nextNonce,
            deadline: uint64(block.timestamp + 30)
        });
    }

    function _signQuote(OptionQuote memory quote) internal view returns (bytes memory) {
        return _signOne(_quoteDigest(quote), quoterKey);
    }

    function _quoteDigest(OptionQuote memory quote) internal view returns (bytes32) {
        bytes memory head =
            abi.encode(QUOTE_TYPEHASH, quote.taker, quote.underlying, quote.isCall, quote.vaultSells, quote.expiry);
        bytes memory tail = abi.encode(
            quote.strike, quote.quantity, quote.premium, quote.spotMin, quote.spotMax, quote.nonce, quote.deadline
        );
        return _digest(address(book), keccak256(bytes.concat(head, tail)));
    }

    /// @dev Trade as the quote's taker, with enough money and approval.
    function _trade(OptionQuote memory quote) internal returns (bytes32 seriesId) {
        bytes memory signature = _signQuote(quote);
        _fund(quote.taker);
        vm.prank(quote.taker);
        book.trade(quote, signature);
        return book.seriesIdOf(quote.underlying, quote.isCall, quote.expiry, quote.strike);
    }

    function _fund(address account) internal {
        if (usdx.balanceOf(account) < FUNDS) usdx.mint(account, 10 * FUNDS);
        vm.prank(account);
        usdx.approve(address(book), type(uint256).max);
    }

    function _makeSigners() private {
        uint256[3] memory keys;
        string[3] memory names = ["planner", "guard", "watcher"];
        for (uint256 i = 0; i < 3; i++) {
            (, keys[i]) = makeAddrAndKey(names[i]);
        }
        for (uint256 i = 0; i < 3; i++) {
            for (uint256 j = i + 1; j < 3; j++) {
                if (vm.addr(keys[j]) < vm.addr(keys[i])) (keys[i], keys[j]) = (keys[j], keys[i]);
            }
            signerKeys.push(keys[i]);
        }
    }
}
