// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc

/// The plain tar of a layer: reads it, hashes it, and keeps to the limits.
///
/// It is a class since libarchive's callback holds a pointer to it.
final class PlainStream {
    private static let blockSize = 256 << 10

    private let source: LayerSource
    /// Whether the source is a file that several unpackers may share, so that only reading at a place is safe.
    private let isFile: Bool
    private var position: UInt64
    /// How much may still come; more than that is refused where it is a limit, and not looked at where it is the end of the layer.
    private let end: UInt64
    private let block = UnsafeMutableRawBufferPointer.allocate(byteCount: blockSize, alignment: 64)
    private let limits: UnpackLimits
    private(set) var plain: UInt64 = 0
    /// Whether all of the layer has come out.
    private(set) var hasEnded = false
    private var hash = SHA256Hash()
    /// What stopped the stream, kept while libarchive's C frames are between the callback and the caller.
    var failure: LayerRefusal?

    init(_ source: LayerSource, limits: UnpackLimits) throws(LayerRefusal) {
        var status = stat()
        guard fstat(source.descriptor, &status) == 0 else { throw LayerRefusal("the layer cannot be examined: \(failureText())") }
        let (end, overflow) = source.offset.addingReportingOverflow(source.length)
        guard !overflow, end <= UInt64(Int64.max) else { throw LayerRefusal("the layer's place in the blob is out of range") }
        self.source = source
        self.limits = limits
        self.end = end
        isFile = status.st_mode & S_IFMT == S_IFREG
        position = source.offset
    }

    deinit { block.deallocate() }

    /// The next bytes, valid until the next call; nil at the end of the layer.
    func next() throws(LayerRefusal) -> UnsafeRawBufferPointer? {
        let wanted = source.form == .plain ? Int(min(UInt64(block.count), end - position)) : block.count
        let count = wanted == 0 ? 0 : try read(wanted)
        if count == 0 {
            guard source.form == .inflated || position == end else {
                throw LayerRefusal("the blob ends \(end - position) bytes before the layer does")
            }
            hasEnded = true
            return nil
        }
        position += UInt64(count)
        plain += UInt64(count)
        try check()
        let bytes = UnsafeRawBufferPointer(rebasing: block[..<count])
        hash.update(bytes)
        return bytes
    }

    /// The SHA-256 of all that came out, in lower-case hexadecimal.
    func finish() -> String { hash.finish() }

    private func read(_ wanted: Int) throws(LayerRefusal) -> Int {
        while true {
            let count =
                isFile
                ? pread(source.descriptor, block.baseAddress, wanted, off_t(position))
                : Glibc.read(source.descriptor, block.baseAddress, wanted)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw LayerRefusal("the blob cannot be read: \(failureText())") }
            return count
        }
    }

    private func check() throws(LayerRefusal) {
        if plain > limits[.bytes] { throw LayerRefusal(.bytes, "the layer's tar is larger than the limit of \(limits[.bytes]) bytes") }
        if source.form == .inflated, plain > UnpackLimit.ratioFloor, plain / limits[.ratio] > source.length {
            throw LayerRefusal(
                .ratio,
                "the layer gets more than \(limits[.ratio]) times larger when its compression is taken off, which is the limit past \(UnpackLimit.ratioFloor) bytes"
            )
        }
    }
}
