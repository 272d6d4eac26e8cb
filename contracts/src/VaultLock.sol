// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title One lock over everything that moves value, held for one call or for one venue action of several calls.
/// @dev Transient: whatever happens, the lock is open again in the next transaction.
abstract contract VaultLock {
    uint8 private constant OPEN = 0;
    uint8 private constant CALL = 1;
    uint8 private constant VENUE_ACTION = 2;

    uint8 private transient state;

    error VaultLock_Locked();
    error VaultLock_NoVenueAction();

    modifier nonReentrant() {
        _enter(CALL);
        _;
        state = OPEN;
    }

    function _beginVenueAction() internal {
        _enter(VENUE_ACTION);
    }

    function _requireVenueAction() internal view {
        if (state != VENUE_ACTION) revert VaultLock_NoVenueAction();
    }

    function _endVenueAction() internal {
        state = OPEN;
    }

    function _enter(uint8 next) private {
        if (state != OPEN) revert VaultLock_Locked();
        state = next;
    }
}
