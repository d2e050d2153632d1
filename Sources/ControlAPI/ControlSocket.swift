// SPDX-License-Identifier: Apache-2.0
import Glibc
import NIOPosix

/// The file of the control API's Unix socket.
///
/// It is bound under another name, made private, and only then moved to its place: no connection is possible while others could make one, and
/// what a killed host left there is replaced in the same step.
struct ControlSocket: Sendable {
    let path: String

    var temporaryPath: String { path + ".new" }

    func publish() async throws {
        try await NIOThreadPool.singleton.runIfActive { [self] in
            if chmod(temporaryPath, 0o600) != 0 { throw ControlSocketError("chmod", temporaryPath) }
            if rename(temporaryPath, path) != 0 { throw ControlSocketError("rename", path) }
        }
    }

    func remove() async throws {
        try await NIOThreadPool.singleton.runIfActive { [self] in
            for file in [path, temporaryPath] where unlink(file) != 0 && errno != ENOENT { throw ControlSocketError("unlink", file) }
        }
    }
}

/// A failed step with the socket's file.
struct ControlSocketError: Error, CustomStringConvertible {
    let description: String

    /// - Parameter call: the call that has just set `errno`.
    init(_ call: String, _ path: String) { description = "\(call) \(path): \(String(cString: strerror(errno)))" }
}
