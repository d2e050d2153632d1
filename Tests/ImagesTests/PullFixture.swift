// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import Images
import Logging
import NIOCore
import NIOPosix
import Registry
import RegistryFixtures
import Store
import Synchronization
import TarFixtures

/// A library that pulls, over a state directory of the test's own.
final class PullFixture: Sendable {
    let scratch: Scratch
    let unpacker: DirectUnpacker
    let library: ImageLibrary
    let registries: RegistryClient
    /// Milliseconds that were waited for before retries: none is waited for in truth.
    private let waits: Waits

    final class Waits: Sendable {
        let all = Mutex<[Int64]>([])
    }

    init(
        settings: String? = nil, environment: [String: String] = [:], space: ImageSpace = ImageSpace(),
        patience: SenderPatience = SenderPatience(),
        onStart: @escaping @Sendable (pid_t) -> Void = { _ in }, onPlaced: @escaping @Sendable (Digest) throws -> Void = { _ in },
        onCancel: @escaping @Sendable () -> Void = {}, onRemove: @escaping @Sendable (Digest) throws -> Void = { _ in }
    ) async throws {
        let scratch = try Scratch()
        self.scratch = scratch
        unpacker = try DirectUnpacker(
            folder: scratch.path + "/layers", onStart: onStart, onPlaced: onPlaced, onCancel: onCancel, onRemove: onRemove)
        var registrySettings = RegistrySettings()
        if let settings { registrySettings = try RegistrySettings(reading: try scratch.write(Array(settings.utf8), to: "registries.json")) }
        registrySettings.proxies = try ProxyRules(environment: environment)
        let waits = Waits()
        self.waits = waits
        registries = RegistryClient(
            settings: registrySettings, group: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            now: { Int64(Date().timeIntervalSince1970 * 1000) }, random: { 0.5 },
            sleep: { duration in
                waits.all.withLock {
                    $0.append(duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000)
                }
            })
        try FileManager.default.createDirectory(atPath: scratch.path + "/data", withIntermediateDirectories: true)
        library = try ImageLibrary(
            dataDirectory: scratch.path + "/data", store: try Store(path: scratch.path + "/data/swiftlet.db"), unpacker: unpacker,
            registries: registries, space: space, patience: patience, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            now: { 1_700_000_000_000 })
        try await library.recover()
    }

    /// Runs a test with a library whose connections are closed afterwards.
    static func with(
        settings: String? = nil, environment: [String: String] = [:], space: ImageSpace = ImageSpace(),
        patience: SenderPatience = SenderPatience(), _ body: (PullFixture) async throws -> Void
    ) async throws {
        let fixture = try await PullFixture(settings: settings, environment: environment, space: space, patience: patience)
        do { try await body(fixture) } catch {
            try await fixture.registries.shutDown()
            throw error
        }
        try await fixture.registries.shutDown()
    }

    var retries: [Int64] { waits.all.withLock { $0 } }

    @discardableResult
    func pull(_ reference: String, _ access: RegistryAccess = .plain, keepBlobs: Bool = false) async throws -> Image {
        try await library.pull(reference, access: access, keepBlobs: keepBlobs)
    }

    /// The error of a pull that must fail.
    func refusal(_ reference: String, _ access: RegistryAccess = .plain, keepBlobs: Bool = false) async throws -> ServiceError {
        do { try await library.pull(reference, access: access, keepBlobs: keepBlobs) } catch let error as ServiceError { return error }
        throw Companion.Failure("'\(reference)' was pulled")
    }

    /// The error of an archive that must not be taken.
    func refusal(of archive: [UInt8]) async throws -> ServiceError {
        do { _ = try await library.load(chunks: chunks(archive), name: nil) { _ in } } catch let error as ServiceError { return error }
        throw Companion.Failure("the archive was loaded")
    }

    /// The content of a file in a layer.
    func file(_ name: String, _ image: Image, layer: Int = 0) throws -> String {
        try String(contentsOfFile: "\(unpacker.folder)/\(image.layers[layer].diffID.hex)/\(name)", encoding: .utf8)
    }

    /// What lies in the folders of layers, blobs and files on their way.
    func leftovers() throws -> [String] {
        try ["layers", "data/blobs/sha256", "data/tmp"].flatMap { folder in
            try FileManager.default.contentsOfDirectory(atPath: "\(scratch.path)/\(folder)").map { "\(folder)/\($0)" }
        }
    }
}

extension RegistryAccess {
    static let plain = RegistryAccess(security: .plain)

    static func plain(user: String = TestRegistry.user, password: String = TestRegistry.password) -> RegistryAccess {
        RegistryAccess(credentials: KnownCredentials(.password(user: user, Secret(password)), origin: "the test"), security: .plain)
    }
}

/// Bytes that no compression makes small, the same for the same seed.
func noise(_ count: Int, seed: UInt64) -> String {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    return String(
        String.UnicodeScalarView(
            (0..<count).map { _ in
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                return Unicode.Scalar(UInt8(33 + state % 90))
            }))
}
