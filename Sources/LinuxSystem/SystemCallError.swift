// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc

/// A system call that failed: which one, on what, and `errno`. It reads as words: `openat2 etc/passwd: ENOENT`.
public struct SystemCallError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The name of the call and, after a space, what it was on.
    public var call: String
    /// The kernel's number for the reason.
    public var errno: CInt

    public init(call: String, errno: CInt) {
        self.call = call
        self.errno = errno
    }

    public var description: String { "\(call): \(SystemCallError.name(of: errno))" }

    /// The symbolic name of an error number, for example `ENOENT`.
    public static func name(of errno: CInt) -> String {
        guard let name = clinux_errno_name(errno) else { return "errno \(errno)" }
        return String(cString: name)
    }
}

/// Runs a call of the C kind, again after a signal, and turns -1 into an error.
///
/// - Parameters:
///   - name: what failed, for the error's words; made only on failure.
///   - body: the call; it answers -1 and sets `errno` on failure.
@discardableResult
public func systemCall<Result: SignedInteger>(_ name: @autoclosure () -> String, _ body: () -> Result) throws(SystemCallError) -> Result {
    while true {
        let result = body()
        if result != -1 { return result }
        let reason = errno
        if reason != EINTR { throw SystemCallError(call: name(), errno: reason) }
    }
}
