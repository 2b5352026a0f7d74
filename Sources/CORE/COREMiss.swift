// SPDX-License-Identifier: Apache-2.0

/// Why a kernel does not have what a relocation asks for.
public enum COREMiss: Sendable, Hashable, CustomStringConvertible {
    /// No type of that name and kind.
    ///
    /// - Parameters:
    ///   - otherKind: what the kernel has under that name, if anything: `union request`.
    ///   - knowsModules: whether the types of modules were asked too, as libbpf does where the kernel itself has none.
    case noType(String, otherKind: String?, knowsModules: Bool)
    /// The struct has no such member.
    ///
    /// - Parameters:
    ///   - path: in the object's words, the member included: `struct request.rq_disk`
    ///   - of: the kernel's struct.
    ///   - similar: members of that struct that may be what it is called now.
    case noMember(String, path: String, of: String, similar: [String])
    /// The member is of a type that can't be read as what the object takes it for.
    case otherMemberType(member: String, wanted: String, found: String)
    /// An element is asked for, and the kernel has no array there.
    case notArray(String, found: String)
    /// The kernel's array is too short.
    case shortArray(String, count: UInt32)
    /// The enumeration has no such value.
    case noEnumerator(String, of: String)
    /// There is a type of that name, and of another kind.
    case otherType(String)

    public var description: String {
        switch self {
        case .noType(let name, let other, let knowsModules):
            "this kernel has no \(name)" + (other.map { "; it has \($0)" } ?? "")
                + (knowsModules ? "" : " (what its modules have is not known)")
        case .noMember(let member, let path, let type, let similar):
            "\(type) has no member \(member) in this kernel (\(path))"
                + (similar.isEmpty ? "" : "; it has \(similar.joined(separator: ", "))")
        case .otherMemberType(let member, let wanted, let found):
            "\(member) is of type '\(found)' in this kernel, which can't be read as '\(wanted)'"
        case .notArray(let path, let found): "\(path): this kernel has no array there, but '\(found)'"
        case .shortArray(let path, let count): "\(path): the array has \(count) elements in this kernel"
        case .noEnumerator(let value, let type): "\(type) has no value \(value) in this kernel"
        case .otherType(let type): "this kernel's \(type) is another kind of type"
        }
    }
}
