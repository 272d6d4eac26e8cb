// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

/// @notice Deploys npm artifacts (Hardhat format) that need library addresses filled into their bytecode.
abstract contract ArtifactLinker is Test {
    error ArtifactLinker_NotCreated(string file);

    /// @param file Path of the artifact.
    /// @param libraries Fully qualified names ("contracts/A.sol:A"), each with its address in `addresses`.
    function _deployLinked(
        string memory file,
        bytes memory arguments,
        string[] memory libraries,
        address[] memory addresses
    ) internal returns (address created) {
        string memory code = vm.parseJsonString(vm.readFile(file), ".bytecode");
        for (uint256 i = 0; i < libraries.length; i++) {
            code = vm.replace(code, _placeholder(libraries[i]), _hex(addresses[i]));
        }
        bytes memory creation = bytes.concat(vm.parseBytes(code), arguments);
        assembly ("memory-safe") {
            created := create(0, add(creation, 0x20), mload(creation))
        }
        if (created == address(0)) revert ArtifactLinker_NotCreated(file);
    }

    /// @dev solc's placeholder: the first 34 hex digits of the name's hash between `__$` and `$__`.
    function _placeholder(string memory library_) private pure returns (string memory) {
        bytes memory digits = bytes(vm.toString(keccak256(bytes(library_))));
        bytes memory cut = new bytes(34);
        for (uint256 i = 0; i < 34; i++) {
            cut[i] = digits[i + 2];
        }
        return string.concat("__$", string(cut), "$__");
    }

    function _hex(address account) private pure returns (string memory) {
        bytes memory digits = bytes(vm.toLowercase(vm.toString(account)));
        bytes memory cut = new bytes(40);
        for (uint256 i = 0; i < 40; i++) {
            cut[i] = digits[i + 2];
        }
        return string(cut);
    }
}
