// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import LinuxSystem

/// The path of an entry below the layer's root, byte for byte, without `.`, doubled slashes and a leading slash.
struct EntryPath: Hashable {
    /// The folder of the entry; empty for the root.
    let folder: [UInt8]
    /// The last part; empty where the entry is the root itself.
    let name: [UInt8]

    var isRoot: Bool { name.isEmpty }
    /// All of it, as it is opened below the root.
    var bytes: [UInt8] { folder.isEmpty ? name : folder + [UInt8(ascii: "/")] + name }

    /// - Parameter what: how errors call it, for example `entry`.
    init(_ raw: UnsafeRawBufferPointer, what: String, limits: UnpackLimits) throws(LayerRefusal) {
        guard raw.count <= limits[.path] else {
            throw LayerRefusal(.path, "\(what) \(quoted(raw)): its path has \(raw.count) bytes, the limit is \(limits[.path])")
        }
        var folder: [UInt8] = []
        var name: [UInt8] = []
        var depth = 0
        for part in raw.split(separator: UInt8(ascii: "/")) {
            if part.elementsEqual([UInt8(ascii: ".")]) { continue }
            if part.elementsEqual([UInt8(ascii: "."), UInt8(ascii: ".")]) {
                throw LayerRefusal("\(what) \(quoted(raw)): '..' in a path leads out of the layer")
            }
            guard part.count <= 255 else {
                throw LayerRefusal("\(what) \(quoted(raw)): a name in it has \(part.count) bytes, the limit is 255")
            }
            if !name.isEmpty { folder = folder.isEmpty ? name : folder + [UInt8(ascii: "/")] + name }
            name = Array(part)
            depth += 1
        }
        guard depth <= limits[.depth] + 1 else {
            throw LayerRefusal(.depth, "\(what) \(quoted(raw)): it lies \(depth - 1) folders deep, the limit is \(limits[.depth])")
        }
        self.folder = folder
        self.name = name
    }
}

/// Bytes as a name for the kernel.
func byteName(_ bytes: some Sequence<UInt8>) -> ByteName { bytes.map { CChar(bitPattern: $0) } + [0] }

/// Bytes for an error message: at most 200 of them, and nothing that would upset a terminal.
func quoted(_ bytes: some Collection<UInt8>) -> String {
    let text = String(decoding: bytes.prefix(200), as: UTF8.self).unicodeScalars.map { scalar in
        scalar.value < 32 || (127..<160).contains(scalar.value) ? "?" : String(scalar)
    }
    return "'" + text.joined() + (bytes.count > 200 ? "…'" : "'")
}
