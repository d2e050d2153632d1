// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import Glibc
public import LinuxSystem

/// Where a layer's tar comes from.
public struct LayerSource: Hashable, Sendable {
    public enum Form: String, Hashable, Sendable, CaseIterable {
        /// The tar itself.
        case plain
        /// What another process makes of a compressed blob of ``length`` bytes: it is read to the end of the pipe, and `offset` means nothing.
        case inflated
    }

    /// A descriptor open for reading; it is only borrowed. A file is read at `offset`, anything else from where it stands.
    public var descriptor: CInt
    public var offset: UInt64
    public var length: UInt64
    public var form: Form

    public init(descriptor: CInt, offset: UInt64, length: UInt64, form: Form) {
        self.descriptor = descriptor
        self.offset = offset
        self.length = length
        self.form = form
    }
}

/// Unpacks one layer into an empty folder as a lower folder of an overlay, and checks that the plain tar has the diff id that was promised.
///
/// Whiteouts become character devices 0:0, and opaque folders carry `user.overlay.opaque`. Device nodes are left out. The caller makes the
/// result durable, and throws the folder away after an error. The umask of the process becomes 0, so that a file is made with its mode.
///
/// - Parameters:
///   - target: an open, empty folder; it becomes the root of the layer.
///   - diffID: the SHA-256 of the plain tar, 64 lower-case hexadecimal digits.
///   - own: where the room that the layer takes is counted; nil bounds nothing.
/// - Throws: ``LayerRefusal``.
public func unpackLayer(
    _ source: LayerSource, into target: CInt, diffID: String, limits: UnpackLimits = UnpackLimits(), place own: RoomPlace? = nil
) throws(LayerRefusal) -> LayerContent {
    umask(0)
    let stream = try PlainStream(source, limits: limits)
    let tree = LayerTree(root: target, limits: limits, room: LayerRoom(own, folder: target))
    try tree.makeFolder(
        try EntryPath(UnsafeRawBufferPointer(start: nil, count: 0), what: "root", limits: limits),
        EntryMetadata(user: 0, group: 0, mode: 0o755, time: timespec(tv_sec: 0, tv_nsec: 0)))
    var content = LayerContent()
    // A layer of no bytes at all is a layer without entries, though libarchive would not call it a tar.
    if source.length > 0 {
        let reader = try TarReader(stream)
        while let entry = try reader.next() {
            content.entries += 1
            guard content.entries <= limits[.entries] else {
                throw LayerRefusal(.entries, "the layer has more than the limit of \(limits[.entries]) entries")
            }
            try place(entry, from: reader, in: tree, &content)
        }
    }
    // The diff id is of the whole stream, with all the zeros that may follow the tar's end.
    let found = try stream.finish()
    guard found == diffID else { throw LayerRefusal("the layer's tar has the diff id sha256:\(found), and sha256:\(diffID) was promised") }
    try tree.folders.applyTimes(root: target)
    return content
}

private func place(_ entry: LayerEntry, from reader: TarReader, in tree: LayerTree, _ content: inout LayerContent) throws(LayerRefusal) {
    let limits = tree.limits
    let path = try entry.path(limits)
    let kind = try entry.kind(path)
    try tree.room.use(0, path)
    if path.isRoot {
        // CVE-2021-29136: a root that is a link would lead everything after it out of the folder.
        guard case .folder = kind else { throw LayerRefusal("an entry for the layer's root is not a folder") }
    } else if let whiteout = try Whiteout(path) {
        return try tree.apply(whiteout, at: path)
    }
    switch kind {
    case .special: return
    case .hardLink(let target):
        let bytes = UnsafeRawBufferPointer(start: target, count: strlen(target))
        try tree.makeHardLink(path, to: try EntryPath(bytes, what: "the hard link \(quoted(path.bytes)) to", limits: limits))
    case .folder: try tree.makeFolder(path, try entry.metadata(path, limits))
    case .fifo: try tree.makeFifo(path, try entry.metadata(path, limits))
    case .link(let target): try tree.makeLink(path, to: target, try entry.metadata(path, limits))
    case .file(let size):
        content.bytes += min(size, UInt64(Int64.max))
        guard content.bytes <= limits[.bytes] else {
            throw LayerRefusal(
                .bytes,
                "entry \(quoted(path.bytes)): with its \(size) bytes the layer's files are larger than the limit of \(limits[.bytes]) bytes"
            )
        }
        try tree.room.check(size, path)
        try tree.makeFile(path, try entry.metadata(path, limits)) { file throws(LayerRefusal) in
            try write(file, size: size, from: reader, path, in: tree)
        }
    }
}

/// Gives the content of the entry that was read last.
protocol ContentReader {
    /// The next piece and its place in the file; nil at the end.
    ///
    /// - Parameter isComplete: whether as many bytes have come as the entry promises.
    func nextBlock(isComplete: Bool) throws(LayerRefusal) -> (bytes: UnsafeRawBufferPointer, offset: Int64)?
}

func write(
    _ file: CInt, size: UInt64, from reader: some ContentReader, _ path: EntryPath, in tree: LayerTree
) throws(LayerRefusal) {
    var end: UInt64 = 0
    func skip(to offset: UInt64) throws(LayerRefusal) {
        guard offset > end else { return }
        guard offset - end <= tree.holesLeft else {
            throw LayerRefusal(
                .sparse, "entry \(quoted(path.bytes)): with a hole of \(offset - end) bytes the layer's holes are larger than the limit")
        }
        tree.holesLeft -= offset - end
    }
    while let block = try reader.nextBlock(isComplete: end == size) {
        guard block.offset >= 0, UInt64(block.offset) + UInt64(block.bytes.count) <= size else {
            throw LayerRefusal("entry \(quoted(path.bytes)): its data lie beyond its size of \(size) bytes")
        }
        try skip(to: UInt64(block.offset))
        let next = UInt64(block.offset) + UInt64(block.bytes.count)
        if next > end { try tree.room.take(next - end, path) }
        try tree.room.use(block.bytes.count, path)
        var rest = block.bytes
        var offset = block.offset
        while !rest.isEmpty {
            do {
                let count = try systemCall("pwrite") { pwrite(file, rest.baseAddress, rest.count, off_t(offset)) }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                offset += Int64(count)
            } catch { throw LayerRefusal("entry \(quoted(path.bytes)): it cannot be written: \(error)", after: error.errno) }
        }
        end = max(end, UInt64(offset))
    }
    try skip(to: size)
    if end < size { try tree.room.take(size - end, path) }
    if end < size, ftruncate(file, off_t(size)) != 0 {
        throw LayerRefusal("entry \(quoted(path.bytes)): its size of \(size) bytes cannot be set: \(failureText())")
    }
}
