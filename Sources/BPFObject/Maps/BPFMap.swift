// SPDX-License-Identifier: Apache-2.0

import BTF

/// A map that libbpf creates for an object.
public struct BPFMap: Sendable, Hashable {
    /// Where it comes from.
    public enum Origin: Sendable, Hashable {
        /// A variable in `.maps`.
        case declared
        /// A section of global variables, or of constants: `.data`, `.bss`, `.rodata`, and custom ones such as `.data.x`.
        case data
        /// The values of the kernel's configuration that the object asks for.
        case kernelConfiguration
        /// A variable in `.struct_ops`: a table of functions that the kernel calls; its value's type has the kernel's name.
        case structOps
    }

    /// Of the variable, or the section: libbpf puts the object's name before that of a section.
    public let name: String
    public let origin: Origin
    public internal(set) var definition: MapDefinition
    /// What each of its maps is like; nil where it holds none, or its loader has to set one.
    public internal(set) var inner: MapDefinition?
    /// What it holds from the start: maps, programs, or the functions of a `struct_ops`.
    public internal(set) var initialValues: [InitialValue] = []
    /// False where a loader is to leave it out unless told otherwise (`SEC("?.struct_ops")`).
    public internal(set) var isCreated = true

    /// One value, set by a relocation in the map's definition.
    public struct InitialValue: Sendable, Hashable {
        /// Its number; of a `struct_ops`, the position of the member.
        public let index: Int
        /// The member of a `struct_ops`.
        public let member: String?
        /// The map or program that stands there.
        public let name: String
    }
}

/// An object's maps, to be asked which is where.
struct MapTable {
    var maps: [BPFMap] = []
    /// Of declared maps, by where their variable is.
    var declared: [Place: Int] = [:]
    /// Of global data, by its section.
    var data: [Int: Int] = [:]

    struct Place: Hashable {
        let section: Int
        /// Bytes from the section's beginning.
        let offset: Int
    }

    func map(section: Int, offset: Int) -> Int? { declared[Place(section: section, offset: offset)] }

    func dataMap(section: Int) -> Int? { data[section] }
}
