// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ICurieClearingHouse} from "riskshard/interfaces/ICurie.sol";
import {PerpChangeParams} from "riskshard/types/Mandate.sol";
import {CurieAdapter, CurieMarket} from "riskshard/venues/CurieAdapter.sol";
import {DeskFixture} from "./DeskFixture.sol";

interface ICurieSetup {
    struct AddLiquidityParams {
        address baseToken;
        uint256 base;
        uint256 quote;
        int24 lowerTick;
        int24 upperTick;
        uint256 minBase;
        uint256 minQuote;
        bool useTakerBalance;
        uint256 deadline;
    }

    function initialize() external;
    function initialize(address) external;
    function initialize(address, address) external;
    function initialize(address, address, address) external;
    function initialize(address, address, address, address) external;
    function initialize(address, address, address, address, address, address, address) external;
    function initialize(string calldata, string calldata) external;
    function initialize(string calldata, string calldata, address) external;
    function initialize(address, address, uint8, uint24, uint24, uint24, uint24, uint256, uint256) external;
    function initialize(uint160) external;
    function setSettlementTokenBalanceCap(uint256) external;
    function setExchange(address) external;
    function setAccountBalance(address) external;
    function setVault(address) external;
    function setCollateralManager(address) external;
    function setClearingHouse(address) external;
    function createPool(address, address, uint24) external returns (address);
    function increaseObservationCardinalityNext(uint16) external;
    function mintMaximumTo(address) external;
    function addWhitelist(address) external;
    function addPool(address, uint24) external returns (address);
    function setFeeRatio(address, uint24) external;
    function setInsuranceFundFeeRatio(address, uint24) external;
    function setMaxTickCrossedWithinBlock(address, uint24) external;
    function slot0() external view returns (uint160, int24, uint16, uint16, uint16, uint8, bool);
    function update() external;
    function deposit(address, uint256) external;
    function addLiquidity(AddLiquidityParams calldata) external returns (uint256, uint256, uint256, uint256);
}

