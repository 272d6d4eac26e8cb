// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SettablePriceFeed} from "riskshard-local/SettablePriceFeed.sol";
import {LocalToken} from "riskshard-local/LocalToken.sol";
import {ILyraOptionMarket, ILyraViewer} from "riskshard/interfaces/ILyraV1.sol";
import {OptionTradeParams} from "riskshard/types/Mandate.sol";
import {LyraSetup} from "riskshard/venues/LyraSetup.sol";
import {LyraV1Adapter} from "riskshard/venues/LyraV1Adapter.sol";
import {ArtifactLinker} from "./ArtifactLinker.sol";
import {DeskFixture} from "./DeskFixture.sol";
import {ShardFixture} from "./ShardFixture.sol";
import {UniswapFixture} from "./UniswapFixture.sol";

interface ILyraSetup {
    function initialize() external;
    function init(address) external;
    function init(address, address) external;
    function init(address, address, address) external;
    function init(address, address, address, address) external;
    function init(address, address, address, address, address, address) external;
    function init(address, address, address, address, address, address, address, address) external;
    function setAddresses(bytes32[] calldata names, address[] calldata locations) external;
    function permitMint(address user, bool permit) external;
    function setAddressResolver(address resolver) external;
    function updateSynthetixAddresses() external;
    function addBaseAsset(bytes32 ticker, address baseAsset, address market) external;
    function setGlobalsForContract(address, bytes32, bytes32, address, bytes32) external;
    function addMarket(ILyraViewer.MarketAddresses calldata addresses) external;
    function setRateAndInvalid(bytes32 key, uint256 rate, bool invalid) external;
    function setFeeRateForExchange(bytes32 source, bytes32 destination, uint256 fee) external;
    function setShortBuffer(uint256) external;
    function initiateDeposit(address beneficiary, uint256 amount) external;
    function openShortAccount() external;
    function hedgeDelta() external;
    function createOptionBoard(uint256, uint256, uint256[] calldata, uint256[] calldata, bool)
        external
        returns (uint256);
}

