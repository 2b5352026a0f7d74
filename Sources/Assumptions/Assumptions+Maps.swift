// SPDX-License-Identifier: Apache-2.0

import BPFObject
import LoaderContract

extension Assumptions {
    /// The map as it is created under these assumptions.
    public func applied(to map: BPFMap) -> BPFMap {
        contract.settings.reduce(map) { map, setting in
            switch setting {
            case .maxEntries(map.name, let count): map.setting(maxEntries: count)
            case .valueSize(map.name, let bytes): map.setting(valueSize: bytes)
            case .innerMaxEntries(map.name, let count): map.setting(innerMaxEntries: count)
            case .innerMap(map.name, let inner): map.setting(inner: MapDefinition(inner))
            default: map
            }
        }
    }
}

extension MapDefinition {
    fileprivate init(_ inner: InnerMap) {
        self.init(
            type: inner.type,
            keySize: inner.keySize,
            valueSize: inner.valueSize,
            maxEntries: inner.maxEntries
        )
    }
}
