// SPDX-License-Identifier: Apache-2.0
import CUnpackStart
import Glibc
import LayerArchive
import LinuxSystem

// Unpacks one layer. The launcher starts it confined; it may be run by hand as root too:
//
//     swiftlet-unpack TARGET OFFSET LENGTH none|gzip|zstd|zip ID 0<layer 3>result
//
// 0 is the blob, of which LENGTH bytes from OFFSET on are read; TARGET is an empty folder; ID is the diff id of a tar, or the tree of a zip. On success a line "ok ENTRIES BYTES" goes to 3,
// after everything is on disk; otherwise a sentence goes to 2 and the exit status is 1.

func run(_ arguments: [String]) throws {
    guard arguments.count == 6, unpack_argument(6) == nil, let offset = UInt64(arguments[2]), let length = UInt64(arguments[3]),
        let encoding = arguments[4] == "zip" ? LayerEncoding.none : LayerEncoding(rawValue: arguments[4])
    else { throw LayerRefusal("usage: swiftlet-unpack TARGET OFFSET LENGTH none|gzip|zstd|zip ID") }
    umask(0)
    let target = try openDirectory(currentDirectory, arguments[1])
    let blob = LayerBlob(descriptor: 0, offset: offset, length: length, encoding: encoding)
    let content =
        arguments[4] == "zip"
        ? try unpackZip(blob, into: target.number, tree: arguments[5]) : try unpackLayer(blob, into: target.number, diffID: arguments[5])
    try target.syncFileSystem()
    try Descriptor(owning: 3).writeAll("ok \(content.entries) \(content.bytes)\n")
}

let arguments = (0..<6).compactMap { unpack_argument($0).map { String(cString: $0) } }
do { try run(arguments) } catch {
    let line = Array("\(error)\n".utf8)
    _ = line.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    exit(1)
}
