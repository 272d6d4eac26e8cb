// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Rolling cap that forgets linearly.
/// @notice A bucket of size `cap` drains by `cap` per `windowSeconds`. Over any span of `t` seconds at most
/// `cap + cap * t / windowSeconds` can be added, so at most twice the cap in any one window.
library LeakyBucket {
    /// @param level What has not drained yet, in the unit of the cap.
    /// @param updatedAt Unix second at which `level` was true.
    // Slot 0: 24 + 8 = 32 bytes.
    struct Bucket {
        uint192 level;
        uint64 updatedAt;
    }

    /// @notice Level at `nowSeconds`; the drained part is rounded down, so the level is rounded up.
    function levelAt(Bucket storage bucket, uint256 cap, uint256 windowSeconds, uint256 nowSeconds)
        internal
        view
        returns (uint256)
    {
        uint256 level = bucket.level;
        uint256 elapsedSeconds = nowSeconds - bucket.updatedAt;
        if (elapsedSeconds >= windowSeconds) elapsedSeconds = windowSeconds;
        uint256 drained = windowSeconds == 0 ? level : cap * elapsedSeconds / windowSeconds;
        return drained >= level ? 0 : level - drained;
    }

    /// @notice Add `amount`. The caller refuses when `fits` is false; nothing is written then.
    /// @return fits Whether the level with `amount` stays within `cap`.
    /// @return level The level with `amount`.
    function add(Bucket storage bucket, uint256 amount, uint256 cap, uint256 windowSeconds)
        internal
        returns (bool fits, uint256 level)
    {
        uint256 before = levelAt(bucket, cap, windowSeconds, block.timestamp);
        if (amount > type(uint192).max - before) return (false, type(uint256).max);
        level = before + amount;
        if (level > cap) return (false, level);
        // Safe: level <= type(uint192).max was checked above.
        bucket.level = uint192(level);
        bucket.updatedAt = uint64(block.timestamp);
        return (true, level);
    }
}
