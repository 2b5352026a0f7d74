// SPDX-License-Identifier: Apache-2.0

extension KernelProfile {
    /// What a kernel's account comes to.
    ///
    /// - Parameter configuration: the kernel's own, unpacked; nil where it carries none.
    public init(_ account: KernelAccount, configuration: KernelConfiguration?) {
        var gaps = account.gaps
        var types: TypeNames?
        if let information = account.typeInformation {
            do {
                types = try TypeNames(information)
            } catch {
                gaps.append("the kernel's BTF can't be read: \(error)")
            }
        }
        let symbols = account.symbols.map(SymbolList.init)
        let (functions, modules) = Self.functions(account, symbols, types)
        self.functions = functions
        traceEvents = account.traceEvents.map { NameTable(set: KernelText.firstWords(of: $0)) }
        // Either list alone is whole: the symbols where kallsyms has data, the types where there is BTF.
        let tracepoints = (symbols?.rawTracepoints ?? []).union(types?.rawTracepoints ?? [])
        rawTracepoints = tracepoints.isEmpty ? nil : NameTable(set: tracepoints)
        hooks = types.map { NameTable(set: $0.hooks) }
        kfuncs = types?.kfuncs.map { NameTable(set: $0) }
        self.configuration = configuration
        facts = ProfileFacts(
            release: account.release,
            typeCount: types?.count,
            jit: KernelText.firstLine(of: account.jitSetting).flatMap { Int($0) },
            unprivilegedBPFDisabled: KernelText.firstLine(of: account.unprivilegedSetting).flatMap { Int($0) },
            securityModules: KernelText.firstLine(of: account.securityModules)?.split(separator: ",").map(String.init),
            lockdown: KernelText.bracketed(account.lockdown),
            tellsTraceable: account.traceableFunctions != nil,
            tellsProbeBlacklist: account.probeBlacklist != nil,
            programTypes: account.programTypes,
            mapTypes: account.mapTypes,
            helpers: account.helpers,
            instructions: account.instructions,
            modules: modules,
            gaps: gaps
        )
    }

    private static func functions(
        _ account: KernelAccount,
        _ symbols: SymbolList?,
        _ types: TypeNames?
    ) -> (NameTable?, modules: [String]) {
        guard let symbols else { return (nil, []) }
        let modules = Array(
            Set(symbols.functions.values.compactMap(\.module)).sorted().prefix(FunctionCode.mostModules)
        )
        let numbers = Dictionary(uniqueKeysWithValues: modules.enumerated().map { ($0.element, $0.offset + 1) })
        let traceable = KernelText.Traceable(account.traceableFunctions)
        let blacklist = KernelText.Blacklist(account.probeBlacklist)
        // The kernel names one of several that share an address: most system calls are `__x64_sys_getpid` and more.
        let traceableAddresses = Set(
            traceable.kernel.compactMap { name -> UInt64? in
                guard let function = symbols.functions[name], function.count == 1 else { return nil }
                return function.address == 0 ? nil : function.address
            }
        )
        func isTraceable(_ name: String, _ function: SymbolList.Function) -> Bool {
            if function.module != nil { return traceable.modules.contains(name) }
            return traceable.kernel.contains(name) || traceableAddresses.contains(function.address)
        }
        func isBlacklisted(_ name: String, _ function: SymbolList.Function) -> Bool {
            blacklist.names.contains(name) || blacklist.addresses.contains(function.address)
        }
        var entries: [String: UInt32] = [:]
        entries.reserveCapacity(symbols.functions.count)
        for (name, function) in symbols.functions {
            var code = FunctionCode(properties: .symbol, module: function.module.flatMap { numbers[$0] } ?? 0)
            if isTraceable(name, function) { code.properties.insert(.traceable) }
            if isBlacklisted(name, function) { code.properties.insert(.blacklisted) }
            // Of `f.cold` the kernel looks at `f` too.
            if let dot = name.firstIndex(of: ".") {
                let wholeName = String(name[..<dot])
                let whole = symbols.functions[wholeName] ?? SymbolList.Function()
                if isTraceable(wholeName, whole) { code.properties.insert(.partOfTraceable) }
                if isBlacklisted(wholeName, whole) { code.properties.insert(.blacklisted) }
            }
            if function.count > 1 { code.properties.insert(.ambiguous) }
            if function.module == nil, types?.functions.contains(name) == true { code.properties.insert(.typed) }
            entries[name] = code.number
        }
        return (NameTable(entries), modules)
    }
}

extension NameTable {
    init(set names: some Sequence<String>) {
        self.init(Dictionary(names.map { ($0, 0) }, uniquingKeysWith: { one, _ in one }))
    }
}
