// SPDX-License-Identifier: Apache-2.0

import BTF
import ELF

/// What an object expects from kernels, by its symbols and their types (`bpf_object__collect_externs` in libbpf).
struct ExternReader {
    let symbols: [ELFSymbol]
    let types: BTFTypes?

    /// - Returns: The externs in the order of their symbols, and which symbol is which of them.
    func externs() throws(BPFObjectError) -> (externs: [BPFExtern], bySymbol: [Int: Int]) {
        var externs: [BPFExtern] = []
        var bySymbol: [Int: Int] = [:]
        let undefined = symbols.indices.filter { symbols[$0].isExtern && !symbols[$0].name.isEmpty }
        guard !undefined.isEmpty else { return (externs, bySymbol) }
        guard let types else { throw .noTypes(neededFor: "extern '\(symbols[undefined[0]].name)'") }
        let declarations = Declarations(types, of: Set(undefined.map { symbols[$0].name }))
        for index in undefined {
            let symbol = symbols[index]
            guard let id = declarations.byName[symbol.name], let type = types.type(id), type.linkage == .external,
                let section = declarations.sections[id]
            else { throw .unknownExtern(symbol.name, section: nil) }
            bySymbol[index] = externs.count
            externs.append(
                BPFExtern(
                    name: symbol.name,
                    kind: try kind(of: type, in: section, types),
                    isWeak: symbol.binding == .weak,
                    type: id,
                    essentialName: type.name.essential
                )
            )
        }
        return (externs, bySymbol)
    }

    private func kind(of type: BTFType, in section: String, _ types: BTFTypes) throws(BPFObjectError) -> BPFExtern.Kind
    {
        switch section {
        case ".ksyms":
            if type.kind == .function { return .function }
            return types.resolved(type.target ?? 0)?.kind == .void ? .symbol : .typedVariable
        case ".kconfig":
            guard type.kind == .variable, let value = Self.value(of: type.target ?? 0, in: types) else {
                throw .unknownExtern(type.name.text, section: section)
            }
            return .kernelConfiguration(value)
        default: throw .unknownExtern(type.name.text, section: section)
        }
    }

    private static func value(of id: UInt32, in types: BTFTypes) -> BPFExtern.ConfigurationValue? {
        guard let type = types.resolved(id) else { return nil }
        switch type.kind {
        case .integer:
            guard let integer = type.integer, let size = type.ownSize else { return nil }
            if integer.isBoolean { return size == 1 ? .boolean : nil }
            if size == 1 { return .character }
            return [2, 4, 8].contains(size) ? .integer(bytes: size, isSigned: integer.isSigned) : nil
        case .enumeration, .enumeration64:
            guard type.kind == .enumeration64 || type.ownSize == 4 else { return nil }
            return type.name.text == "libbpf_tristate" ? .tristate : nil
        case .array:
            guard let array = type.array, array.count > 0,
                let element = types.resolved(array.element), element.kind == .integer,
                element.ownSize == 1, element.integer?.isBoolean == false
            else { return nil }
            return .string(bytes: array.count)
        default: return nil
        }
    }

    /// Variables and functions of the wanted names, and the section that each is declared in.
    private struct Declarations {
        var byName: [String: UInt32] = [:]
        var sections: [UInt32: String] = [:]

        init(_ types: BTFTypes, of wanted: Set<String>) {
            for id in types.ownIDs {
                guard let type = types.type(id) else { continue }
                switch type.kind {
                case .variable, .function:
                    let name = type.name.text
                    if byName[name] == nil, wanted.contains(name) { byName[name] = id }
                case .dataSection:
                    let name = type.name.text
                    for variable in type.variables where sections[variable.type] == nil {
                        sections[variable.type] = name
                    }
                default: break
                }
            }
        }
    }
}
