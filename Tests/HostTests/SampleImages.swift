// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization
import Testing

/// Archives for the tests, each made once by the real `image pack` of a static program.
actor SampleImages {
    static let shared = SampleImages()

    /// Below the checkout, where git does not look; each run makes them anew.
    private let folder = "\(Checkout.top)/images/build/host-tests"
    private var made: [String: Task<String, any Error>] = [:]

    /// The sample `images/hello`.
    func hello() async throws -> String {
        try await archive(
            "hello", source: "images/hello/server.c", options: ["--command", "/server", "--port", "9000", "--name", "hello:1"])
    }

    /// A server that goes wrong as its argument says; see Programs/misbehave.c.
    func misbehave() async throws -> String {
        try await archive(
            "misbehave", source: "Tests/HostTests/Programs/misbehave.c", options: ["--command", "/server", "--name", "misbehave:1"])
    }

    /// A server that does what its event asks for; see Programs/moody.c.
    func moody() async throws -> String {
        try await archive("moody", source: "Tests/HostTests/Programs/moody.c", options: ["--command", "/server", "--name", "moody:1"])
    }

    /// A server that is told of its beginning and its end; see Programs/life.c.
    func life() async throws -> String {
        try await archive("life", source: "Tests/HostTests/Programs/life.c", options: ["--command", "/server", "--name", "life:1"])
    }

    /// A program without a server; see Programs/job.c.
    func job() async throws -> String {
        try await archive("job", source: "Tests/HostTests/Programs/job.c", options: ["--command", "/server", "--name", "job:1"])
    }

    /// A server that answers with the file whose path the event is; see Programs/files.c.
    func fileServer() async throws -> String {
        try await archive("files", source: "Tests/HostTests/Programs/files.c", options: ["--command", "/server", "--name", "files:1"])
    }

    private func archive(_ name: String, source: String, options: [String]) async throws -> String {
        let folder = "\(folder)/\(name)"
        let task =
            made[name]
            ?? Task {
                try FileManager.default.createDirectory(atPath: "\(folder)/root", withIntermediateDirectories: true)
                let compiled = try await run(
                    "/usr/bin/gcc", ["-D_GNU_SOURCE", "-static", "-O1", "-o", "\(folder)/root/server", "\(Checkout.top)/\(source)"])
                guard compiled.status == 0 else { throw HostFailure("gcc: \(compiled.err)") }
                let packed = try await run(Checkout.swiftlet, ["image", "pack", "\(folder)/root"] + options + ["-o", "\(folder).tar"])
                guard packed.status == 0 else { throw HostFailure("image pack: \(packed.err)") }
                return "\(folder).tar"
            }
        made[name] = task
        return try await task.value
    }
}
