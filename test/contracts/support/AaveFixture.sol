// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAaveV3Pool} from "riskshard/interfaces/IAaveV3.sol";
import {LendMoveParams} from "riskshard/types/Mandate.sol";
import {AaveV3Adapter} from "riskshard/venues/AaveV3Adapter.sol";
import {ArtifactLinker} from "./ArtifactLinker.sol";
import {DeskFixture} from "./DeskFixture.sol";

interface IAaveAdmin {
    struct Reserve {
        address aTokenImpl;
        address stableDebtTokenImpl;
        address variableDebtTokenImpl;
        uint8 underlyingAssetDecimals;
        address interestRateStrategyAddress;
        address underlyingAsset;
        address treasury;
        address incentivesController;
        string aTokenName;
        string aTokenSymbol;
        string variableDebtTokenName;
        string variableDebtTokenSymbol;
        string stableDebtTokenName;
        string stableDebtTokenSymbol;
        bytes params;
    }

    function setACLAdmin(address admin) external;
    function setACLManager(address manager) external;
    function addPoolAdmin(address admin) external;
    function addAssetListingAdmin(address admin) external;
    function addRiskAdmin(address admin) external;
    function setPoolImpl(address implementation) external;
    function setPoolConfiguratorImpl(address implementation) external;
    function getPool() external view returns (address);
    function getPoolConfigurator() external view returns (address);
    function setPriceOracle(address oracle) external;
    function setPoolDataProvider(address provider) external;
    function initReserves(Reserve[] calldata reserves) external;
    function configureReserveAsCollateral(address asset, uint256 ltv, uint256 threshold, uint256 bonus) external;
    function setReserveBorrowing(address asset, bool enabled) external;
    function setReservePause(address asset, bool paused) external;
}

interface IAaveBorrower {
    function borrow(address asset, uint256 amount, uint256 rateMode, uint16 referralCode, address onBehalfOf) external;
}

/// @notice The shard of {ShardFixture} with the unmodified Aave v3 contracts, reserves of USDX and WETH, a venue desk and
/// the vault's account at Aave.
abstract contract AaveFixture is DeskFixture, ArtifactLinker {
    string private constant ROOT = "node_modules/@aave/core-v3/artifacts/contracts/";
    string private constant LOGIC = "protocol/libraries/logic/";

    AaveV3Adapter internal account;
    IAaveV3Pool internal aave;
    IAaveAdmin internal configurator;
    IAaveAdmin private provider;
    string[] private libraryNames;
    address[] private libraries;

    function setUp() public virtual override {
        super.setUp();
        _deployAave();
        _openDesk();
        account = new AaveV3Adapter(desk, aave);
        _allowAccount(account, VENUE_CAP);
    }

    function _supply(uint256 amount) internal view returns (LendMoveParams memory) {
        return _lendMove(address(usdx), int256(amount), amount);
    }

    function _lendMove(address asset, int256 amount, uint256 minReceipt) internal view returns (LendMoveParams memory) {
        return LendMoveParams({
            venue: address(account),
            asset: asset,
            amount: amount,
            minReceipt: minReceipt,
            minHealthFactor: 1.5e18,
            minCapitalAfter: 0
        });
    }

    function _deployAave() private {
        string[6] memory names =
            ["BorrowLogic", "BridgeLogic", "EModeLogic", "LiquidationLogic", "PoolLogic", "SupplyLogic"];
        for (uint256 i = 0; i < names.length; i++) {
            _addLibrary(names[i]);
        }
        _addLibrary("ConfiguratorLogic");
        _addLibrary("FlashLoanLogic");
        provider = IAaveAdmin(
            _create("protocol/configuration/PoolAddressesProvider.sol/PoolAddressesProvider", abi.encode("Local", this))
        );
        provider.setACLAdmin(address(this));
        IAaveAdmin acl = IAaveAdmin(_create("protocol/configuration/ACLManager.sol/ACLManager", abi.encode(provider)));
        provider.setACLManager(address(acl));
        acl.addPoolAdmin(address(this));
        acl.addAssetListingAdmin(address(this));
        acl.addRiskAdmin(address(this));
        provider.setPoolImpl(_create("protocol/pool/Pool.sol/Pool", abi.encode(provider)));
        provider.setPoolConfiguratorImpl(_create("protocol/pool/PoolConfigurator.sol/PoolConfigurator", ""));
        aave = IAaveV3Pool(provider.getPool());
        configurator = IAaveAdmin(provider.getPoolConfigurator());
        _setOracle();
        _openReserves();
    }

    function _setOracle() private {
        address[] memory assets = new address[](2);
        (assets[0], assets[1]) = (address(weth), address(usdx));
        address[] memory feeds = new address[](2);
        (feeds[0], feeds[1]) = (address(ethFeed), address(usdxFeed));
        bytes memory arguments = abi.encode(provider, assets, feeds, address(0), address(0), 1e8);
        provider.setPriceOracle(_create("misc/AaveOracle.sol/AaveOracle", arguments));
        bytes memory providerOnly = abi.encode(provider);
        provider.setPoolDataProvider(
            _create("misc/AaveProtocolDataProvider.sol/AaveProtocolDataProvider", providerOnly)
        );
    }

    function _openReserves() private {
        IAaveAdmin.Reserve[] memory reserves = new IAaveAdmin.Reserve[](2);
        reserves[0] = _reserve(address(weth), 18);
        reserves[1] = _reserve(address(usdx), 6);
        configurator.initReserves(reserves);
        configurator.configureReserveAsCollateral(address(weth), 8000, 8250, 10_500);
        configurator.configureReserveAsCollateral(address(usdx), 7700, 8000, 10_500);
        configurator.setReserveBorrowing(address(weth), true);
        configurator.setReserveBorrowing(address(usdx), true);
    }

    function _reserve(address asset, uint8 decimals) private returns (IAaveAdmin.Reserve memory reserve) {
        bytes memory poolOnly = abi.encode(aave);
        reserve.aTokenImpl = _create("protocol/tokenization/AToken.sol/AToken", poolOnly);
        reserve.variableDebtTokenImpl =
            _create("protocol/tokenization/VariableDebtToken.sol/VariableDebtToken", poolOnly);
        reserve.stableDebtTokenImpl = _create("protocol/tokenization/StableDebtToken.sol/StableDebtToken", poolOnly);
        reserve.underlyingAssetDecimals = decimals;
        reserve.underlyingAsset = asset;
        reserve.treasury = address(this);
        bytes memory rates = abi.encode(0.8e27, 0, 0.04e27, 0.75e27, 0.005e27, 0.75e27, 0.01e27, 0.08e27, 0.2e27);
        reserve.interestRateStrategyAddress = _create(
            "protocol/pool/DefaultReserveInterestRateStrategy.sol/DefaultReserveInterestRateStrategy",
            bytes.concat(abi.encode(provider), rates)
        );
        (reserve.aTokenName, reserve.aTokenSymbol) = ("a", "a");
        (reserve.variableDebtTokenName, reserve.variableDebtTokenSymbol) = ("v", "v");
        (reserve.stableDebtTokenName, reserve.stableDebtTokenSymbol) = ("s", "s");
    }

    function _addLibrary(string memory name) private {
        address created = _create(string.concat(LOGIC, name, ".sol/", name), "");
        libraryNames.push(string.concat("contracts/", LOGIC, name, ".sol:", name));
        libraries.push(created);
    }

    function _create(string memory artifact, bytes memory arguments) private returns (address) {
        return _deployLinked(string.concat(ROOT, artifact, ".json"), arguments, libraryNames, libraries);
    }
}
