// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILyraOptionMarket, ILyraViewer} from "../interfaces/ILyraV1.sol";
import {IPriceFeed} from "../interfaces/IPriceFeed.sol";
import {IVenueAdapter} from "../interfaces/IVenueAdapter.sol";

/// @param viewer Lyra's OptionMarketViewer, which knows the contracts of the market.
/// @param market Lyra's OptionMarket.
/// @param blackScholes Lyra's BlackScholes library.
/// @param underlying Vault asset the market is about.
/// @param quoteFeed USD price of what the market is paid in, 8 decimals.
/// @param swapVenue Spot adapter that changes the settlement asset into the market's quote token and back, in `swapPool`.
/// @param feeBps What Lyra's fees may cost on one option, in basis points of spot.
/// @param meanSeconds Time over which the mean of Lyra's volatility is taken, and for which a strike must be known.
struct LyraSetup {
    ILyraViewer viewer;
    ILyraOptionMarket market;
    address blackScholes;
    address underlying;
    IPriceFeed quoteFeed;
    IVenueAdapter swapVenue;
    address swapPool;
    uint16 feeBps;
    uint32 meanSeconds;
}
