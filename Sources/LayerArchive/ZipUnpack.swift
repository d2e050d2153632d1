// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import Glibc
public import LinuxSystem

/// Unpacks the zip of a function's layer into an empty folder as a lower folder of an overlay: all of it below `opt`, which is a plain folder of ours,
/// so that it hides whatever else an image has of that name.
///
/// All belongs to root and can be read by everyone, since an image's user is somebody else than who made the zip. Device nodes are left out; a
/// name that means something in an image's layer (`.wh.x`) is a plain name here.
///
/// - Parameters:
///   - target: an open, empty folder; it becomes the root of the layer.
///   - tree: what the zip's bytes must lead to, see ``zipTree(of:)``.
///   - own: where the room that the layer takes is counted; nil bounds nothing.
/// - Throws: ``LayerRefusal``.
public func unpackZip(
    _ blob: LayerSource, into target: CInt, tree: String, limits: UnpackLimits = .functionLayer, place own: RoomPlace? = nil
) throws(LayerRefusal) -> LayerContent {
    let found = zipTree(of: try sha256(of: blob))
    guard found == tree else { throw LayerRefusal("the zip leads to the tree \(found), and \(tree) was promised") }
    let files = try makeFiles(in: target, limits, LayerRoom(own, folder: target))
    let reader = try ZipReader(blob)
    var content = LayerContent()
    while let entry = try reader.next() {
        content.entries += 1
        guard content.entries <= limits[.entries] else {
            throw LayerRefusal("the zip has more than the limit of \(limits[.entries]) entries")
        }
        try place(entry, from: reader, in: files, &content, compressed: blob.length)
    }
    try files.folders.applyTimes(root: files.root)
    return content
}

/// The name of the tree that a zip with this SHA-256 unpacks to. It is not the digest itself: the same bytes may be a tar too, whose tree is another.
public func zipTree(of digest: String) -> String {
    var hash = SHA256Hash()
    hash.update("swiftlet zip layer 1\n\(digest)")
    return hash.finish()
}

private func sha256(of blob: LayerSource) throws(LayerRefusal) -> String {
    var hash = SHA256Hash()
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
    defer { block.deallocate() }
    var done: UInt64 = 0
    while done < blob.length {
        let wanted = Int(min(UInt64(block.count), blob.length - done))
        let count = pread(blob.descriptor, block.baseAddress, wanted, off_t(blob.offset + done))
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw LayerRefusal("the zip cannot be read: \(count < 0 ? failureText() : "it ends too early")") }
        hash.update(UnsafeRawBufferPointer(rebasing: block[..<count]))
        done += UInt64(count)
    }
    return hash.finish()
}

/// The folder `opt` as the root of everything in the zip.
private func makeFiles(in target: CInt, _ limits: UnpackLimits, _ room: LayerRoom) throws(LayerRefusal) -> LayerTree {
    let root = EntryMetadata(user: 0, group: 0, mode: 0o755, time: timespec(tv_sec: 0, tv_nsec: 0))
    let whole = try EntryPath(UnsafeRawBufferPointer(start: nil, count: 0), what: "root", limits: limits)
    let tree = LayerTree(root: target, limits: limits, room: room)
    try tree.makeFolder(whole, root)
    do {
        try makeDirectory(target, "opt", mode: 0o755)
        let opt = try openDirectory(target, "opt")
        let files = LayerTree(root: opt.release(), limits: limits, room: room, ownsRoot: true)
        try files.makeFolder(whole, root)
        try tree.folders.applyTimes(root: target)
        return files
    } catch let error as SystemCallError {
        throw LayerRefusal("the layer's folder cannot be made: \(error)")
    } catch let error as LayerRefusal { throw error } catch { throw LayerRefusal("\(error)") }
}

private func place(
    _ entry: LayerEntry, from reader: ZipReader, in tree: LayerTree, _ content: inout LayerContent, compressed: UInt64
) throws(LayerRefusal) {
    let path = try entry.path(tree.limits)
    let kind = try entry.kind(path)
    try tree.room.use(0, path)
    if path.isRoot {
        guard case .folder = kind else { throw LayerRefusal("an entry for the layer's root is not a folder") }
        return
    }
    switch kind {
    case .special, .fifo: return
    case .hardLink: throw LayerRefusal("entry \(quoted(path.bytes)): a zip has no hard links")
    case .folder: try tree.makeFolder(path, entry.readableByAll(0o555))
    case .link(let target): try tree.makeLink(path, to: target, entry.readableByAll(0o777))
    case .file(let size):
        let limits = tree.limits
        content.bytes += min(size, UInt64(Int64.max))
        guard content.bytes <= limits[.bytes] else {
            throw LayerRefusal(
                "entry \(quoted(path.bytes)): with its \(size) bytes the layer's files are larger than the limit of \(limits[.bytes]) bytes"
            )
        }
        guard content.bytes <= UnpackLimit.ratioFloor || content.bytes / limits[.ratio] <= compressed else {
            throw LayerRefusal(
                "entry \(quoted(path.bytes)): the zip gets more than \(limits[.ratio]) times larger when it is unpacked, which is the limit past \(UnpackLimit.ratioFloor) bytes"
            )
        }
        try tree.room.check(size, path)
        try tree.makeFile(path, entry.readableByAll(0o444)) { file throws(LayerRefusal) in
            try write(file, size: size, from: reader, path, in: tree)
        }
    }
}

extension LayerEntry {
    /// Root's, without setuid and its like; a file that its owner may run may be run by everyone.
    fileprivate func readableByAll(_ least: UInt32) -> EntryMetadata {
        let mode = mode & 0o755
        return EntryMetadata(user: 0, group: 0, mode: mode | least | (mode & 0o100 != 0 ? 0o111 : 0), time: time)
    }
}

extension UnpackLimits {
    /// Of the zip of a function's layer. Source of the bytes: Function Compute 3.0, quotas (2 GB for all layers of a function).
    public static var functionLayer: UnpackLimits {
        var limits = UnpackLimits()
        do {
            try limits.set(.bytes, to: 2_000_000_000)
            try limits.set(.entries, to: 200_000)
        } catch { preconditionFailure(error.description) }
        return limits
    }
}
