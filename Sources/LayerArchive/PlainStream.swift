// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc

/// The plain tar of a layer: hands it on, and keeps to the limits.
///
/// It is a class since libarchive's callback holds a pointer to it.
final class PlainStream {
    private let source: LayerSource
    private let reader: ReadAhead
    private let limits: UnpackLimits
    private(set) var plain: UInt64 = 0
    /// Whether all of the layer has come out.
    private(set) var hasEnded = false
    /// What stopped the stream, kept while libarchive's C frames are between the callback and the caller, and since libarchive takes what breaks off
    /// behind the last entry for the end of the tar.
    private(set) var failure: LayerRefusal?

    init(_ source: LayerSource, limits: UnpackLimits) throws(LayerRefusal) {
        var status = stat()
        guard fstat(source.descriptor, &status) == 0 else { throw LayerRefusal("the layer cannot be examined: \(failureText())") }
        let (end, overflow) = source.offset.addingReportingOverflow(source.length)
        guard !overflow, end <= UInt64(Int64.max) else { throw LayerRefusal("the layer's place in the blob is out of range") }
        self.source = source
        self.limits = limits
        reader = try ReadAhead(
            source.descriptor, isFile: status.st_mode & S_IFMT == S_IFREG, offset: source.offset,
            length: source.form == .plain ? source.length : nil)
        try reader.start()
    }

    deinit { reader.stop() }

    /// The next bytes, valid until the next call; nil at the end of the layer.
    func next() throws(LayerRefusal) -> UnsafeRawBufferPointer? {
        if let failure { throw failure }
        if hasEnded { return nil }
        do throws(LayerRefusal) {
            guard let bytes = try reader.next() else {
                hasEnded = true
                return nil
            }
            plain += UInt64(bytes.count)
            try check()
            return bytes
        } catch {
            failure = error
            throw error
        }
    }

    /// The SHA-256 of all that came out, in lower-case hexadecimal; reads to the end of the layer first.
    func finish() throws(LayerRefusal) -> String {
        while try next() != nil {}
        return reader.finish()
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
