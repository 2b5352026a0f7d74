// SPDX-License-Identifier: Apache-2.0

/// What loaders change of a map before they create it.
extension BPFMap {
    public func setting(maxEntries: UInt32) -> BPFMap {
        var map = self
        map.definition.maxEntries = maxEntries
        return map
    }

    /// - Parameter valueSize: bytes.
    public func setting(valueSize: UInt32) -> BPFMap {
        var map = self
        map.definition.valueSize = valueSize
        return map
    }

    /// The maps in it are like this one.
    public func setting(inner: MapDefinition) -> BPFMap {
        var map = self
        map.inner = inner
        return map
    }

    /// The maps in it have so many entries; without effect on a map that does not say what its maps are like.
    public func setting(innerMaxEntries: UInt32) -> BPFMap {
        var map = self
        map.inner?.maxEntries = innerMaxEntries
        return map
    }
}
