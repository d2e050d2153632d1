// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import Images
import Sandbox
import TarFixtures
import Testing

/// What is kept has its name only where it is whole.
@Suite struct IncomingBlobTests {
    private let scratch: Scratch
    private let digest: Digest
    private let blob: IncomingBlob

    init() throws {
        scratch = try Scratch()
        digest = try #require(Digest(hex: String(repeating: "a", count: 64)))
        blob = try IncomingBlob(in: scratch.path, digest: digest, size: 10, room: RoomBook(ImageSpace()))
    }

    private func append(_ count: Int) throws {
        try Array(repeating: UInt8(1), count: count).withUnsafeBytes { try blob.append($0) }
    }

    private var names: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: scratch.path) } }

    @Test(arguments: [0, 9, 11]) func whatIsNotWholeIsNotPublished(_ count: Int) throws {
        try append(count)
        #expect(throws: ServiceError.self) { try blob.publish() }
        #expect(throws: ServiceError.self) { try blob.finish() }
        #expect(throws: ServiceError.self) { try blob.publish() }
        #expect(try names == [] && !blob.isWhole)
    }

    @Test func whatIsWholeHasItsNameWhenItIsOnDisk() throws {
        try append(3)
        try append(7)
        #expect(throws: ServiceError.self) { try blob.publish() }
        #expect(try names == [])
        try blob.finish()
        try blob.publish()
        #expect(try names == [digest.hex] && blob.isWhole)
    }

    /// Another may have put the layer in place just when the unpacker of this one gave up, and the download was left off half way.
    @Test func theLayerOfAnotherIsNoEndOfADownloadThatWasCut() throws {
        let other = UnpackedLayer(entries: 1, bytes: 2)
        let refused = Result<UnpackedLayer, any Error>.failure(UnpackFailure(reason: "there is no room", lacksRoom: true))
        #expect(try LayerWork.outcome(refused, replacement: other, isCut: false) == other)
        #expect(throws: UnpackFailure.self) { try LayerWork.outcome(refused, replacement: other, isCut: true) }
        #expect(throws: UnpackFailure.self) { try LayerWork.outcome(refused, replacement: nil, isCut: false) }
        let made = UnpackedLayer(entries: 3, bytes: 4)
        #expect(try LayerWork.outcome(.success(made), replacement: nil, isCut: false) == made)
    }
}