/// @notice The shard of {UniswapFixture} with the unmodified Lyra V1 contracts, one ETH market whose pool has 500,000 sUSD,
/// a deep pool of USDX against sUSD, a venue desk and the vault's account. Lyra's own parameters.
abstract contract LyraFixture is UniswapFixture, DeskFixture, ArtifactLinker {
    string private constant ROOT = "node_modules/@lyrafinance/protocol/dist/artifacts/contracts/";
    bytes32 private constant SUSD = "sUSD";
    bytes32 private constant SETH = "sETH";
    uint256 internal constant BOARD_DAYS = 28;
    uint32 internal constant MEAN_SECONDS = 1 days;

    LyraV1Adapter internal account;
    SettablePriceFeed internal susdFeed;
    LocalToken internal susd;
    address internal susdPool;
    address internal market;
    address internal greekCache;
    address internal optionToken;
    address internal shortCollateral;
    address internal liquidityPool;
    address internal rates;
    address internal blackScholes;
    ILyraViewer internal viewer;

    address private gwav;
    address private synthetix;
    address private pricer;
    address private hedger;
    address private liquidityToken;
    address private exchanger;
    LocalToken private seth;

    function setUp() public virtual override(ShardFixture, UniswapFixture) {
        super.setUp();
        _deploySynthetix();
        _deployMarket();
        _setParameters();
        _stock();
        susdFeed = _feed("sUSD / USD", 1e8);
        vm.warp(START - 600);
        susdPool = _createPool(susd, 2_000_000e18, usdx, 2_000_000e6);
        vm.warp(START);
        vm.prank(admin);
        adapter.setPool(susdPool, true);
        _openDesk();
        account = new LyraV1Adapter(desk, _setup());
        _allowAccount(account, VENUE_CAP);
        account.noteStrikes();
        _passWithPrices(MEAN_SECONDS);
        account.refreshGreeks();
    }

    function _setup() internal view returns (LyraSetup memory) {
        return LyraSetup({
            viewer: viewer,
            market: ILyraOptionMarket(market),
            blackScholes: blackScholes,
            underlying: address(weth),
            quoteFeed: susdFeed,
            swapVenue: adapter,
            swapPool: susdPool,
            feeBps: 200,
            meanSeconds: MEAN_SECONDS
        });
    }

    // Lyra's own price follows the feed only when told to.
    function _setLyraPrice(uint256 usd, bool invalid) internal {
        ILyraSetup(rates).setRateAndInvalid(SETH, usd * 1e18, invalid);
    }

    function _passWithPrices(uint256 seconds_) internal {
        _pass(seconds_);
        _refresh(susdFeed);
    }

    function _option(uint256 strikeId, bool isCall, int256 quantity, uint256 worstPremium)
        internal
        view
        returns (OptionTradeParams memory)
    {
        return OptionTradeParams(address(account), market, strikeId, isCall, quantity, worstPremium, 0);
    }

    /// @dev The Synthetix side is Lyra's own stand-ins: real Synthetix has no installable artifacts.
    function _deploySynthetix() private {
        gwav = _library("libraries/GWAV.sol/GWAV");
        blackScholes = _library("libraries/BlackScholes.sol/BlackScholes");
        synthetix = _create("SynthetixAdapter.sol/SynthetixAdapter", "");
        ILyraSetup(synthetix).initialize();
        exchanger = _create("test-helpers/TestExchanger.sol/TestExchanger", "");
        rates = _create("test-helpers/TestExchangeRates.sol/TestExchangeRates", "");
        susd = LocalToken(_create("test-helpers/TestERC20Fail.sol/TestERC20Fail", abi.encode("Synth USD", "sUSD")));
        seth = LocalToken(_create("test-helpers/TestERC20Fail.sol/TestERC20Fail", abi.encode("Synth ETH", "sETH")));
        market = _create("OptionMarket.sol/OptionMarket", "");
        address snx = _create("test-helpers/TestSynthetixReturnZero.sol/TestSynthetixReturnZero", "");
        address shorts = _create("test-helpers/TestCollateralShort.sol/TestCollateralShort", "");
        address resolver = _create("test-helpers/TestAddressResolver.sol/TestAddressResolver", "");
        ILyraSetup(snx).init(synthetix, address(susd), resolver);
        ILyraSetup(shorts).init(synthetix, address(susd));
        _resolve(resolver, snx, shorts);
        address[2] memory minters = [snx, shorts];
        for (uint256 i = 0; i < 2; i++) {
            ILyraSetup(address(susd)).permitMint(minters[i], true);
            ILyraSetup(address(seth)).permitMint(minters[i], true);
            ILyraSetup(minters[i]).addBaseAsset(SETH, address(seth), market);
        }
        ILyraSetup(synthetix).setAddressResolver(resolver);
        ILyraSetup(synthetix).updateSynthetixAddresses();
        ILyraSetup(synthetix).setGlobalsForContract(market, SUSD, SETH, address(this), "riskshard");
    }

    function _resolve(address resolver, address snx, address shorts) private {
        bytes32[] memory names = new bytes32[](5);
        address[] memory locations = new address[](5);
        (names[0], locations[0]) = ("ProxySynthetix", snx);
        (names[1], locations[1]) = ("Exchanger", exchanger);
        (names[2], locations[2]) = ("ExchangeRates", rates);
        (names[3], locations[3]) = ("CollateralShort", shorts);
        (names[4], locations[4]) =
        ("DelegateApprovals", _create("test-helpers/TestDelegateApprovals.sol/TestDelegateApprovals", ""));
        ILyraSetup(resolver).setAddresses(names, locations);
    }

    function _deployMarket() private {
        pricer = _create("OptionMarketPricer.sol/OptionMarketPricer", "");
        greekCache = _create("OptionGreekCache.sol/OptionGreekCache", "");
        liquidityPool = _create("LiquidityPool.sol/LiquidityPool", "");
        liquidityToken = _create("LiquidityToken.sol/LiquidityToken", abi.encode("sUSD/sETH pool", "LP"));
        optionToken = _create("OptionToken.sol/OptionToken", abi.encode("sUSD/sETH option", "OT"));
        shortCollateral = _create("ShortCollateral.sol/ShortCollateral", "");
        hedger = _create("ShortPoolHedger.sol/ShortPoolHedger", "");
        (address quote, address base) = (address(susd), address(seth));
        ILyraSetup(market).init(synthetix, liquidityPool, pricer, greekCache, shortCollateral, optionToken, quote, base);
        ILyraSetup(pricer).init(market, greekCache);
        ILyraSetup(greekCache).init(synthetix, market, pricer);
        ILyraSetup(liquidityPool)
            .init(synthetix, market, liquidityToken, greekCache, hedger, shortCollateral, quote, base);
        ILyraSetup(liquidityToken).init(liquidityPool);
        ILyraSetup(hedger).init(synthetix, market, greekCache, liquidityPool, quote, base);
        ILyraSetup(shortCollateral).init(market, liquidityPool, optionToken, synthetix, quote, base);
        ILyraSetup(optionToken).init(market, greekCache, shortCollateral, synthetix);
        viewer = ILyraViewer(_create("periphery/OptionMarketViewer.sol/OptionMarketViewer", ""));
        ILyraSetup(address(viewer)).init(synthetix);
        ILyraSetup(address(viewer))
            .addMarket(
                ILyraViewer.MarketAddresses(
                    liquidityPool,
                    liquidityToken,
                    greekCache,
                    market,
                    pricer,
                    optionToken,
                    shortCollateral,
                    hedger,
                    quote,
                    base
                )
            );
    }

    /// @dev What Lyra's package calls its default parameters.
    function _setParameters() private {
        uint256[14] memory lp = [
            uint256(1e18),
            7 days,
            7 days,
            0.01e18,
            0.01e18,
            3 days,
            0.1e18,
            0.35e18,
            12 hours,
            12 hours,
            0,
            14 days,
            6 hours,
            0.01e18
        ];
        _set(
            liquidityPool,
            "setLiquidityPoolParameters((uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,address,uint256,uint256,uint256))",
            abi.encode(lp)
        );
        uint256[10] memory cache =
            [uint256(30), 0.05e18, 3 hours, 1 days, 3 days, 1 days, 3 days, 0.5e18, 2e18, 0.05e18];
        _set(
            greekCache,
            "setGreekCacheParameters((uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,int256))",
            abi.encode(cache)
        );
        uint256[8] memory minimum = [uint256(200e18), 0.2e18, 2.5e18, 2 weeks, 1.8e18, 8 weeks, 1.2e18, 0.8e18];
        _set(
            greekCache,
            "setMinCollateralParameters((uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256))",
            abi.encode(minimum)
        );
        uint256[10] memory force =
            [uint256(12 hours), 1 days, 1.2e18, 1.4e18, 0.8e18, 0.5e18, 1.3e18, 1.6e18, 0.01e18, 0.02e18];
        _set(
            greekCache,
            "setForceCloseParameters((uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256))",
            abi.encode(force)
        );
        _setPricing();
        _set(hedger, "setPoolHedgerParams((uint256,uint256))", abi.encode(1 days, type(uint256).max));
        ILyraSetup(hedger).setShortBuffer(2e18);
        _set(
            optionToken,
            "setPartialCollateralParams((uint256,uint256,uint256,uint256))",
            abi.encode(0.2e18, 0.4e18, 0.3e18, 15e18)
        );
        _set(
            market,
            "setOptionMarketParams((uint256,address,uint256,uint256))",
            abi.encode(365 days, address(this), 0.1e18, 0.0075e18)
        );
        ILyraSetup(exchanger).setFeeRateForExchange(SETH, SUSD, 0.0075e18);
        ILyraSetup(exchanger).setFeeRateForExchange(SUSD, SETH, 0.005e18);
    }

    function _setPricing() private {
        uint256[9] memory pricing =
            [uint256(0.01e18), 6 weeks, 16 weeks, 0.01e18, 6 weeks, 12 weeks, 100e18, 5e18, 0.75e18];
        _set(
            pricer,
            "setPricingParams((uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256))",
            abi.encode(pricing)
        );
        uint256[12] memory limits =
            [uint256(0.15e18), 0.25e18, 12 hours, 0.35e18, 2e18, 0.5e18, 1.5e18, 0.55e18, 3e18, 0.15e18, 5e18, 0];
        _set(
            pricer,
            "setTradeLimitParams((int256,int256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,bool))",
            abi.encode(limits)
        );
        uint256[9] memory variance = [uint256(0.25e18), 0.25e18, 3e18, 1e18, 1e18, 0.01e18, 0, 1.5e18, 1e18];
        _set(
            pricer,
            "setVarianceFeeParams((uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256))",
            abi.encode(variance)
        );
    }

    /// @dev A pool of 500,000 sUSD and one board at a volatility of 100 %.
    function _stock() private {
        _setLyraPrice(2000, false);
        susd.mint(address(this), 1_500_000e18);
        susd.approve(liquidityPool, type(uint256).max);
        ILyraSetup(liquidityPool).initiateDeposit(address(this), 500_000e18);
        ILyraSetup(hedger).openShortAccount();
        ILyraSetup(hedger).hedgeDelta();
        uint256[] memory strikes = new uint256[](3);
        uint256[] memory skews = new uint256[](3);
        (strikes[0], strikes[1], strikes[2]) = (1700e18, 2000e18, 2300e18);
        (skews[0], skews[1], skews[2]) = (1.1e18, 1e18, 0.9e18);
        ILyraSetup(market).createOptionBoard(block.timestamp + BOARD_DAYS * 1 days, 1e18, strikes, skews, false);
    }

    /// @dev A struct of value types is encoded as its words.
    function _set(address target, string memory signature, bytes memory words) private {
        (bool done,) = target.call(bytes.concat(bytes4(keccak256(bytes(signature))), words));
        assertTrue(done, signature);
    }

    function _library(string memory artifact) private returns (address) {
        return vm.deployCode(string.concat(ROOT, artifact, ".json"));
    }

    function _create(string memory artifact, bytes memory arguments) private returns (address) {
        string[] memory names = new string[](2);
        address[] memory libraries = new address[](2);
        (names[0], libraries[0]) = ("contracts/libraries/GWAV.sol:GWAV", gwav);
        (names[1], libraries[1]) = ("contracts/libraries/BlackScholes.sol:BlackScholes", blackScholes);
        return _deployLinked(string.concat(ROOT, artifact, ".json"), arguments, names, libraries);
    }
}
