// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Vm} from "forge-std/Vm.sol";
import {CollateralOFT} from "riskshard-local/CollateralOFT.sol";
import {ShardFixture} from "./ShardFixture.sol";

struct Origin {
    uint32 srcEid;
    bytes32 sender;
    uint64 nonce;
}

struct UlnConfig {
    uint64 confirmations;
    uint8 requiredDVNCount;
    uint8 optionalDVNCount;
    uint8 optionalDVNThreshold;
    address[] requiredDVNs;
    address[] optionalDVNs;
}

struct UlnConfigOf {
    uint32 eid;
    UlnConfig config;
}

struct ExecutorConfig {
    uint32 maxMessageSize;
    address executor;
}

struct ExecutorConfigOf {
    uint32 eid;
    ExecutorConfig config;
}

struct ExecutorDestination {
    uint32 dstEid;
    uint64 lzReceiveBaseGas;
    uint64 lzComposeBaseGas;
    uint16 multiplierBps;
    uint128 floorMarginUSD;
    uint128 nativeCap;
}

struct DvnDestination {
    uint32 dstEid;
    uint64 gas;
    uint16 multiplierBps;
    uint128 floorMarginUSD;
}

struct Price {
    uint128 priceRatio;
    uint64 gasPriceInUnit;
    uint32 gasPerByte;
}

struct PriceOf {
    uint32 eid;
    Price price;
}

interface IEndpoint {
    function registerLibrary(address lib) external;
    function setDefaultSendLibrary(uint32 eid, address lib) external;
    function setDefaultReceiveLibrary(uint32 eid, address lib, uint256 gracePeriod) external;
    function lzReceive(Origin calldata origin, address receiver, bytes32 guid, bytes calldata message, bytes calldata)
        external
        payable;
}

interface IUln {
    function setTreasury(address treasury) external;
    function setDefaultUlnConfigs(UlnConfigOf[] calldata params) external;
    function setDefaultExecutorConfigs(ExecutorConfigOf[] calldata params) external;
    function verify(bytes calldata header, bytes32 payloadHash, uint64 confirmations) external;
    function commitVerification(bytes calldata header, bytes32 payloadHash) external;
}

interface IPriceFeedLz {
    function initialize(address updater) external;
    function setPrice(PriceOf[] calldata prices) external;
    function setNativeTokenPriceUSD(uint128 price) external;
}

interface IExecutorLz {
    function initialize(address, address, address[] calldata, address, address, address[] calldata) external;
    function setWorkerFeeLib(address lib) external;
    function setDstConfig(ExecutorDestination[] calldata params) external;
}

interface IDvn {
    function setWorkerFeeLib(address lib) external;
    function setDstConfig(DvnDestination[] calldata params) external;
}

