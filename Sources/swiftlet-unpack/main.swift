// SPDX-License-Identifier: Apache-2.0
import CUnpackStart
import FunctionModel
import Glibc
import LayerArchive
import LinuxSystem

// Unpacks one layer. The launcher starts it confined; it may be run by hand as root too:
//
//     swiftlet-unpack TARGET OFFSET LENGTH plain|zip ID [LIMITS [PLACE]] 0<layer 3>result
//     swiftlet-inflate 0 LENGTH gzip <layer.tar.gz | swiftlet-unpack TARGET 0 LENGTH inflated ID 3>result
//
// 0 is the tar or zip: LENGTH bytes from OFFSET on, or all that comes out of a compressed blob of LENGTH bytes. TARGET is an empty folder; ID is the diff
// id of a tar, or the tree of a zip. On success a line "ok ENTRIES BYTES MICROSECONDS" goes to 3, after everything is on disk, which took the last of
// these; otherwise a sentence goes to 2 and the exit status is 1, or 4 where there is no room for the layer. The room is bounded where the launcher
// gives a page of memory as 7, in whose PLACE the program counts what it takes.

func run(_ arguments: [String]) throws {
    guard (6...8).contains(arguments.count), unpack_argument(8) == nil, let offset = UInt64(arguments[2]),
        let length = UInt64(arguments[3]), let form = arguments[4] == "zip" ? .plain : LayerSource.Form(rawValue: arguments[4])
    else { throw LayerRefusal("usage: swiftlet-unpack TARGET OFFSET LENGTH plain|inflated|zip ID [LIMITS [PLACE]]") }
    let limits = try UnpackLimits(arguments.count > 6 ? arguments[6] : "")
    let place = arguments.count > 7 ? try roomPlace(arguments[7]) : nil
    let target = try openDirectory(currentDirectory, arguments[1])
    let source = LayerSource(descriptor: 0, offset: offset, length: length, form: form)
    if arguments[4] == "zip" { unpack_take_names_as_utf8() }
    let content =
        arguments[4] == "zip"
        ? try unpackZip(source, into: target.number, tree: arguments[5], place: place)
        : try unpackLayer(source, into: target.number, diffID: arguments[5], limits: limits, place: place)
    let written = monotonicNanoseconds()
    try target.syncFileSystem()
    let synced = (monotonicNanoseconds() - written) / 1000
    try Descriptor(owning: 3).writeAll("ok \(content.entries) \(content.bytes) \(synced)\n")
}

func roomPlace(_ text: String) throws -> RoomPlace {
    guard let number = Int(text), (0..<RoomPage.places).contains(number) else { throw LayerRefusal("'\(text)' is no place to count in") }
    return RoomPlace(page: try RoomPage(sharing: Descriptor(owning: 7)), number: number)
}

/// Whether it is the disk that is wrong, and not the layer.
func lacksRoom(_ error: any Error) -> Bool {
    if let refusal = error as? LayerRefusal { return refusal.lacksRoom }
    return [ENOSPC, EDQUOT].contains((error as? SystemCallError)?.errno)
}

let arguments = (0..<8).compactMap { unpack_argument($0).map { String(cString: $0) } }
do { try run(arguments) } catch {
    let line = Array("\(error)\n".utf8)
    _ = line.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    exit(lacksRoom(error) ? 4 : 1)
}
