import { parseAbi } from "viem";

const ORIGIN = "struct Origin { uint32 srcEid; bytes32 sender; uint64 nonce; }";
const ULN_CONFIG =
  "struct UlnConfig { uint64 confirmations; uint8 requiredDVNCount; uint8 optionalDVNCount; uint8 optionalDVNThreshold; address[] requiredDVNs; address[] optionalDVNs; }";

/** The part of LayerZero's EndpointV2 that tracking needs. */
export const endpointAbi = parseAbi([
  ORIGIN,
  "event PacketSent(bytes encodedPayload, bytes options, address sendLibrary)",
  "event PacketDelivered(Origin origin, address receiver)",
  "event LzReceiveAlert(address indexed receiver, address indexed executor, Origin origin, bytes32 guid, uint256 gas, uint256 value, bytes message, bytes extraData, bytes reason)",
  "event InboundNonceSkipped(uint32 srcEid, bytes32 sender, address receiver, uint64 nonce)",
  "event PacketBurnt(uint32 srcEid, bytes32 sender, address receiver, uint64 nonce, bytes32 payloadHash)",
  "function inboundPayloadHash(address receiver, uint32 srcEid, bytes32 sender, uint64 nonce) view returns (bytes32)",
  "function inboundNonce(address receiver, uint32 srcEid, bytes32 sender) view returns (uint64)",
  "function lazyInboundNonce(address receiver, uint32 srcEid, bytes32 sender) view returns (uint64)",
  "function initializable(Origin origin, address receiver) view returns (bool)",
]);

/** The part of LayerZero's ReceiveUln302 that tracking needs. */
export const receiveUlnAbi = parseAbi([
  ULN_CONFIG,
  "function getUlnConfig(address oapp, uint32 remoteEid) view returns (UlnConfig config)",
  "function hashLookup(bytes32 headerHash, bytes32 payloadHash, address dvn) view returns (bool submitted, uint64 confirmations)",
]);

/** The part of LayerZero's OFT that tracking needs. */
export const oftEventsAbi = parseAbi([
  "event OFTReceived(bytes32 indexed guid, uint32 srcEid, address indexed toAddress, uint256 amountReceivedLD)",
]);
