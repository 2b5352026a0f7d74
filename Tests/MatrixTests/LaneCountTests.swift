// SPDX-License-Identifier: Apache-2.0

import HostResources
import Testing

@testable import Matrix

@Suite struct LaneCountTests {
    @Test(
        "there is one guest for each processor, as far as memory goes, unless the user decides",
        arguments: [
            (nil, 64 << 10, 4, 4), (nil, 1700, 4, 2), (nil, 100, 4, 1), (nil, nil, 4, 4), (nil, 64 << 10, 1, 1),
            (3, 100, 1, 3),
        ] as [(Int?, Int?, Int, Int)]
    )
    func lanes(jobs: Int?, memory: Int?, processors: Int, expected: Int) {
        let host = HostResources(availableMemory: memory, processors: processors)
        #expect(RunOptions(jobs: jobs).lanes(on: host) == expected)
    }

    @Test(
        "a larger guest has a power of two of MiB, up to half of what is free",
        arguments: [
            (nil, 64 << 10, 8192), (nil, 20000, 8192), (nil, 15000, 4096), (nil, 2048, 1024), (nil, 2047, nil),
            (nil, nil, nil),
            (512, 64 << 10, nil),
        ] as [(Int?, Int?, Int?)]
    )
    func larger(memory: Int?, free: Int?, expected: Int?) {
        let host = HostResources(availableMemory: free, processors: 1)
        #expect(RunOptions(memory: memory).largerMemory(on: host) == expected)
    }
}
