// SPDX-License-Identifier: Apache-2.0
import CArchive
import Glibc

/// libarchive reading a zip, and no other format, from a place of a file. The central directory at the zip's end says what is in it; the tricks of
/// archives whose two lists of entries differ are thereby none.
final class ZipReader: ContentReader {
    private let archive: OpaquePointer
    private let source: Source
    private var entry: OpaquePointer?

    /// What libarchive's callbacks read from.
    private final class Source {
        let blob: LayerSource
        var position: UInt64 = 0
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)

        init(_ blob: LayerSource) { self.blob = blob }
        deinit { buffer.deallocate() }

        func read() -> Int {
            let wanted = Int(min(UInt64(buffer.count), blob.length - position))
            if wanted == 0 { return 0 }
            while true {
                let count = pread(blob.descriptor, buffer.baseAddress, wanted, off_t(blob.offset + position))
                if count < 0, errno == EINTR { continue }
                if count > 0 { position += UInt64(count) }
                return count
            }
        }

        func seek(_ offset: Int64, _ whence: CInt) -> Int64 {
            let base: Int64 = whence == SEEK_END ? Int64(blob.length) : whence == SEEK_CUR ? Int64(position) : 0
            let (place, overflow) = base.addingReportingOverflow(offset)
            guard !overflow, place >= 0, place <= Int64(blob.length) else { return Int64(ARCHIVE_FATAL) }
            position = UInt64(place)
            return place
        }
    }

    init(_ blob: LayerSource) throws(LayerRefusal) {
        guard let archive = archive_read_new() else { throw LayerRefusal("libarchive cannot be started: out of memory") }
        self.archive = archive
        source = Source(blob)
        archive_read_support_format_zip_seekable(archive)
        // The source outlives the archive: both are this object's.
        archive_read_set_callback_data(archive, Unmanaged.passUnretained(source).toOpaque())
        archive_read_set_read_callback(archive) { _, context, block in
            guard let context, let block else { return -1 }
            let source = Unmanaged<Source>.fromOpaque(context).takeUnretainedValue()
            block.pointee = UnsafeRawPointer(source.buffer.baseAddress)
            return source.read()
        }
        archive_read_set_seek_callback(archive) { _, context, offset, whence in
            guard let context else { return Int64(ARCHIVE_FATAL) }
            return Unmanaged<Source>.fromOpaque(context).takeUnretainedValue().seek(offset, whence)
        }
        guard archive_read_open1(archive) == ARCHIVE_OK else { throw refusal("the zip cannot be opened") }
    }

    deinit { archive_read_free(archive) }

    /// Goes to the next entry.
    ///
    /// - Returns: nil at the end of the archive.
    func next() throws(LayerRefusal) -> LayerEntry? {
        let result = archive_read_next_header(archive, &entry)
        if result == ARCHIVE_EOF { return nil }
        guard let entry, result == ARCHIVE_OK || (result == ARCHIVE_WARN && isNameWarning) else {
            let path = entry.flatMap { archive_entry_pathname($0) }.map { String(cString: $0) }
            throw refusal(path.map { "entry \(quoted($0.utf8)) cannot be read" } ?? "the zip cannot be read")
        }
        // The two methods that every tool writes; each further one would be another decoder for hostile bytes.
        let method = archive_format_name(archive).map { String(cString: $0) } ?? ""
        guard method.hasSuffix("(uncompressed)") || method.hasSuffix("(deflation)") else {
            let name = archive_entry_pathname(entry).map { String(cString: $0) } ?? ""
            throw LayerRefusal("entry \(quoted(name.utf8)): it is compressed as \(method); only stored and deflated entries are taken")
        }
        return LayerEntry(pointer: entry)
    }

    func nextBlock(isComplete: Bool) throws(LayerRefusal) -> (bytes: UnsafeRawBufferPointer, offset: Int64)? {
        var start: UnsafeRawPointer?
        var count = 0
        var offset: Int64 = 0
        let result = archive_read_data_block(archive, &start, &count, &offset)
        if result == ARCHIVE_EOF { return nil }
        guard result == ARCHIVE_OK else { throw refusal("the zip cannot be read") }
        return (UnsafeRawBufferPointer(start: start, count: count), offset)
    }

    /// libarchive warns where a name is not in the locale's character set, and then gives the bytes as they are, which is what we want.
    private var isNameWarning: Bool {
        archive_error_string(archive).map { String(cString: $0).hasSuffix("to current locale.") } ?? false
    }

    private func refusal(_ what: String) -> LayerRefusal {
        LayerRefusal("\(what): \(archive_error_string(archive).map { String(cString: $0) } ?? "libarchive gives no reason")")
    }
}