/// @notice Two "chains" in one EVM, told apart by endpoint id, each with the unmodified LayerZero V2 contracts: endpoint,
/// send and receive library, executor, price feed, treasury and two required DVNs. The test plays the workers.
abstract contract LayerZeroFixture is ShardFixture {
    string private constant PROTOCOL = "node_modules/@layerzerolabs/lz-evm-protocol-v2/artifacts/contracts/";
    string private constant MESSAGELIB = "node_modules/@layerzerolabs/lz-evm-messagelib-v2/artifacts/contracts/";
    uint32 internal constant EID_A = 30_101;
    uint32 internal constant EID_B = 30_110;
    uint64 private constant CONFIRMATIONS = 15;
    bytes32 private constant PACKET_SENT = keccak256("PacketSent(bytes,bytes,address)");

    struct Stack {
        uint32 eid;
        address endpoint;
        address sendUln;
        address receiveUln;
        address[] dvns;
        CollateralOFT token;
    }

    Stack internal stackA;
    Stack internal stackB;

    function _deployLayerZero() internal {
        _deployStack(stackA, EID_A, EID_B);
        _deployStack(stackB, EID_B, EID_A);
        stackA.token.setPeer(EID_B, _padded(address(stackB.token)));
        stackB.token.setPeer(EID_A, _padded(address(stackA.token)));
    }

    /// @dev Verify, commit and execute the last packet that was sent; needs `vm.recordLogs()` before the send.
    function _deliver(Stack storage target) internal returns (bytes32 guid) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = logs.length; i > 0; i--) {
            if (logs[i - 1].topics[0] != PACKET_SENT) continue;
            (bytes memory packet,,) = abi.decode(logs[i - 1].data, (bytes, bytes, address));
            return this.deliverPacket(packet, target.endpoint, target.receiveUln, target.dvns);
        }
        revert("no packet was sent");
    }

    /// @dev External so that the packet is calldata and can be sliced.
    function deliverPacket(bytes calldata packet, address endpoint, address uln, address[] calldata dvns)
        external
        returns (bytes32 guid)
    {
        bytes calldata header = packet[:81];
        bytes32 payloadHash = keccak256(packet[81:]);
        for (uint256 i = 0; i < dvns.length; i++) {
            vm.prank(dvns[i]);
            IUln(uln).verify(header, payloadHash, CONFIRMATIONS);
        }
        IUln(uln).commitVerification(header, payloadHash);
        Origin memory origin = Origin(uint32(bytes4(packet[9:13])), bytes32(packet[13:45]), uint64(bytes8(packet[1:9])));
        guid = bytes32(packet[81:113]);
        IEndpoint(endpoint).lzReceive(origin, address(bytes20(packet[61:81])), guid, packet[113:], "");
    }

    function _padded(address account) internal pure returns (bytes32) {
        return bytes32(uint256(uint160(account)));
    }

    function _deployStack(Stack storage stack, uint32 eid, uint32 remoteEid) private {
        stack.eid = eid;
        stack.endpoint = _deploy(PROTOCOL, "EndpointV2.sol/EndpointV2.json", abi.encode(eid, address(this)));
        bytes memory arguments = abi.encode(stack.endpoint, 200_000, 1e16);
        stack.sendUln = _deploy(MESSAGELIB, "uln/uln302/SendUln302.sol/SendUln302.json", arguments);
        arguments = abi.encode(stack.endpoint);
        stack.receiveUln = _deploy(MESSAGELIB, "uln/uln302/ReceiveUln302.sol/ReceiveUln302.json", arguments);
        IEndpoint(stack.endpoint).registerLibrary(stack.sendUln);
        IEndpoint(stack.endpoint).registerLibrary(stack.receiveUln);
        IUln(stack.sendUln).setTreasury(_deploy(MESSAGELIB, "Treasury.sol/Treasury.json", ""));
        address priceFeed = _deployPriceFeed(remoteEid);
        address executor = _deployExecutor(stack, remoteEid, priceFeed);
        _deployDvns(stack, remoteEid, priceFeed);
        _configure(stack, remoteEid, executor);
        stack.token = new CollateralOFT("USD collateral", "USDX", stack.endpoint, address(this));
    }

    function _deployPriceFeed(uint32 remoteEid) private returns (address feed) {
        feed = _deploy(MESSAGELIB, "PriceFeed.sol/PriceFeed.json", "");
        IPriceFeedLz(feed).initialize(address(this));
        PriceOf[] memory prices = new PriceOf[](1);
        // Keyed by the V1 id; without a price every quote would be 0.
        prices[0] = PriceOf(remoteEid % 30_000, Price(1e20, 1e9, 16));
        IPriceFeedLz(feed).setPrice(prices);
        IPriceFeedLz(feed).setNativeTokenPriceUSD(3000e20);
    }

    function _deployExecutor(Stack storage stack, uint32 remoteEid, address priceFeed)
        private
        returns (address deployed)
    {
        bytes memory arguments = abi.encode(stack.eid, 1e18);
        address feeLib = _deploy(MESSAGELIB, "ExecutorFeeLib.sol/ExecutorFeeLib.json", arguments);
        deployed = _deploy(MESSAGELIB, "Executor.sol/Executor.json", "");
        address[] memory self = _one(address(this));
        IExecutorLz(deployed)
            .initialize(stack.endpoint, address(0), _one(stack.sendUln), priceFeed, address(this), self);
        IExecutorLz(deployed).setWorkerFeeLib(feeLib);
        ExecutorDestination[] memory params = new ExecutorDestination[](1);
        params[0] = ExecutorDestination(remoteEid, 50_000, 50_000, 12_000, 0, 1e18);
        IExecutorLz(deployed).setDstConfig(params);
    }

    function _deployDvns(Stack storage stack, uint32 remoteEid, address priceFeed) private {
        bytes memory arguments = abi.encode(stack.eid, 1e18);
        address feeLib = _deploy(MESSAGELIB, "uln/dvn/DVNFeeLib.sol/DVNFeeLib.json", arguments);
        DvnDestination[] memory params = new DvnDestination[](1);
        params[0] = DvnDestination(remoteEid, 150_000, 12_000, 0);
        for (uint256 i = 0; i < 2; i++) {
            address[] memory signers = _one(vm.addr(1000 + i));
            arguments = abi.encode(
                stack.eid, stack.eid % 30_000, _one(stack.sendUln), priceFeed, signers, uint64(1), _one(address(this))
            );
            address dvn = _deploy(MESSAGELIB, "uln/dvn/DVN.sol/DVN.json", arguments);
            IDvn(dvn).setWorkerFeeLib(feeLib);
            IDvn(dvn).setDstConfig(params);
            stack.dvns.push(dvn);
        }
        if (stack.dvns[0] > stack.dvns[1]) (stack.dvns[0], stack.dvns[1]) = (stack.dvns[1], stack.dvns[0]);
    }

    function _configure(Stack storage stack, uint32 remoteEid, address executor) private {
        UlnConfigOf[] memory uln = new UlnConfigOf[](1);
        uln[0] = UlnConfigOf(remoteEid, UlnConfig(CONFIRMATIONS, 2, 0, 0, stack.dvns, new address[](0)));
        ExecutorConfigOf[] memory executors = new ExecutorConfigOf[](1);
        executors[0] = ExecutorConfigOf(remoteEid, ExecutorConfig(10_000, executor));
        IUln(stack.sendUln).setDefaultUlnConfigs(uln);
        IUln(stack.sendUln).setDefaultExecutorConfigs(executors);
        IUln(stack.receiveUln).setDefaultUlnConfigs(uln);
        IEndpoint(stack.endpoint).setDefaultSendLibrary(remoteEid, stack.sendUln);
        IEndpoint(stack.endpoint).setDefaultReceiveLibrary(remoteEid, stack.receiveUln, 0);
    }

    function _one(address account) private pure returns (address[] memory list) {
        list = new address[](1);
        list[0] = account;
    }

    function _deploy(string memory folder, string memory file, bytes memory arguments) private returns (address) {
        return vm.deployCode(string.concat(folder, file), arguments);
    }
}
