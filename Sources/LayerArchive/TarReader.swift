// SPDX-License-Identifier: Apache-2.0
import CArchive
import Glibc

/// libarchive reading a tar, and no other format, from a ``PlainStream``. It takes no compression off and writes nothing.
final class TarReader: ContentReader {
    private let archive: OpaquePointer
    private let stream: PlainStream
    private var entry: OpaquePointer?
    private var isCutBehindContent = false

    init(_ stream: PlainStream) throws(LayerRefusal) {
        guard let archive = archive_read_new() else { throw LayerRefusal("libarchive cannot be started: out of memory") }
        self.archive = archive
        self.stream = stream
        archive_read_support_format_tar(archive)
        // The stream outlives the archive: both are this object's.
        let context = Unmanaged.passUnretained(stream).toOpaque()
        let result = archive_read_open(
            archive, context, nil,
            { archive, context, block in
                guard let context, let block else { return -1 }
                let stream = Unmanaged<PlainStream>.fromOpaque(context).takeUnretainedValue()
                do throws(LayerRefusal) {
                    guard let bytes = try stream.next() else { return 0 }
                    block.pointee = bytes.baseAddress
                    return bytes.count
                } catch {
                    return -1
                }
            }, nil)
        guard result == ARCHIVE_OK else { throw refusal("the layer cannot be opened") }
    }

    deinit { archive_read_free(archive) }

    /// Goes to the next entry.
    ///
    /// - Returns: nil at the end of the archive.
    func next() throws(LayerRefusal) -> LayerEntry? {
        if isCutBehindContent { return nil }
        let result = archive_read_next_header(archive, &entry)
        if result == ARCHIVE_EOF { return nil }
        guard let entry, result == ARCHIVE_OK || (result == ARCHIVE_WARN && isNameWarning) else {
            let path = entry.flatMap { archive_entry_pathname($0) }.map { String(cString: $0) }
            throw refusal(path.map { "entry \(quoted($0.utf8)) cannot be read" } ?? "the tar cannot be read")
        }
        return LayerEntry(pointer: entry)
    }

    /// The next piece of the current entry's content and its place in the file; what lies between two pieces is a hole.
    ///
    /// - Parameter isComplete: whether all of the content has come. umoci writes layers that end right behind the last content, without the zeros
    ///   that fill its block and without the archive's end; that is no reason to refuse them, since the diff id says that nothing is missing.
    func nextBlock(isComplete: Bool) throws(LayerRefusal) -> (bytes: UnsafeRawBufferPointer, offset: Int64)? {
        var start: UnsafeRawPointer?
        var count = 0
        var offset: Int64 = 0
        let result = archive_read_data_block(archive, &start, &count, &offset)
        if result == ARCHIVE_EOF { return nil }
        if result != ARCHIVE_OK, isComplete, stream.hasEnded {
            isCutBehindContent = true
            return nil
        }
        guard result == ARCHIVE_OK else { throw refusal("the tar cannot be read") }
        return (UnsafeRawBufferPointer(start: start, count: count), offset)
    }

    /// libarchive warns where a name is not in the locale's character set, and then gives the bytes as they are, which is what we want.
    /// Anything else that it warns of is a damaged header.
    private var isNameWarning: Bool {
        guard let text = archive_error_string(archive) else { return false }
        return String(cString: text).hasSuffix("can't be converted from UTF-8 to current locale.")
    }

    private func refusal(_ what: String) -> LayerRefusal {
        if let failure = stream.failure { return failure }
        return LayerRefusal("\(what): \(archive_error_string(archive).map { String(cString: $0) } ?? "libarchive gives no reason")")
    }
}
