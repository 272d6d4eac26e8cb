// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IOptionBook} from "riskshard/interfaces/IOptionBook.sol";
import {Listing} from "riskshard/interfaces/IOptionBookAdmin.sol";
import {IShardVault} from "riskshard/interfaces/IShardVault.sol";
import {VaultConfig} from "riskshard/interfaces/IShardVaultAdmin.sol";
import {MandateHash} from "riskshard/libraries/MandateHash.sol";
import {OptionBook} from "riskshard/OptionBook.sol";
import {IVenueDesk} from "riskshard/interfaces/IVenueDesk.sol";
import {ShardVault} from "riskshard/ShardVault.sol";
import {VenueDesk} from "riskshard/VenueDesk.sol";
import {
    Actions,
    LendMoveParams,
    Mandate,
    MarginMoveParams,
    OptionTradeParams,
    PerpChangeParams,
    SwapExactOutputParams,
    SwapParams,
    TransferParams
} from "riskshard/types/Mandate.sol";
import {OptionQuote} from "riskshard/types/OptionQuote.sol";
import {ShardFixture} from "./support/ShardFixture.sol";

/// @notice The vectors that test/shared/evm/eip712-vectors.test.ts asserts, against the contracts: hashes, digests, and a
/// vault and a book at the vectors' addresses that accept the signatures.
contract Eip712VectorsTest is ShardFixture {
    uint256 private constant CASES = 7;
    string private mandates = vm.readFile("test/vectors/mandate-eip712.json");
    string private quotes = vm.readFile("test/vectors/option-quote-eip712.json");

    function setUp() public override {
        super.setUp();
        vm.chainId(vm.parseJsonUint(mandates, ".chainId"));
        VaultConfig memory config = _vaultConfig(address(usdx));
        config.shard = vm.parseJsonBytes32(mandates, ".cases[0].mandate.shard");
        config.signers = vm.parseJsonAddressArray(mandates, ".signers");
        vault = ShardVault(vm.parseJsonAddress(mandates, ".vault"));
        deployCodeTo("ShardVault.sol:ShardVault", abi.encode(config), address(vault));
    }

    function test_mandates_of_every_action_hash_as_in_the_vector() public view {
        for (uint256 i = 0; i < CASES; i++) {
            string memory path = _casePath(i);
            bytes32 paramsHash = _paramsHash(_mandateOf(path).action, path);
            assertEq(paramsHash, vm.parseJsonBytes32(mandates, string.concat(path, ".paramsHash")));
            Mandate memory mandate = _mandateOf(path);
            assertEq(mandate.paramsHash, paramsHash);
            assertEq(
                _digest(address(vault), this.hash(mandate)),
                vm.parseJsonBytes32(mandates, string.concat(path, ".digest"))
            );
            assertEq(mandate.jobId, _jobId(vm.parseJsonUint(mandates, string.concat(path, ".step")), paramsHash));
        }
    }

    function test_the_vault_at_the_vectors_address_accepts_its_signatures() public {
        vm.warp(1_700_000_000);
        _enterEpochOfTheVector();
        string memory path = _casePath(0);
        Mandate memory mandate = _mandateOf(path);
        SwapParams memory swap = _swap(path);
        bytes[] memory signatures = vm.parseJsonBytesArray(mandates, string.concat(path, ".signatures"));
        // The venue is the first thing looked at after the signatures.
        vm.expectRevert(abi.encodeWithSelector(IShardVault.ShardVault_VenueNotAllowed.selector, swap.venue));
        vault.executeSwap(mandate, swap, signatures);

        path = _casePath(6);
        SwapExactOutputParams memory exact = _swapExactOutput(path);
        vm.expectRevert(abi.encodeWithSelector(IShardVault.ShardVault_VenueNotAllowed.selector, exact.venue));
        vault.executeSwapExactOutput(_mandateOf(path), exact, _signaturesOf(path));

        path = _casePath(1);
        mandate = _mandateOf(path);
        TransferParams memory transfer = _transfer(path);
        signatures = vm.parseJsonBytesArray(mandates, string.concat(path, ".signatures"));
        vm.expectRevert(
            abi.encodeWithSelector(IShardVault.ShardVault_RouteNotAllowed.selector, transfer.dstEid, transfer.dstVault)
        );
        vault.executeTransfer(mandate, transfer, signatures);
    }

    function test_the_desk_of_that_vault_accepts_the_signatures_of_its_actions() public {
        vm.warp(1_700_000_000);
        _enterEpochOfTheVector();
        VenueDesk desk = new VenueDesk(vault, admin);
        vm.prank(admin);
        vault.setVenueDesk(address(desk));
        // The venue is the first thing looked at after the signatures.
        string memory path = _casePath(2);
        LendMoveParams memory lend = _lendMove(path);
        vm.expectRevert(abi.encodeWithSelector(IVenueDesk.VenueDesk_NotRegistered.selector, lend.venue));
        desk.executeLendMove(_mandateOf(path), lend, _signaturesOf(path));
        path = _casePath(3);
        MarginMoveParams memory margin = _marginMove(path);
        vm.expectRevert(abi.encodeWithSelector(IVenueDesk.VenueDesk_NotRegistered.selector, margin.venue));
        desk.executeMarginMove(_mandateOf(path), margin, _signaturesOf(path));
        path = _casePath(4);
        PerpChangeParams memory perp = _perpChange(path);
        vm.expectRevert(abi.encodeWithSelector(IVenueDesk.VenueDesk_NotRegistered.selector, perp.venue));
        desk.executePerpChange(_mandateOf(path), perp, _signaturesOf(path));
        path = _casePath(5);
        OptionTradeParams memory option = _optionTrade(path);
        vm.expectRevert(abi.encodeWithSelector(IVenueDesk.VenueDesk_NotRegistered.selector, option.venue));
        desk.executeOptionTrade(_mandateOf(path), option, _signaturesOf(path));
    }

    function test_a_quote_and_its_series_id_are_those_of_the_vector() public {
        book = OptionBook(vm.parseJsonAddress(quotes, ".book"));
        address quoter = vm.parseJsonAddress(quotes, ".quoter");
        bytes memory arguments = abi.encode(address(vault), admin, quoter, _bookPolicy(), new Listing[](0));
        deployCodeTo("OptionBook.sol:OptionBook", arguments, address(book));
        OptionQuote memory quote = _quoteOfTheVector();
        assertEq(
            book.seriesIdOf(quote.underlying, quote.isCall, quote.expiry, quote.strike),
            vm.parseJsonBytes32(quotes, ".seriesId")
        );
        bytes32 digest = _quoteDigest(quote);
        assertEq(digest, vm.parseJsonBytes32(quotes, ".digest"));
        bytes memory signature = vm.parseJsonBytes(quotes, ".signature");
        assertEq(ECDSA.recover(digest, signature), quoter);
        // The vector's token is made a listed one, so that nothing but the signature can refuse the quote.
        vm.mockCall(address(vault), abi.encodeWithSignature("feedOf(address)", quote.underlying), abi.encode(ethFeed));
        vm.prank(admin);
        book.setListing(Listing(quote.underlying, 100e18));
        vm.mockCall(address(vault), abi.encodeWithSignature("priceOf(address)", quote.underlying), abi.encode(3000e8));
        vm.prank(quote.taker);
        // Accepted: the taker's missing approval is what stops the trade.
        vm.expectRevert(
            abi.encodeWithSignature(
                "ERC20InsufficientAllowance(address,uint256,uint256)", address(book), 0, quote.premium
            )
        );
        book.trade(quote, signature);
        quote.premium += 1;
        vm.prank(quote.taker);
        vm.expectPartialRevert(IOptionBook.OptionBook_WrongQuoter.selector);
        book.trade(quote, signature);
    }

    function hash(Mandate calldata mandate) external pure returns (bytes32) {
        return MandateHash.hash(mandate);
    }

    function hash(SwapParams calldata params) external pure returns (bytes32) {
        return MandateHash.hash(params);
    }

    function hash(TransferParams calldata params) external pure returns (bytes32) {
        return MandateHash.hash(params);
    }

    // Structs of the same shape need functions of different names.
    function hashLendMove(LendMoveParams calldata params) external pure returns (bytes32) {
        return MandateHash.hash(params);
    }

    function hashMarginMove(MarginMoveParams calldata params) external pure returns (bytes32) {
        return MandateHash.hash(params);
    }

    function hashPerpChange(PerpChangeParams calldata params) external pure returns (bytes32) {
        return MandateHash.hash(params);
    }

    function hashOptionTrade(OptionTradeParams calldata params) external pure returns (bytes32) {
        return MandateHash.hash(params);
    }

    function _paramsHash(uint256 action, string memory path) private view returns (bytes32) {
        if (action == Actions.SWAP) return this.hash(_swap(path));
        if (action == Actions.TRANSFER) return this.hash(_transfer(path));
        if (action == Actions.LEND_MOVE) return this.hashLendMove(_lendMove(path));
        if (action == Actions.MARGIN_MOVE) return this.hashMarginMove(_marginMove(path));
        if (action == Actions.PERP_CHANGE) return this.hashPerpChange(_perpChange(path));
        if (action == Actions.OPTION_TRADE) return this.hashOptionTrade(_optionTrade(path));
        assertEq(action, Actions.SWAP_EXACT_OUTPUT, "the vector's action is not known here");
        return this.hashSwapExactOutput(_swapExactOutput(path));
    }

    function _signaturesOf(string memory path) private view returns (bytes[] memory) {
        return vm.parseJsonBytesArray(mandates, string.concat(path, ".signatures"));
    }

    /// @dev Epoch 6 with leader 0 is written, then the vector's own bump leads to epoch 7.
    function _enterEpochOfTheVector() private {
        bytes32 slot = bytes32(uint256(9));
        vm.store(address(vault), slot, bytes32(uint256(6) << 160));
        assertEq(vault.epoch(), 6, "slot 9 holds leader and epoch");
        address leader = vm.parseJsonAddress(mandates, ".epochBump.newLeader");
        vault.bumpEpoch(6, leader, vm.parseJsonBytesArray(mandates, ".epochBump.signatures"));
    }

    function _casePath(uint256 index) private pure returns (string memory) {
        return string.concat(".cases[", vm.toString(index), "]");
    }

    function _jobId(uint256 step, bytes32 paramsHash) private view returns (bytes32) {
        return keccak256(abi.encode(vm.parseJsonBytes32(mandates, ".planId"), vault.shard(), step, paramsHash));
    }

    function _mandateOf(string memory path) private view returns (Mandate memory) {
        string memory key = string.concat(path, ".mandate");
        return Mandate({
            jobId: vm.parseJsonBytes32(mandates, string.concat(key, ".jobId")),
            epoch: uint64(vm.parseJsonUint(mandates, string.concat(key, ".epoch"))),
            leader: vm.parseJsonAddress(mandates, string.concat(key, ".leader")),
            shard: vm.parseJsonBytes32(mandates, string.concat(key, ".shard")),
            action: uint8(vm.parseJsonUint(mandates, string.concat(key, ".action"))),
            reportSetHash: vm.parseJsonBytes32(mandates, string.concat(key, ".reportSetHash")),
            notBefore: uint64(vm.parseJsonUint(mandates, string.concat(key, ".notBeforeSeconds"))),
            deadline: uint64(vm.parseJsonUint(mandates, string.concat(key, ".deadlineSeconds"))),
            maxFeeNative: vm.parseJsonUint(mandates, string.concat(key, ".maxFeeNativeWei")),
            paramsHash: vm.parseJsonBytes32(mandates, string.concat(key, ".paramsHash"))
        });
    }

    function _swap(string memory path) private view returns (SwapParams memory) {
        string memory key = string.concat(path, ".params");
        return SwapParams({
            venue: vm.parseJsonAddress(mandates, string.concat(key, ".venue")),
            pool: vm.parseJsonAddress(mandates, string.concat(key, ".pool")),
            assetIn: vm.parseJsonAddress(mandates, string.concat(key, ".assetIn")),
            assetOut: vm.parseJsonAddress(mandates, string.concat(key, ".assetOut")),
            amountIn: vm.parseJsonUint(mandates, string.concat(key, ".amountInRaw")),
            minAmountOut: vm.parseJsonUint(mandates, string.concat(key, ".minAmountOutRaw")),
            minCapitalAfter: vm.parseJsonInt(mandates, string.concat(key, ".minCapitalAfterRaw"))
        });
    }

    function hashSwapExactOutput(SwapExactOutputParams calldata params) external pure returns (bytes32) {
        return MandateHash.hash(params);
    }

    function _swapExactOutput(string memory path) private view returns (SwapExactOutputParams memory) {
        string memory key = string.concat(path, ".params");
        return SwapExactOutputParams({
            venue: vm.parseJsonAddress(mandates, string.concat(key, ".venue")),
            pool: vm.parseJsonAddress(mandates, string.concat(key, ".pool")),
            assetIn: vm.parseJsonAddress(mandates, string.concat(key, ".assetIn")),
            assetOut: vm.parseJsonAddress(mandates, string.concat(key, ".assetOut")),
            amountOut: vm.parseJsonUint(mandates, string.concat(key, ".amountOutRaw")),
            maxAmountIn: vm.parseJsonUint(mandates, string.concat(key, ".maxAmountInRaw")),
            minCapitalAfter: vm.parseJsonInt(mandates, string.concat(key, ".minCapitalAfterRaw"))
        });
    }

    function _transfer(string memory path) private view returns (TransferParams memory) {
        string memory key = string.concat(path, ".params");
        return TransferParams({
            dstEid: uint32(vm.parseJsonUint(mandates, string.concat(key, ".dstEid"))),
            dstVault: vm.parseJsonBytes32(mandates, string.concat(key, ".dstVault")),
            amount: vm.parseJsonUint(mandates, string.concat(key, ".amountRaw")),
            minAmount: vm.parseJsonUint(mandates, string.concat(key, ".minAmountRaw")),
            lzReceiveGas: uint128(vm.parseJsonUint(mandates, string.concat(key, ".lzReceiveGas"))),
            minCapitalAfter: vm.parseJsonInt(mandates, string.concat(key, ".minCapitalAfterRaw"))
        });
    }

    function _lendMove(string memory path) private view returns (LendMoveParams memory) {
        string memory key = string.concat(path, ".params");
        return LendMoveParams({
            venue: vm.parseJsonAddress(mandates, string.concat(key, ".venue")),
            asset: vm.parseJsonAddress(mandates, string.concat(key, ".asset")),
            amount: vm.parseJsonInt(mandates, string.concat(key, ".amountRaw")),
            minReceipt: vm.parseJsonUint(mandates, string.concat(key, ".minReceiptRaw")),
            minHealthFactor: vm.parseJsonUint(mandates, string.concat(key, ".minHealthFactorE18")),
            minCapitalAfter: vm.parseJsonInt(mandates, string.concat(key, ".minCapitalAfterRaw"))
        });
    }

    function _marginMove(string memory path) private view returns (MarginMoveParams memory) {
        string memory key = string.concat(path, ".params");
        return MarginMoveParams({
            venue: vm.parseJsonAddress(mandates, string.concat(key, ".venue")),
            asset: vm.parseJsonAddress(mandates, string.concat(key, ".asset")),
            amount: vm.parseJsonInt(mandates, string.concat(key, ".amountRaw")),
            minReceipt: vm.parseJsonUint(mandates, string.concat(key, ".minReceiptRaw")),
            minMarginRatio: vm.parseJsonUint(mandates, string.concat(key, ".minMarginRatioE18")),
            minCapitalAfter: vm.parseJsonInt(mandates, string.concat(key, ".minCapitalAfterRaw"))
        });
    }

    function _perpChange(string memory path) private view returns (PerpChangeParams memory) {
        string memory key = string.concat(path, ".params");
        return PerpChangeParams({
            venue: vm.parseJsonAddress(mandates, string.concat(key, ".venue")),
            market: vm.parseJsonAddress(mandates, string.concat(key, ".market")),
            size: vm.parseJsonInt(mandates, string.concat(key, ".sizeE18")),
            worstPrice: vm.parseJsonUint(mandates, string.concat(key, ".worstPriceE8")),
            minMarginRatio: vm.parseJsonUint(mandates, string.concat(key, ".minMarginRatioE18")),
            minCapitalAfter: vm.parseJsonInt(mandates, string.concat(key, ".minCapitalAfterRaw"))
        });
    }

    function _optionTrade(string memory path) private view returns (OptionTradeParams memory) {
        string memory key = string.concat(path, ".params");
        string memory optionType = vm.parseJsonString(mandates, string.concat(key, ".optionType"));
        return OptionTradeParams({
            venue: vm.parseJsonAddress(mandates, string.concat(key, ".venue")),
            market: vm.parseJsonAddress(mandates, string.concat(key, ".market")),
            strikeId: vm.parseJsonUint(mandates, string.concat(key, ".strikeId")),
            isCall: keccak256(bytes(optionType)) == keccak256("call"),
            quantity: vm.parseJsonInt(mandates, string.concat(key, ".quantityE18")),
            worstPremium: vm.parseJsonUint(mandates, string.concat(key, ".worstPremiumE8")),
            minCapitalAfter: vm.parseJsonInt(mandates, string.concat(key, ".minCapitalAfterRaw"))
        });
    }

    function _quoteOfTheVector() private view returns (OptionQuote memory) {
        return OptionQuote({
            taker: vm.parseJsonAddress(quotes, ".quote.taker"),
            underlying: vm.parseJsonAddress(quotes, ".quote.underlying"),
            isCall: vm.parseJsonBool(quotes, ".quote.isCall"),
            vaultSells: vm.parseJsonBool(quotes, ".quote.vaultSells"),
            expiry: uint64(vm.parseJsonUint(quotes, ".quote.expiry")),
            strike: uint128(vm.parseJsonUint(quotes, ".quote.strike")),
            quantity: uint128(vm.parseJsonUint(quotes, ".quote.quantity")),
            premium: vm.parseJsonUint(quotes, ".quote.premium"),
            spotMin: uint128(vm.parseJsonUint(quotes, ".quote.spotMin")),
            spotMax: uint128(vm.parseJsonUint(quotes, ".quote.spotMax")),
            nonce: vm.parseJsonUint(quotes, ".quote.nonce"),
            deadline: uint64(vm.parseJsonUint(quotes, ".quote.deadline"))
        });
    }
}
