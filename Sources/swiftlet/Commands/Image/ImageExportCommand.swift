import ArgumentParser
// SPDX-License-Identifier: Apache-2.0
import AsyncHTTPClient
import Glibc
import NIOCore
import NIOPosix

struct ImageExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Writes an image as an OCI archive, byte for byte what was pulled or loaded.",
        discussion: """
            The image must have been pulled or loaded with --keep-blobs. skopeo, umoci and podman read the archive.

            Examples:
              swiftlet image export hello:1 -o hello.tar
              swiftlet image export hello:1 -o - | podman load
            """)

    @Argument(help: ArgumentHelp("The image's reference or digest.", valueName: "image"))
    var image: String

    @Option(
        name: .shortAndLong, help: ArgumentHelp("The archive to write, or - for standard output.", valueName: "file"), completion: .file())
    var output: String

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            let response = try await client.checked(.get, "\(ImageAnswer.path(image))/archive")
            if output == "-" {
                for try await buffer in response.body { try Output.bytes(buffer.readableBytesView) }
                return
            }
            // The name appears when all of it is on disk.
            let temporary = "\(output).\(getpid()).part"
            let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
            guard file >= 0 else { throw CommandFailure("cannot write '\(temporary)': \(String(cString: strerror(errno)))") }
            do {
                for try await buffer in response.body { try await Self.write(buffer, to: file, temporary) }
                try await NIOThreadPool.singleton.runIfActive { [output] in
                    guard fsync(file) == 0, close(file) == 0, rename(temporary, output) == 0 else {
                        throw CommandFailure("cannot write '\(output)': \(String(cString: strerror(errno)))")
                    }
                }
            } catch {
                unlink(temporary)
                throw error
            }
            try Output.out("\(output)\n")
        }
    }

    private static func write(_ buffer: ByteBuffer, to file: CInt, _ name: String) async throws {
        try await NIOThreadPool.singleton.runIfActive {
            try buffer.withUnsafeReadableBytes { bytes in
                var rest = bytes[...]
                while !rest.isEmpty {
                    let count = Glibc.write(file, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                    if count < 0, errno == EINTR { continue }
                    guard count > 0 else { throw CommandFailure("cannot write '\(name)': \(String(cString: strerror(errno)))") }
                    rest = rest.dropFirst(count)
                }
            }
        }
    }
}
