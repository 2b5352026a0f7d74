// SPDX-License-Identifier: Apache-2.0

import Testing

/// Tests that boot real kernels, one test after the other: guests of several at once would starve each other.
@Suite(.serialized)
enum RealKernels {}
