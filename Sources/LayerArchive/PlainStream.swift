// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The plain tar of a layer as it comes out of the blob: reads a range of the blob, takes the compression off, hashes, and keeps to the limits.
///
/// It is a class since libarchive's callback holds a pointer to it.
final class PlainStream {
    private static let blockSize = 256 << 10

    private let blob: CInt
    private let isPipe: Bool
    private var position: UInt64
    private let end: UInt64
    private let limits: UnpackLimits
    private var expansion: Expansion
    private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: blockSize, alignment: 64)
    private let output: UnsafeMutableRawBufferPointer
    private var pending = UnsafeRawBufferPointer(start: nil, count: 0)
    /// Whether the expansion filled all of `output` last time, and so may hold more without any further input.
    private var full = false
    private var compressed: UInt64 = 0
    private(set) var plain: UInt64 = 0
    /// Whether all of the layer has come out.
    private(set) var hasEnded = false
    private var hash = SHA256Hash()
    /// What stopped the stream, kept while libarchive's C frames are between the callback and the caller.
    var failure: LayerRefusal?

    init(blob: CInt, offset: UInt64, length: UInt64, encoding: LayerEncoding, limits: UnpackLimits) throws(LayerRefusal) {
        let (end, overflow) = offset.addingReportingOverflow(length)
        guard !overflow, end <= UInt64(Int64.max) else { throw LayerRefusal("the layer's place in the blob is out of range") }
        var status = stat()
        guard fstat(blob, &status) == 0 else { throw LayerRefusal("the blob cannot be examined: \(failureText())") }
        self.blob = blob
        isPipe = status.st_mode & S_IFMT == S_IFIFO
        self.position = offset
        self.end = end
        self.limits = limits
        self.expansion = try Expansion(encoding)
        self.output = UnsafeMutableRawBufferPointer.allocate(byteCount: encoding == .none ? 1 : Self.blockSize, alignment: 64)
    }

    deinit {
        input.deallocate()
        output.deallocate()
    }

    /// The next bytes, valid until the next call; nil at the end of the layer.
    func next() throws(LayerRefusal) -> UnsafeRawBufferPointer? {
        while true {
            if pending.isEmpty, !full {
                pending = try refill()
                if pending.isEmpty {
                    try expansion.finish()
                    hasEnded = true
                    return nil
                }
            }
            let block: UnsafeRawBufferPointer
            if case .none = expansion {
                block = pending
                pending = UnsafeRawBufferPointer(start: nil, count: 0)
            } else {
                block = UnsafeRawBufferPointer(rebasing: output[..<(try expansion.run(&pending, into: output))])
                full = block.count == output.count
            }
            if block.isEmpty { continue }
            plain += UInt64(block.count)
            try check()
            hash.update(block)
            return block
        }
    }

    /// The SHA-256 of all that came out, in lower-case hexadecimal.
    func finish() -> String { hash.finish() }

    private func refill() throws(LayerRefusal) -> UnsafeRawBufferPointer {
        let wanted = Int(min(UInt64(Self.blockSize), end - position))
        if wanted == 0 { return UnsafeRawBufferPointer(start: nil, count: 0) }
        while true {
            // A pipe has no place but its own; a file may be shared, so that only reading at a place is safe.
            let count = isPipe ? read(blob, input.baseAddress, wanted) : pread(blob, input.baseAddress, wanted, off_t(position))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw LayerRefusal("the blob cannot be read: \(failureText())") }
            guard count > 0 else { throw LayerRefusal("the blob ends \(end - position) bytes before the layer does") }
            position += UInt64(count)
            compressed += UInt64(count)
            return UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(input)[..<count])
        }
    }

    private func check() throws(LayerRefusal) {
        if plain > limits.bytes { throw LayerRefusal("the layer's tar is larger than the limit of \(limits.bytes) bytes") }
        if plain > limits.ratioFloor, plain / limits.ratio > compressed {
            throw LayerRefusal(
                "the layer gets more than \(limits.ratio) times larger when its compression is taken off, which is the limit past \(limits.ratioFloor) bytes"
            )
        }
    }
}
