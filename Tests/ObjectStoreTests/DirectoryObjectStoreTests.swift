// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import NIOCore
import ObjectStore
import Synchronization
import TarFixtures
import Testing

@Suite struct DirectoryObjectStoreTests {
    let scratch: Scratch
    let store: DirectoryObjectStore
    init() throws {
        scratch = try Scratch()
        store = try DirectoryObjectStore(folder: scratch.path + "/objects")
    }

    private func read(_ name: String, bucket: String = "assets", limit: Int = 1 << 20) async throws -> String {
        let text = Mutex("")
        try await store.read(ObjectName(bucket: bucket, name: name), limit: limit) { block in text.withLock { $0 += String(buffer: block) }
        }
        return text.withLock { $0 }
    }

    private func code(_ body: () async throws -> Void) async -> String? {
        do {
            try await body()
            return nil
        } catch { return (error as? ServiceError)?.code ?? "\(error)" }
    }

    @Test func whatWasWrittenIsReadAgainUntilItIsRemoved() async throws {
        let file = open(try scratch.write(Array("one".utf8), to: "file"), O_RDONLY)
        defer { close(file) }
        let object = ObjectName(bucket: "assets", name: "layers/deep/fonts.zip")
        try await store.write(object, from: file, length: 3, digest: Digest(bytes: [UInt8](repeating: 0, count: 32)))
        #expect(try await read(object.name) == "one")
        #expect(await code { _ = try await read(object.name, limit: 2) } == "EntityTooLarge")
        try await store.remove(object)
        try await store.remove(object)
        #expect(await code { _ = try await read(object.name) } == "ObjectNotFound")
    }

    @Test("no name leads out of the folder", arguments: ["../secret", "a/../../secret", "/secret", "a//b", ".", ""])
    func names(_ name: String) async throws {
        _ = try scratch.write(Array("secret".utf8), to: "secret")
        #expect(await code { _ = try await read(name) } == "InvalidArgument")
        #expect(await code { _ = try await read("secret", bucket: "..") } == "InvalidArgument")
    }

    @Test func aLinkIsNoObject() async throws {
        let secret = try scratch.write(Array("secret".utf8), to: "secret")
        try FileManager.default.createDirectory(atPath: scratch.path + "/objects/assets", withIntermediateDirectories: true)
        symlink(secret, scratch.path + "/objects/assets/link")
        symlink(scratch.path, scratch.path + "/objects/linked")
        #expect(await code { _ = try await read("link") } == "ObjectNotFound")
        #expect(await code { _ = try await read("secret", bucket: "linked") } == "ObjectNotFound")
    }
}
