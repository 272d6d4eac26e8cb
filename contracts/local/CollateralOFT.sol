// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {OFT} from "@layerzerolabs/oft-evm/contracts/OFT.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

/// @title Collateral token of the local world: a real LayerZero OFT with 6 decimals whose owner mints.
/// @notice Stands in for a stablecoin issuer; not for production.
contract CollateralOFT is OFT {
    constructor(string memory name, string memory symbol, address endpoint, address owner)
        OFT(name, symbol, endpoint, owner)
        Ownable(owner)
    {}

    /// @param amount In this token's units (6 decimals).
    function mint(address to, uint256 amount) external onlyOwner {
        _mint(to, amount);
    }

    function decimals() public pure override returns (uint8) {
        return 6;
    }
}
