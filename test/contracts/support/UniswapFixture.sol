// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {UniswapV3Adapter} from "riskshard/venues/UniswapV3Adapter.sol";
import {IUniswapV3Router, TwapGuard} from "riskshard/interfaces/IUniswapV3.sol";
import {LocalToken} from "riskshard-local/LocalToken.sol";
import {Actions, Mandate, SwapExactOutputParams, SwapParams} from "riskshard/types/Mandate.sol";
import {ShardFixture} from "./ShardFixture.sol";

interface IPositionManager {
    struct MintParams {
        address token0;
        address token1;
        uint24 fee;
        int24 tickLower;
        int24 tickUpper;
        uint256 amount0Desired;
        uint256 amount1Desired;
        uint256 amount0Min;
        uint256 amount1Min;
        address recipient;
        uint256 deadline;
    }

    function createAndInitializePoolIfNecessary(address token0, address token1, uint24 fee, uint160 sqrtPriceX96)
        external
        payable
        returns (address pool);
    function mint(MintParams calldata params) external payable returns (uint256, uint128, uint256, uint256);
}

interface IPoolState {
    function slot0() external view returns (uint160, int24 tick, uint16, uint16, uint16, uint8, bool);
}

/// @notice The shard of {ShardFixture} with the unmodified Uniswap v3 contracts and one pool of 500 WETH and 1,000,000 USDX.
abstract contract UniswapFixture is ShardFixture {
    string private constant CORE = "node_modules/@uniswap/v3-core/artifacts/contracts/";
    string private constant PERIPHERY = "node_modules/@uniswap/v3-periphery/artifacts/contracts/";
    uint24 internal constant FEE = 500;

    address internal uniswapFactory;
    address internal swapRouter;
    address internal quoterV2;
    IPositionManager internal positions;
    address internal pool;
    UniswapV3Adapter internal adapter;

    function setUp() public virtual override {
        super.setUp();
        bytes memory arguments;
        uniswapFactory = vm.deployCode(string.concat(CORE, "UniswapV3Factory.sol/UniswapV3Factory.json"));
        arguments = abi.encode(uniswapFactory, address(weth));
        swapRouter = vm.deployCode(string.concat(PERIPHERY, "SwapRouter.sol/SwapRouter.json"), arguments);
        quoterV2 = vm.deployCode(string.concat(PERIPHERY, "lens/QuoterV2.sol/QuoterV2.json"), arguments);
        arguments = abi.encode(uniswapFactory, address(weth), address(weth));
        positions = IPositionManager(
            vm.deployCode(
                string.concat(PERIPHERY, "NonfungiblePositionManager.sol/NonfungiblePositionManager.json"), arguments
            )
        );
        // The pool has a past, so that its mean price is known.
        vm.warp(START - 600);
        pool = _createPool(weth, 500e18, usdx, 1_000_000e6);
        vm.warp(START);
        address[] memory pools = new address[](1);
        pools[0] = pool;
        adapter = new UniswapV3Adapter(IUniswapV3Router(swapRouter), admin, _guard(), pools);
        vm.prank(admin);
        vault.setVenue(address(adapter), true);
    }

    function _guard() internal pure returns (TwapGuard memory) {
        return TwapGuard({windowSeconds: 60, maxDeviationTicks: 80, observations: 120});
    }

    /// @dev Price and liquidity from the amounts, within 6000 ticks on either side.
    function _createPool(LocalToken tokenA, uint256 amountA, LocalToken tokenB, uint256 amountB)
        internal
        returns (address created)
    {
        if (address(tokenA) > address(tokenB)) {
            (tokenA, amountA, tokenB, amountB) = (tokenB, amountB, tokenA, amountA);
        }
        uint160 sqrtPrice = uint160(Math.sqrt(Math.mulDiv(amountB, 1 << 192, amountA)));
        created = positions.createAndInitializePoolIfNecessary(address(tokenA), address(tokenB), FEE, sqrtPrice);
        tokenA.mint(address(this), amountA);
        tokenB.mint(address(this), amountB);
        tokenA.approve(address(positions), amountA);
        tokenB.approve(address(positions), amountB);
        (, int24 tick,,,,,) = IPoolState(created).slot0();
        int24 middle = (tick / 10) * 10;
        positions.mint(
            IPositionManager.MintParams({
                token0: address(tokenA),
                token1: address(tokenB),
                fee: FEE,
                tickLower: middle - 6000,
                tickUpper: middle + 6000,
                amount0Desired: amountA,
                amount1Desired: amountB,
                amount0Min: 0,
                amount1Min: 0,
                recipient: address(this),
                deadline: block.timestamp
            })
        );
    }

    /// @dev Buy WETH for `amountIn` USDX at no worse than 0.8 % from the feed.
    function _buyWeth(uint256 amountIn) internal view returns (SwapParams memory) {
        return SwapParams({
            venue: address(adapter),
            pool: pool,
            assetIn: address(usdx),
            assetOut: address(weth),
            amountIn: amountIn,
            minAmountOut: amountIn * 1e12 / 2000 * 992 / 1000,
            minCapitalAfter: 0
        });
    }

    function _swap(bytes32 jobId, SwapParams memory params) internal {
        Mandate memory mandate = _mandate(jobId, Actions.SWAP, _hash(params));
        vault.executeSwap(mandate, params, _sign(mandate));
    }

    /// @dev Buy `amountOut` WETH for at most 0.8 % more than the feed says.
    function _buyExactWeth(uint256 amountOut) internal view returns (SwapExactOutputParams memory) {
        return SwapExactOutputParams({
            venue: address(adapter),
            pool: pool,
            assetIn: address(usdx),
            assetOut: address(weth),
            amountOut: amountOut,
            maxAmountIn: amountOut * 2000 / 1e12 * 1008 / 1000,
            minCapitalAfter: 0
        });
    }

    function _swap(bytes32 jobId, SwapExactOutputParams memory params) internal {
        Mandate memory mandate = _mandate(jobId, Actions.SWAP_EXACT_OUTPUT, _hash(params));
        vault.executeSwapExactOutput(mandate, params, _sign(mandate));
    }
}
