// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Runs another program to its end, with our own output as its.
enum ChildProgram {
    /// - Returns: its exit status; 128 and the signal where one killed it.
    static func run(_ program: String, _ arguments: [String]) throws -> Int {
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var child: pid_t = 0
        let error = posix_spawn(&child, program, nil, nil, &words, environ)
        guard error == 0 else { throw CommandFailure("cannot start \(program): \(String(cString: strerror(error)))") }
        var status: CInt = 0
        while waitpid(child, &status, 0) < 0 {
            guard errno == EINTR else { throw CommandFailure("cannot wait for \(program): \(String(cString: strerror(errno)))") }
        }
        return status & 0x7f == 0 ? Int(status >> 8 & 0xff) : 128 + Int(status & 0x7f)
    }
}
