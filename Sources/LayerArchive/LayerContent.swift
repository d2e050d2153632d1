// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc

/// Why a layer was refused: a sentence that names the entry and the limit or rule.
public struct LayerRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    public var reason: String
    /// Whether nothing is wrong with the layer: the quota or the disk has no room for it.
    public private(set) var lacksRoom = false

    public init(_ reason: String) { self.reason = reason }

    init(room reason: String) {
        self.reason = reason
        lacksRoom = true
    }

    /// A refusal after a system call that failed.
    init(_ reason: String, after number: CInt) {
        self.reason = reason
        lacksRoom = number == ENOSPC || number == EDQUOT
    }

    /// A refusal that an operator can lift.
    init(_ limit: UnpackLimit, _ reason: String) { self.reason = reason + " (swiftlet serve --image-limit \(limit.rawValue)=…)" }
    public var description: String { reason }
}

/// What unpacking made.
public struct LayerContent: Hashable, Sendable {
    public var entries: UInt64 = 0
    /// Bytes of regular files, by the size that they show.
    public var bytes: UInt64 = 0

    public init() {}
}
