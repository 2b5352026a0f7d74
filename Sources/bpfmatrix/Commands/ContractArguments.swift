// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// What is set in objects in the place of their loaders.
struct ContractArguments: ParsableArguments {
    @Flag(
        help: ArgumentHelp(
            "Load objects as they are compiled. Without it, what an object leaves to its loader gets a harmless value, and "
                + "cells say so: max_entries 0, an inner map, an attach target. (docs/assumptions.md)"
        )
    )
    var asCompiled = false
}
