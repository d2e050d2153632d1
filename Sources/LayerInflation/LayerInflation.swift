// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import Glibc
import LinuxSystem

/// How a layer's blob is compressed.
public enum BlobEncoding: String, Hashable, Sendable, CaseIterable {
    case gzip, zstd
}

/// Why a blob was refused, in a sentence.
public struct InflationRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String
    public init(_ description: String) { self.description = description }
}

/// The blob to take the compression off.
public struct CompressedBlob: Hashable, Sendable {
    /// Open for reading; it is only borrowed. A file is read at `offset`, anything else from where it stands.
    public var descriptor: CInt
    public var offset: UInt64
    public var length: UInt64
    public var encoding: BlobEncoding

    public init(descriptor: CInt, offset: UInt64, length: UInt64, encoding: BlobEncoding) {
        self.descriptor = descriptor
        self.offset = offset
        self.length = length
        self.encoding = encoding
    }
}

/// Takes the compression off a blob. Everything that it needs is allocated when it is made, before it has read a byte.
public final class LayerInflation {
    private static let blockSize = 256 << 10

    private let blob: CompressedBlob
    private let isFile: Bool
    private let decoder: any Decoder
    private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: blockSize, alignment: 64)
    private let output: LentOutput

    /// - Parameters:
    ///   - output: where the plain tar goes; only borrowed.
    ///   - window: bytes that a zstd frame may ask to be kept.
    public init(_ blob: CompressedBlob, output: CInt, window: UInt64 = UnpackLimits()[.window]) throws(InflationRefusal) {
        var status = stat()
        guard fstat(blob.descriptor, &status) == 0 else { throw InflationRefusal("the blob cannot be examined: \(failureText())") }
        let (end, overflow) = blob.offset.addingReportingOverflow(blob.length)
        guard !overflow, end <= UInt64(Int64.max) else { throw InflationRefusal("the layer's place in the blob is out of range") }
        self.blob = blob
        self.output = LentOutput(output)
        isFile = status.st_mode & S_IFMT == S_IFREG
        switch blob.encoding {
        case .gzip: decoder = GzipDecoder()
        case .zstd: decoder = try ZstdDecoder(window: window)
        }
    }

    deinit { input.deallocate() }

    /// Reads the blob to its end and hands on what comes out.
    ///
    /// - Throws: ``InflationRefusal``; `SystemCallError` where the output takes no more.
    public func run() throws {
        var done: UInt64 = 0
        while done < blob.length {
            let count = try read(Int(min(UInt64(input.count), blob.length - done)), at: blob.offset + done)
            guard count > 0 else { throw InflationRefusal("the blob ends \(blob.length - done) bytes before the layer does") }
            done += UInt64(count)
            var rest = UnsafeRawBufferPointer(rebasing: input[..<count])
            var isFull = false
            // A full output may hide that more is waiting inside of the decoder.
            while !rest.isEmpty || isFull {
                let before = rest.count
                let room = output.room
                let made = try decoder.run(&rest, into: room)
                guard made > 0 || rest.count < before || rest.isEmpty else {
                    throw InflationRefusal("the layer's \(blob.encoding) data is damaged: its reader is stuck")
                }
                isFull = made == room.count
                try output.advance(made)
            }
        }
        try output.finish()
        if decoder.isInside { throw InflationRefusal("the layer ends in the middle of its \(blob.encoding) data") }
    }

    private func read(_ wanted: Int, at place: UInt64) throws(InflationRefusal) -> Int {
        while true {
            let count =
                isFile
                ? pread(blob.descriptor, input.baseAddress, wanted, off_t(place)) : Glibc.read(blob.descriptor, input.baseAddress, wanted)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw InflationRefusal("the blob cannot be read: \(failureText())") }
            return count
        }
    }
}

/// Takes one format's compression off.
protocol Decoder: AnyObject {
    /// Whether a member or frame has begun and not ended. None at all is not whole either.
    var isInside: Bool { get }

    /// Moves the front of `input` past what was used.
    ///
    /// - Returns: bytes written to the front of `output`.
    func run(_ input: inout UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) throws(InflationRefusal) -> Int
}

/// The reason of the last failed call in words.
func failureText(_ number: CInt = errno) -> String { String(cString: strerror(number)) }