/// @notice The shard of {ShardFixture} with the unmodified Curie contracts, one ETH market with a maker, a venue desk and
/// the vault's trader account.
abstract contract CurieFixture is DeskFixture {
    string private constant ROOT = "node_modules/@perp/curie-deployments/optimism/core/artifacts/";
    uint24 private constant POOL_FEE = 3000;

    CurieAdapter internal account;
    address internal base;
    address internal clearingHouse;
    address internal curieVault;
    address internal accountBalance;
    address internal exchange;
    ICurieSetup internal priceFeed;

    function setUp() public virtual override {
        super.setUp();
        _deployCurie();
        _openDesk();
        CurieMarket[] memory markets = new CurieMarket[](1);
        markets[0] = CurieMarket(base, address(weth));
        account = new CurieAdapter(desk, ICurieClearingHouse(clearingHouse), markets);
        _allowAccount(account, VENUE_CAP);
        _stock();
    }

    function _perp(int256 size, uint256 worstPrice) internal view returns (PerpChangeParams memory) {
        return PerpChangeParams(address(account), base, size, worstPrice, 0.5e18, 0);
    }

    /// @dev Time with prices: an hour at most between two, or the index is stale.
    function _passHours(uint256 hours_, int256 ethPrice) internal {
        for (uint256 i = 0; i < hours_; i++) {
            _pass(1 hours);
            ethFeed.push(ethPrice);
            try priceFeed.update() {} catch {}
        }
    }

    function _deployCurie() private {
        address quote = _create("contracts/QuoteToken.sol/QuoteToken");
        base = _create("contracts/BaseToken.sol/BaseToken");
        while (base >= quote) quote = _create("contracts/QuoteToken.sol/QuoteToken");
        priceFeed = ICurieSetup(
            vm.deployCode(
                _path("oracle-contracts/contracts/ChainlinkPriceFeedV3.sol/ChainlinkPriceFeedV3"),
                abi.encode(ethFeed, uint256(3600), uint256(900))
            )
        );
        address dispatcher = vm.deployCode(
            _path("oracle-contracts/contracts/PriceFeedDispatcher.sol/PriceFeedDispatcher"), abi.encode(priceFeed)
        );
        ICurieSetup(quote).initialize("vUSD", "vUSD");
        ICurieSetup(base).initialize("vETH", "vETH", dispatcher);
        address factory = vm.deployCode(
            "node_modules/@uniswap/v3-core/artifacts/contracts/UniswapV3Factory.sol/UniswapV3Factory.json"
        );
        _deployHouse(quote, factory);
    }

    function _deployHouse(address quote, address factory) private {
        address config = _create("contracts/ClearingHouseConfig.sol/ClearingHouseConfig");
        ICurieSetup(config).initialize();
        ICurieSetup(config).setSettlementTokenBalanceCap(type(uint256).max);
        address registry = _create("contracts/MarketRegistry.sol/MarketRegistry");
        ICurieSetup(registry).initialize(factory, quote);
        address orders = _create("contracts/OrderBook.sol/OrderBook");
        ICurieSetup(orders).initialize(registry);
        exchange = _create("contracts/Exchange.sol/Exchange");
        ICurieSetup(exchange).initialize(registry, orders, config);
        ICurieSetup(orders).setExchange(exchange);
        address insurance = _create("contracts/InsuranceFund.sol/InsuranceFund");
        ICurieSetup(insurance).initialize(address(usdx));
        accountBalance = _create("contracts/AccountBalance.sol/AccountBalance");
        ICurieSetup(accountBalance).initialize(config, orders);
        ICurieSetup(exchange).setAccountBalance(accountBalance);
        curieVault = _create("contracts/Vault.sol/Vault");
        ICurieSetup(curieVault).initialize(insurance, config, accountBalance, exchange);
        ICurieSetup(insurance).setVault(curieVault);
        ICurieSetup(accountBalance).setVault(curieVault);
        address manager = _create("contracts/CollateralManager.sol/CollateralManager");
        ICurieSetup(manager).initialize(config, curieVault, 5, 750_000, 500_000, 2000, 30_000, 10_000e6, 500e6);
        ICurieSetup(curieVault).setCollateralManager(manager);
        clearingHouse = _create("contracts/ClearingHouse.sol/ClearingHouse");
        ICurieSetup(clearingHouse).initialize(config, curieVault, quote, factory, exchange, accountBalance, insurance);
        address[5] memory parts = [registry, orders, exchange, accountBalance, curieVault];
        for (uint256 i = 0; i < parts.length; i++) {
            ICurieSetup(parts[i]).setClearingHouse(clearingHouse);
        }
        _openMarket(quote, factory, registry);
    }

    function _openMarket(address quote, address factory, address registry) private {
        address pool = ICurieSetup(factory).createPool(base, quote, POOL_FEE);
        ICurieSetup(pool).initialize(uint160(Math.sqrt(uint256(2000) << 192)));
        ICurieSetup(pool).increaseObservationCardinalityNext(500);
        address[2] memory tokens = [quote, base];
        for (uint256 i = 0; i < 2; i++) {
            ICurieSetup(tokens[i]).mintMaximumTo(clearingHouse);
            ICurieSetup(tokens[i]).addWhitelist(clearingHouse);
            ICurieSetup(tokens[i]).addWhitelist(pool);
        }
        ICurieSetup(registry).addPool(base, POOL_FEE);
        ICurieSetup(registry).setFeeRatio(base, 1000);
        ICurieSetup(registry).setInsuranceFundFeeRatio(base, 200_000);
        ICurieSetup(exchange).setMaxTickCrossedWithinBlock(base, 1000);
    }

    /// @dev A maker with 2000 ETH and 4,000,000 USD around 2000; the pool needs half an hour of history first.
    function _stock() private {
        _passHours(1, ETH_PRICE);
        address maker = makeAddr("maker");
        usdx.mint(maker, 5_000_000e6);
        vm.startPrank(maker);
        usdx.approve(curieVault, 5_000_000e6);
        ICurieSetup(curieVault).deposit(address(usdx), 5_000_000e6);
        // Tick of the price 2000, in multiples of the pool's spacing.
        int24 middle = 1266 * 60;
        ICurieSetup(clearingHouse)
            .addLiquidity(
                ICurieSetup.AddLiquidityParams(
                    base, 2000e18, 4_000_000e18, middle - 6000, middle + 6000, 0, 0, false, block.timestamp
                )
            );
        vm.stopPrank();
        _pass(60);
    }

    function _create(string memory artifact) private returns (address) {
        return vm.deployCode(_path(artifact));
    }

    function _path(string memory artifact) private pure returns (string memory) {
        return string.concat(ROOT, artifact, ".json");
    }
}
